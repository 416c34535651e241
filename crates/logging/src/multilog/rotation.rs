//! What is done to the files of a directory when `current` is full, and what an earlier multilog has left half done.
//!
//! A rotation is a list of steps. Each can be repeated: one that meets trouble stays on the list, and is tried again. After
//! a crash between any two of them, the next start finds the files in one of these states, and loses nothing:
//!
//! | files | what was done last | what recovery makes of them |
//! |---|---|---|
//! | `current` without the bit | nothing | `current` becomes an old file in `.u` |
//! | `previous` | renamed | it becomes an old file in `.u`, and so does `current` |
//! | `previous` with two links | linked under its new name | it is removed, the other name stays |
//! | `processed` with the bit | the processor has ended well | it becomes an old file, `previous` is removed |
//! | `processed` without it | the processor was at work | it is removed; `previous` becomes an old file in `.u` |

use super::directory::{
    CURRENT, Directory, NEW_STATE, PREVIOUS, PROCESSED, SAFE, STATE, append, look, remove,
};
use super::old_files::{next_label, prune};
use super::trouble::Trouble;
use super::{directory::empty, processor};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, renameat};
use nix::sys::stat::{FchmodatFlags, fchmod, fchmodat};
use nix::unistd::{fsync, linkat};
use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use sys::clock::wall;

