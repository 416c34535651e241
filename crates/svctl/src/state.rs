//! How a service is, in a word and with what belongs to it: decided from its record. Pure.

use cli::text::short;
use protocol::status::{Detail, Doing, Phase, Readiness, Status, Want};
use std::fmt;
use std::time::Duration;

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No service: what instances take from.
    Template,
    /// No supervise keeps it.
    Unsupervised,
    /// We may not see it, or the system did not let us.
    Hidden(String),
    /// Nothing runs, and nothing is due.
    Down,
    /// A process is on its way to become run.
    Starting,
    /// run runs, and nothing would say more.
    Up,
    /// It runs, and has yet to say that it is ready.
    NotReady,
    /// It has said so.
    Ready,
    /// It reads its settings anew, as it says.
    Reloading,
    /// It was sent STOP.
    Paused,
    /// It runs, and was told to stop.
    Stopping,
    /// It has ended, and starts again so much later.
    Resting(Duration),
    /// Its last start failed; the next comes so much later, if one does.
    Failed {
        /// Why.
        reason: String,
        /// When.
        next: Option<Duration>,
    },
    /// It was ended, since it was not ready in time or did not say that it lives.
    Overdue {
        /// What it failed to do.
        reason: String,
        /// When the next start comes, if one does.
        next: Option<Duration>,
    },
    /// Other services are to be ready first.
    Waiting(String),
    /// run has ended, and finish runs.
    Finishing,
    /// So many processes of earlier runs are to be gone first.
    Clearing(u16),
}

/// What a state means to somebody who looks for trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should be.
    Good,
    /// Nothing runs, and nobody wants it to; or nobody knows.
    Quiet,
    /// On its way.
    Between,
    /// Somebody should look.
    Bad,
}

impl State {
    /// That of a service with this record, which its supervise keeps; `now` is nanoseconds of the monotonic clock.
    #[must_use]
    pub fn of(status: &Status, now: u64) -> Self {
        let Some(detail) = &status.detail else { return Self::of_foreign(status) };
        let left = |at: u64| Duration::from_nanos(at.saturating_sub(now));
        let next = detail.next_start.map(left);
        match detail.phase {
            Phase::Down if status.want == Want::Down => Self::Down,
            Phase::Down | Phase::Resting => match (&detail.failed, next) {
                (Some(failed), next) if failed.step.is_of_a_run() => {
                    Self::Overdue { reason: failed.reason.clone(), next }
                }
                (Some(failed), next) => Self::Failed { reason: failed.reason.clone(), next },
                (None, Some(next)) => Self::Resting(next),
                (None, None) => Self::Down,
            },
            Phase::Starting => Self::Starting,
            Phase::Up => Self::of_running(status, detail),
            Phase::Finishing => Self::Finishing,
            Phase::Clearing => Self::Clearing(detail.leftovers),
            Phase::Waiting => Self::Waiting(detail.note.clone()),
        }
    }

    fn of_running(status: &Status, detail: &Detail) -> Self {
        match (status.want, detail.doing, detail.readiness) {
            _ if status.paused => Self::Paused,
            (Want::Down, ..) | (_, Doing::Stopping, _) => Self::Stopping,
            _ if detail.is_overdue => Self::Stopping,
            (_, Doing::Reloading, _) => Self::Reloading,
            (_, Doing::Nothing, Readiness::Unsaid) => Self::Up,
            (_, Doing::Nothing, Readiness::Awaited) => Self::NotReady,
            (_, Doing::Nothing, Readiness::Ready(_)) => Self::Ready,
        }
    }

    /// Another program's supervise says no more.
    fn of_foreign(status: &Status) -> Self {
        match (status.pid, status.want) {
            (Some(_), _) if status.paused => Self::Paused,
            (Some(_), Want::Down) => Self::Stopping,
            (Some(_), _) => Self::Up,
            (None, Want::Up) => Self::Resting(Duration::ZERO),
            (None, _) => Self::Down,
        }
    }

    /// One word for it, the same for ever: what JSON and the metrics say.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Unsupervised => "unsupervised",
            Self::Hidden(_) => "hidden",
            Self::Down => "down",
            Self::Starting => "starting",
            Self::Up => "up",
            Self::NotReady => "not-ready",
            Self::Ready => "ready",
            Self::Reloading => "reloading",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Resting(_) => "resting",
            Self::Failed { .. } => "failed",
            Self::Overdue { .. } => "overdue",
            Self::Waiting(_) => "waiting",
            Self::Finishing => "finishing",
            Self::Clearing(_) => "clearing",
        }
    }

    /// All words, in their order.
    pub const WORDS: [&'static str; 17] = [
        "template",
        "unsupervised",
        "hidden",
        "down",
        "starting",
        "up",
        "not-ready",
        "ready",
        "reloading",
        "paused",
        "stopping",
        "resting",
        "failed",
        "overdue",
        "waiting",
        "finishing",
        "clearing",
    ];

    /// Why it is so, where that takes more than a word.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Hidden(why) => Some(why.clone()),
            Self::Failed { reason, .. } | Self::Overdue { reason, .. } => Some(reason.clone()),
            Self::Waiting(what) => Some(format!("it needs {what}")),
            _ => None,
        }
    }

    /// When the next start is due, if one is.
    #[must_use]
    pub fn next_start(&self) -> Option<Duration> {
        match self {
            Self::Resting(next) => Some(*next),
            Self::Failed { next, .. } | Self::Overdue { next, .. } => *next,
            _ => None,
        }
    }

    /// What it means, where the service is normally, or by command, to be up or not.
    #[must_use]
    pub fn mood(&self, is_wanted_up: bool) -> Mood {
        match self {
            Self::Up | Self::Ready => Mood::Good,
            Self::Failed { .. } | Self::Overdue { .. } | Self::Resting(_) => Mood::Bad,
            Self::Unsupervised => Mood::Bad,
            Self::Down if is_wanted_up => Mood::Bad,
            Self::Down | Self::Template | Self::Hidden(_) => Mood::Quiet,
            Self::Starting
            | Self::NotReady
            | Self::Reloading
            | Self::Paused
            | Self::Stopping
            | Self::Waiting(_)
            | Self::Finishing
            | Self::Clearing(_) => Mood::Between,
        }
    }
}

