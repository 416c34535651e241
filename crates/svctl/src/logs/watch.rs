//! Being told that something changed. It is a hint and never the truth: after each, a look decides. Where no hints come (the
//! system's watches are used up, the file system sends none), it is looked ten times a second.

use crate::PROGRAM;
use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;
use supervision::silent::is_silent;

/// How often it is looked where no hints come, in milliseconds.
const INTERVAL: u8 = 100;

/// Of so many looks one is for directories that may have come or gone.
const SELDOM: u32 = 10;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The service directory.
    Directory,
    /// Where a service's log is: its number.
    Service(usize),
    /// A log directory: its number.
    Source(usize),
}

/// What may have changed.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// Services may have come.
    pub(super) directory: bool,
    /// These may have other log directories.
    pub(super) services: BTreeSet<usize>,
    /// In these log directories there may be more.
    pub(super) sources: BTreeSet<usize>,
    /// All of that.
    pub(super) everything: bool,
    /// There may be more in any log directory.
    pub(super) all_sources: bool,
    /// Nobody reads what is shown.
    pub(super) is_over: bool,
}

/// Watches folders.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Option<Inotify>,
    about: HashMap<WatchDescriptor, Vec<(About, Option<OsString>)>>,
    /// Why hints are not enough, if they are not.
    is_blind: bool,
    looks: u32,
}

impl Watch {
    pub(super) fn new() -> Self {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK);
        let mut watch = Self { inotify: None, about: HashMap::new(), is_blind: false, looks: 0 };
        match inotify {
            Ok(inotify) => watch.inotify = Some(inotify),
            Err(error) => watch.give_up(cli::errno::text(error)),
        }
        watch
    }

    /// Watches an opened log directory.
    pub(super) fn source(&mut self, folder: BorrowedFd<'_>, number: usize) {
        let changes = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVE;
        let path = format!("/proc/self/fd/{}", folder.as_raw_fd());
        match is_silent(folder) {
            Ok(false) => match self.add(Path::new(&path), changes, About::Source(number), None) {
                Ok(()) => {}
                Err(error) => self.give_up(cli::errno::text(error)),
            },
            Ok(true) => self.give_up("its file system does not tell of changes"),
            Err(error) => self.give_up(cli::errno::text(error)),
        }
    }

    /// Watches what comes into a folder and goes from it, under a name or any; of one that is not there yet, what is above it.
    pub(super) fn names(&mut self, path: &Path, about: About, only: Option<&OsStr>) {
        let changes = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_ONLYDIR;
        let mut path = path;
        let mut only = only;
        let mut missing: Option<&Path> = None;
        loop {
            let here = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            match self.add(here, changes, about, only) {
                Ok(()) => match missing.take() {
                    // It came just now.
                    Some(below) if below.is_dir() => (path, only) = (below, None),
                    _ => return,
                },
                Err(Errno::ENOENT | Errno::ENOTDIR) => {
                    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return };
                    missing = Some(path);
                    (path, only) = (above, Some(name));
                }
                Err(error) => return self.give_up(cli::errno::text(error)),
            }
        }
    }

    fn add(
        &mut self,
        path: &Path,
        changes: AddWatchFlags,
        about: About,
        only: Option<&OsStr>,
    ) -> Result<(), Errno> {
        let Some(inotify) = &self.inotify else { return Ok(()) };
        // One folder can be watched for two reasons.
        let more = AddWatchFlags::from_bits_retain(nix::libc::IN_MASK_ADD);
        let descriptor = inotify.add_watch(path, changes | more)?;
        let entry = (about, only.map(OsStr::to_owned));
        let all = self.about.entry(descriptor).or_default();
        if !all.contains(&entry) {
            all.push(entry);
        }
        Ok(())
    }

    fn give_up(&mut self, why: &str) {
        if !std::mem::replace(&mut self.is_blind, true) {
            PROGRAM.warn(&format!("unable to watch all logs: {why}: they are looked at ten times a second"));
        }
    }

    /// Waits until something may have changed; with `is_busy` not at all.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn wait(&mut self, is_busy: bool) -> Result<Hints> {
        let timeout = match (is_busy, self.is_blind) {
            (true, _) => PollTimeout::ZERO,
            (false, true) => PollTimeout::from(INTERVAL),
            (false, false) => PollTimeout::NONE,
        };
        let stdout = std::io::stdout();
        let mut asked = vec![PollFd::new(stdout.as_fd(), PollFlags::empty())];
        asked.extend(self.inotify.iter().map(|inotify| PollFd::new(inotify.as_fd(), PollFlags::POLLIN)));
        let count = match poll(&mut asked, timeout) {
            Err(Errno::EINTR) => 0,
            other => other.context("unable to poll")?,
        };
        let gone = asked.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
        let mut hints = Hints { is_over: gone.contains(PollFlags::POLLERR), ..Hints::default() };
        if count == 0 && !is_busy {
            self.looks = self.looks.wrapping_add(1);
            hints.all_sources = true;
            hints.everything = self.looks % SELDOM == 0;
        }
        self.read(&mut hints)?;
        Ok(hints)
    }

    fn read(&mut self, hints: &mut Hints) -> Result<()> {
        let Some(inotify) = &self.inotify else { return Ok(()) };
        loop {
            let events = match inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error).context("unable to read what changed"),
            };
            for event in events {
                if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                    hints.everything = true;
                }
                let is_gone = event.mask.contains(AddWatchFlags::IN_IGNORED);
                for (about, only) in self.about.get(&event.wd).into_iter().flatten() {
                    if is_gone || only.is_none() || event.name.is_none() || *only == event.name {
                        match about {
                            About::Directory => hints.directory = true,
                            About::Service(number) => drop(hints.services.insert(*number)),
                            About::Source(number) => drop(hints.sources.insert(*number)),
                        }
                    }
                }
                if is_gone {
                    self.about.remove(&event.wd);
                }
            }
        }
    }
}
