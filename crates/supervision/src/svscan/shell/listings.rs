//! When the directory is listed, and what is made of what it says.

use super::super::events::Event;
use super::{Lister, Shell, Watch};
use cli::errno::{chain, text};
use cli::text::shown;
use cli::voice::Voice;
use nix::errno::Errno;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;
use sys::clock::Monotonic;

/// How often the directory is listed although nothing was told: hints can be lost.
pub(super) const SELDOM: Duration = Duration::from_secs(60);
/// How often where no hints come.
pub(super) const OFTEN: Duration = Duration::from_secs(5);

/// Between two listings at the least: this, and ten times what the last one took, so that a directory that changes all
/// the time takes a tenth of a processor.
const PAUSE: Duration = Duration::from_millis(2);
const SHARE: u32 = 10;

/// So many that have come at once are put in order anew.
const MANY: usize = 100;

/// When the directory is listed next.
#[derive(Debug)]
pub(super) struct NextListing {
    /// Not before.
    earliest: Monotonic,
    /// At the latest.
    latest: Monotonic,
    /// As soon as it may be.
    wanted: bool,
    /// Asking the system about everything.
    fresh: bool,
    /// A hint has come since the last one.
    disturbed: bool,
}

impl Shell {
    pub(super) fn take_hints(&mut self) -> ControlFlow<()> {
        let Some(watch) = &mut self.watch else { return ControlFlow::Continue(()) };
        let hints = watch.take();
        if hints.lost {
            self.next.all();
        }
        if hints.changed.is_empty() {
            return ControlFlow::Continue(());
        }
        self.next.wanted = true;
        self.next.disturbed = true;
        self.moved.extend(hints.moved);
        let changed: BTreeSet<OsString> = hints.changed.into_iter().collect();
        for name in changed {
            self.tell(Event::Changed(name))?;
        }
        ControlFlow::Continue(())
    }

    pub(super) fn list(&mut self) -> ControlFlow<()> {
        if !self.stopping {
            self.follow();
        }
        let begun = Monotonic::now();
        let fresh = self.next.fresh || !self.next.wanted;
        let disturbed = std::mem::take(&mut self.next.disturbed);
        let moved = std::mem::take(&mut self.moved);
        let listing = self.lister.list(&moved, fresh);
        self.next.listed(begun, if self.watch.is_some() && !self.unfollowed { SELDOM } else { OFTEN });
        // What changed while it was read wants another one.
        self.take_hints()?;
        let quiet = !disturbed && !self.next.disturbed;
        match listing {
            Ok(listing) => {
                self.unlisted = false;
                self.tell_unreadable(listing.unreadable);
                let before = self.roster.names().count();
                self.tell(Event::Listed { folders: listing.folders, quiet, fresh })?;
                if self.roster.names().count() >= before.saturating_add(MANY) {
                    self.roster.pack();
                    self.supervises.pack();
                }
                self.upgrade.found_all();
            }
            Err(error) => {
                self.moved.extend(moved);
                if !std::mem::replace(&mut self.unlisted, true) {
                    self.voice.warn(&format!("unable to read directory: {}", text(error)));
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Goes where the directory's path leads, if that is another one now: its services come, and those of the other go.
    fn follow(&mut self) {
        match self.directory.follow() {
            Ok(false) => self.unfollowed = false,
            Ok(true) => {
                let here = self.directory.here();
                self.voice.tell(&format!(
                    "{} is another directory now: its services take the place of the others",
                    here.display()
                ));
                self.unfollowed = false;
                self.lister = Lister::default();
                self.watch = watch(here, &mut self.voice);
                self.moved.clear();
                self.next.all();
            }
            Err(error) => {
                if !std::mem::replace(&mut self.unfollowed, true) {
                    let why = chain(&error);
                    self.voice.warn(&format!("unable to follow {}: {why}", self.directory.here().display()));
                }
            }
        }
    }

    fn tell_unreadable(&mut self, unreadable: Vec<(OsString, Errno)>) {
        for (name, error) in &unreadable {
            if !self.unreadable.contains(name) {
                self.voice.warn(&format!("unable to stat {}: {}", shown(name.as_bytes()), text(*error)));
            }
        }
        self.unreadable = unreadable.into_iter().map(|(name, _)| name).collect();
    }
}

/// Watches the current folder, whose path is given; says why where that cannot be.
pub(super) fn watch(here: &Path, voice: &mut Voice) -> Option<Watch> {
    let unable = |error: &anyhow::Error| {
        let (every, why) = (cli::text::short(OFTEN), chain(error));
        voice.warn(&format!("unable to watch {}: {why}: it is listed every {every}", here.display()));
    };
    Watch::begin(here).inspect_err(unable).ok()
}

impl NextListing {
    pub(super) fn first(now: Monotonic) -> Self {
        Self { earliest: now, latest: now, wanted: true, fresh: true, disturbed: false }
    }

    pub(super) fn at(&self) -> Monotonic {
        if self.wanted { self.earliest } else { self.latest }
    }

    /// As soon as may be.
    pub(super) fn soon(&mut self) {
        self.wanted = true;
    }

    /// As soon as may be, of everything.
    pub(super) fn all(&mut self) {
        self.wanted = true;
        self.fresh = true;
        self.disturbed = true;
    }

    /// One has been made, and began then.
    fn listed(&mut self, begun: Monotonic, interval: Duration) {
        let now = Monotonic::now();
        let took = now.since(begun);
        *self = Self {
            earliest: now + PAUSE.max(took.saturating_mul(SHARE)),
            latest: now + interval,
            wanted: false,
            fresh: false,
            disturbed: false,
        };
    }
}
