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
//! earlier run left something behind; where nothing is said of it here, nothing was there.
//!
//! | event | Down | Starting | Up | Resting | Finishing | Clearing |
//! |---|---|---|---|---|---|---|
//! | u | Starting, start | Starting | Up | Starting, start | Finishing | Clearing |
//! | o | Starting, start | Starting | Up | Starting, start | Finishing | Clearing |
//! | d | Down | Starting, stop | Up, stop | Down | Finishing | Clearing, stop |
//! | x | Down, leave | Starting | Up | Down, leave | Finishing | Clearing |
//! | p | Down | Starting, STOP | Up, STOP | Resting | Finishing | Clearing, STOP |
//! | c | Down | Starting, CONT | Up, CONT | Resting | Finishing | Clearing, CONT |
//! | h | Down | Starting, HUP | Up, HUP | Resting | Finishing | Clearing, HUP |
//! | a | Down | Starting, ALRM | Up, ALRM | Resting | Finishing | Clearing, ALRM |
//! | i | Down | Starting, INT | Up, INT | Resting | Finishing | Clearing, INT |
//! | t | Down | Starting, TERM | Up, TERM | Resting | Finishing | Clearing, TERM |
//! | k | Down | Starting, KILL | Up, KILL | Resting | Finishing | Clearing, KILL |
//! | q | Down | Starting, QUIT | Up, QUIT | Resting | Finishing | Clearing, QUIT |
//! | 1 | Down | Starting, USR1 | Up, USR1 | Resting | Finishing | Clearing, USR1 |
//! | 2 | Down | Starting, USR2 | Up, USR2 | Resting | Finishing | Clearing, USR2 |
//! | w | Down | Starting, WINCH | Up, WINCH | Resting | Finishing | Clearing, WINCH |
//! | terminate | Down, leave | Starting, stop | Up, stop | Down, leave | Finishing | Clearing, stop |
//! | terminate again | Down, leave | Starting, KILL | Up, KILL | Down, leave | Finishing, KILL | Clearing, KILL |
//! | end of input | Down, leave | Starting | Up | Starting, start | Finishing | Clearing |
//! | quit | Down, leave | Starting, leave | Up, leave | Resting, leave | Finishing, leave | Clearing, leave |
//! | begun | Down | Starting | Up | Resting | Finishing | Starting, start |
//! | begun, leaving | Down, leave | Starting | Up | Resting | Finishing | Down, leave |
//! | begun, something is left behind | Down | Starting | Up | Resting | Finishing | Clearing |
//! | executed | Down | Up | Up | Resting | Finishing | Clearing |
//! | stopped | Down | Starting | Up | Resting | Finishing | Clearing |
//! | going on | Down | Starting | Up | Resting | Finishing | Clearing |
//! | ended, wanted up, spacing over | Down | Starting, start | Starting, start | Resting | Finishing | Clearing |
//! | ended, wanted up, spacing not over | Down | Resting | Resting | Resting | Finishing | Clearing |
//! | ended, wanted down | Down | Down | Down | Resting | Finishing | Clearing |
//! | ended, wanted once | Down | Down | Down | Resting | Finishing | Clearing |
//! | ended, leaving | Down | Down, leave | Down, leave | Resting | Finishing | Clearing |
//! | ended, there is a finish | Down | Starting, start | Finishing, finish | Resting | Finishing | Clearing |
//! | ended, something is left behind | Down | Clearing | Clearing | Resting | Finishing | Clearing |
//! | finished, wanted up, spacing over | Down | Starting | Up | Resting | Starting, start | Clearing |
//! | finished, wanted up, spacing not over | Down | Starting | Up | Resting | Resting | Clearing |
//! | finished, wanted down | Down | Starting | Up | Resting | Down | Clearing |
//! | finished with 125 | Down | Starting | Up | Resting | Down | Clearing |
//! | finished, leaving | Down | Starting | Up | Resting | Down, leave | Clearing |
//! | finished, something is left behind | Down | Starting | Up | Resting | Clearing | Clearing |
//! | cleared, wanted up, spacing over | Down | Starting | Up | Resting | Finishing | Starting, start |
//! | cleared, wanted up, spacing not over | Down | Starting | Up | Resting | Finishing | Resting |
//! | cleared, wanted down | Down | Starting | Up | Resting | Finishing | Down |
//! | cleared, leaving | Down | Starting | Up | Resting | Finishing | Down, leave |
//! | due | Down | Starting | Up | Starting, start | Finishing | Clearing |
//! | due, too early | Down | Starting | Up | Resting | Finishing | Clearing |
//! | due, something is left behind | Down | Starting | Up | Clearing | Finishing | Clearing |
//! | due, KILL is due | Down | Starting, KILL | Up, KILL | Starting, start | Finishing, KILL | Clearing, KILL |
//!
//! Where this is not what daemontools 0.76 does: a command acts at once, also in the second after a start; a start that
//! fails is spaced like a run that fails; deadlines are on the monotonic clock.