/// One step. Its order among the others is what makes a crash harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `current` is on disk.
    Sync,
    /// `current` becomes `previous`.
    SetAside,
    /// A new, empty `current`.
    Create,
    /// Its mode says that it is being written.
    MarkOpen,
    /// The mode of `previous` says that it is complete.
    MarkComplete,
    /// `previous` has been through the processor, into `processed` and `newstate`.
    Process,
    /// `processed` is on disk, and its mode says so.
    KeepProcessed,
    /// `newstate` is on disk.
    KeepState,
    /// A file is not needed any more.
    Remove(&'static CStr),
    /// The same; where it cannot be removed, it is in nobody's way.
    Discard(&'static CStr),
    /// `newstate` becomes `state`.
    RenameState,
    /// A file becomes an old one, if it is there.
    Finish(&'static CStr, Ending),
    /// There are not too many old files.
    Prune,
}

/// How the name of an old file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Complete: `.s`, or as `w` says.
    Complete,
    /// Cut short by a crash: `.u`.
    Unfinished,
}

/// The steps of a rotation.
pub(super) fn rotation(with_processor: bool) -> VecDeque<Step> {
    let begin = [Step::Sync, Step::SetAside, Step::Create, Step::MarkOpen, Step::MarkComplete];
    let plain: &[Step] = &[Step::Finish(PREVIOUS, Ending::Complete), Step::Prune];
    let processed: &[Step] = &[
        Step::Process,
        Step::KeepProcessed,
        Step::KeepState,
        Step::Remove(PREVIOUS),
        Step::RenameState,
        Step::Finish(PROCESSED, Ending::Complete),
        Step::Prune,
    ];
    begin.iter().chain(if with_processor { processed } else { plain }).copied().collect()
}

/// The steps after an end that was none.
pub(super) fn recovery(processed_is_complete: bool) -> VecDeque<Step> {
    let first = if processed_is_complete {
        [Step::Discard(PREVIOUS), Step::Finish(PROCESSED, Ending::Complete)]
    } else {
        [Step::Discard(PROCESSED), Step::Finish(PREVIOUS, Ending::Unfinished)]
    };
    let last = [Step::Prune, Step::Finish(CURRENT, Ending::Unfinished), Step::Prune];
    first.into_iter().chain(last).collect()
}

impl Directory<'_> {
    /// Does what is on the list.
    ///
    /// # Errors
    ///
    /// The first trouble; that step and those behind it stay on the list.
    pub(super) fn advance(&mut self) -> Result<(), Trouble> {
        while let Some(step) = self.steps.front().copied() {
            self.perform(step)?;
            self.steps.pop_front();
        }
        Ok(())
    }

    fn perform(&mut self, step: Step) -> Result<(), Trouble> {
        let name = self.shown();
        match step {
            Step::Sync => self.sync(),
            Step::SetAside => {
                self.current = None;
                match renameat(&self.folder, CURRENT, &self.folder, PREVIOUS) {
                    Ok(()) => Ok(()),
                    Err(error) => {
                        let what = format!("unable to rename current to previous in directory {name}");
                        Err(Trouble::new(what, error))
                    }
                }
            }
            Step::Create => self.create(),
            Step::MarkOpen => self.mark_open(),
            Step::MarkComplete => fchmodat(&self.folder, PREVIOUS, SAFE, FchmodatFlags::FollowSymlink)
                .map_err(|error| self.file_trouble("set mode of", PREVIOUS, error)),
            Step::Process => processor::run(&self.folder, &name, self.settings.processor.unwrap_or_default()),
            Step::KeepProcessed => self.keep(PROCESSED, true),
            Step::KeepState => self.keep(NEW_STATE, false),
            Step::Remove(file) => {
                remove(&self.folder, file).map_err(|error| self.file_trouble("remove", file, error))
            }
            Step::Discard(file) => {
                let _ = remove(&self.folder, file);
                Ok(())
            }
            Step::RenameState => renameat(&self.folder, NEW_STATE, &self.folder, STATE).map_err(|error| {
                let what = format!("unable to rename newstate to state in directory {name}");
                Trouble::new(what, error)
            }),
            Step::Finish(file, ending) => self.finish(file, ending),
            Step::Prune => {
                let size = self.settings.size;
                let total = self.settings.total.map(|total| total.saturating_sub(size));
                prune(&self.folder, self.settings.count, total)
                    .map_err(|error| Trouble::new(format!("unable to read {name}"), error))
            }
        }
    }

    /// What the processor wrote is on disk.
    fn keep(&self, file: &CStr, complete: bool) -> Result<(), Trouble> {
        let opened = append(&self.folder, file).map_err(|error| self.file_trouble("create", file, error))?;
        fsync(&opened).map_err(|error| {
            let what = format!("unable to write {}/{} to disk", self.shown(), file.to_string_lossy());
            Trouble::new(what, error)
        })?;
        if complete {
            fchmod(&opened, SAFE).map_err(|error| self.file_trouble("set mode of", file, error))?;
        }
        Ok(())
    }

    /// Gives a file its last name. With two links it had got that already when multilog ended.
    fn finish(&self, file: &CStr, ending: Ending) -> Result<(), Trouble> {
        let found = look(&self.folder, file).map_err(|error| self.file_trouble("stat", file, error))?;
        let Some(found) = found else { return Ok(()) };
        if found.st_nlink == 1 {
            let label = next_label(&self.folder, wall())
                .map_err(|error| Trouble::new(format!("unable to read {}", self.shown()), error))?;
            let code: &[u8] = match ending {
                Ending::Complete => self.settings.code,
                Ending::Unfinished => b"u",
            };
            let old = CString::new([&label, &b"."[..], code].concat()).unwrap_or_default();
            match linkat(&self.folder, file, &self.folder, old.as_c_str(), AtFlags::empty()) {
                Ok(()) => {}
                Err(error) => return Err(self.file_trouble("link to", &old, error)),
            }
        }
        remove(&self.folder, file).map_err(|error| self.file_trouble("remove", file, error))
    }

    /// After a recovery: an empty `state` and an empty `current`.
    ///
    /// # Errors
    ///
    /// Where one of them cannot be made.
    pub(super) fn begin(&mut self) -> Result<(), Trouble> {
        let unable = |file: &CStr, error: Errno| self.file_trouble("write to", file, error);
        empty(&self.folder, STATE).map_err(|error| unable(STATE, error))?;
        self.create().map_err(|trouble| match trouble.reason {
            Some(error) => self.file_trouble("write to", CURRENT, error),
            None => trouble,
        })?;
        self.mark_open()
    }
}
