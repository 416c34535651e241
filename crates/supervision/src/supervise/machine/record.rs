//! The machine's state as the status record has it, and back.

use super::health::{Duties, Health, Readiness};
use super::run::Run;
use super::{Machine, Next, Phase};
use crate::spacing::Spacing;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use protocol::command::Target;
use protocol::identity::FolderId;
use protocol::process::{Boot, Mark, ProcessId, number, pid};
use protocol::status::{Detail, Doing, Failed, Leaving, Phase as Reported, Readiness as Said, Status, Token};
use protocol::tai64n::Tai64n;
use std::time::Duration;
use sys::clock::Monotonic;

/// What the record says and the machine does not know.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Facts {
    /// When the pid changed last.
    pub(in super::super) since: Tai64n,
    /// Why the last start failed.
    pub(in super::super) failed: Option<Failed>,
    /// The record's file.
    pub(in super::super) file: Option<FolderId>,
    pub(in super::super) boot: Option<Boot>,
    /// supervise itself.
    pub(in super::super) supervise: Option<ProcessId>,
    /// What tells the process of run, or of finish, from others.
    pub(in super::super) mark: Option<Mark>,
    /// A process of an earlier run that is waited for.
    pub(in super::super) waited: Option<ProcessId>,
    /// The session of the last run.
    pub(in super::super) session: Option<Pid>,
    /// How many processes earlier runs have left behind.
    pub(in super::super) leftovers: u16,
    /// When it became ready.
    pub(in super::super) ready_since: Tai64n,
    /// Where it says how it is, and what it said.
    pub(in super::super) token: Option<Token>,
    pub(in super::super) says: String,
    /// What it waits for, or what else is to be known.
    pub(in super::super) note: String,
}

/// How the supervise before this one came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Before {
    Died,
    /// It became this one. `starting` where a start that was in progress still tells what comes of it.
    Upgraded {
        starting: bool,
    },
}

impl Machine {
    /// The status record.
    #[must_use]
    pub(in super::super) fn status(&self, facts: Facts) -> Status {
        let run = self.run();
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let point = |at: Monotonic| nanoseconds(at.since_zero());
        let (phase, next_start, kill_at) = match self.phase {
            Phase::Down => (Reported::Down, None, None),
            Phase::Starting(run) => (Reported::Starting, None, run.kill_at),
            Phase::Up(run) => (Reported::Up, None, run.kill_at),
            Phase::Resting { until } => (Reported::Resting, Some(until), None),
            Phase::Finishing { kill_at, next, .. } => (Reported::Finishing, self.asked(next), kill_at),
            Phase::Clearing { kill_at, next } => (Reported::Clearing, self.asked(next), kill_at),
            Phase::Waiting { .. } => (Reported::Waiting, None, None),
        };
        let health = run.map(|run| run.health);
        let finish = self.finish().and_then(number);
        Status {
            since: facts.since,
            pid: run.and_then(|run| number(run.pid)),
            paused: run.is_some_and(|run| run.paused),
            want: self.want,
            terminated: run.is_some_and(|run| run.was_sent(Signal::SIGTERM)),
            detail: Some(Detail {
                phase,
                leaving: self.leaving,
                last: self.last,
                failed: facts.failed,
                file: facts.file,
                boot: facts.boot,
                supervise: facts.supervise,
                run: facts.mark.filter(|_| run.is_some()),
                finish: finish.map(|pid| ProcessId { pid, mark: facts.mark }).or(facts.waited),
                session: facts.session.and_then(number),
                leftovers: facts.leftovers,
                starts: self.starts,
                spacing: nanoseconds(self.spacing.length()),
                last_start: self.spacing.last_start().map(point),
                next_start: next_start.map(point),
                sent: run.map_or(0, |run| run.sent),
                kill_at: kill_at.map(point),
                kill_target: run.map_or(Target::Process, |run| run.kill_target),
                readiness: match health.map(|health| health.readiness) {
                    None | Some(Readiness::Unsaid) => Said::Unsaid,
                    Some(Readiness::Awaited) => Said::Awaited,
                    Some(Readiness::Ready) => Said::Ready(facts.ready_since),
                },
                late_at: health.and_then(|health| health.late_at()).map(point),
                silent_at: health.and_then(|health| health.silent_at()).map(point),
                is_overdue: health.is_some_and(|health| health.is_overdue),
                doing: health.map_or(Doing::Nothing, |health| health.doing),
                token: facts.token,
                note: facts.note,
                says: facts.says,
            }),
        }
    }

    /// For the record of a phase that waits: a start was asked for when it is over, at any time.
    fn asked(&self, next: Next) -> Option<Monotonic> {
        (next == Next::Start)
            .then(|| self.spacing.last_start().unwrap_or(Monotonic::from_zero(Duration::from_nanos(1))))
    }

    /// As the supervise before this one left it: what it held is believed to live. `None` where that one had left on purpose.
    #[must_use]
    pub(in super::super) fn recorded(
        now: Monotonic,
        status: &Status,
        detail: &Detail,
        before: Before,
        duties: Duties,
    ) -> Option<Self> {
        if detail.leaving == Leaving::Left {
            return None;
        }
        let point = |nanoseconds: u64| Monotonic::from_zero(Duration::from_nanos(nanoseconds));
        let spacing = Spacing::recorded(Duration::from_nanos(detail.spacing), detail.last_start.map(point));
        let kill_at = detail.kill_at.map(point);
        let next = if detail.next_start.is_some() { Next::Start } else { Next::AsWished };
        let run = status.pid.and_then(pid).map(|pid| Run {
            pid,
            paused: status.paused,
            sent: detail.sent,
            kill_at,
            kill_target: detail.kill_target,
            health: Health::recorded(now, detail, duties, before == Before::Died),
        });
        let phase = match (detail.phase, run, detail.finish.and_then(|finish| pid(finish.pid))) {
            (Reported::Starting, Some(run), _) if before == Before::Upgraded { starting: true } => {
                Phase::Starting(run)
            }
            // Whether it has become run is not told to anybody any more; what never does, ends.
            (_, Some(run), _) => Phase::Up(run),
            (Reported::Finishing, None, Some(pid)) => Phase::Finishing { pid, kill_at, next },
            (Reported::Resting, None, _) => {
                let until = detail.next_start.map_or(now, point);
                Phase::Resting { until: until.min(now + spacing.length()) }
            }
            // What it needs is looked at at once, and so is what it waited for.
            (Reported::Waiting, None, _) => Phase::Waiting { until: Some(now) },
            (Reported::Clearing, None, _) => Phase::Clearing { kill_at, next },
            (_, None, _) if next == Next::Start => Phase::Resting { until: now },
            (_, None, _) if status.want == protocol::status::Want::Up => {
                Phase::Resting { until: spacing.next(now) }
            }
            (_, None, _) => Phase::Down,
        };
        Some(Self {
            phase,
            want: status.want,
            leaving: match detail.leaving {
                // Who tells it to stop next tells this one the first time.
                Leaving::Stopping if before == Before::Died => Leaving::WhenDown,
                leaving => leaving,
            },
            spacing,
            starts: detail.starts,
            last: detail.last,
        })
    }

    /// Taken up from another program's supervise, or from none that can be believed: this process is run.
    #[must_use]
    pub(in super::super) fn found(pid: Pid, paused: bool, want: protocol::status::Want) -> Self {
        Self {
            phase: Phase::Up(Run { paused, ..Run::new(pid, Health::unknown()) }),
            want,
            leaving: Leaving::No,
            spacing: Spacing::default(),
            starts: 1,
            last: None,
        }
    }
}
