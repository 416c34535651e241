//! What /proc says of all processes of a tree at one moment.

use crate::process;
use std::fmt;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A line of /proc/PID/stat, as much of it as is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: u32,
    /// The name of the program, 15 bytes at most.
    pub(super) name: String,
    /// `R`, `S`, `T`, `Z`, ...
    pub(super) state: char,
    pub(super) parent: u32,
    pub(super) session: u32,
    /// When it was made, in ticks since the machine was started: with the pid, its identity.
    pub(super) start: u64,
}

impl Stat {
    pub(super) fn of(pid: u32) -> Option<Self> {
        Self::parse(&read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(line: &str) -> Option<Self> {
        // The name may have blanks and parentheses in it.
        let (head, rest) = line.rsplit_once(") ")?;
        let (pid, name) = head.split_once(" (")?;
        let mut rest = rest.split(' ');
        Some(Self {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            state: rest.next()?.chars().next()?,
            parent: rest.next()?.parse().ok()?,
            session: rest.nth(1)?.parse().ok()?,
            start: rest.nth(15)?.parse().ok()?,
        })
    }

    /// Neither ended nor gone.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }

    /// What supervise makes run: the first of a session, and no longer supervise itself.
    pub(super) fn is_run(&self) -> bool {
        self.is_alive() && self.session == self.pid && self.name != "supervise"
    }
}

/// The stat of one process, kept open: it is never that of another that gets the same pid later.
#[derive(Debug)]
pub(super) struct OpenStat(File);

impl OpenStat {
    pub(super) fn of(pid: u32) -> Option<Self> {
        File::open(format!("/proc/{pid}/stat")).ok().map(Self)
    }

    /// `None` once the process is gone.
    pub(super) fn read(&self) -> Option<Stat> {
        let mut bytes = [0; 1024];
        let length = self.0.read_at(&mut bytes, 0).ok()?;
        Stat::parse(&String::from_utf8_lossy(bytes.get(..length)?))
    }
}

/// A process that works in the tree.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) stat: Stat,
    /// Its working folder.
    pub(super) folder: PathBuf,
}

impl fmt::Display for Process {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stat { pid, name, state, parent, .. } = &self.stat;
        let arguments = process::arguments(*pid).join(" ");
        write!(to, "{name} {pid} ({state}, child of {parent}) in {}: {arguments}", self.folder.display())
    }
}

/// All that live and whose working folder is in `root`.
pub(super) fn processes_in(root: &Path) -> Vec<Process> {
    let here = |pid: u32| {
        let folder = process::folder(pid).filter(|folder| folder.starts_with(root))?;
        let stat = Stat::of(pid).filter(Stat::is_alive)?;
        Some(Process { stat, folder })
    };
    process::all().into_iter().filter_map(here).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name() {
        let line = "77 (a) b (c) S 5 6 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 10";
        let stat = Stat::parse(line).unwrap();
        let name = "a) b (c".to_owned();
        assert_eq!(stat, Stat { pid: 77, name, state: 'S', parent: 5, session: 77, start: 4242 });
        assert!(stat.is_run());
        assert_eq!(Stat::parse("77 (a"), None);
    }

    #[test]
    fn we_are_there() {
        let stat = Stat::of(std::process::id()).unwrap();
        assert!(stat.is_alive() && stat.parent == std::os::unix::process::parent_id());
        assert_eq!(OpenStat::of(stat.pid).unwrap().read().unwrap().start, stat.start);
    }
}
