//! The watch: about every millisecond, who is new in the tree, and whether a service has two copies.
//!
//! A copy is what supervise makes run or finish: the first process of a session, working in the service folder, that
//! has become something else than supervise. It is found once, by the counter of pids that /proc/loadavg shows, and
//! followed then by its open stat; so a look costs a few system calls.
//!
//! What escapes it: a copy that lives for less than the time between two looks; one that has left its folder or its
//! session. What is no copy, but first of a session in the folder (what a service leaves behind on purpose), says so
//! in its environment: [`LEFT_BEHIND`].

use super::stat::{OpenStat, Stat};
use crate::process;
use std::collections::HashMap;
use std::fs::{File, metadata, read_to_string};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// To be put before a command in a shell script that it leaves behind on purpose, in a session of its own.
pub const LEFT_BEHIND: &str = "UPKEEP_LEFT_BEHIND=1 ";

/// The time between two looks.
const PERIOD: Duration = Duration::from_millis(1);

/// How often a new pid is looked for again.
const CHANCES: u32 = 5;

/// Programs that become others, as another account.
const ON_THE_WAY: [&str; 4] = ["supervise", "runas", "setuidgid", "setuser"];

/// The thread that looks, and what it has seen.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Arc<Seen>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    faults: Mutex<Vec<String>>,
    looks: AtomicU64,
    starts: AtomicU64,
}

impl Watch {
    pub(super) fn begin(root: &Path) -> Self {
        let seen = Arc::new(Seen::default());
        let (stop, stopped) = channel();
        let mut watcher = Watcher::new(root.into(), seen.clone());
        // What is there already is seen when this returns.
        watcher.look();
        let thread = std::thread::spawn(move || watcher.work(&stopped));
        Self { seen, stop: Some(stop), thread: Some(thread) }
    }

    /// What should not have been.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it has looked.
    pub(super) fn looks(&self) -> u64 {
        self.seen.looks.load(Relaxed)
    }

    /// How many processes have come to the tree.
    pub(super) fn starts(&self) -> u64 {
        self.seen.starts.load(Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(!matches!(ended, Some(Err(_))) || std::thread::panicking(), "the watch has ended");
    }
}

/// A process that works in the tree and may become a copy.
#[derive(Debug)]
struct Candidate {
    stat: OpenStat,
    pid: u32,
    /// At how many looks it was none.
    looks: u32,
}

/// A copy of a service.
#[derive(Debug)]
struct Copy {
    stat: OpenStat,
    pid: u32,
    /// Whether it is known whom it runs as.
    is_judged: bool,
}

/// What a folder is: its device and inode.
type Key = (u64, u64);

struct Watcher {
    root: PathBuf,
    seen: Arc<Seen>,
    counter: File,
    last: u32,
    round: u32,
    /// Not seen, or not in the tree, and how often they are looked for again: a pid is given out before its process can
    /// be seen, and that goes to its folder later.
    doubtful: Vec<(u32, u32)>,
    candidates: Vec<Candidate>,
    copies: HashMap<Key, Vec<Copy>>,
}

impl Watcher {
    fn new(root: PathBuf, seen: Arc<Seen>) -> Self {
        let counter = File::open("/proc/loadavg").expect("/proc");
        let (doubtful, candidates) = (Vec::new(), Vec::new());
        Self { root, seen, counter, last: 0, round: 0, doubtful, candidates, copies: HashMap::new() }
    }

    fn work(&mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
            self.look();
        }
    }

    fn look(&mut self) {
        self.round = self.round.wrapping_add(1);
        let newcomers = self.newcomers().into_iter().map(|pid| (pid, CHANCES));
        let asked: Vec<(u32, u32)> = self.doubtful.drain(..).chain(newcomers).collect();
        for (pid, chances) in asked {
            if !self.is_considered(pid) && chances > 0 {
                self.doubtful.push((pid, chances - 1));
            }
        }
        for mut candidate in std::mem::take(&mut self.candidates) {
            candidate.looks = candidate.looks.saturating_add(1);
            // Those that were none for long, supervise above all, are looked at less often.
            if candidate.looks > 100 && (candidate.pid ^ self.round) % 16 != 0 {
                self.candidates.push(candidate);
                continue;
            }
            match candidate.stat.read() {
                Some(stat) if stat.is_run() => self.add(candidate),
                Some(stat) if stat.is_alive() => self.candidates.push(candidate),
                _ => {}
            }
        }
        for copies in self.copies.values_mut() {
            copies.retain_mut(|copy| {
                let Some(stat) = copy.stat.read().filter(Stat::is_alive) else { return false };
                if !copy.is_judged && !ON_THE_WAY.contains(&stat.name.as_str()) {
                    copy.is_judged = true;
                    tell(&self.seen, as_root_unasked(copy.pid));
                }
                true
            });
        }
        self.seen.looks.fetch_add(1, Relaxed);
    }

