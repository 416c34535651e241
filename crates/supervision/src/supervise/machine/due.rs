//! What a machine does when a time has come, and what a run says of itself.

use super::answer::{Call, Stop};
use super::events::{Action, Because, Says, To};
use super::health::Due;
use super::{KILL_AGAIN, Machine, Next, Phase};
use protocol::command::{Signal, Target};
use protocol::status::Doing;
use sys::clock::Monotonic;
use sys::process::Ending;

impl Machine {
    /// When [`Event::Due`] is to be told, if ever.
    #[must_use]
    pub(in super::super) fn wake_at(&self) -> Option<Monotonic> {
        match self.phase {
            Phase::Down => None,
            Phase::Resting { until } => Some(until),
            Phase::Waiting { until } => until,
            Phase::Starting(run) | Phase::Up(run) => run.wake_at(),
            Phase::Finishing { kill_at, .. } | Phase::Clearing { kill_at, .. } => kill_at,
        }
    }

    pub(super) fn due(&mut self, now: Monotonic) -> Action<'_> {
        if self.wake_at().is_none_or(|at| at > now) {
            return Action::Nothing;
        }
        let kill = Signal::Kill.number();
        match &mut self.phase {
            Phase::Down => Action::Nothing,
            Phase::Resting { .. } => self.clear(now, Next::Start),
            Phase::Waiting { .. } => self.start(now),
            Phase::Starting(run) | Phase::Up(run) if run.kill_at.is_some_and(|at| at <= now) => {
                run.kill_at = Some(now + KILL_AGAIN);
                let target = run.kill_target;
                self.signal(now, target, kill)
            }
            Phase::Starting(run) | Phase::Up(run) => match run.health.due(now) {
                None => Action::Nothing,
                Some(Due::Check) => Action::Call(Call { machine: self, now }),
                Some(Due::KillCheck) => Action::Signal(To::Check, Target::Group, kill),
                Some(Due::Overdue(what)) => {
                    run.health.is_overdue = true;
                    let because = Because::Overdue(what);
                    Action::Stop(Stop { machine: self, now, to: To::Run, target: Target::Process, because })
                }
            },
            Phase::Finishing { kill_at, .. } => {
                *kill_at = Some(now + KILL_AGAIN);
                Action::Signal(To::Finish, Target::Group, kill)
            }
            Phase::Clearing { kill_at, .. } => {
                *kill_at = Some(now + KILL_AGAIN);
                self.signal(now, Target::Process, kill)
            }
        }
    }

    pub(super) fn says(&mut self, now: Monotonic, says: Says) {
        let Some(run) = self.run_mut() else { return };
        match says {
            Says::Ready => run.health.is_ready(now),
            Says::Reloading => run.health.does(Doing::Reloading),
            Says::Stopping => run.health.does(Doing::Stopping),
            Says::Alive => run.health.is_alive(now),
            Says::Failing => run.health.gives_up(now),
            Says::NeedsTime(time) => match &mut run.kill_at {
                Some(kill_at) if !run.health.is_overdue => *kill_at = (*kill_at).max(now + time),
                _ => run.health.needs_time(now, time),
            },
        }
        self.note_readiness();
    }

    pub(super) fn checked(&mut self, now: Monotonic, ending: Ending) {
        if let Some(run) = self.run_mut() {
            run.health.answered(now, ending);
        }
        self.note_readiness();
    }

    /// What became ready is no start that failed.
    pub(super) fn note_readiness(&mut self) {
        if self.is_ready() {
            self.spacing.ready();
        }
    }
}
