//! The files of `=`: each holds the last line that was selected.

use super::pattern::HEAD;
use super::trouble::Trouble;
use anyhow::Context;
use cli::text::shown;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use nix::sys::uio::pwrite;
use std::os::fd::OwnedFd;

/// A line of up to 1000 bytes and newlines up to this size: whoever reads it knows where it ends.
const SIZE: usize = HEAD + 1;

/// A file that is written over with each line.
#[derive(Debug)]
pub(super) struct StatusFile<'a> {
    name: &'a [u8],
    file: OwnedFd,
    line: Vec<u8>,
    /// How many lines were set before this one, in all files; none where the file holds it.
    new: Option<u64>,
}

impl<'a> StatusFile<'a> {
    /// Opens it, and makes it where it is not there.
    ///
    /// # Errors
    ///
    /// What could not be done, as 0.76 puts it.
    pub(super) fn open(name: &'a [u8]) -> anyhow::Result<Self> {
        let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let made =
            openat(AT_FDCWD, name, flags | OFlag::O_APPEND | OFlag::O_CREAT, Mode::from_bits_truncate(0o600));
        made.with_context(|| format!("unable to create {}", shown(name)))?;
        let file = openat(AT_FDCWD, name, flags, Mode::empty());
        let file = file.with_context(|| format!("unable to write {}", shown(name)))?;
        Ok(Self { name, file, line: Vec::with_capacity(SIZE), new: None })
    }

    /// This is the last line now, after so many in all files.
    pub(super) fn set(&mut self, head: &[u8], before: u64) {
        self.line.clear();
        self.line.extend_from_slice(head);
        self.line.resize(SIZE, b'\n');
        self.new = Some(before);
    }

    /// When the line was set that is not in the file yet.
    pub(super) fn waiting(&self) -> Option<u64> {
        self.new
    }

    /// Writes the last line.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub(super) fn write(&mut self) -> Result<(), Trouble> {
        pwrite(&self.file, &self.line, 0)
            .map_err(|error| Trouble::new(format!("unable to write {}", shown(self.name)), error))?;
        self.new = None;
        Ok(())
    }
}
