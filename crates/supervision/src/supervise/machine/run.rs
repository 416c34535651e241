//! A process that is run, or is about to be.

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use protocol::command::Target;
use sys::clock::Monotonic;
use sys::process::Ending;
use sys::signals::SignalNumber;

/// What the machine knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) pid: Pid,
    pub(super) paused: bool,
    /// The signals that were sent by command, bit N-1 for signal N: an end by one of them is no failure.
    pub(super) sent: u64,
    /// It was told to stop, and is killed then.
    pub(super) kill_at: Option<Monotonic>,
    /// Whom that KILL is for.
    pub(super) kill_target: Target,
}

impl Run {
    /// One that has just been made.
    pub(super) fn new(pid: Pid) -> Self {
        Self { pid, paused: false, sent: 0, kill_at: None, kill_target: Target::Process }
    }

    /// It is sent this.
    pub(super) fn note(&mut self, signal: SignalNumber) {
        if signal == Signal::SIGSTOP.into() {
            self.paused = true;
        } else if signal == Signal::SIGCONT.into() {
            self.paused = false;
        }
        self.sent |= bit(signal.number());
    }

    /// Whether it was sent this.
    pub(super) fn was_sent(self, signal: Signal) -> bool {
        self.sent & bit(signal as i32) != 0
    }

    /// Whether it was sent anything, other than to stop it for a while.
    pub(super) fn was_told(self) -> bool {
        self.sent & !(bit(Signal::SIGSTOP as i32) | bit(Signal::SIGCONT as i32)) != 0
    }

    /// Whether it failed, if that is how it ended.
    pub(super) fn failed(self, ending: Ending) -> bool {
        match ending {
            Ending::Exited(code) => code != 0,
            Ending::Killed(signal) => self.sent & bit(signal.into()) == 0,
            // Perhaps by a signal that was sent: it is not held against it then.
            Ending::Unknown => !self.was_told(),
        }
    }
}

/// The bit of a signal.
pub(super) fn bit(signal: i32) -> u64 {
    let shift = u32::try_from(signal).ok().and_then(|signal| signal.checked_sub(1));
    shift.and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
}
