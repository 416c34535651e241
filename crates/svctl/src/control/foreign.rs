//! The record of another program's supervise, Debian's or runit's, completed from what it has: the pid and the wish, and since when.
//! What comes and goes is counted by the label, which changes with the pid.

use protocol::status::{Detail, Phase, Status, Want};
use protocol::tai64n::Tai64n;
use std::num::NonZeroU32;
use std::time::Duration;

/// What was seen of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Foreign {
    seen: Option<(Tai64n, Option<NonZeroU32>)>,
    starts: u64,
    last_start: Option<u64>,
}

impl Foreign {
    /// Completes a record that was read now, by both clocks: nanoseconds of the monotonic one, and the time since 1970. The process
    /// that it names lives, or has ended without its supervise having said so yet.
    pub(super) fn complete(&mut self, mut status: Status, lives: bool, now: u64, wall: Duration) -> Status {
        let is_another = self.seen.is_none_or(|(since, _)| since != status.since);
        let was_down = self.seen.is_some_and(|(_, pid)| pid.is_none());
        // Down again under another label: it was up between two looks.
        if is_another && (status.pid.is_some() || was_down) {
            let ago = Tai64n::from_wall(wall).since(status.since).as_nanos();
            self.starts = self.starts.saturating_add(1);
            self.last_start = Some(now.saturating_sub(u64::try_from(ago).unwrap_or(u64::MAX)));
        }
        self.seen = Some((status.since, status.pid));
        status.pid = status.pid.filter(|_| lives);
        let phase = match (status.pid, status.want) {
            (Some(_), _) => Phase::Up,
            (None, Want::Up) => Phase::Resting,
            (None, Want::Down | Want::Once) => Phase::Down,
        };
        let (starts, last_start) = (self.starts, self.last_start);
        status.detail = Some(Detail { phase, starts, last_start, ..Detail::default() });
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seconds: u64, pid: u32, want: Want) -> Status {
        Status {
            since: Tai64n::from_wall(Duration::from_secs(seconds)),
            pid: NonZeroU32::new(pid),
            paused: false,
            want,
            terminated: false,
            detail: None,
        }
    }

    #[test]
    fn starts_are_counted_by_the_label() {
        let mut foreign = Foreign::default();
        let second = 1_000_000_000;
        let mut look = |status, at: u64| {
            let detail = foreign.complete(status, true, at * second, Duration::from_secs(at)).detail.unwrap();
            (detail.phase, detail.starts, detail.last_start.map(|start| start / second))
        };
        assert_eq!(look(record(1, 0, Want::Down), 10), (Phase::Down, 0, None), "it may never have run");
        assert_eq!(look(record(11, 7, Want::Up), 12), (Phase::Up, 1, Some(11)));
        assert_eq!(look(record(11, 7, Want::Up), 13), (Phase::Up, 1, Some(11)));
        assert_eq!(look(record(14, 0, Want::Up), 14), (Phase::Resting, 1, Some(11)));
        assert_eq!(look(record(16, 0, Want::Up), 17), (Phase::Resting, 2, Some(16)), "and was up between");
        assert_eq!(look(record(18, 9, Want::Up), 18), (Phase::Up, 3, Some(18)));
    }

    #[test]
    fn an_end_that_is_not_on_record_yet_is_no_other_run() {
        let mut foreign = Foreign::default();
        let mut look = |status, lives| {
            let status = foreign.complete(status, lives, 0, Duration::from_secs(20));
            (status.pid.is_some(), status.detail.unwrap().starts)
        };
        assert_eq!(look(record(11, 7, Want::Up), true), (true, 1));
        assert_eq!(look(record(11, 7, Want::Up), false), (false, 1));
        assert_eq!(look(record(12, 0, Want::Up), false), (false, 1));
        assert_eq!(look(record(13, 8, Want::Up), true), (true, 2));
    }
}
