//! The socket between supervise and a start. First it holds the start back: nothing runs before it is on record, and nothing at
//! all where supervise dies before. Then the start says through it what went wrong, and passes the sockets that it has opened; its
//! end without a failure means that run was executed.

use super::explanation::Unexplained;
use nix::errno::Errno;
use nix::unistd::read;
use protocol::report::Report;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use sys::socket::receive_with;
use sys::spawn::Spawned;

/// More than a start ever has to say.
const MOST: usize = 64 * 1024;

/// supervise's end of the socket.
#[derive(Debug)]
pub(super) struct Reports {
    socket: OwnedFd,
    unread: Vec<u8>,
    /// What has come along with what is unread.
    descriptors: Vec<OwnedFd>,
    /// Of a plain start: what it looks at until it is executed, and how what it says is meant.
    plain: Option<(Spawned, Unexplained)>,
}

/// What a start says.
#[derive(Debug)]
pub(super) enum Told {
    Report(Report),
    /// It has opened this socket, which is what the line says.
    Opened(String, OwnedFd),
}

impl Reports {
    /// A new one: our end, and the one for the child.
    pub(super) fn pair() -> std::io::Result<(Self, OwnedFd)> {
        let (ours, childs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        Ok((Self::kept(ours.into()), childs.into()))
    }

    /// The one of a start that was in progress when an earlier version of this program became this one.
    pub(super) fn kept(socket: OwnedFd) -> Self {
        Self { socket, unread: Vec::new(), descriptors: Vec::new(), plain: None }
    }

    /// Those of a plain start.
    pub(super) fn of_plain(self, spawned: Spawned, unexplained: Unexplained) -> Self {
        Self { plain: Some((spawned, unexplained)), ..self }
    }

    /// Lets the child go on: it is on record now.
    pub(super) fn go_on(&self) {
        if let Some((spawned, _)) = &self.plain {
            spawned.go_on();
        }
        // It has ended where this does not reach it.
        let _ = sys::write::to_socket(&self.socket, b"\n");
    }

    /// In the child: closes its copy of our end, which would hide our death from it.
    pub(super) fn close_in_child(&self) {
        let _ = nix::unistd::close(self.socket.as_raw_fd());
    }

    /// The next report; `Continue(None)` when none is whole yet, `Break` at the end.
    pub(super) fn next(&mut self) -> ControlFlow<(), Option<Told>> {
        let mut block = [0; 512];
        loop {
            match Report::take(&mut self.unread) {
                None => {}
                Some(Report::Socket { line }) if !self.descriptors.is_empty() => {
                    return ControlFlow::Continue(Some(Told::Opened(line, self.descriptors.remove(0))));
                }
                Some(report) => {
                    let report = match &self.plain {
                        Some((_, unexplained)) => unexplained.explain(report),
                        None => report,
                    };
                    return ControlFlow::Continue(Some(Told::Report(report)));
                }
            }
            match receive_with(&self.socket, &mut block, &mut self.descriptors) {
                Ok(0) => return ControlFlow::Break(()),
                Ok(_) if self.unread.len() > MOST => self.unread.clear(),
                Ok(length) => self.unread.extend(block.iter().take(length)),
                // Told otherwise, a plain start leaves its word unread: its end is behind that.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Err(_) => return ControlFlow::Continue(None),
            }
        }
    }
}

impl AsFd for Reports {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// In the child: waits until it may go on. False where supervise has died before.
pub(super) fn may_go_on(socket: &OwnedFd) -> bool {
    let mut byte = [0];
    loop {
        match read(socket, &mut byte) {
            Err(Errno::EINTR) => {}
            result => return result == Ok(1),
        }
    }
}
