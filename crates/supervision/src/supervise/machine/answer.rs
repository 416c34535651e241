//! What the shell answers to an action whose outcome the machine cannot know. Until it has, nothing else can happen: each of these
//! borrows the machine.

use super::run::Run;
use super::{Action, Machine, Next, Phase, To};
use nix::unistd::Pid;
use protocol::command::{Signal, Target};
use protocol::status::Leaving;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;
use sys::signals::SignalNumber;

/// A start that is to be made.
#[derive(Debug)]
#[must_use]
pub(in super::super) struct Start<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
}

impl<'a> Start<'a> {
    /// The process is there.
    pub(in super::super) fn spawned(self, pid: Pid) {
        self.machine.starts = self.machine.starts.saturating_add(1);
        self.machine.phase = Phase::Starting(Run::new(pid));
    }

    /// No process could be made: it is tried again as after a run that failed, unless supervise is leaving.
    pub(in super::super) fn not_spawned(self) -> Action<'a> {
        let until = self.machine.spacing.ended(self.now, true);
        if self.machine.leaving == Leaving::No {
            self.machine.phase = Phase::Resting { until };
            Action::Nothing
        } else {
            self.machine.go_on(self.now, Next::AsWished)
        }
    }
}

/// run has ended, and finish is to run if there is one.
#[derive(Debug)]
#[must_use]
pub(in super::super) struct Finish<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
    /// The process that was run.
    pub(in super::super) pid: Pid,
    /// How it ended.
    pub(in super::super) ending: Ending,
}

impl<'a> Finish<'a> {
    /// Its process is there, and may take so long.
    pub(in super::super) fn spawned(self, pid: Pid, at_most: Option<Duration>) {
        let kill_at = at_most.map(|at_most| self.now + at_most);
        self.machine.phase = Phase::Finishing { pid, kill_at, next: Next::AsWished };
    }

    /// There is none, or no process could be made for it.
    pub(in super::super) fn none(self) -> Action<'a> {
        self.machine.clear(self.now, Next::AsWished)
    }
}

/// Nothing runs, and it is to be seen what earlier runs left behind.
#[derive(Debug)]
#[must_use]
pub(in super::super) struct Clear<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
    pub(super) next: Next,
}

impl<'a> Clear<'a> {
    /// Nothing is left, or it may stay.
    pub(in super::super) fn free(self) -> Action<'a> {
        self.machine.go_on(self.now, self.next)
    }

    /// Something is to be gone first: by itself, or killed after so long.
    pub(in super::super) fn waits(self, killed_after: Option<Duration>) {
        // A KILL that was due already stays so.
        let before = match self.machine.phase {
            Phase::Clearing { kill_at, .. } => kill_at,
            _ => None,
        };
        let kill_at = before.or(killed_after.map(|after| self.now + after));
        self.machine.phase = Phase::Clearing { kill_at, next: self.next };
    }
}

/// What `down` sends is to be sent.
#[derive(Debug)]
#[must_use]
pub(in super::super) struct Stop<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
    /// Who gets it.
    pub(in super::super) to: To,
    /// Whether the operator asked for the whole group.
    pub(in super::super) target: Target,
}

impl Stop<'_> {
    /// This was sent, and CONT so that a stopped process gets it. What has not ended after so long is to be killed.
    pub(in super::super) fn sent(self, signal: SignalNumber, target: Target, killed_after: Option<Duration>) {
        let at = killed_after.map(|after| self.now + after);
        match &mut self.machine.phase {
            Phase::Starting(run) | Phase::Up(run) => {
                run.note(signal);
                run.note(Signal::Continue.number());
                run.kill_at = at;
                run.kill_target = target;
            }
            Phase::Clearing { kill_at, .. } => *kill_at = at.or(*kill_at),
            Phase::Down | Phase::Resting { .. } | Phase::Finishing { .. } => {}
        }
    }
}
