//! The files in `supervise/`.

use crate::private_folder::{self, open_fifo};
use anyhow::{Context, bail};
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use protocol::file::kind;
use protocol::folder::{CONTROL, LOCK, OK, STATUS};
use protocol::lock::{self, Lock};
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// The files in `supervise/`, all held open.
#[derive(Debug)]
pub(super) struct Place {
    /// Both ends of the commands' FIFO, so that it never comes to an end.
    pub(super) control: File,
    /// The record.
    pub(super) status: File,
    /// Has a reader: this is what "supervise is running" means to the others.
    _ok: OwnedFd,
    _lock: Lock,
}

impl Place {
    /// Opens all of them; `name` is the service's, for the texts. The lock's being busy is an EAGAIN in the error's chain.
    ///
    /// # Errors
    ///
    /// In daemontools' words, what could not be had.
    pub(super) fn take(name: &str, path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let place = if path.is_absolute() { format!("{shown}") } else { format!("{name}/{shown}") };
        let folder =
            private_folder::open(AT_FDCWD, path).with_context(|| format!("unable to use {place}"))?;
        let unable = |what: &str, file: &CStr| format!("unable to {what} {place}/{}", file.to_string_lossy());
        let lock = lock::take(&folder, LOCK).with_context(|| unable("acquire", LOCK))?;
        let control = open_fifo(&folder, CONTROL, OFlag::O_RDWR).with_context(|| unable("read", CONTROL))?;
        let status = record(&folder).with_context(|| unable("write", STATUS))?;
        let ok = open_fifo(&folder, OK, OFlag::O_RDONLY).with_context(|| unable("read", OK))?;
        Ok(Self { control: File::from(control), status, _ok: ok, _lock: lock })
    }
}

/// Opens the record's file for writing in place, made where it is not there.
fn record(folder: impl AsFd) -> anyhow::Result<File> {
    let flags = OFlag::O_WRONLY
        | OFlag::O_CREAT
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let opened = openat(folder.as_fd(), STATUS, flags, Mode::from_bits_truncate(0o644))?;
    if kind(&fstat(&opened)?) != SFlag::S_IFREG {
        bail!("it is not a regular file: remove it");
    }
    Ok(File::from(opened))
}
