//! What supervise does next: a pure function of what it is in and what happens. No system call, no clock, no wait.
//!
//! The *phase* is a fact, the *wish* (up, down, once) is the operator's, and *leaving* says whether supervise itself goes
//! when the service is down. Three things are kept apart:
//!
//! - what is to be done once is the [`Action`] that a step returns;
//! - what must be true, the status record and the timer, is a function of the state ([`Machine::status`],
//!   [`Machine::wake_at`]), so that no step can forget it;
//! - a start whose outcome is not known yet cannot be met by another event: [`Start`] borrows the machine until it
//!   is told.
//!
//! Every event in every phase (the tests read this table and hold the machine to it). A cell is the phase after, and
//! the action if there is one. `start` means that a process is made: Starting then.
//!
//! | event | Down | Starting | Up | Resting |
//! |---|---|---|---|---|
//! | u | Starting, start | Starting | Up | Starting, start |
//! | o | Starting, start | Starting | Up | Starting, start |
//! | d | Down | Starting, TERM CONT | Up, TERM CONT | Down |
//! | x | Down, leave | Starting | Up | Down, leave |
//! | p | Down | Starting, STOP | Up, STOP | Resting |
//! | c | Down | Starting, CONT | Up, CONT | Resting |
//! | h | Down | Starting, HUP | Up, HUP | Resting |
//! | a | Down | Starting, ALRM | Up, ALRM | Resting |
//! | i | Down | Starting, INT | Up, INT | Resting |
//! | t | Down | Starting, TERM | Up, TERM | Resting |
//! | k | Down | Starting, KILL | Up, KILL | Resting |
//! | q | Down | Starting, QUIT | Up, QUIT | Resting |
//! | 1 | Down | Starting, USR1 | Up, USR1 | Resting |
//! | 2 | Down | Starting, USR2 | Up, USR2 | Resting |
//! | w | Down | Starting, WINCH | Up, WINCH | Resting |
//! | terminate | Down, leave | Starting, TERM CONT | Up, TERM CONT | Down, leave |
//! | terminate again | Down, leave | Starting, KILL | Up, KILL | Down, leave |
//! | end of input | Down, leave | Starting | Up | Starting, start |
//! | quit | Down, leave | Starting, leave | Up, leave | Resting, leave |
//! | executed | Down | Up | Up | Resting |
//! | ended, wanted up, spacing over | Down | Starting, start | Starting, start | Resting |
//! | ended, wanted up, spacing not over | Down | Resting | Resting | Resting |
//! | ended, wanted down | Down | Down | Down | Resting |
//! | ended, wanted once | Down | Down | Down | Resting |
//! | ended, leaving | Down | Down, leave | Down, leave | Resting |
//! | due | Down | Starting | Up | Starting, start |
//! | due, too early | Down | Starting | Up | Resting |
//!
//! Where this is not what daemontools 0.76 does: a command acts at once, also in the second after a start; a start that
//! fails is spaced like a run that fails; deadlines are on the monotonic clock.

use crate::spacing::Spacing;
use nix::unistd::Pid;
use protocol::command::{Command, Order, Signal, Target};
use protocol::status::{Detail, Failed, Phase as Reported, Status, Want};
use protocol::tai64n::Tai64n;
use std::num::NonZeroU32;
use sys::clock::Monotonic;
use sys::process::Ending;

/// What happens to supervise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A command came.
    Order(Order),
    /// supervise itself was told to stop (TERM, INT): down and leave; said again, KILL.
    Terminate,
    /// The logger's input comes to its end (HUP): once and leave, so that what waits in the pipe is still written.
    EndOfInput,
    /// supervise is to leave now and let the service run (QUIT).
    Quit,
    /// The process became run.
    Executed,
    /// The process ended.
    Ended(Ending),
    /// The time of [`Machine::wake_at`] has come.
    Due,
}

/// What the shell has to do.
#[derive(Debug)]
#[must_use]
pub(super) enum Action<'a> {
    /// Nothing.
    Nothing,
    /// Make a process, and say what came of it.
    Start(Start<'a>),
    /// Send these, in this order.
    Signal(Pid, Target, &'static [Signal]),
    /// End supervise.
    Leave,
}

/// A start that is to be made; nothing else can happen before its outcome is told.
#[derive(Debug)]
#[must_use]
pub(super) struct Start<'a> {
    machine: &'a mut Machine,
    now: Monotonic,
}

