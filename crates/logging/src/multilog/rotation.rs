//! The steps of a rotation and of a recovery, done.

use super::directory::Directory;
use super::files::{CURRENT, NEW_STATE, PREVIOUS, PROCESSED, SAFE, STATE, append, empty, look, remove};
use super::old_files::{next_label, prune};
use super::processor;
use super::steps::{Ending, Step, rotation};
use super::trouble::Trouble;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, renameat};
use nix::sys::stat::{FchmodatFlags, fchmod, fchmodat};
use nix::unistd::{fsync, linkat};
use std::ffi::{CStr, CString};
use sys::clock::wall;

impl Directory<'_> {
    /// Puts the steps of a rotation on the list.
    pub(super) fn begin_rotation(&mut self) {
        self.steps = rotation(self.settings.processor.is_some());
    }

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
