//! What the shell answers to an action whose outcome the machine cannot know. Until it has, nothing else can happen: each of these
//! borrows the machine.

use super::health::{Duties, Health};
use super::run::Run;
use super::{Action, Because, Machine, Next, Phase, To};
use nix::unistd::Pid;
use protocol::command::{Signal, Target};
use protocol::status::Leaving;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;
use sys::signals::SignalNumber;

/// A start that other services may hold back.
#[derive(Debug)]
#[must_use]
pub struct Needs<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
}

impl<'a> Needs<'a> {
    /// Nothing holds it back.
    pub fn met(self) -> Action<'a> {
        self.machine.spacing.started(self.now);
        Action::Start(Start { machine: self.machine, now: self.now })
    }

    /// Something is to be ready first. Where its events cannot be heard, it is looked at again after so long.
    pub fn wait(self, look_again: Option<Duration>) {
        self.machine.phase = Phase::Waiting { until: look_again.map(|after| self.now + after) };
    }

    /// It cannot be as it is written: it is tried again as after a start that failed.
    pub fn refused(self) -> Action<'a> {
        self.machine.spacing.started(self.now);
        Start { machine: self.machine, now: self.now }.not_spawned()
    }
}

/// A start that is to be made.
#[derive(Debug)]
#[must_use]
pub struct Start<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
}

impl<'a> Start<'a> {
    /// The process is there, and is held to this.
    pub fn spawned(self, pid: Pid, duties: Duties) {
        self.machine.starts = self.machine.starts.saturating_add(1);
        self.machine.phase = Phase::Starting(Run::new(pid, Health::new(self.now, duties)));
    }

    /// No process could be made: it is tried again as after a run that failed, unless supervise is leaving.
    pub fn not_spawned(self) -> Action<'a> {
        let until = self.machine.spacing.ended(self.now, true);
        if self.machine.leaving == Leaving::No {
            self.machine.phase = Phase::Resting { until };
            Action::Nothing
        } else {
            self.machine.go_on(self.now, Next::AsWished)
        }
    }
}

/// A call of check that is to be made.
#[derive(Debug)]
#[must_use]
pub struct Call<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
}

impl Call<'_> {
    /// Its process is there, or none could be made: then it is tried again later.
    pub fn made(self, pid: Option<Pid>) {
        if let Some(run) = self.machine.run_mut() {
            run.health.asked(self.now, pid);
        }
    }
}

/// run has ended, and finish is to run if there is one.
#[derive(Debug)]
#[must_use]
pub struct Finish<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
    /// The process that was run.
    pub pid: Pid,
    /// How it ended.
    pub ending: Ending,
}

impl<'a> Finish<'a> {
    /// Its process is there, and may take so long.
    pub fn spawned(self, pid: Pid, at_most: Option<Duration>) {
        let kill_at = at_most.map(|at_most| self.now + at_most);
        self.machine.phase = Phase::Finishing { pid, kill_at, next: Next::AsWished };
    }

    /// There is none, or no process could be made for it.
    pub fn none(self) -> Action<'a> {
        self.machine.clear(self.now, Next::AsWished)
    }
}

/// Nothing runs, and it is to be seen what earlier runs left behind.
#[derive(Debug)]
#[must_use]
pub struct Clear<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
    pub(super) next: Next,
}

impl<'a> Clear<'a> {
    /// Nothing is left, or it may stay.
    pub fn free(self) -> Action<'a> {
        self.machine.go_on(self.now, self.next)
    }

    /// Something is to be gone first: by itself, or killed after so long.
    pub fn waits(self, killed_after: Option<Duration>) {
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
pub struct Stop<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) now: Monotonic,
    /// Who gets it.
    pub to: To,
    /// Whether the operator asked for the whole group.
    pub target: Target,
    /// Why it is sent.
    pub because: Because,
}

impl Stop<'_> {
    /// This was sent, and CONT so that a stopped process gets it. What has not ended after so long is to be killed.
    pub fn sent(self, signal: SignalNumber, target: Target, killed_after: Option<Duration>) {
        let at = killed_after.map(|after| self.now + after);
        match &mut self.machine.phase {
            Phase::Starting(run) | Phase::Up(run) => {
                run.health.ends();
                run.note(self.now, signal);
                run.note(self.now, Signal::Continue.number());
                run.kill_at = at;
                run.kill_target = target;
            }
            Phase::Clearing { kill_at, .. } => *kill_at = at.or(*kill_at),
            Phase::Down | Phase::Resting { .. } | Phase::Waiting { .. } | Phase::Finishing { .. } => {}
        }
    }
}
