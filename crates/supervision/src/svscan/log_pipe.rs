//! The pipe between a service and its logger: a FIFO, so that whoever comes later finds the same one by its name. svscan
//! holds it open, so neither side notices when the other is started again, and no line is lost in between.

use crate::private_folder::{self, open_fifo, told};
use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstat, mkdirat, stat};
use nix::unistd::Pid;
use protocol::file::{Unusable, kind, open_trusted_folder};
use protocol::folder::{LOG, PIPE, VARIABLE, control_folder};
use protocol::identity::FolderId;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sys::descriptor::{set_blocking, unread_bytes};

/// svscan's two ends of a log pipe.
#[derive(Debug)]
pub(super) struct LogPipe {
    /// For the service: open for both directions, so that it never gets EPIPE, and the last writer until it is closed.
    service_end: Option<OwnedFd>,
    /// For the logger: for reading only, so that it gets the end of its input when nobody writes any more.
    logger_end: OwnedFd,
    id: FolderId,
    /// For the logger as well, while a service that was found running writes into a pipe without a name.
    old: Option<OwnedFd>,
}

impl LogPipe {
    /// Makes or finds the pipe of a folder, which is opened, by its name. The `log/` of an instance is made
    /// where only its template has one.
    ///
    /// # Errors
    ///
    /// Which step was not possible.
    pub(super) fn open(folder: &OwnedFd, name: &OsStr) -> anyhow::Result<Self> {
        // In its own folder, the service's user may have made a link of it to anywhere.
        let log = match open_trusted_folder(folder, LOG) {
            Err(Unusable::System(Errno::ENOENT)) => {
                mkdirat(folder, LOG, Mode::from_bits_truncate(0o755)).context("unable to make log")?;
                open_trusted_folder(folder, LOG)
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
        let id = FolderId::from(&fstat(&logger_end)?);
        Ok(Self { service_end: Some(service_end), logger_end, id, old: None })
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
        let end = self.old.as_ref().unwrap_or(&self.logger_end);
        let _ = set_blocking(end);
        end.as_fd()
    }

    /// Two supervises were found running. If there is another pipe between the two, its reading end is held as well: the
    /// service gets no EPIPE when its logger ends, and the next logger goes on where that was.
    pub(super) fn hold_old(&mut self, service: Pid, logger: Pid) {
        let pipe = stdio(logger, 0).filter(|pipe| *pipe != self.id && stdio(service, 1) == Some(*pipe));
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let opened = pipe.and_then(|_| open(&stdio_path(logger, 0), flags, Mode::empty()).ok());
        self.old = opened.filter(|opened| fstat(opened).ok().map(|stat| FolderId::from(&stat)) == pipe);
    }

    /// Whether that logger reads something else than this pipe, and what the service writes does not go there either.
    pub(super) fn is_bypassed(&self, service: Pid, logger: Pid) -> bool {
        let read = stdio(logger, 0);
        read != Some(self.id) && stdio(service, 1) != read
    }

    /// The next logger reads this pipe.
    pub(super) fn drop_old(&mut self) {
        self.old = None;
    }

    /// svscan's ends, to be kept open while it becomes another program.
    pub(super) fn ends(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.service_end.iter().chain([&self.logger_end]).chain(&self.old).map(AsFd::as_fd)
    }

    /// Closes svscan's writing end: when the service and all that it left behind are gone, the logger gets the end of its input.
    pub(super) fn close_input(&mut self) {
        self.service_end = None;
    }

    /// How many bytes wait in it.
    pub(super) fn unread(&self) -> usize {
        let ends = std::iter::once(&self.logger_end).chain(&self.old);
        ends.map(|end| unread_bytes(end).unwrap_or(0)).fold(0, usize::saturating_add)
    }
}

/// Which pipe a process has there, if it is one.
fn stdio(pid: Pid, number: u8) -> Option<FolderId> {
    let found = stat(&stdio_path(pid, number)).ok()?;
    (kind(&found) == SFlag::S_IFIFO).then(|| FolderId::from(&found))
}

fn stdio_path(pid: Pid, number: u8) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/fd/{number}"))
}
