//! A start, a restart, a single run: waited for until it is up and ready, or has lived long enough to count; failed where it did
//! not get there.

use super::{Judge, Verdict, nanoseconds, telling};
use crate::control::Order;
use cli::text::shown;
use protocol::event::{Letters, PERMANENT};
use protocol::status::{Detail, Phase, Readiness, Status, Want};
use std::time::Duration;
use supervision::svwait::wish::{Run, Wish};
use sys::process::Ending;

/// What nothing says to be ready counts as such when it has lived so long.
const LIFE: Duration = Duration::from_secs(1);

/// A record is written before its letters are told, and `du` is two commands, between which runit's supervise may sleep for a second: so
/// long a wish that is not ours may be a part of what is to come.
const DOUBT: Duration = Duration::from_secs(2);

impl Judge {
    pub(super) fn starting(
        &mut self,
        status: &Status,
        detail: &Detail,
        letters: Letters,
        now: u64,
    ) -> Verdict {
        if let Some(verdict) = self.of_the_wish(status, detail, letters, now) {
            return verdict;
        }
        match detail.phase {
            Phase::Up | Phase::Starting if self.is_before(status) => {
                Verdict::Awaited(telling::ending_of(status, detail, now))
            }
            _ if self.is_lost(detail) => self.failed(status, detail, now),
            Phase::Starting => {
                self.attempt = self.attempt.or(detail.last_start);
                Verdict::Awaited("starting".to_owned())
            }
            Phase::Up => {
                self.attempt = Some(self.attempt.or(detail.last_start).unwrap_or(0));
                self.up(status, detail, now)
            }
            Phase::Waiting => Verdict::Awaited(telling::waiting(detail)),
            Phase::Clearing => Verdict::Awaited(telling::clearing(detail)),
            Phase::Finishing => Verdict::Awaited("its finish runs".to_owned()),
            Phase::Down | Phase::Resting => Verdict::Awaited("about to start".to_owned()),
        }
    }

    /// What the wish alone says: not heard yet, or taken back.
    fn of_the_wish(
        &mut self,
        status: &Status,
        detail: &Detail,
        letters: Letters,
        now: u64,
    ) -> Option<Verdict> {
        let wanted = if self.order == Order::Once { Want::Once } else { Want::Up };
        self.is_permanent |= letters.has(PERMANENT);
        if status.want == wanted {
            self.is_known = true;
            self.taken_back = None;
            return None;
        }
        // All may have happened between two looks.
        self.is_known |= detail.last_start.is_some_and(|last| last >= self.given);
        if !self.is_known {
            return Some(Verdict::Awaited("told to start".to_owned()));
        }
        if self.is_permanent {
            let how = telling::ended(detail);
            let why = format!("it has ended ({how}), and its finish says that it is to stay down");
            return Some(Verdict::Failed(why));
        }
        let since = *self.taken_back.get_or_insert(now);
        if now.saturating_sub(since) < nanoseconds(DOUBT) {
            return Some(Verdict::Awaited("told to start".to_owned()));
        }
        let what = if status.want == Want::Down { "to stop" } else { "something else" };
        Some(Verdict::Failed(format!("it was told {what} meanwhile")))
    }

    /// Whether a start that counts has come to its end.
    fn is_lost(&self, detail: &Detail) -> bool {
        let last = detail.last_start.unwrap_or(0);
        match detail.phase {
            // Another one runs already.
            Phase::Starting | Phase::Up => self.attempt.is_some_and(|attempt| last > attempt),
            // What finish says is waited for: it may be that it is to stay down.
            Phase::Finishing => false,
            Phase::Down | Phase::Resting | Phase::Clearing | Phase::Waiting => {
                self.attempt.is_some() || last >= self.given
            }
        }
    }

    fn failed(&self, status: &Status, detail: &Detail, now: u64) -> Verdict {
        if self.order == Order::Once && detail.failed.is_none() && detail.last == Some(Ending::Exited(0)) {
            return Verdict::Done("has run to its end (exit 0)".to_owned());
        }
        let next = telling::next(detail, now);
        Verdict::Failed(match &detail.failed {
            Some(failed) if failed.step.is_of_a_run() => {
                format!("{}, and was ended{next}", shown(failed.reason.as_bytes()))
            }
            Some(failed) => format!("it cannot be started: {}{next}", shown(failed.reason.as_bytes())),
            None => {
                let how = telling::ended(detail);
                let was_up = self.up.is_some_and(|(_, since)| now.saturating_sub(since) >= nanoseconds(LIFE));
                let when = if was_up { "before it was ready" } else { "at once" };
                let again = if status.pid.is_some() { "; the next try is under way" } else { &next };
                format!("it ended {when} ({how}){again}")
            }
        })
    }

    fn up(&mut self, status: &Status, detail: &Detail, now: u64) -> Verdict {
        let Some(run) = Run::of(status) else { return Verdict::Awaited("starting".to_owned()) };
        let since = match self.up {
            Some((seen, since)) if seen == run => since,
            _ => now,
        };
        self.up = Some((run, since));
        let wish = if self.before.is_some() { Wish::RestartedAndReady } else { Wish::Ready };
        if !wish.holds(Some(status), Letters::default(), self.before) {
            return Verdict::Awaited("up, but not ready yet".to_owned());
        }
        let is_said = matches!(detail.readiness, Readiness::Ready(_));
        if !is_said && now.saturating_sub(since) < nanoseconds(LIFE) {
            return Verdict::Awaited("up, for less than a second".to_owned());
        }
        let first = self.first.as_ref().filter(|first| Run::of(first) == Some(run));
        let lived = self.given.saturating_sub(since) >= nanoseconds(LIFE);
        let was_so = first.is_some_and(|first| first.is_ready() && (is_said || lived));
        let word = match (self.order, is_said) {
            (Order::Restart, _) if self.before.is_some() => "restarted",
            (_, true) => "ready",
            (_, false) => "up",
        };
        let already = if was_so { " already" } else { "" };
        let paused = if status.paused { ", but paused" } else { "" };
        Verdict::Done(format!("{word}{already}{}{paused}", telling::pid(status)))
    }
}
