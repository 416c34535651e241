//! A process that is run, or is about to be.

use super::health::Health;
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
    pub(super) health: Health,
}

impl Run {
    /// One that has just been made.
    pub(super) fn new(pid: Pid, health: Health) -> Self {
        Self { pid, paused: false, sent: 0, kill_at: None, kill_target: Target::Process, health }
    }

    /// It is sent this.
    pub(super) fn note(&mut self, now: Monotonic, signal: SignalNumber) {
        if signal == Signal::SIGSTOP.into() {
            self.set_paused(now, true);
        } else if signal == Signal::SIGCONT.into() {
            self.set_paused(now, false);
        }
        self.sent |= bit(signal.number());
    }

    /// A signal has stopped it, or it goes on.
    pub(super) fn set_paused(&mut self, now: Monotonic, paused: bool) {
        if self.paused && !paused {
            self.health.goes_on(now);
        }
        self.paused = paused;
    }

    /// When something is due. What is stopped is not held to anything.
    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        let health = self.health.wake_at().filter(|_| !self.paused);
        self.kill_at.into_iter().chain(health).min()
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
            _ if self.health.is_overdue => true,
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
