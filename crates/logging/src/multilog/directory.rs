//! One directory of logs: what is in it while multilog runs, and how it is found and left.
//!
//! The user's execute bit of a file says that it is complete and safely on disk. `current` has it only between two
//! multilogs; where it has not, the one before did not end well, and what it left is set aside under names in `.u`.

use super::cuts::Cuts;
use super::files::{CURRENT, NEW_STATE, OPEN, PROCESSED, SAFE, STATE, append, is_safe, look, remove};
use super::note::Extent;
use super::script::{Settings, WhenFull};
use super::sheet::Sheet;
use super::steps::{Step, recovery};
use super::trouble::{Backlog, Trouble};
use anyhow::Context;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, fstatat, mkdirat};
use nix::unistd::{ftruncate, write};
use protocol::lock::{self, Lock};
use std::collections::VecDeque;
use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::time::Duration;
use sys::birth::born;
use sys::clock::{Monotonic, wall};

/// From some byte on, what is written comes from there in the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Counted since the beginning.
    pub(super) byte: u64,
    /// In the block.
    pub(super) input: usize,
    /// How many bytes are put before the input's.
    pub(super) added: usize,
}

/// A directory that no other multilog has.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) folder: OwnedFd,
    lock: Lock,
}

impl Locked {
    /// Makes, opens and locks it.
    ///
    /// # Errors
    ///
    /// What could not be done, as 0.76 puts it.
    pub(super) fn open(path: &[u8]) -> anyhow::Result<Self> {
        let name = shown(path);
        // Where it is there already is not the only reason to go on: opening says what is wrong.
        let _ = mkdirat(AT_FDCWD, path, Mode::S_IRWXU);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let folder = openat(AT_FDCWD, path, flags, Mode::empty())
            .and_then(|folder| fstatat(&folder, c".", AtFlags::empty()).map(|_| folder))
            .with_context(|| format!("unable to open directory {name}"))?;
        let lock =
            lock::take(&folder, c"lock").with_context(|| format!("unable to lock directory {name}"))?;
        Ok(Self { folder, lock })
    }
}

/// A directory of logs.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) settings: Settings<'a>,
    pub(super) folder: OwnedFd,
    _lock: Lock,
    /// `current`; none in the middle of a rotation that met trouble.
    pub(super) current: Option<OwnedFd>,
    /// The device and number of its inode.
    identity: (u64, u64),
    /// How many bytes `current` has.
    pub(super) on_disk: u64,
    /// How many it had when the input was last taken: what is behind would be written again.
    pub(super) sure: u64,
    /// Since when it is known that `current` has something in it, and how old that was then.
    pub(super) begun: Option<(Monotonic, Duration)>,
    /// What is still to be done to the files before anything can be written.
    pub(super) steps: VecDeque<Step>,
    /// What is to be written.
    pub(super) pending: Sheet,
    /// Where files end.
    pub(super) cuts: Cuts,
    /// How many bytes have been written since the beginning, by the count of `cuts`.
    pub(super) written: u64,
    /// How many are to be.
    pub(super) target: u64,
    /// Which bytes come from where in the input, as far as they have not been written.
    pub(super) marks: VecDeque<Mark>,
    /// What waits because the disk does not take it.
    pub(super) backlog: Option<Backlog>,
    /// Whether the line in hand goes here.
    pub(super) selected: bool,
}

impl<'a> Directory<'a> {
    /// Finds out what is to be done before it can be written to. A `current` that is in `undo` is cut first.
    ///
    /// # Errors
    ///
    /// What could not be done, as 0.76 puts it.
    pub(super) fn open(mut settings: Settings<'a>, locked: Locked, undo: &[Extent]) -> anyhow::Result<Self> {
        // A file that the system does not let grow that far ends before.
        settings.size = settings.size.min(largest_file());
        let Locked { folder, lock } = locked;
        let name = shown(settings.path);
        let file = |verb: &str, file: &CStr| format!("unable to {verb} {name}/{}", shown(file.to_bytes()));
        let mut found = look(&folder, CURRENT).with_context(|| file("stat", CURRENT))?;
        if let Some(current) = &mut found {
            cut(&folder, current, undo);
        }
        let mut directory = Self {
            cuts: Cuts::new(settings.size, 0),
            settings,
            folder,
            _lock: lock,
            current: None,
            identity: (0, 0),
            on_disk: 0,
            sure: 0,
            begun: None,
            steps: VecDeque::new(),
            pending: Sheet::new(),
            written: 0,
            target: 0,
            marks: VecDeque::new(),
            backlog: None,
            selected: true,
        };
        if let Some(current) = found.filter(is_safe) {
            let opened = append(&directory.folder, CURRENT).with_context(|| file("append to", CURRENT))?;
            fchmod(&opened, OPEN).with_context(|| file("set mode of", CURRENT))?;
            directory.continues(opened, &current);
            return Ok(directory);
        }
        let processed = look(&directory.folder, PROCESSED).with_context(|| file("stat", PROCESSED))?;
        for old in [STATE, NEW_STATE] {
            // Where that fails, making them will, and says so.
            let _ = remove(&directory.folder, old);
        }
        directory.steps = recovery(processed.as_ref().is_some_and(is_safe));
        Ok(directory)
    }

