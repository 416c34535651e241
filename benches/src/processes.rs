//! What /proc says of the processes of a tree: memory, wake-ups, descriptors, and whose they are.

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::fs::{read_dir, read_link, read_to_string};
use std::ops::Add;
use std::path::Path;
use sys::pidfd::Pidfd;

/// What a process costs the machine that no other has to pay as well, in kB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    /// Pages that it shares with nobody.
    pub(crate) private: f64,
    /// Page tables.
    pub(crate) tables: f64,
}

impl Memory {
    pub(crate) fn of(pid: Pid) -> Result<Self> {
        Ok(Self {
            private: sum(&text(pid, "smaps_rollup")?, "Private_"),
            tables: sum(&text(pid, "status")?, "VmPTE:"),
        })
    }

    /// All together.
    pub(crate) fn of_all(pids: &[Pid]) -> Result<Self> {
        pids.iter().try_fold(Self::default(), |sum, pid| Ok(sum + Self::of(*pid)?))
    }

    pub(crate) fn total(self) -> f64 {
        self.private + self.tables
    }
}

impl Add for Memory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { private: self.private + other.private, tables: self.tables + other.tables }
    }
}

/// How often they have been switched to: whatever wakes a process ends in a switch away from it.
pub(crate) fn switches(pids: &[Pid]) -> Result<f64> {
    let mut switches = 0.0;
    for pid in pids {
        for thread in read_dir(format!("/proc/{pid}/task")).context("unable to list threads")? {
            let status = thread?.path().join("status");
            let status = read_to_string(&status).context("unable to read a thread's status")?;
            switches +=
                sum(&status, "voluntary_ctxt_switches:") + sum(&status, "nonvoluntary_ctxt_switches:");
        }
    }
    Ok(switches)
}

/// How many files it has open.
pub(crate) fn descriptors(pid: Pid) -> Result<usize> {
    Ok(read_dir(format!("/proc/{pid}/fd")).context("unable to list descriptors")?.count())
}

/// Whether it stands still because of a signal.
pub(crate) fn is_stopped(pid: Pid) -> Result<bool> {
    let stat = supervision::proc::stat(pid).context("unable to look at a process")?;
    Ok(stat.is_some_and(|stat| stat.state == b'T'))
}

/// Its children that live.
pub(crate) fn children(of: Pid) -> Result<Vec<Pid>> {
    let children = supervision::proc::children(of).context("unable to look at processes")?;
    Ok(children.iter().map(|child| child.pid).collect())
}

/// Kills everybody who works in that folder until there is nobody; says whom.
pub(crate) fn kill_all_in(folder: &Path) -> Result<Vec<Pid>> {
    let mut killed = Vec::new();
    loop {
        let found = working_in(folder)?;
        if found.is_empty() {
            return Ok(killed);
        }
        for pid in found {
            // Looked at again once it is held: the number could be another's by now.
            let Ok(process) = Pidfd::open(pid) else { continue };
            if works_in(pid, folder) && process.send(Signal::SIGKILL.into()).is_ok() {
                killed.push(pid);
            }
        }
    }
}

/// Everybody who works in that folder, or in one in it.
///
/// That is how whatever a supervisor has started is found, also when it has lost its parent: scanners work in their service
/// directory, supervises and services in the service folders.
pub(crate) fn working_in(folder: &Path) -> Result<Vec<Pid>> {
    let all = supervision::proc::all().context("unable to look at processes")?;
    Ok(all.into_iter().filter(|pid| works_in(*pid, folder)).collect())
}

fn works_in(pid: Pid, folder: &Path) -> bool {
    read_link(format!("/proc/{pid}/cwd")).is_ok_and(|its| its.starts_with(folder))
}

/// For how many services the machine has room, each with its supervise: of numbers and of memory.
pub(crate) fn room() -> Result<usize> {
    // Two processes; what they have of the kernel's memory as well; and numbers that the rest of the machine needs.
    const PROCESSES: usize = 2;
    const KILOBYTES: usize = 400;
    const SPARE: usize = 2000;
    let limits = ["/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max", "/sys/fs/cgroup/pids.max"];
    let numbers = limits.iter().filter_map(|file| read_to_string(file).ok()?.trim().parse().ok());
    let used = supervision::proc::all().context("unable to look at processes")?.len();
    let numbers = numbers.min().unwrap_or(usize::MAX).saturating_sub(used + SPARE);
    let memory = read_to_string("/proc/meminfo").context("unable to read /proc/meminfo")?;
    Ok((numbers / PROCESSES).min(sum(&memory, "MemAvailable:") as usize / KILOBYTES))
}

pub(crate) fn pid(number: u32) -> Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(number)?))
}

fn text(pid: Pid, name: &str) -> Result<String> {
    read_to_string(format!("/proc/{pid}/{name}"))
        .with_context(|| format!("unable to read {name} of a process"))
}

/// The sum of the numbers in lines that begin so.
fn sum(text: &str, beginning: &str) -> f64 {
    let lines = text.lines().filter(|line| line.starts_with(beginning));
    lines.filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLLUP: &str = "00400000-7ffd rollup\nRss:   724 kB\nShared_Clean:  640 kB\nPrivate_Clean:  8 kB\n\
                          Private_Dirty:   12 kB\nPrivate_Hugetlb:  0 kB\n";

    #[test]
    fn the_private_pages_are_those_of_all_kinds() {
        assert_eq!(sum(ROLLUP, "Private_"), 20.0);
        assert_eq!(sum(ROLLUP, "VmPTE:"), 0.0);
    }

    #[test]
    fn we_work_where_we_work() {
        let here = std::env::current_dir().unwrap();
        assert!(works_in(nix::unistd::getpid(), &here));
        assert!(working_in(&here).unwrap().contains(&nix::unistd::getpid()));
        assert!(!works_in(nix::unistd::getpid(), Path::new("/nowhere")));
    }

    #[test]
    fn this_process_has_memory_threads_and_descriptors() {
        let own = [nix::unistd::getpid()];
        assert!(Memory::of_all(&own).unwrap().total() > 0.0);
        assert!(switches(&own).unwrap() > 0.0);
        assert!(descriptors(nix::unistd::getpid()).unwrap() >= 3);
    }
}
