//! All processes at one moment, and what a tree of them uses.

use nix::unistd::{Pid, SysconfVar, sysconf};
use std::collections::HashMap;
use std::time::Duration;
use supervision::proc::{self, Stat};

/// More threads than this gain nothing: the kernel's own locks are next.
const MOST_THREADS: usize = 8;

/// A thread for fewer things costs more than it saves.
const LEAST: usize = 64;

/// What a tree of processes uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many they are.
    pub processes: usize,
    /// What is in memory of them, in bytes; what they share counts for each.
    pub memory: u64,
    /// What they, and the children that they have collected, have used of the processors.
    pub processor: Duration,
}

/// All processes at one moment.
#[derive(Debug, Default)]
pub struct Processes {
    by_pid: HashMap<Pid, Stat>,
    children: HashMap<Pid, Vec<Pid>>,
    ticks: u64,
    page: u64,
}

impl Processes {
    /// Those of now; none where /proc cannot be asked.
    #[must_use]
    pub fn now() -> Self {
        let constant = |which| sysconf(which).ok().flatten().and_then(|value| u64::try_from(value).ok());
        let (ticks, page) =
            (constant(SysconfVar::CLK_TCK).unwrap_or(100), constant(SysconfVar::PAGE_SIZE).unwrap_or(4096));
        let mut all = Self { ticks, page, ..Self::default() };
        let pids = proc::all().unwrap_or_default();
        let stats = in_parallel(&pids, |pids| proc::stats(pids).unwrap_or_default());
        for stat in stats.into_iter().filter(Stat::is_alive) {
            all.children.entry(stat.parent).or_default().push(stat.pid);
            all.by_pid.insert(stat.pid, stat);
        }
        all
    }

    /// What is below these, themselves included.
    #[must_use]
    pub fn usage(&self, roots: impl IntoIterator<Item = Pid>) -> Usage {
        let mut usage = Usage::default();
        let mut seen = Vec::new();
        let mut next: Vec<Pid> = roots.into_iter().collect();
        while let Some(pid) = next.pop() {
            let Some(stat) = self.by_pid.get(&pid).filter(|_| !seen.contains(&pid)) else { continue };
            seen.push(pid);
            usage.processes = usage.processes.saturating_add(1);
            usage.memory = usage.memory.saturating_add(stat.resident_pages.saturating_mul(self.page));
            let milliseconds = stat.processor_time.saturating_mul(1000).checked_div(self.ticks).unwrap_or(0);
            usage.processor = usage.processor.saturating_add(Duration::from_millis(milliseconds));
            next.extend(self.children(pid));
        }
        usage
    }

    /// The children of one.
    pub fn children(&self, of: Pid) -> impl Iterator<Item = Pid> + '_ {
        self.children.get(&of).into_iter().flatten().copied()
    }
}

/// Does something to many things, a part of them on each processor, and gives the results in the order of the things. What the
/// kernel tells of a process or a file takes it long to say.
pub(crate) fn in_parallel<T: Sync, R: Send>(things: &[T], act: impl Fn(&[T]) -> Vec<R> + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let part = things.len().div_ceil(threads).max(LEAST);
    std::thread::scope(|scope| {
        let parts: Vec<_> = things.chunks(part).map(|part| scope.spawn(|| act(part))).collect();
        // A thread that panics has ended the process.
        parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
    })
}
