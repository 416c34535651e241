//! What the operator wants, or whoever speaks for him: commands, and the signals to supervise itself.

use super::events::{Action, Because, To};
use super::{Machine, Next, Phase, Stop};
use protocol::command::{Command, Order, Signal, Target};
use protocol::status::{Leaving, Want};
use sys::clock::Monotonic;
use sys::signals::SignalNumber;

impl Machine {
    pub(super) fn obey(&mut self, now: Monotonic, order: Order) -> Action<'_> {
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
            Command::Signal(signal) => self.signal(now, order.target, signal.number()),
        }
    }

    fn wish(&mut self, now: Monotonic, want: Want) -> Action<'_> {
        self.want = want;
        match &mut self.phase {
            Phase::Down | Phase::Resting { .. } | Phase::Waiting { .. } => self.clear(now, Next::Start),
            Phase::Starting(_) | Phase::Up(_) => Action::Nothing,
            Phase::Finishing { next, .. } | Phase::Clearing { next, .. } => {
                *next = Next::Start;
                Action::Nothing
            }
        }
    }

    pub(super) fn terminate(&mut self, now: Monotonic) -> Action<'_> {
        let again = self.leaving == Leaving::Stopping;
        self.want = Want::Down;
        self.leaving = Leaving::Stopping;
        let kill = Signal::Kill.number();
        match &mut self.phase {
            Phase::Down | Phase::Resting { .. } | Phase::Waiting { .. } => self.leave_when_down(now),
            Phase::Starting(run) | Phase::Up(run) if again => {
                let target = run.kill_target;
                self.signal(now, target, kill)
            }
            Phase::Finishing { next, .. } => {
                *next = Next::AsWished;
                if again { Action::Signal(To::Finish, Target::Group, kill) } else { Action::Nothing }
            }
            Phase::Clearing { .. } if again => self.signal(now, Target::Process, kill),
            Phase::Starting(_) | Phase::Up(_) | Phase::Clearing { .. } => self.stop(now, Target::Process),
        }
    }

    pub(super) fn end_of_input(&mut self, now: Monotonic) -> Action<'_> {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::WhenDown;
        }
        match self.phase {
            // Nothing is waited for any more: lines may wait themselves.
            Phase::Resting { .. } | Phase::Waiting { .. } => self.wish(now, Want::Once),
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

    /// Sends what `down` sends, if there is anybody to send it to.
    fn stop(&mut self, now: Monotonic, target: Target) -> Action<'_> {
        match &mut self.phase {
            Phase::Resting { .. } | Phase::Waiting { .. } => {
                self.phase = Phase::Down;
                if self.leaving != Leaving::No {
                    return self.leave_when_down(now);
                }
            }
            Phase::Finishing { next, .. } => *next = Next::AsWished,
            Phase::Clearing { next, .. } => {
                *next = Next::AsWished;
                return Action::Stop(Stop {
                    machine: self,
                    now,
                    to: To::Leftovers,
                    target,
                    because: Because::Asked,
                });
            }
            Phase::Starting(_) | Phase::Up(_) => {
                return Action::Stop(Stop {
                    machine: self,
                    now,
                    to: To::Run,
                    target,
                    because: Because::Asked,
                });
            }
            Phase::Down => {}
        }
        Action::Nothing
    }

    fn leave_when_down(&mut self, now: Monotonic) -> Action<'_> {
        match &mut self.phase {
            Phase::Down | Phase::Resting { .. } | Phase::Waiting { .. } => self.clear(now, Next::AsWished),
            Phase::Finishing { next, .. } | Phase::Clearing { next, .. } => {
                *next = Next::AsWished;
                Action::Nothing
            }
            Phase::Starting(_) | Phase::Up(_) => Action::Nothing,
        }
    }

    pub(super) fn signal(&mut self, now: Monotonic, target: Target, signal: SignalNumber) -> Action<'_> {
        match &mut self.phase {
            Phase::Starting(run) | Phase::Up(run) => {
                run.note(now, signal);
                Action::Signal(To::Run, target, signal)
            }
            Phase::Clearing { .. } => Action::Signal(To::Leftovers, Target::Process, signal),
            Phase::Down | Phase::Resting { .. } | Phase::Waiting { .. } | Phase::Finishing { .. } => {
                Action::Nothing
            }
        }
    }
}
