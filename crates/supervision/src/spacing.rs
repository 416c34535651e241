//! The least time between two starts, of a service and of a supervise.

use std::time::Duration;
use sys::clock::Monotonic;

/// The spacing of what does not fail.
const SHORTEST: Duration = Duration::from_secs(1);

/// The spacing of what fails again and again, unless something else is wished.
pub const LONGEST: Duration = Duration::from_secs(16);

/// How far apart two starts must be: a second; twice as much after each run that failed before it was as old as the
/// spacing, up to 16 s; a second again after any other. What lived longer than the spacing can start at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    length: Duration,
    longest: Duration,
    started: Option<Monotonic>,
}

impl Default for Spacing {
    fn default() -> Self {
        Self { length: SHORTEST, longest: LONGEST, started: None }
    }
}

impl Spacing {
    /// As a record says that it was.
    #[must_use]
    pub fn recorded(length: Duration, started: Option<Monotonic>) -> Self {
        Self { length: length.max(SHORTEST), longest: LONGEST, started }
    }

    /// It does not grow beyond this any more, or beyond a second where that is less.
    pub fn limit(&mut self, longest: Duration) {
        self.longest = longest.max(SHORTEST);
        self.length = self.length.min(self.longest);
    }

    /// When the last start was.
    #[must_use]
    pub fn last_start(&self) -> Option<Monotonic> {
        self.started
    }

    /// A start, or an attempt at one, happens now.
    pub fn started(&mut self, now: Monotonic) {
        self.started = Some(now);
    }

    /// What was started has become ready.
    pub fn ready(&mut self) {
        self.length = SHORTEST;
    }

    /// What was started has ended. Returns when the next start may be.
    pub fn ended(&mut self, now: Monotonic, failed: bool) -> Monotonic {
        let Some(started) = self.started else { return now };
        self.length = if failed && now.since(started) < self.length {
            self.length.saturating_mul(2).min(self.longest)
        } else {
            SHORTEST
        };
        self.next(now)
    }

    /// When the next start may be, `now` at the earliest.
    #[must_use]
    pub fn next(&self, now: Monotonic) -> Monotonic {
        self.started.map_or(now, |started| (started + self.length).max(now))
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Monotonic {
        Monotonic::from_zero(Duration::from_secs(seconds))
    }

    #[test]
    fn failures_double_it_up_to_the_longest() {
        let mut spacing = Spacing::default();
        let mut now = at(100);
        let mut waits = Vec::new();
        for _ in 0..7 {
            spacing.started(now);
            let next = spacing.ended(now, true);
            waits.push(next.since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [2, 4, 8, 16, 16, 16, 16]);
    }

    #[test]
    fn the_longest_can_be_another() {
        let mut spacing = Spacing::recorded(Duration::from_secs(8), Some(at(100)));
        spacing.limit(Duration::from_secs(3));
        assert_eq!(spacing.ended(at(100), true), at(103));
        spacing.limit(Duration::ZERO);
        assert_eq!(spacing.ended(at(100), true), at(101), "never without a pause");
    }

    #[test]
    fn a_good_end_or_a_long_life_makes_it_short_again() {
        let mut spacing = Spacing::default();
        spacing.started(at(100));
        assert_eq!(spacing.ended(at(100), true), at(102));
        spacing.started(at(102));
        assert_eq!(spacing.ended(at(102), false), at(103), "it did not fail");
        spacing.started(at(103));
        assert_eq!(spacing.ended(at(103), true), at(105));
        spacing.started(at(105));
        assert_eq!(spacing.ended(at(107), true), at(107), "it lived as long as the spacing: at once");
        assert_eq!(spacing.length(), SHORTEST);
    }
}