impl fmt::Display for State {
    /// As the table has it.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupervised => to.write_str("not supervised"),
            Self::Hidden(_) => to.write_str("unknown"),
            Self::NotReady => to.write_str("up, not ready"),
            Self::Resting(next) => write!(to, "waiting {}", short(*next)),
            Self::Failed { .. } => to.write_str("failed to start"),
            Self::Overdue { .. } => to.write_str("failed"),
            Self::Waiting(_) => to.write_str("waiting"),
            Self::Clearing(count) => write!(to, "waiting for {count} leftover"),
            other => to.write_str(other.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::report::Step;
    use protocol::status::Failed;
    use protocol::tai64n::Tai64n;
    use std::num::NonZeroU32;

    const NOW: u64 = 10_000_000_000;

    fn status(pid: u32, want: Want, detail: Option<Detail>) -> Status {
        let pid = NonZeroU32::new(pid);
        Status { since: Tai64n::default(), pid, paused: false, want, terminated: false, detail }
    }

    fn ours(phase: Phase, change: impl FnOnce(&mut Detail)) -> State {
        let mut detail = Detail { phase, ..Detail::default() };
        change(&mut detail);
        let pid = u32::from(matches!(phase, Phase::Starting | Phase::Up));
        State::of(&status(pid, Want::Up, Some(detail)), NOW)
    }

    fn failed(step: Step) -> Failed {
        Failed { step, errno: 2, reason: "why".to_owned() }
    }

    #[test]
    fn what_runs_is_up_and_more_where_it_says_more() {
        assert_eq!(ours(Phase::Up, |_| ()), State::Up);
        assert_eq!(ours(Phase::Up, |detail| detail.readiness = Readiness::Awaited), State::NotReady);
        let ready = Readiness::Ready(Tai64n::default());
        assert_eq!(ours(Phase::Up, |detail| detail.readiness = ready), State::Ready);
        assert_eq!(ours(Phase::Up, |detail| detail.doing = Doing::Reloading), State::Reloading);
        assert_eq!(ours(Phase::Up, |detail| detail.doing = Doing::Stopping), State::Stopping);
        assert_eq!(ours(Phase::Up, |detail| detail.is_overdue = true), State::Stopping);
        assert_eq!(ours(Phase::Starting, |_| ()), State::Starting);
        let up = Detail { phase: Phase::Up, ..Detail::default() };
        let told_to_stop = status(1, Want::Down, Some(up.clone()));
        assert_eq!(State::of(&told_to_stop, NOW), State::Stopping);
        let paused = Status { paused: true, ..told_to_stop };
        assert_eq!(State::of(&paused, NOW), State::Paused);
        assert_eq!(State::of(&status(1, Want::Once, Some(up)), NOW), State::Up);
    }

    #[test]
    fn what_does_not_run_says_why_and_when_it_will() {
        let later = |detail: &mut Detail| detail.next_start = Some(NOW + 3_000_000_000);
        let three = Some(Duration::from_secs(3));
        assert_eq!(ours(Phase::Resting, later), State::Resting(Duration::from_secs(3)));
        let state = ours(Phase::Resting, |detail| {
            later(detail);
            detail.failed = Some(failed(Step::Execute));
        });
        assert_eq!(state, State::Failed { reason: "why".to_owned(), next: three });
        let state = ours(Phase::Resting, |detail| {
            later(detail);
            detail.failed = Some(failed(Step::Ready));
        });
        assert_eq!((state.next_start(), state.word()), (three, "overdue"));
        let state = ours(Phase::Down, |detail| detail.failed = Some(failed(Step::User)));
        assert_eq!(state, State::Failed { reason: "why".to_owned(), next: None }, "it stays down");
        let down = Detail { failed: Some(failed(Step::User)), ..Detail::default() };
        assert_eq!(State::of(&status(0, Want::Down, Some(down)), NOW), State::Down, "by command");
        let passed = ours(Phase::Resting, |detail| detail.next_start = Some(1));
        assert_eq!(passed, State::Resting(Duration::ZERO));
        assert_eq!(ours(Phase::Clearing, |detail| detail.leftovers = 2), State::Clearing(2));
    }

    #[test]
    fn another_programs_record_says_less() {
        let state = |pid, want| State::of(&status(pid, want, None), NOW);
        assert_eq!(state(7, Want::Up), State::Up);
        assert_eq!(state(7, Want::Down), State::Stopping);
        assert_eq!(state(0, Want::Up), State::Resting(Duration::ZERO));
        assert_eq!(state(0, Want::Down), State::Down);
    }

    #[test]
    fn what_should_run_and_does_not_is_trouble() {
        assert_eq!(State::Down.mood(true), Mood::Bad);
        assert_eq!(State::Down.mood(false), Mood::Quiet);
        assert_eq!(State::Ready.mood(true), Mood::Good);
        assert_eq!(State::Resting(Duration::ZERO).mood(true), Mood::Bad);
        assert_eq!(State::Waiting("db".to_owned()).mood(true), Mood::Between);
    }
}
