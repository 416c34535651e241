//! The pipe between a service and its logger: a FIFO, so that whoever comes later finds the same one by its name. svscan
//! holds it open, so neither side notices when the other is started again, and no line is lost in between.

use crate::private_folder::{self, open_fifo, told};
use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};
use protocol::file::{Unusable, open_trusted_folder};
use protocol::folder::{LOG, PIPE, VARIABLE, control_folder};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sys::descriptor::{set_blocking, unread_bytes};

/// svscan's two ends of a log pipe.
#[derive(Debug)]
pub(super) struct LogPipe {
    /// For the service: open for both directions, so that it never gets EPIPE, and the last writer until it is closed.
    service_end: Option<OwnedFd>,
    /// For the logger: for reading only, so that it gets the end of its input when nobody writes any more.
    logger_end: OwnedFd,
}

impl LogPipe {
    /// Makes or finds the pipe of a folder, which is opened, by its name. The `log/` of an instance is made
    /// where only its template has one.
    ///
    /// # Errors
    ///
    /// Which step was not possible.
    pub(super) fn open(folder: OwnedFd, name: &OsStr) -> anyhow::Result<Self> {
        // In its own folder, the service's user may have made a link of it to anywhere.
        let log = match open_trusted_folder(&folder, LOG) {
            Err(Unusable::System(Errno::ENOENT)) => {
                mkdirat(&folder, LOG, Mode::from_bits_truncate(0o755)).context("unable to make log")?;
                open_trusted_folder(&folder, LOG)
            }
            opened => opened,
        }
        .map_err(told)
        .context("unable to open log")?;
        let path = control_folder(sys::environment::value(VARIABLE), || {
            Path::new(name).join(OsStr::from_bytes(LOG.to_bytes())).canonicalize()
        })?;
        let place = private_folder::open(&log, &path)
            .with_context(|| format!("unable to use log/{}", path.display()))?;
        let service_end = open_fifo(&place, PIPE, OFlag::O_RDWR).context("unable to open log pipe")?;
        // Not for reading and writing, or the logger would keep its own input open for ever.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let logger_end = openat(&place, PIPE, flags, Mode::empty()).context("unable to open log pipe")?;
        Ok(Self { service_end: Some(service_end), logger_end })
    }

    /// What the service gets as its stdout; `None` once the end of the input has been given.
    pub(super) fn service_end(&self) -> Option<BorrowedFd<'_>> {
        let end = self.service_end.as_ref()?;
        // The last program may have left it so that the next one's writes would fail.
        let _ = set_blocking(end);
        Some(end.as_fd())
    }

    /// What the logger gets as its stdin.
    pub(super) fn logger_end(&self) -> BorrowedFd<'_> {
        let _ = set_blocking(&self.logger_end);
        self.logger_end.as_fd()
    }

    /// Closes svscan's writing end: when the service and all that it left behind are gone, the logger gets the end of its input.
    pub(super) fn close_input(&mut self) {
        self.service_end = None;
    }

    /// How many bytes wait in it.
    pub(super) fn unread(&self) -> usize {
        unread_bytes(&self.logger_end).unwrap_or(0)
    }
}
