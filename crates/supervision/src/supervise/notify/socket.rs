//! The socket of systemd's sd_notify(3). It has an address without a file, which every process in the same network namespace can
//! reach; so what counts is who has sent a message, and the kernel says that.
//!
//! The address is random, so that no other can be taken for it, and is on record, so that a later supervise of the same service
//! can have it again. It is no secret: /proc/net/unix shows it to all.

use crate::proc;
use nix::errno::Errno;
use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, bind, setsockopt, socket};
use nix::unistd::Pid;
use protocol::notify::{LONGEST_MESSAGE, Word, words};
use protocol::status::Token;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use sys::datagram;

/// How many messages are taken at once: supervise has other things to do than to listen to somebody who never stops.
const AT_ONCE: usize = 16;

/// The socket on which a service says how it is.
#[derive(Debug)]
pub(in super::super) struct NotifySocket {
    socket: OwnedFd,
    token: Token,
}

/// What somebody of the service has sent.
#[derive(Debug)]
pub(in super::super) struct Message {
    /// What it says, in its order.
    pub(in super::super) words: Vec<Word>,
    /// It was longer than a message may be; then it has no words.
    pub(in super::super) is_too_long: bool,
    /// What the sender may wait for until it is closed (`BARRIER=1`): with this message, when all before it has been done.
    _awaited: Option<OwnedFd>,
}

impl NotifySocket {
    /// A new one, with an address of its own.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(in super::super) fn new() -> Result<Self, Errno> {
        loop {
            let token = Token(sys::random::bytes()?);
            match Self::again(token) {
                Err(Errno::EADDRINUSE) => {}
                // This one means that there is no socket.
                _ if token.0 == [0; 8] => {}
                result => return result,
            }
        }
    }

    /// A new one with the address that an earlier one had.
    ///
    /// # Errors
    ///
    /// EADDRINUSE where somebody else has taken it meanwhile; what else the system says.
    pub(in super::super) fn again(token: Token) -> Result<Self, Errno> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
        // Before it can be reached: a message that comes earlier would be nobody's.
        setsockopt(&socket, PassCred, &true)?;
        bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &UnixAddr::new_abstract(name(token).as_bytes())?)?;
        Ok(Self { socket, token })
    }

    /// The one that an earlier version of this program had.
    pub(in super::super) fn kept(socket: OwnedFd, token: Token) -> Self {
        Self { socket, token }
    }

    /// What its address is made of.
    pub(in super::super) fn token(&self) -> Token {
        self.token
    }

    /// The value of NOTIFY_SOCKET.
    pub(in super::super) fn variable(&self) -> String {
        format!("@{}", name(self.token))
    }

    /// The next messages of the service: those that this process, or one in the session that it leads, has sent. Each is let go
    /// when its words have been heeded, one after the other: somebody may wait for that.
    ///
    /// There may be more of them, and the socket is readable then.
    // As with the pipe's block.
    #[inline(never)]
    pub(in super::super) fn messages(&self, of: Pid) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut block = [0; LONGEST_MESSAGE];
        for _ in 0..AT_ONCE {
            // An error other than that there is none has taken what it was about with it.
            let Ok(seen) = datagram::look(&self.socket, &mut block) else { break };
            if !seen.sender.is_some_and(|sender| is_of(sender, of)) {
                let _ = datagram::discard(&self.socket);
                continue;
            }
            let content = if seen.is_cut { None } else { block.get(..seen.length) };
            messages.push(Message {
                words: content.map(|content| words(content).collect()).unwrap_or_default(),
                is_too_long: seen.is_cut,
                _awaited: datagram::take(&self.socket).ok().flatten(),
            });
        }
        messages
    }
}

impl AsFd for NotifySocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether a process is that one, or in the session that it leads. One that has ended and is collected is nobody's any more.
fn is_of(sender: Pid, leader: Pid) -> bool {
    sender == leader || proc::stat(sender).ok().flatten().is_some_and(|stat| stat.session == leader)
}

fn name(token: Token) -> String {
    format!("upkeep/{:016x}", u64::from_be_bytes(token.0))
}

#[cfg(test)]
mod tests;