    /// The pids that were given out since the last look.
    fn newcomers(&mut self) -> Vec<u32> {
        let mut bytes = [0; 128];
        let length = self.counter.read_at(&mut bytes, 0).unwrap_or(0);
        let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
        let now = text.split_whitespace().last().and_then(|word| word.parse().ok()).unwrap_or(0);
        let before = std::mem::replace(&mut self.last, now);
        // At first, after a turn of the counter, and after a long absence, all are new.
        if now < before || before == 0 || now - before > 5000 {
            return process::all();
        }
        (before + 1..=now).collect()
    }

    /// Whether it is one of the tree.
    fn is_considered(&mut self, pid: u32) -> bool {
        // Opened before asked where it is: it is the same process then.
        let Some(stat) = OpenStat::of(pid) else { return false };
        if !process::folder(pid).is_some_and(|folder| folder.starts_with(&self.root)) {
            return false;
        }
        let is_it = |candidate: &Candidate| candidate.pid == pid && candidate.stat.read().is_some();
        if !self.candidates.iter().any(is_it) {
            self.seen.starts.fetch_add(1, Relaxed);
            self.candidates.push(Candidate { stat, pid, looks: 0 });
        }
        true
    }

    fn add(&mut self, Candidate { stat, pid, .. }: Candidate) {
        if process::environment(pid).iter().any(|variable| LEFT_BEHIND.trim_end() == variable) {
            return;
        }
        let Ok(folder) = metadata(format!("/proc/{pid}/cwd")) else { return };
        let copies = self.copies.entry((folder.dev(), folder.ino())).or_default();
        if copies.iter().any(|copy| copy.pid == pid && copy.stat.read().is_some()) {
            return;
        }
        let lives = |stat: &OpenStat| stat.read().is_some_and(|stat| stat.is_alive());
        for other in &*copies {
            // It lived before this; this lives after it: so both did at one instant.
            let shown = [other.pid, pid].map(|pid| format!("{pid} ({})", process::arguments(pid).join(" ")));
            if lives(&other.stat) && lives(&stat) {
                let folder = process::folder(pid).unwrap_or_default();
                tell(&self.seen, Some(format!("{} at once in {}", shown.join(" and "), folder.display())));
            }
        }
        copies.push(Copy { stat, pid, is_judged: false });
    }
}

fn tell(seen: &Seen, fault: Option<String>) {
    seen.faults.lock().unwrap_or_else(PoisonError::into_inner).extend(fault);
}

/// What a service has of root that its folder does not ask for.
fn as_root_unasked(pid: u32) -> Option<String> {
    let folder = process::folder(pid)?;
    let user = user(pid, &folder)?;
    if ["root", "-"].contains(&user.trim()) || !crate::is_root() {
        return None;
    }
    let (uids, gids) = (process::uids(pid)?, process::gids(pid)?);
    let has_home = process::environment(pid).iter().any(|variable| variable == "HOME=/root");
    let is_root = uids.contains(&0) || gids.contains(&0) || has_home;
    is_root.then(|| format!("{pid} in {}, of {user:?}: uids {uids:?}, gids {gids:?}", folder.display()))
}

/// What `user` says, its own or the template's.
fn user(pid: u32, folder: &Path) -> Option<String> {
    let own = read_to_string(format!("/proc/{pid}/cwd/user"));
    own.ok().or_else(|| {
        let (template, _) = folder.file_name()?.to_str()?.split_once('@')?;
        read_to_string(folder.with_file_name(format!("{template}@")).join("user")).ok()
    })
}
