//! The files of a directory: their names and modes, and how they are opened.

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstatat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

pub(super) const CURRENT: &CStr = c"current";
pub(super) const PREVIOUS: &CStr = c"previous";
pub(super) const PROCESSED: &CStr = c"processed";
pub(super) const STATE: &CStr = c"state";
pub(super) const NEW_STATE: &CStr = c"newstate";

/// Complete and safely written.
pub(super) const SAFE: Mode = Mode::from_bits_truncate(0o744);
/// Being written.
pub(super) const OPEN: Mode = Mode::from_bits_truncate(0o644);

/// The file of that name, if there is one.
///
/// # Errors
///
/// What the system says.
pub(super) fn look(folder: impl AsFd, name: &CStr) -> Result<Option<FileStat>, Errno> {
    match fstatat(folder, name, AtFlags::empty()) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a file's mode says that it is complete.
pub(super) fn is_safe(stat: &FileStat) -> bool {
    stat.st_mode & 0o100 != 0
}

/// Opens a file for appending, making it where it is not there.
///
/// # Errors
///
/// What the system says.
pub(super) fn append(folder: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_APPEND | OFlag::O_CREAT | OFlag::O_CLOEXEC;
    openat(folder, name, flags, Mode::from_bits_truncate(0o600))
}

/// Makes a file, or empties it.
///
/// # Errors
///
/// What the system says.
pub(super) fn empty(folder: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_TRUNC | OFlag::O_CREAT | OFlag::O_CLOEXEC;
    openat(folder, name, flags, OPEN)
}

/// Removes a file, if there is one.
///
/// # Errors
///
/// What the system says.
pub(super) fn remove(folder: impl AsFd, name: &CStr) -> Result<(), Errno> {
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir) {
        Err(Errno::ENOENT) => Ok(()),
        other => other,
    }
}
