//! Several logs in the order of time, and which of their lines are the last ones. Pure.
//!
//! Each log keeps its own order: where its times go back, its lines wait for the one before them.

use anyhow::Result;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// The logs that have a line in hand, by the time of that line. At the same time the first log comes first.
#[derive(Debug, Default)]
pub(super) struct Merge(BinaryHeap<Reverse<(Duration, usize)>>);

impl Merge {
    /// That log has a line of that time in hand.
    pub(super) fn push(&mut self, log: usize, time: Duration) {
        self.0.push(Reverse((time, log)));
    }

    /// The log whose line comes next.
    pub(super) fn pop(&mut self) -> Option<usize> {
        self.0.pop().map(|Reverse((_, log))| log)
    }
}

/// A log that can be gone through from its end.
pub(super) trait Back {
    /// Goes back by a line, and gives its time; `None` where there is none.
    ///
    /// # Errors
    ///
    /// What stands in the way.
    fn back(&mut self) -> Result<Option<Duration>>;

    /// The line in hand is one of the last.
    fn pass(&mut self);
}

/// Goes back through logs, the newest line first, until `count` lines have been passed (all, where nothing is said), in each no
/// further than `since`.
///
/// # Errors
///
/// Those of the logs, by their number; nothing more is asked of such a one.
pub(super) fn last(
    logs: &mut [impl Back],
    count: Option<usize>,
    since: Option<Duration>,
) -> Vec<(usize, anyhow::Error)> {
    let mut failed = Vec::new();
    let mut heads = BinaryHeap::new();
    let mut back =
        |number: usize, log: &mut dyn Back, heads: &mut BinaryHeap<(Duration, usize)>| match log.back() {
            Ok(time) => {
                heads.extend(time.filter(|time| since.is_none_or(|since| *time >= since)).zip(Some(number)))
            }
            Err(error) => failed.push((number, error)),
        };
    for (number, log) in logs.iter_mut().enumerate() {
        back(number, log, &mut heads);
    }
    let mut left = count.unwrap_or(usize::MAX);
    while left > 0 {
        let Some((_, number)) = heads.pop() else { break };
        let Some(log) = logs.get_mut(number) else { continue };
        log.pass();
        left = left.saturating_sub(1);
        if left > 0 {
            back(number, log, &mut heads);
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// All lines in the order of a merge, as log and place in it.
    fn merged(logs: &[Vec<u64>]) -> Vec<(usize, usize)> {
        let mut merge = Merge::default();
        let mut places = vec![0; logs.len()];
        let push = |merge: &mut Merge, log: usize, place: usize| {
            logs[log].get(place).into_iter().for_each(|at| merge.push(log, time(*at)));
        };
        (0..logs.len()).for_each(|log| push(&mut merge, log, 0));
        let mut lines = Vec::new();
        while let Some(log) = merge.pop() {
            lines.push((log, places[log]));
            places[log] += 1;
            push(&mut merge, log, places[log]);
        }
        lines
    }

    /// A log, how much of it is before the line in hand, and how many lines have been passed.
    struct Log<'a>(&'a [u64], usize, usize);

    impl Back for Log<'_> {
        fn back(&mut self) -> Result<Option<Duration>> {
            let Some(place) = self.1.checked_sub(1) else { return Ok(None) };
            self.1 = place;
            if self.0[place] == BROKEN {
                anyhow::bail!("broken")
            }
            Ok(Some(time(self.0[place])))
        }

        fn pass(&mut self) {
            self.2 += 1;
        }
    }

    const BROKEN: u64 = u64::MAX;

    /// How many of the last lines are in each log.
    fn counted(logs: &[Vec<u64>], count: Option<usize>, since: Option<u64>) -> (Vec<usize>, Vec<usize>) {
        let mut logs: Vec<Log> = logs.iter().map(|log| Log(log, log.len(), 0)).collect();
        let failed = last(&mut logs, count, since.map(time));
        let failed = failed.into_iter().map(|(log, _)| log).collect();
        (logs.into_iter().map(|log| log.2).collect(), failed)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_last_lines_are_the_end_of_the_whole(
            mut logs in prop::collection::vec(prop::collection::vec(0_u64..50, 0..20), 0..5),
            count in prop::option::of(0_usize..60),
            since in prop::option::of(0_u64..60),
        ) {
            logs.iter_mut().for_each(|log| log.sort_unstable());
            let all = merged(&logs);
            let times: Vec<u64> = all.iter().map(|(log, place)| logs[*log][*place]).collect();
            prop_assert!(times.is_sorted());
            let wanted: Vec<usize> = all
                .iter()
                .filter(|(log, place)| since.is_none_or(|since| logs[*log][*place] >= since))
                .map(|(log, _)| *log)
                .collect();
            let wanted = &wanted[wanted.len().saturating_sub(count.unwrap_or(usize::MAX))..];
            let (passed, _) = counted(&logs, count, since);
            for (log, passed) in passed.iter().enumerate() {
                prop_assert_eq!(wanted.iter().filter(|wanted| **wanted == log).count(), *passed);
            }
        }

        #[test]
        fn each_log_keeps_its_order(logs in prop::collection::vec(prop::collection::vec(0_u64..50, 0..20), 0..5)) {
            let all = merged(&logs);
            for (log, lines) in logs.iter().enumerate() {
                let places: Vec<usize> = all.iter().filter(|line| line.0 == log).map(|line| line.1).collect();
                prop_assert_eq!(places, (0..lines.len()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn of_a_log_that_cannot_be_read_on_nothing_more_is_asked() {
        let logs = [vec![BROKEN, 5, 6], vec![1, 2]];
        assert_eq!(counted(&logs, Some(2), None), (vec![2, 0], vec![]));
        assert_eq!(counted(&logs, Some(3), None), (vec![2, 1], vec![0]));
        assert_eq!(counted(&logs, Some(0), None), (vec![0, 0], vec![]));
    }
}
