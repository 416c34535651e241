//! What supervise does next: a pure function of what it is in and what happens. No system call, no clock, no wait.
//!
//! The *phase* is a fact, the *wish* (up, down, once) is the operator's, and *leaving* says whether supervise itself goes
//! when the service is down. Three things are kept apart:
//!
//! - what is to be done once is the [`Action`] that a step returns;
//! - what must be true, the status record and the timer, is a function of the state ([`Machine::status`],
//!   [`Machine::wake_at`]), so that no step can forget it;
//! - an action whose outcome is not known yet cannot be met by another event: it borrows the machine until its outcome is told
//!   ([`answer`]).
//!
//! Every event in every phase (the tests read this table and hold the machine to it). A cell is the phase after, and
//! the action if there is one. `start` means that a process is made for run, `finish` that one is made for finish; `stop` is
//! TERM and CONT, unless the service wishes something else. Before each start, and before supervise leaves, it is looked whether an
//! earlier run left something behind, and before each start that the services which it needs are ready; where nothing is said of it
//! here, nothing was there, and nothing is needed.
//!
//! | event | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! |---|---|---|---|---|---|---|---|
//! | u | Starting, start | Starting | Up | Starting, start | Finishing | Clearing | Starting, start |
//! | o | Starting, start | Starting | Up | Starting, start | Finishing | Clearing | Starting, start |
//! | d | Down | Starting, stop | Up, stop | Down | Finishing | Clearing, stop | Down |
//! | x | Down, leave | Starting | Up | Down, leave | Finishing | Clearing | Down, leave |
//! | p | Down | Starting, STOP | Up, STOP | Resting | Finishing | Clearing, STOP | Waiting |
//! | c | Down | Starting, CONT | Up, CONT | Resting | Finishing | Clearing, CONT | Waiting |
//! | h | Down | Starting, HUP | Up, HUP | Resting | Finishing | Clearing, HUP | Waiting |
//! | a | Down | Starting, ALRM | Up, ALRM | Resting | Finishing | Clearing, ALRM | Waiting |
//! | i | Down | Starting, INT | Up, INT | Resting | Finishing | Clearing, INT | Waiting |
//! | t | Down | Starting, TERM | Up, TERM | Resting | Finishing | Clearing, TERM | Waiting |
//! | k | Down | Starting, KILL | Up, KILL | Resting | Finishing | Clearing, KILL | Waiting |
//! | q | Down | Starting, QUIT | Up, QUIT | Resting | Finishing | Clearing, QUIT | Waiting |
//! | 1 | Down | Starting, USR1 | Up, USR1 | Resting | Finishing | Clearing, USR1 | Waiting |
//! | 2 | Down | Starting, USR2 | Up, USR2 | Resting | Finishing | Clearing, USR2 | Waiting |
//! | w | Down | Starting, WINCH | Up, WINCH | Resting | Finishing | Clearing, WINCH | Waiting |
//! | terminate | Down, leave | Starting, stop | Up, stop | Down, leave | Finishing | Clearing, stop | Down, leave |
//! | terminate again | Down, leave | Starting, KILL | Up, KILL | Down, leave | Finishing, KILL | Clearing, KILL | Down, leave |
//! | end of input | Down, leave | Starting | Up | Starting, start | Finishing | Clearing | Starting, start |
//! | quit | Down, leave | Starting, leave | Up, leave | Resting, leave | Finishing, leave | Clearing, leave | Waiting, leave |
//! | begun | Down | Starting | Up | Resting | Finishing | Starting, start | Starting, start |
//! | begun, leaving | Down, leave | Starting | Up | Resting | Finishing | Down, leave | Starting, start |
//! | begun, something is left behind | Down | Starting | Up | Resting | Finishing | Clearing | Starting, start |
//! | executed | Down | Up | Up | Resting | Finishing | Clearing | Waiting |
//! | stopped | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! | going on | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! | ended, wanted up, spacing over | Down | Starting, start | Starting, start | Resting | Finishing | Clearing | Waiting |
//! | ended, wanted up, spacing not over | Down | Resting | Resting | Resting | Finishing | Clearing | Waiting |
//! | ended, wanted down | Down | Down | Down | Resting | Finishing | Clearing | Waiting |
//! | ended, wanted once | Down | Down | Down | Resting | Finishing | Clearing | Waiting |
//! | ended, leaving | Down | Down, leave | Down, leave | Resting | Finishing | Clearing | Waiting |
//! | ended, there is a finish | Down | Starting, start | Finishing, finish | Resting | Finishing | Clearing | Waiting |
//! | ended, something is left behind | Down | Clearing | Clearing | Resting | Finishing | Clearing | Waiting |
//! | finished, wanted up, spacing over | Down | Starting | Up | Resting | Starting, start | Clearing | Waiting |
//! | finished, wanted up, spacing not over | Down | Starting | Up | Resting | Resting | Clearing | Waiting |
//! | finished, wanted down | Down | Starting | Up | Resting | Down | Clearing | Waiting |
//! | finished with 125 | Down | Starting | Up | Resting | Down | Clearing | Waiting |
//! | finished, leaving | Down | Starting | Up | Resting | Down, leave | Clearing | Waiting |
//! | finished, something is left behind | Down | Starting | Up | Resting | Clearing | Clearing | Waiting |
//! | cleared, wanted up, spacing over | Down | Starting | Up | Resting | Finishing | Starting, start | Waiting |
//! | cleared, wanted up, spacing not over | Down | Starting | Up | Resting | Finishing | Resting | Waiting |
//! | cleared, wanted down | Down | Starting | Up | Resting | Finishing | Down | Waiting |
//! | cleared, leaving | Down | Starting | Up | Resting | Finishing | Down, leave | Waiting |
//! | due | Down | Starting | Up | Starting, start | Finishing | Clearing | Waiting |
//! | due, too early | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! | due, something is left behind | Down | Starting | Up | Clearing | Finishing | Clearing | Waiting |
//! | due, KILL is due | Down | Starting, KILL | Up, KILL | Starting, start | Finishing, KILL | Clearing, KILL | Waiting |
//! | due, something is needed | Down | Starting | Up | Waiting | Finishing | Clearing | Waiting |
//! | needs | Down | Starting | Up | Resting | Finishing | Clearing | Starting, start |
//! | needs, something is needed | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! | u, something is needed | Waiting | Starting | Up | Waiting | Finishing | Clearing | Waiting |
//! | ready | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! | check said no | Down | Starting | Up | Resting | Finishing | Clearing | Waiting |
//! | late | Down | Starting, stop | Up, stop | Starting, start | Finishing, KILL | Clearing | Waiting |
//! | silent | Down | Starting, stop | Up, stop | Starting, start | Finishing, KILL | Clearing | Waiting |
//! | check is due | Down | Starting, check | Up, check | Resting | Finishing | Clearing | Waiting |
//!
//! Where this is not what daemontools 0.76 does: a command acts at once, also in the second after a start; a start that
//! fails is spaced like a run that fails; deadlines are on the monotonic clock.

