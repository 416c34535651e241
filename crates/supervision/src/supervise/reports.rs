//! The pipe through which a start says what went wrong; its end without a word means that run was executed.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{pipe2, read};
use protocol::report::Report;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// More than a start ever has to say.
const MOST: usize = 64 * 1024;

/// supervise's end of the pipe.
#[derive(Debug)]
pub(super) struct Reports {
    pipe: OwnedFd,
    unread: Vec<u8>,
}

impl Reports {
    /// A new pipe: our end, and the one for the child.
    pub(super) fn pipe() -> Result<(Self, OwnedFd), Errno> {
        let (ours, childs) = pipe2(OFlag::O_CLOEXEC)?;
        fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok((Self { pipe: ours, unread: Vec::new() }, childs))
    }

    /// The next report; `Continue(None)` when none is whole yet, `Break` at the end.
    pub(super) fn next(&mut self) -> ControlFlow<(), Option<Report>> {
        let mut block = [0; 512];
        loop {
            if let Some(report) = Report::take(&mut self.unread) {
                return ControlFlow::Continue(Some(report));
            }
            match read(&self.pipe, &mut block) {
                Ok(0) => return ControlFlow::Break(()),
                Ok(_) if self.unread.len() > MOST => self.unread.clear(),
                Ok(length) => self.unread.extend(block.iter().take(length)),
                Err(Errno::EINTR) => {}
                Err(_) => return ControlFlow::Continue(None),
            }
        }
    }
}

impl AsFd for Reports {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