/// What is, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Down,
    Starting(Run),
    Up(Run),
    Resting { until: Monotonic },
}

/// A process that is run, or is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    pid: Pid,
    paused: bool,
    /// The signals that were sent by command, a bit each: an end by one of them is no failure.
    sent: u64,
}

/// Whether supervise goes when the service is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    WhenDown,
    /// It was told to stop; told again, it kills.
    Stopping,
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
            Phase::Resting { until } => Some(until),
            Phase::Down | Phase::Starting(_) | Phase::Up(_) => None,
        }
    }

    /// The process that runs, or is about to.
    #[must_use]
    pub(super) fn pid(&self) -> Option<Pid> {
        self.run().map(|run| run.pid)
    }

    /// The status record. What the machine does not know is given: when the pid changed last, why the last start
    /// failed, and supervise's own pid.
    #[must_use]
    pub(super) fn status(&self, since: Tai64n, failed: Option<Failed>, supervise: Pid) -> Status {
        let run = self.run();
        let number = |pid: Pid| u32::try_from(pid.as_raw()).unwrap_or(0);
        let nanoseconds = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Status {
            since,
            pid: run.and_then(|run| NonZeroU32::new(number(run.pid))),
            paused: run.is_some_and(|run| run.paused),
            want: self.want,
            terminated: run.is_some_and(|run| run.was_sent(Signal::Terminate)),
            detail: Some(Detail {
                phase: match self.phase {
                    Phase::Down => Reported::Down,
                    Phase::Starting(_) => Reported::Starting,
                    Phase::Up(_) => Reported::Up,
                    Phase::Resting { .. } => Reported::Resting,
                },
                leaving: self.leaving != Leaving::No,
                last: self.last,
                failed,
                supervise: number(supervise),
                starts: self.starts,
                spacing: nanoseconds(self.spacing.length()),
                next_start: self.wake_at().map(|until| nanoseconds(until.since_zero())),
            }),
        }
    }

    /// Takes one event.
    pub(super) fn step(&mut self, now: Monotonic, event: Event) -> Action<'_> {
        match event {
            Event::Order(order) => self.obey(now, order),
            Event::Terminate => self.terminate(),
            Event::EndOfInput => self.end_of_input(now),
            Event::Quit => Action::Leave,
            Event::Executed => {
                if let Phase::Starting(run) = self.phase {
                    self.phase = Phase::Up(run);
                }
                Action::Nothing
            }
            Event::Ended(ending) => self.ended(now, ending),
            Event::Due => match self.phase {
                Phase::Resting { until } if until <= now => self.start(now),
                _ => Action::Nothing,
            },
        }
    }

    fn obey(&mut self, now: Monotonic, order: Order) -> Action<'_> {
        match order.command {
            Command::Up => self.wish(now, Want::Up),
            Command::Once => self.wish(now, Want::Once),
            Command::Down => {
                self.want = Want::Down;
                self.stop(order.target)
            }
            Command::Exit => {
                if self.leaving == Leaving::No {
                    self.leaving = Leaving::WhenDown;
                }
                self.leave_if_down()
            }
            Command::Signal(signal) => self.signal(order.target, alone(signal)),
        }
    }

    fn wish(&mut self, now: Monotonic, want: Want) -> Action<'_> {
        self.want = want;
        match self.phase {
            Phase::Down | Phase::Resting { .. } => self.start(now),
            Phase::Starting(_) | Phase::Up(_) => Action::Nothing,
        }
    }

    fn terminate(&mut self) -> Action<'_> {
        let again = self.leaving == Leaving::Stopping;
        self.want = Want::Down;
        self.leaving = Leaving::Stopping;
        match self.phase {
            Phase::Down | Phase::Resting { .. } => self.leave_if_down(),
            Phase::Starting(_) | Phase::Up(_) if again => self.signal(Target::Process, alone(Signal::Kill)),
            Phase::Starting(_) | Phase::Up(_) => self.stop(Target::Process),
        }
    }

    fn end_of_input(&mut self, now: Monotonic) -> Action<'_> {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::WhenDown;
        }
        match self.phase {
            Phase::Resting { .. } => self.wish(now, Want::Once),
            Phase::Down => self.leave_if_down(),
            Phase::Starting(_) | Phase::Up(_) => {
                self.want = if self.want == Want::Down { Want::Down } else { Want::Once };
                Action::Nothing
            }
        }
    }

    fn ended(&mut self, now: Monotonic, ending: Ending) -> Action<'_> {
        let (Phase::Starting(run) | Phase::Up(run)) = self.phase else { return Action::Nothing };
        self.phase = Phase::Down;
        self.last = Some(ending);
        let next = self.spacing.ended(now, run.failed(ending));
        if self.leaving != Leaving::No {
            return Action::Leave;
        }
        match self.want {
            Want::Up if next <= now => self.start(now),
            Want::Up => {
                self.phase = Phase::Resting { until: next };
                Action::Nothing
            }
            Want::Down | Want::Once => Action::Nothing,
        }
    }

    fn start(&mut self, now: Monotonic) -> Action<'_> {
        self.spacing.started(now);
        Action::Start(Start { machine: self, now })
    }

    /// TERM, and CONT so that a stopped process gets it.
    fn stop(&mut self, target: Target) -> Action<'_> {
        if let Phase::Resting { .. } = self.phase {
            self.phase = Phase::Down;
        }
        self.signal(target, &[Signal::Terminate, Signal::Continue])
    }

    fn leave_if_down(&mut self) -> Action<'_> {
        match self.phase {
            Phase::Down | Phase::Resting { .. } => {
                self.phase = Phase::Down;
                Action::Leave
            }
            Phase::Starting(_) | Phase::Up(_) => Action::Nothing,
        }
    }

    fn signal(&mut self, target: Target, signals: &'static [Signal]) -> Action<'_> {
        let (Phase::Starting(run) | Phase::Up(run)) = &mut self.phase else { return Action::Nothing };
        for signal in signals {
            run.note(*signal);
        }
        Action::Signal(run.pid, target, signals)
    }

    fn run(&self) -> Option<Run> {
        match self.phase {
            Phase::Starting(run) | Phase::Up(run) => Some(run),
            Phase::Down | Phase::Resting { .. } => None,
        }
    }
}

