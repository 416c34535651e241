//! How svscan begins: in its directory, alone there, and with whatever it kept when it became this program.

use super::listings::{NextListing, watch};
use super::starts::TakenOver;
use super::upgrade::{Inherited, Upgrade, kept_command};
use super::{Call, Directory, Finder, Launcher, Lister, Roster, Shell, Supervises};
use crate::resident;
use anyhow::Context;
use cli::voice::Voice;
use nix::sys::prctl::set_child_subreaper;
use protocol::folder::VARIABLE;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sys::clock::Monotonic;
use sys::signals::ignore_those_of_threads;

impl Shell {
    /// Takes the service directory.
    pub(in crate::svscan) fn begin(call: Call) -> anyhow::Result<Self> {
        let mut inherited = Inherited::take();
        let signals = resident::begin()?;
        ignore_those_of_threads();
        let kept = inherited.as_mut().and_then(Inherited::take_lock);
        let directory = Directory::enter(call.directory, kept)?;
        // What the services leave behind comes to us, and is not left a zombie.
        let _ = set_child_subreaper(true);
        let setting = sys::environment::value(VARIABLE);
        let elsewhere = setting.is_some_and(|value| Path::new(OsStr::from_bytes(value)).is_absolute());
        let mut voice = Voice::new("svscan");
        let watch = watch(directory.here(), &mut voice);
        let command = inherited.as_ref().and_then(|_| kept_command());
        Ok(Self {
            roster: Roster::new(elsewhere),
            lister: Lister::default(),
            launcher: Launcher::begin(call.trusting),
            finder: Finder::new(),
            supervises: Supervises::new().context("unable to watch supervises")?,
            signals,
            watch,
            pipes: HashMap::new(),
            next: NextListing::first(Monotonic::now()),
            moved: HashSet::new(),
            taken_over: TakenOver::default(),
            upgrade: Upgrade::begin(inherited),
            command,
            told: false,
            stopping: false,
            stopped: false,
            voice,
            news: Vec::new(),
            unreadable: BTreeSet::new(),
            unlisted: false,
            unwatched: false,
            unfollowed: false,
            directory,
            call,
        })
    }
}