mod answer;
mod due;
mod events;
mod health;
mod news;
mod orders;
mod record;
mod run;

use crate::spacing::Spacing;
pub use answer::{Call, Clear, Finish, Needs, Start, Stop};
pub use events::{Action, Because, Event, Says, To};
pub use health::{Duties, Overdue};
pub(super) use news::news;
use nix::unistd::Pid;

use protocol::status::{Leaving, Want};
pub(super) use record::{Before, Facts};
use run::Run;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;

/// After a KILL that was due, the next one: what is stuck in the kernel gets it late.
const KILL_AGAIN: Duration = Duration::from_secs(5);

/// The exit code with which finish says that the service is to stay down, as s6 has it.
const STAY_DOWN: Ending = Ending::Exited(125);

/// What is, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Down,
    Starting(Run),
    Up(Run),
    Resting {
        until: Monotonic,
    },
    Finishing {
        pid: Pid,
        kill_at: Option<Monotonic>,
        next: Next,
    },
    Clearing {
        kill_at: Option<Monotonic>,
        next: Next,
    },
    /// Other services are to be ready first; looked at again then, where their events cannot be heard.
    Waiting {
        until: Option<Monotonic>,
    },
}

/// What follows when finish has ended, or what was left behind is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// What the wish says, when the spacing allows it.
    AsWished,
    /// A start, at once: somebody asked for it.
    Start,
}

/// The state of one supervise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    phase: Phase,
    want: Want,
    leaving: Leaving,
    spacing: Spacing,
    starts: u64,
    last: Option<Ending>,
}

impl Machine {
    /// At the beginning: a service that is normally up is due now.
    #[must_use]
    pub fn new(now: Monotonic, normally_up: bool) -> Self {
        let (phase, want) =
            if normally_up { (Phase::Resting { until: now }, Want::Up) } else { (Phase::Down, Want::Down) };
        Self { phase, want, leaving: Leaving::No, spacing: Spacing::default(), starts: 0, last: None }
    }

    /// The process that runs, or is about to.
    #[must_use]
    pub(super) fn pid(&self) -> Option<Pid> {
        self.run().map(|run| run.pid)
    }

    /// The process of finish.
    #[must_use]
    pub(super) fn finish(&self) -> Option<Pid> {
        match self.phase {
            Phase::Finishing { pid, .. } => Some(pid),
            _ => None,
        }
    }

