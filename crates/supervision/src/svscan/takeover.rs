//! Whether a supervise runs in a folder already, and which: an earlier svscan's, or that of another program. Whoever holds
//! the lock in `supervise/` does.
//!
//! Ours is named by its record, which is believed only where nobody else can write it. For others there is the system's list
//! of locks. Where neither leads to a process that can be held, its `ok` tells of its end: nobody reads that any more.

use super::locks;
use crate::held::Held;
use crate::neighbour::{self, is_locked, open_fifo, record};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::Pid;
use protocol::file::read_all;
use protocol::folder::{CONTROL, LOCK, OK, VARIABLE, control_folder};
use protocol::identity::FolderId;
use protocol::process::{Boot, ProcessId};
use protocol::status::{Leaving, SIZE, Status};
use std::collections::HashMap;
use std::fs::{DirEntry, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;
use sys::clock::Monotonic;

/// So long the list of locks is good for finding a process, which then says itself what it holds.
const FRESH: Duration = Duration::from_secs(1);

/// The end of a process takes less than so many of them; a lock that is held by something else is met as seldom as it is tried.
const MOMENTS: u32 = 20;
const MOMENT: Duration = Duration::from_millis(1);

/// What runs in a folder.
#[derive(Debug)]
pub(super) enum Running {
    /// A supervise of ours, as its record says, and whether it was told to stop already.
    Ours { held: Held, told: bool },
    /// Somebody who holds the lock: another program, or one of ours that has no such record (yet).
    Other(Other),
}

/// A supervise that is told what to do through its `control`.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) hold: Hold,
    place: OwnedFd,
}

/// What tells of its end.
#[derive(Debug)]
pub(super) enum Hold {
    Process(Held),
    /// Its `ok`, opened for writing.
    Ok(OwnedFd),
}

/// What is needed to find out, and remembered.
#[derive(Debug)]
pub(super) struct Finder {
    boot: Option<Boot>,
    locks: Option<(Monotonic, HashMap<u64, Vec<u32>>)>,
}

impl Finder {
    pub(super) fn new() -> Self {
        Self { boot: Boot::current(), locks: None }
    }

    /// What runs in a folder, which is opened, and whose path is given; `None` where nothing does.
    ///
    /// # Errors
    ///
    /// EBUSY where the lock is held, but not by a supervise.
    pub(super) fn find(&mut self, folder: impl AsFd, path: &Path) -> Result<Option<Running>, Errno> {
        let Some(place) = place(folder, path) else { return Ok(None) };
        if !is_locked(&place) {
            return Ok(None);
        }
        if let Some(ours) = self.recorded(&place) {
            return Ok(Some(ours));
        }
        let Some(ok) = open_fifo(&place, OK) else {
            // Whoever else holds the lock is no supervise, or has just begun to be one, or leaves.
            return if is_let_go(&place) { Ok(None) } else { Err(Errno::EBUSY) };
        };
        let hold = self.holder(&place).map_or(Hold::Ok(ok), Hold::Process);
        // It may just have left.
        Ok(is_locked(&place).then_some(Running::Other(Other { hold, place })))
    }

    /// Our supervise that has written the record, if it lives.
    fn recorded(&self, place: &OwnedFd) -> Option<Running> {
        let detail = record(place)?.detail?;
        if detail.boot.is_none() || detail.boot != self.boot {
            return None;
        }
        let held = Held::find(detail.supervise?).ok().flatten()?;
        Some(Running::Ours { held, told: detail.leaving == Leaving::Stopping })
    }

    /// The process that holds the lock.
    fn holder(&mut self, place: &OwnedFd) -> Option<Held> {
        let lock = openat(place, LOCK, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty());
        let lock = FolderId::from(&fstat(lock.ok()?).ok()?);
        let known = self
            .locks
            .as_ref()
            .filter(|(at, locks)| Monotonic::now().since(*at) < FRESH && locks.contains_key(&lock.inode));
        if known.is_none() {
            let text = std::fs::read("/proc/locks").unwrap_or_default();
            self.locks = Some((Monotonic::now(), locks::parse(&text)));
        }
        let (_, locks) = self.locks.as_ref()?;
        locks::holder(locks, lock)
    }
}

/// Whether the lock is given up in a moment: one that ends closes `ok` before it.
fn is_let_go(place: &OwnedFd) -> bool {
    (0..MOMENTS).any(|_| {
        std::thread::sleep(MOMENT);
        !is_locked(place)
    })
}

/// A process, as the supervise of ours that the record which it holds open says it is; `None` where it is none.
pub(super) fn running(held: Held) -> Option<Running> {
    let held_open = std::fs::read_dir(format!("/proc/{}/fd", held.pid())).ok()?.flatten();
    // The record's file may be gone from its folder, as the folder may be.
    let is_status = |entry: &DirEntry| {
        let path = entry.path().read_link().unwrap_or_default();
        let path = path.as_os_str().as_bytes();
        path.strip_suffix(b" (deleted)").unwrap_or(path).ends_with(b"/status")
    };
    let mut records = held_open.filter(is_status).filter_map(|entry| {
        let mut file = File::open(entry.path()).ok()?;
        Status::decode(&read_all(&mut file, SIZE).ok()?).ok()?.detail
    });
    let detail = records.find(|detail| detail.supervise.is_some() && detail.supervise == held.id())?;
    Some(Running::Ours { held, told: detail.leaving == Leaving::Stopping })
}

/// What a supervise that works in the opened folder has on record: its service's run, and finish.
pub(super) fn processes(folder: impl AsFd, path: &Path, supervise: Pid) -> Vec<Held> {
    let Some(Status { pid, detail: Some(detail), .. }) = place(folder, path).as_ref().and_then(record) else {
        return Vec::new();
    };
    if detail.supervise.map(|recorded| recorded.pid.get()) != u32::try_from(supervise.as_raw()).ok() {
        return Vec::new();
    }
    let run = pid.map(|pid| ProcessId { pid, mark: detail.run });
    [run, detail.finish]
        .into_iter()
        .flatten()
        .filter_map(|process| Held::find(process).ok().flatten())
        .collect()
}

/// Whether a supervise runs in the folder at that path.
pub(super) fn runs(folder: impl AsFd, path: &Path) -> bool {
    place(folder, path).is_some_and(|place| is_locked(&place))
}

impl Other {
    /// What tells of its end where nothing holds it.
    pub(super) fn end_of_ok(&self) -> Option<BorrowedFd<'_>> {
        match &self.hold {
            Hold::Process(_) => None,
            Hold::Ok(fifo) => Some(fifo.as_fd()),
        }
    }

    /// Whether it is a supervise of ours after all: one that had only begun when it was found, or of an old version.
    pub(super) fn is_ours(&self) -> bool {
        let Hold::Process(held) = &self.hold else { return false };
        let recorded = record(&self.place).and_then(|status| status.detail?.supervise);
        recorded.is_some_and(|recorded| held.id().is_some_and(|held| held.pid == recorded.pid))
    }

    /// Writes letters to its `control`. It may have ended this moment, which is told in its own way.
    pub(super) fn command(&self, letters: &[u8]) {
        if let Some(control) = open_fifo(&self.place, CONTROL) {
            let _ = nix::unistd::write(control, letters);
        }
    }
}

/// The `supervise/` of a folder, if it is there and ours alone.
fn place(folder: impl AsFd, path: &Path) -> Option<OwnedFd> {
    let path = control_folder(sys::environment::value(VARIABLE), || path.canonicalize()).ok()?;
    neighbour::place(folder, &path)
}