    /// Goes on with what an earlier multilog left complete.
    fn continues(&mut self, opened: OwnedFd, found: &FileStat) {
        self.current = Some(opened);
        self.identity = (found.st_dev, found.st_ino);
        self.on_disk = u64::try_from(found.st_size).unwrap_or(0);
        self.sure = self.on_disk;
        self.cuts = Cuts::new(self.settings.size, self.on_disk);
        if let (true, Some(current)) = (self.on_disk > 0, &self.current) {
            // It is as old as the system says, or as its last change if it has been copied here.
            let changed = Duration::from_secs(u64::try_from(found.st_mtime).unwrap_or(0));
            let since = born(current).map_or(changed, |born| born.min(changed));
            self.begun = Some((Monotonic::now(), wall().saturating_sub(since)));
        }
    }

    /// Whether lines that cannot be written are not waited for.
    pub(super) fn waits_for_nothing(&self) -> bool {
        self.settings.when_full == WhenFull::Drop
    }

    /// The directory as messages name it.
    pub(super) fn shown(&self) -> String {
        shown(self.settings.path).into_owned()
    }

    /// Begins `current`, which is empty.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub(super) fn create(&mut self) -> Result<(), Trouble> {
        let opened =
            append(&self.folder, CURRENT).map_err(|error| self.file_trouble("create", CURRENT, error))?;
        self.identity = fstat(&opened).map_or((0, 0), |stat| (stat.st_dev, stat.st_ino));
        self.current = Some(opened);
        (self.on_disk, self.sure, self.begun) = (0, 0, None);
        Ok(())
    }

    /// Says by its mode that `current` is being written.
    ///
    /// # Errors
    ///
    /// Where its mode cannot be set.
    pub(super) fn mark_open(&mut self) -> Result<(), Trouble> {
        let Some(current) = &self.current else { return Ok(()) };
        fchmod(current, OPEN).map_err(|error| self.file_trouble("set mode of", CURRENT, error))
    }

    /// Says by its mode that `current` is complete, after making sure that it is on disk.
    ///
    /// # Errors
    ///
    /// Where one of both cannot be done.
    pub(super) fn close(&mut self) -> Result<(), Trouble> {
        self.sync()?;
        let Some(current) = &self.current else { return Ok(()) };
        fchmod(current, SAFE).map_err(|error| self.file_trouble("set mode of", CURRENT, error))
    }

    /// Waits until `current` is on disk.
    ///
    /// # Errors
    ///
    /// Where the system cannot make sure of it.
    pub(super) fn sync(&mut self) -> Result<(), Trouble> {
        let Some(current) = &self.current else { return Ok(()) };
        nix::unistd::fsync(current)
            .map_err(|error| Trouble::new(format!("unable to write {}/current to disk", self.shown()), error))
    }

    /// How many bytes there will have been since the beginning when all that is pending is written.
    pub(super) fn end(&self) -> u64 {
        self.written.saturating_add(u64::try_from(self.pending.length()).unwrap_or(u64::MAX))
    }

    /// Writes what is pending, as far as the target.
    ///
    /// # Errors
    ///
    /// Where not all of it could be written; what could be is counted.
    pub(super) fn write(&mut self) -> Result<(), Trouble> {
        while self.written < self.target {
            let left = usize::try_from(self.target.saturating_sub(self.written)).unwrap_or(usize::MAX);
            let text = self.pending.text();
            let text = text.get(..left).unwrap_or(text);
            if text.is_empty() {
                break;
            }
            let result = match &self.current {
                Some(current) => write(current, text),
                None => Err(Errno::EBADF),
            };
            match result {
                Ok(count) => {
                    self.pending.written(count);
                    let count = u64::try_from(count).unwrap_or(u64::MAX);
                    self.written = self.written.saturating_add(count);
                    self.on_disk = self.on_disk.saturating_add(count);
                }
                Err(Errno::EINTR) => {}
                Err(error) => {
                    return Err(Trouble::new(format!("unable to write to {}/current", self.shown()), error));
                }
            }
        }
        Ok(())
    }

    /// What has been written is settled: the input it came from is taken.
    pub(super) fn settle(&mut self) {
        self.pending.settle();
        self.sure = self.on_disk;
        if self.on_disk > 0 && self.begun.is_none() && self.settings.age.is_some() {
            self.begun = Some((Monotonic::now(), Duration::ZERO));
        }
    }

    /// Takes back what has been written since that was last settled. On a full disk there is always room for that.
    pub(super) fn take_back(&mut self) {
        if self.on_disk > self.sure {
            let size = i64::try_from(self.sure).unwrap_or(i64::MAX);
            if self.current.as_ref().is_none_or(|current| ftruncate(current, size).is_err()) {
                return;
            }
            self.on_disk = self.sure;
        }
        let count = u64::try_from(self.pending.take_back()).unwrap_or(0);
        self.written = self.written.saturating_sub(count);
    }

    /// Where in the input that byte comes from, counted since the beginning; `at` where all before it is from before that.
    pub(super) fn input_at(&self, byte: u64, at: usize) -> usize {
        let mark = self.marks.iter().rev().find(|mark| mark.byte <= byte);
        mark.filter(|_| byte < self.end()).map_or(at, |mark| {
            let since = usize::try_from(byte.saturating_sub(mark.byte)).unwrap_or(usize::MAX);
            mark.input.saturating_add(since.saturating_sub(mark.added)).min(at)
        })
    }

    /// How many bytes are to be written of what comes from before there in the input.
    pub(super) fn written_before(&self, input: usize) -> u64 {
        let mut marks = self.marks.iter().rev();
        let mut next = self.end();
        let byte = marks.find_map(|mark| {
            let end = std::mem::replace(&mut next, mark.byte);
            let since = input.checked_sub(mark.input).filter(|since| *since > 0)?;
            let count = u64::try_from(since.saturating_add(mark.added)).unwrap_or(u64::MAX);
            Some(mark.byte.saturating_add(count).min(end))
        });
        byte.unwrap_or(self.written).max(self.written)
    }

    /// What it has on disk, and what it will have when it is written up to its target.
    pub(super) fn extent(&self) -> Extent {
        let (device, inode) = self.identity;
        let end = self.on_disk.saturating_add(self.target.saturating_sub(self.written));
        Extent { device, inode, size: self.sure, end }
    }

    /// When `current` is so old that it is full.
    pub(super) fn is_due_at(&self) -> Option<Monotonic> {
        let (begun, age) = self.begun?;
        Some(begun + self.settings.age?.saturating_sub(age))
    }

    /// Trouble with one of the files.
    pub(super) fn file_trouble(&self, verb: &str, file: &CStr, error: Errno) -> Trouble {
        Trouble::new(format!("unable to {verb} {}/{}", self.shown(), shown(file.to_bytes())), error)
    }
}

/// Takes back what was written of a batch that was not taken, as far as it is known.
fn cut(folder: &OwnedFd, current: &mut FileStat, undo: &[Extent]) {
    let size = u64::try_from(current.st_size).unwrap_or(0);
    let extent = undo.iter().find(|extent| {
        (extent.device, extent.inode) == (current.st_dev, current.st_ino)
            && (extent.size..=extent.end).contains(&size)
    });
    let Some(size) = extent.and_then(|extent| i64::try_from(extent.size).ok()) else { return };
    if append(folder, CURRENT).and_then(|opened| ftruncate(&opened, size)).is_ok() {
        current.st_size = size;
    }
}

/// How large the system lets a file of this process become. Where that is nothing at all, there is nothing to go by.
fn largest_file() -> u64 {
    getrlimit(Resource::RLIMIT_FSIZE).ok().map(|(soft, _)| soft).filter(|soft| *soft > 0).unwrap_or(u64::MAX)
}