impl<'a> Start<'a> {
    /// The process is there.
    pub(super) fn spawned(self, pid: Pid) {
        self.machine.starts = self.machine.starts.saturating_add(1);
        self.machine.phase = Phase::Starting(Run { pid, paused: false, sent: 0 });
    }

    /// No process could be made: it is tried again as after a run that failed, unless supervise is leaving.
    pub(super) fn not_spawned(self) -> Action<'a> {
        let next = self.machine.spacing.ended(self.now, true);
        if self.machine.leaving == Leaving::No {
            self.machine.phase = Phase::Resting { until: next };
            Action::Nothing
        } else {
            self.machine.phase = Phase::Down;
            Action::Leave
        }
    }
}

impl Run {
    fn note(&mut self, signal: Signal) {
        match signal {
            Signal::Stop => self.paused = true,
            Signal::Continue => self.paused = false,
            _ => {}
        }
        self.sent |= bit(signal.system() as i32);
    }

    fn was_sent(self, signal: Signal) -> bool {
        self.sent & bit(signal.system() as i32) != 0
    }

    fn failed(self, ending: Ending) -> bool {
        match ending {
            Ending::Exited(code) => code != 0,
            Ending::Killed(signal) => self.sent & bit(i32::from(signal)) == 0,
        }
    }
}

fn bit(signal: i32) -> u64 {
    u32::try_from(signal).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
}

/// The signal as the list that an action has.
fn alone(signal: Signal) -> &'static [Signal] {
    match signal {
        Signal::Stop => &[Signal::Stop],
        Signal::Continue => &[Signal::Continue],
        Signal::Hangup => &[Signal::Hangup],
        Signal::Alarm => &[Signal::Alarm],
        Signal::Interrupt => &[Signal::Interrupt],
        Signal::Terminate => &[Signal::Terminate],
        Signal::Kill => &[Signal::Kill],
        Signal::Quit => &[Signal::Quit],
        Signal::User1 => &[Signal::User1],
        Signal::User2 => &[Signal::User2],
        Signal::WindowChange => &[Signal::WindowChange],
    }
}

#[cfg(test)]
mod tests;