mod answer;
mod events;
mod record;
mod run;

use crate::spacing::Spacing;
pub(super) use answer::{Clear, Finish, Start, Stop};
pub(super) use events::{Action, Event, To};
use nix::unistd::Pid;
use protocol::command::{Command, Order, Signal, Target};
use protocol::status::{Leaving, Want};
pub(super) use record::{Before, Facts};
use run::Run;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;
use sys::signals::SignalNumber;

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
    Resting { until: Monotonic },
    Finishing { pid: Pid, kill_at: Option<Monotonic>, next: Next },
    Clearing { kill_at: Option<Monotonic>, next: Next },
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
pub(super) struct Machine {
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
    pub(super) fn new(now: Monotonic, normally_up: bool) -> Self {
        let (phase, want) =
            if normally_up { (Phase::Resting { until: now }, Want::Up) } else { (Phase::Down, Want::Down) };
        Self { phase, want, leaving: Leaving::No, spacing: Spacing::default(), starts: 0, last: None }
    }

    /// When [`Event::Due`] is to be told, if ever.
    #[must_use]
    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        match self.phase {
            Phase::Down => None,
            Phase::Resting { until } => Some(until),
            Phase::Starting(run) | Phase::Up(run) => run.kill_at,
            Phase::Finishing { kill_at, .. } | Phase::Clearing { kill_at, .. } => kill_at,
        }
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
    pub(super) fn step(&mut self, now: Monotonic, event: Event) -> Action<'_> {
        match event {
            Event::Begun => match self.phase {
                Phase::Down if self.leaving != Leaving::No => self.clear(now, Next::AsWished),
                Phase::Clearing { next, .. } => self.clear(now, next),
                _ => Action::Nothing,
            },
            Event::Order(order) => self.obey(now, order),
            Event::Terminate => self.terminate(now),
            Event::EndOfInput => self.end_of_input(now),
            Event::Quit => Action::Leave,
            Event::Executed => {
                if let Phase::Starting(run) = self.phase {
                    self.phase = Phase::Up(run);
                }
                Action::Nothing
            }
            Event::Paused(paused) => {
                if let Phase::Starting(run) | Phase::Up(run) = &mut self.phase {
                    run.paused = paused;
                }
                Action::Nothing
            }
            Event::Ended(ending) => self.ended(now, ending),
            Event::Finished(ending) => self.finished(now, ending),
            Event::Cleared => match self.phase {
                Phase::Clearing { next, .. } => self.go_on(now, next),
                _ => Action::Nothing,
            },
            Event::Due => self.due(now),
        }
    }

    fn obey(&mut self, now: Monotonic, order: Order) -> Action<'_> {
        match order.command {
            Command::Up => self.wish(now, Want::Up),
            Command::Once => self.wish(now, Want::Once),
            Command::Down => {
                self.want = Want::Down;
                self.stop(now, order.target)
            }
            Command::Exit => {
                if self.leaving == Leaving::No {
                    self.leaving = Leaving::WhenDown;
                }
                self.leave_when_down(now)
            }
            Command::Signal(signal) => self.signal(order.target, signal.number()),
        }
    }

    fn wish(&mut self, now: Monotonic, want: Want) -> Action<'_> {
        self.want = want;
        match &mut self.phase {
            Phase::Down | Phase::Resting { .. } => self.clear(now, Next::Start),
            Phase::Starting(_) | Phase::Up(_) => Action::Nothing,
            Phase::Finishing { next, .. } | Phase::Clearing { next, .. } => {
                *next = Next::Start;
                Action::Nothing
            }
        }
    }

    fn terminate(&mut self, now: Monotonic) -> Action<'_> {
        let again = self.leaving == Leaving::Stopping;
        self.want = Want::Down;
        self.leaving = Leaving::Stopping;
        let kill = Signal::Kill.number();
        match &mut self.phase {
            Phase::Down | Phase::Resting { .. } => self.leave_when_down(now),
            Phase::Starting(run) | Phase::Up(run) if again => {
                let target = run.kill_target;
                self.signal(target, kill)
            }
            Phase::Finishing { next, .. } => {
                *next = Next::AsWished;
                if again { Action::Signal(To::Finish, Target::Group, kill) } else { Action::Nothing }
            }
            Phase::Clearing { .. } if again => self.signal(Target::Process, kill),
            Phase::Starting(_) | Phase::Up(_) | Phase::Clearing { .. } => self.stop(now, Target::Process),
        }
    }

    fn end_of_input(&mut self, now: Monotonic) -> Action<'_> {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::WhenDown;
        }
        match self.phase {
            Phase::Resting { .. } => self.wish(now, Want::Once),
            // Lines may wait for the start that was to come.
            Phase::Finishing { .. } | Phase::Clearing { .. } if self.want == Want::Up => {
                self.wish(now, Want::Once)
            }
            Phase::Down | Phase::Finishing { .. } | Phase::Clearing { .. } => self.leave_when_down(now),
            Phase::Starting(_) | Phase::Up(_) => {
                self.want = if self.want == Want::Down { Want::Down } else { Want::Once };
                Action::Nothing
            }
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

    fn due(&mut self, now: Monotonic) -> Action<'_> {
        if self.wake_at().is_none_or(|at| at > now) {
            return Action::Nothing;
        }
        let kill = Signal::Kill.number();
        match &mut self.phase {
            Phase::Down => Action::Nothing,
            Phase::Resting { .. } => self.clear(now, Next::Start),
            Phase::Starting(run) | Phase::Up(run) => {
                run.kill_at = Some(now + KILL_AGAIN);
                let target = run.kill_target;
                self.signal(target, kill)
            }
            Phase::Finishing { kill_at, .. } => {
                *kill_at = Some(now + KILL_AGAIN);
                Action::Signal(To::Finish, Target::Group, kill)
            }
            Phase::Clearing { kill_at, .. } => {
                *kill_at = Some(now + KILL_AGAIN);
                self.signal(Target::Process, kill)
            }
        }
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
        self.spacing.started(now);
        Action::Start(Start { machine: self, now })
    }

    fn stop(&mut self, now: Monotonic, target: Target) -> Action<'_> {
        match &mut self.phase {
            Phase::Resting { .. } => {
                self.phase = Phase::Down;
                if self.leaving != Leaving::No {
                    return self.leave_when_down(now);
                }
            }
            Phase::Finishing { next, .. } => *next = Next::AsWished,
            Phase::Clearing { next, .. } => {
                *next = Next::AsWished;
                return Action::Stop(Stop { machine: self, now, to: To::Leftovers, target });
            }
            Phase::Starting(_) | Phase::Up(_) => {
                return Action::Stop(Stop { machine: self, now, to: To::Run, target });
            }
            Phase::Down => {}
        }
        Action::Nothing
    }

    fn leave_when_down(&mut self, now: Monotonic) -> Action<'_> {
        match &mut self.phase {
            Phase::Down | Phase::Resting { .. } => self.clear(now, Next::AsWished),
            Phase::Finishing { next, .. } | Phase::Clearing { next, .. } => {
                *next = Next::AsWished;
                Action::Nothing
            }
            Phase::Starting(_) | Phase::Up(_) => Action::Nothing,
        }
    }

    fn signal(&mut self, target: Target, signal: SignalNumber) -> Action<'_> {
        match &mut self.phase {
            Phase::Starting(run) | Phase::Up(run) => {
                run.note(signal);
                Action::Signal(To::Run, target, signal)
            }
            Phase::Clearing { .. } => Action::Signal(To::Leftovers, Target::Process, signal),
            Phase::Down | Phase::Resting { .. } | Phase::Finishing { .. } => Action::Nothing,
        }
    }

    fn run(&self) -> Option<Run> {
        match self.phase {
            Phase::Starting(run) | Phase::Up(run) => Some(run),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