    /// Whether it waits for other services.
    #[must_use]
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }

    /// Whether it is ready, as far as anything says so.
    #[must_use]
    pub(super) fn is_ready(&self) -> bool {
        self.run().is_some_and(|run| run.health.readiness == health::Readiness::Ready)
    }

    /// Whether it is down, and nothing is due: by command, since it ran once, or since finish said so.
    #[must_use]
    pub(super) fn is_down(&self) -> bool {
        self.phase == Phase::Down
    }

    /// Nothing that run says can be heard any more: it is not held to it.
    pub(super) fn cannot_hear(&mut self) {
        if let Some(run) = self.run_mut() {
            run.health.cannot_be_heard();
        }
    }

    /// Whether it waits until what earlier runs left behind is gone.
    #[must_use]
    pub(super) fn is_clearing(&self) -> bool {
        matches!(self.phase, Phase::Clearing { .. })
    }

    /// Whether finish can still say that the service is to stay down: nobody has asked for a start since it runs.
    #[must_use]
    pub(super) fn heeds_finish(&self) -> bool {
        matches!(self.phase, Phase::Finishing { next: Next::AsWished, .. })
    }

    /// Whether run was sent a signal, other than to stop it for a while.
    #[must_use]
    pub(super) fn was_told(&self) -> bool {
        self.run().is_some_and(Run::was_told)
    }

    /// The spacing does not grow beyond this any more.
    pub(super) fn limit_spacing(&mut self, longest: Duration) {
        self.spacing.limit(longest);
    }

    /// Takes one event.
    pub fn step(&mut self, now: Monotonic, event: Event) -> Action<'_> {
        match event {
            Event::Begun => match self.phase {
                Phase::Down if self.leaving != Leaving::No => self.clear(now, Next::AsWished),
                Phase::Clearing { next, .. } => self.clear(now, next),
                Phase::Waiting { .. } => self.start(now),
                _ => Action::Nothing,
            },
            Event::Order(order) => self.obey(now, order),
            Event::Terminate => self.terminate(now),
            Event::EndOfInput => self.end_of_input(now),
            Event::Quit => Action::Leave,
            Event::Executed => {
                if let Phase::Starting(mut run) = self.phase {
                    run.health.executed(now);
                    self.phase = Phase::Up(run);
                }
                Action::Nothing
            }
            Event::Paused(paused) => {
                if let Some(run) = self.run_mut() {
                    run.set_paused(now, paused);
                }
                Action::Nothing
            }
            Event::Ended(ending) => self.ended(now, ending),
            Event::Finished(ending) => self.finished(now, ending),
            Event::Cleared => match self.phase {
                Phase::Clearing { next, .. } => self.go_on(now, next),
                _ => Action::Nothing,
            },
            Event::Says(says) => {
                self.says(now, says);
                Action::Nothing
            }
            Event::Checked(ending) => {
                self.checked(now, ending);
                Action::Nothing
            }
            Event::Needs if self.is_waiting() => self.start(now),
            Event::Needs => Action::Nothing,
            Event::Due => self.due(now),
        }
    }

    fn ended(&mut self, now: Monotonic, ending: Ending) -> Action<'_> {
        let (Phase::Starting(run) | Phase::Up(run)) = self.phase else { return Action::Nothing };
        let was_run = matches!(self.phase, Phase::Up(_));
        self.phase = Phase::Down;
        self.last = Some(ending);
        self.spacing.ended(now, run.failed(ending));
        if was_run {
            return Action::Finish(Finish { pid: run.pid, ending, machine: self, now });
        }
        self.clear(now, Next::AsWished)
    }

    fn finished(&mut self, now: Monotonic, ending: Ending) -> Action<'_> {
        let Phase::Finishing { next, .. } = self.phase else { return Action::Nothing };
        if ending == STAY_DOWN && self.heeds_finish() {
            self.want = Want::Down;
        }
        self.clear(now, next)
    }

    /// Nothing runs: what earlier runs left behind comes first, then what follows.
    fn clear(&mut self, now: Monotonic, next: Next) -> Action<'_> {
        Action::Clear(Clear { machine: self, now, next })
    }

    /// Nothing runs, and nothing is in the way.
    fn go_on(&mut self, now: Monotonic, next: Next) -> Action<'_> {
        self.phase = Phase::Down;
        if next == Next::Start {
            return self.start(now);
        }
        if self.leaving != Leaving::No {
            self.leaving = Leaving::Left;
            return Action::Leave;
        }
        let until = self.spacing.next(now);
        match self.want {
            Want::Up if until <= now => self.start(now),
            Want::Up => {
                self.phase = Phase::Resting { until };
                Action::Nothing
            }
            Want::Down | Want::Once => Action::Nothing,
        }
    }

    fn start(&mut self, now: Monotonic) -> Action<'_> {
        let needs = Needs { machine: self, now };
        // On the way out nothing is waited for.
        if needs.machine.leaving == Leaving::No { Action::Needs(needs) } else { needs.met() }
    }

    fn run(&self) -> Option<Run> {
        match self.phase {
            Phase::Starting(run) | Phase::Up(run) => Some(run),
            _ => None,
        }
    }

    fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.phase {
            Phase::Starting(run) | Phase::Up(run) => Some(run),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
