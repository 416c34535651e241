//! Whether an order has been carried out, or has failed: decided from what the record said before it was given, and says now. Pure.

mod starting;
mod telling;

use super::Order;
use crate::output::span;
use protocol::event::Letters;
use protocol::status::{Detail, Doing, Phase, Status, Want};
use std::time::Duration;
use supervision::svwait::wish::{Run, Wish, is_left};

/// What is told to read its settings anew, and neither says that it does so nor ends within this time, has done it as far as can
/// be known.
const REACTION: Duration = Duration::from_millis(500);

/// How it stands with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not yet; what goes on.
    Awaited(String),
    /// It is carried out; how the service is now.
    Done(String),
    /// It will not be; why.
    Failed(String),
    /// Its supervise has left on purpose.
    Left,
}

/// An order that one service was given, and what was seen of it since.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    order: Order,
    /// When it was given, in nanoseconds of the monotonic clock.
    given: u64,
    /// What was so before.
    first: Option<Status>,
    /// What runs then, and is to be gone first.
    before: Option<Run>,
    /// The record has shown that supervise knows the order.
    is_known: bool,
    /// When the start was that is waited for, once there is one.
    attempt: Option<u64>,
    /// The run that has been seen up, and since when.
    up: Option<(Run, u64)>,
    /// finish has said that the service is to stay down.
    is_permanent: bool,
    /// Since when the wish is not what was ordered any more.
    taken_back: Option<u64>,
    is_reloading: bool,
}

impl Judge {
    /// An order that is given now, to a service of which the record says this, if there is a true one.
    pub(super) fn begin(order: Order, first: Option<Status>, now: u64) -> Self {
        let running = first.as_ref().and_then(Run::of);
        let detail = first.as_ref().and_then(|first| first.detail.as_ref());
        // One that was told to stop before is to be gone first, too.
        let is_ending = first.as_ref().is_some_and(|first| first.want == Want::Down);
        let is_in_the_way = match order {
            Order::Start | Order::Once => is_ending,
            _ => true,
        };
        let start = detail.and_then(|detail| detail.last_start).unwrap_or(0);
        let up = running.filter(|_| detail.is_some_and(|detail| detail.phase == Phase::Up));
        Self {
            order,
            given: now,
            before: running.filter(|_| is_in_the_way),
            is_known: false,
            attempt: running.filter(|_| !is_in_the_way).map(|_| start),
            up: up.map(|run| (run, start)),
            is_permanent: false,
            taken_back: None,
            is_reloading: false,
            first,
        }
    }

    /// Whether another supervise, which has come meanwhile, is to be told as well: the one before has not heard it, or not
    /// done it.
    pub(super) fn is_to_be_told_again(&self, status: &Status) -> bool {
        match self.order {
            Order::Start => status.want != Want::Up,
            Order::Stop => status.want != Want::Down,
            Order::Once => status.want != Want::Once,
            Order::Restart | Order::Kill => self.is_before(status),
            Order::Pause => !status.paused,
            Order::Continue => status.paused,
            // Nobody knows whether the one before has got it: twice is worse than not at all.
            Order::Reload | Order::Signal(..) => false,
        }
    }

    /// How it stands now: `status` is a true record, `letters` what was told since the last look.
    pub(super) fn look(&mut self, status: &Status, letters: Letters, now: u64) -> Verdict {
        let Some(detail) = &status.detail else { return Verdict::Awaited(String::new()) };
        let verdict = match self.order {
            Order::Start | Order::Restart | Order::Once => self.starting(status, detail, letters, now),
            Order::Stop => self.stopping(status, detail, letters, now),
            Order::Reload => self.reloading(status, detail, now),
            Order::Pause => self.signalled(status, status.paused, "paused"),
            Order::Continue => self.signalled(status, !status.paused, "going on"),
            Order::Kill => self.killing(status, detail),
            Order::Signal(..) => self.sent(),
        };
        match verdict {
            Verdict::Awaited(_) if is_left(status) => Verdict::Left,
            verdict => verdict,
        }
    }

