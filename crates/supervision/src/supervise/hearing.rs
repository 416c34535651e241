//! How supervise hears from run whether it is well: through the socket of `notify-socket`, on the descriptor of
//! `notification-fd`, and by calling check.

use super::machine::Duties;
use super::notify::{Heard, Message, NotifyPipe, NotifySocket};
use super::reports::Reports;
use crate::held::Held;
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::kept::Kept;
use protocol::status::Token;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// The names under which the socket and the pipe are kept over an upgrade.
const SOCKET: &str = "notify";
const PIPE: &str = "notification";

/// What is there to hear run with.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    socket: Option<NotifySocket>,
    pipe: Option<NotifyPipe>,
    /// The process of check, and what its start says.
    check: Option<(Held, Reports)>,
    /// What run says of itself.
    says: String,
}

/// What run gets to speak with.
#[derive(Debug)]
pub(super) struct Voicebox {
    /// The other end of the pipe, and the number that it is to have.
    pub(super) pipe: Option<(OwnedFd, RawFd)>,
    /// The socket's address, as the variable has it.
    pub(super) socket: Option<String>,
    /// How often it has to say that it lives.
    pub(super) alive_within: Option<Duration>,
}

impl Hearing {
    /// Makes what the next run is to be heard with; `number` is where it writes that it is ready.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn begin(&mut self, duties: Duties, number: Option<RawFd>) -> Result<Voicebox, Errno> {
        self.says.clear();
        self.socket = match self.socket.take() {
            _ if !duties.speaks() => None,
            // The address stays, and so what is on record.
            Some(socket) => Some(socket),
            None => Some(NotifySocket::new()?),
        };
        let pair = number.map(|number| NotifyPipe::pair().map(|(ours, runs)| (ours, (runs, number))));
        let (ours, runs) = pair.transpose()?.unzip();
        self.pipe = ours;
        Ok(Voicebox {
            pipe: runs,
            socket: self.socket.as_ref().map(NotifySocket::variable),
            alive_within: duties.alive_within,
        })
    }

    /// Goes on with a run that an earlier supervise has begun; `number` is where it has yet to write that it is ready. Says no where
    /// it cannot be heard any more.
    pub(super) fn take_up(
        &mut self,
        run: &Held,
        duties: Duties,
        token: Option<Token>,
        number: Option<RawFd>,
    ) -> Result<(), Errno> {
        if let (Some(number), Some(pidfd), None) = (number, run.pidfd(), &self.pipe) {
            self.pipe = NotifyPipe::taken_back(pidfd, number);
        }
        let is_heard = self.socket.is_some() || !duties.speaks();
        match token {
            Some(token) if self.socket.is_none() => {
                self.socket = Some(NotifySocket::again(token)?);
            }
            None if !is_heard => return Err(Errno::ENOTCONN),
            _ => {}
        }
        if number.is_some() && self.pipe.is_none() { Err(Errno::ENOTCONN) } else { Ok(()) }
    }

    /// What an earlier version of this program has kept.
    pub(super) fn kept(kept: &mut Kept, token: Option<Token>) -> Self {
        let mut take = |name: &str| kept.take(name).and_then(|number| sys::descriptor::adopt(number).ok());
        let (socket, pipe) = (take(SOCKET), take(PIPE));
        Self {
            socket: socket.zip(token).map(|(socket, token)| NotifySocket::kept(socket, token)),
            pipe: pipe.map(NotifyPipe::kept),
            ..Self::default()
        }
    }

    /// What is to be kept.
    pub(super) fn to_keep(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let [socket, pipe] = self.descriptors();
        [socket.map(|it| (SOCKET, it)), pipe.map(|it| (PIPE, it))].into_iter().flatten()
    }

    /// In the child: closes its copies, so that a start that hangs keeps the socket's address from nobody.
    pub(super) fn close_in_child(&self) {
        for number in self.numbers() {
            let _ = nix::unistd::close(number);
        }
    }

    /// The numbers of what a start is not to have open.
    pub(super) fn numbers(&self) -> impl Iterator<Item = RawFd> {
        self.descriptors().into_iter().flatten().map(|descriptor| descriptor.as_raw_fd())
    }

    /// What becomes readable when run says something.
    pub(super) fn descriptors(&self) -> [Option<BorrowedFd<'_>>; 2] {
        [self.socket.as_ref().map(AsFd::as_fd), self.pipe.as_ref().map(AsFd::as_fd)]
    }

    /// The next messages of run. Whoever waits for one to be taken has it done when it is dropped.
    pub(super) fn messages(&self, run: Option<Pid>) -> Vec<Message> {
        let nobody = Pid::from_raw(-1);
        self.socket.as_ref().map(|socket| socket.messages(run.unwrap_or(nobody))).unwrap_or_default()
    }

    /// Whether run has written that it is ready.
    pub(super) fn has_written(&self) -> bool {
        self.pipe.as_ref().is_some_and(|pipe| pipe.next() == Heard::Ready)
    }

    /// Forgets the pipe when there is nothing more to hear in it: it would stay readable.
    pub(super) fn forget_what_is_over(&mut self) {
        self.pipe = self.pipe.take().filter(|pipe| pipe.next() == Heard::Nothing);
    }

    /// run has ended.
    pub(super) fn run_ended(&mut self) {
        self.pipe = None;
        self.says.clear();
    }

    /// The address of the socket.
    pub(super) fn token(&self) -> Option<Token> {
        self.socket.as_ref().map(NotifySocket::token)
    }

    /// What run says of itself.
    pub(super) fn says(&self) -> &str {
        &self.says
    }

    /// It says this.
    pub(super) fn set_says(&mut self, says: String) {
        self.says = says;
    }

    /// check is called.
    pub(super) fn called(&mut self, check: Held, reports: Reports) {
        self.check = Some((check, reports));
    }

    /// The process of check.
    pub(super) fn check(&self) -> Option<&Held> {
        self.check.as_ref().map(|(check, _)| check)
    }

    /// check has ended, or does not matter any more: its process, and what its start said.
    pub(super) fn take_check(&mut self) -> Option<(Held, Reports)> {
        self.check.take()
    }
}