    /// Whether what ran before runs still.
    fn is_before(&self, status: &Status) -> bool {
        self.before.is_some_and(|before| status.pid.is_some() && !before.is_followed(status))
    }

    fn was_running(&self) -> bool {
        self.first.as_ref().is_some_and(|first| first.pid.is_some())
    }

    fn stopping(&mut self, status: &Status, detail: &Detail, letters: Letters, now: u64) -> Verdict {
        let is_wanted_down = status.want == Want::Down;
        if is_wanted_down && detail.phase == Phase::Down {
            let was_down = |first: &Status| {
                first.want == Want::Down
                    && first.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Down)
            };
            let was_down = self.first.as_ref().is_some_and(was_down);
            return Verdict::Done(if was_down { "down already" } else { "down" }.to_owned());
        }
        if self.is_known && !is_wanted_down {
            return if Wish::ReallyDown.holds(None, letters, None) {
                Verdict::Done("down; it was told to start again meanwhile".to_owned())
            } else {
                Verdict::Failed("it was told to start meanwhile".to_owned())
            };
        }
        self.is_known |= is_wanted_down;
        Verdict::Awaited(telling::ending_of(status, detail, now))
    }

    fn reloading(&mut self, status: &Status, detail: &Detail, now: u64) -> Verdict {
        if self.before.is_none() {
            return Verdict::Failed(NOT_UP.to_owned());
        }
        if !self.is_before(status) {
            let how = telling::ended(detail);
            return Verdict::Failed(format!(
                "HUP has ended it ({how}): it does not take that as the wish to read its settings anew; svctl restart does it"
            ));
        }
        let pid = telling::pid(status);
        if detail.doing == Doing::Reloading {
            self.is_reloading = true;
            return Verdict::Awaited("reading its settings anew".to_owned());
        }
        if self.is_reloading {
            return Verdict::Done(format!("reloaded{pid}"));
        }
        if now.saturating_sub(self.given) >= nanoseconds(REACTION) {
            return Verdict::Done(format!("told to reload{pid}"));
        }
        Verdict::Awaited("told to read its settings anew".to_owned())
    }

    fn signalled(&self, status: &Status, is_so: bool, word: &str) -> Verdict {
        if status.pid.is_none() {
            return Verdict::Failed(NOT_UP.to_owned());
        }
        if !is_so {
            return Verdict::Awaited(format!("not {word} yet"));
        }
        let was_so = |first: &Status| first.pid.is_some() && first.paused == status.paused;
        let already = if self.first.as_ref().is_some_and(was_so) { " already" } else { "" };
        Verdict::Done(format!("{word}{already}{}", telling::pid(status)))
    }

    fn sent(&self) -> Verdict {
        match self.first.as_ref().filter(|first| first.pid.is_some()) {
            Some(first) => Verdict::Done(format!("{}{}", self.order.told(), telling::pid(first))),
            None => Verdict::Failed(NOT_UP.to_owned()),
        }
    }

    fn killing(&self, status: &Status, detail: &Detail) -> Verdict {
        if self.is_before(status) {
            return Verdict::Awaited("being killed".to_owned());
        }
        if !self.was_running() {
            return match detail.phase {
                Phase::Clearing => Verdict::Awaited(telling::clearing(detail)),
                _ => Verdict::Done("nothing of it runs".to_owned()),
            };
        }
        let pid = self.first.as_ref().map(telling::pid).unwrap_or_default();
        let again = if status.want == Want::Up { "; it starts again" } else { "" };
        Verdict::Done(format!("killed{pid}{again}"))
    }
}

const NOT_UP: &str = "it is not up";

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The time until then.
fn until(at: u64, now: u64) -> String {
    span(Duration::from_nanos(at.saturating_sub(now)))
}

#[cfg(test)]
mod tests;
