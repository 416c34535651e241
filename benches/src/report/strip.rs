//! What the plot shows of a measure: everything as a multiple of what the best peer needs. Pure; draws nothing.

use super::words::{ratio, wanted};
use crate::outcome::{Bound, Outcome, Role, Statistic};

/// Multiples of the best peer's, less is better: of a throughput, the time that a byte takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Strip<'o> {
    pub(super) title: &'o str,
    pub(super) best_peer: &'o str,
    pub(super) ours: f64,
    pub(super) others: Vec<f64>,
    pub(super) limit: Option<f64>,
    /// The first of its wishes, and what is written of it.
    pub(super) wish: Option<(f64, String)>,
    pub(super) is_met: Option<bool>,
}

impl<'o> Strip<'o> {
    /// `None` where there is nothing to compare with.
    pub(super) fn of(outcome: &'o Outcome) -> Option<Self> {
        let verdict = outcome.verdicts().next();
        let statistic = verdict.as_ref().map_or(Statistic::Median, |verdict| verdict.wish.statistic);
        let best = outcome.best_peer(statistic)?;
        let multiple = |figure: f64| outcome.distance(figure, best.figure);
        let wish = verdict.as_ref().and_then(|verdict| {
            let multiple = match verdict.wish.bound {
                Bound::Figure(bound) => return Some((multiple(bound)?, wanted(outcome, verdict.wish))),
                Bound::OfBestPeer(bound) | Bound::Of(_, bound) => multiple(bound * verdict.other?.figure)?,
            };
            Some((multiple, format!("≤ {}", ratio(multiple))))
        });
        Some(Self {
            title: &outcome.title,
            best_peer: best.short(),
            ours: multiple(outcome.ours(statistic)?.figure)?,
            others: outcome.figures(Role::Peer, statistic).filter_map(|peer| multiple(peer.figure)).collect(),
            limit: outcome.limit(statistic).and_then(|limit| multiple(limit.figure)),
            wish,
            is_met: verdict.and_then(|verdict| verdict.is_met),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Unit;
    use crate::report::samples::outcome;

    #[test]
    fn all_are_multiples_of_the_best_peer() {
        let outcome = outcome();
        let expected = Strip {
            title: "death to restart",
            best_peer: "fast",
            ours: 0.5,
            others: vec![2.0, 1.0],
            limit: Some(0.25),
            wish: Some((0.8, "≤ 0.80".to_owned())),
            is_met: Some(true),
        };
        assert_eq!(Strip::of(&outcome), Some(expected));
    }

    #[test]
    fn a_throughput_is_turned_over() {
        let mut outcome = outcome();
        outcome.unit = Unit::MegabytesPerSecond;
        let strip = Strip::of(&outcome).unwrap();
        assert_eq!((strip.best_peer, strip.ours), ("slow", 4.0));
        assert_eq!(strip.wish, Some((1.25, "≤ 1.25".to_owned())));
        assert_eq!(strip.others, [1.0, 2.0]);
    }

    #[test]
    fn a_figure_that_is_wanted_becomes_a_multiple_too() {
        let mut outcome = outcome();
        for (bound, multiple, text) in
            [(Bound::Figure(6.0), 1.5, "≤ 6.00 ms"), (Bound::Of("slow", 0.1), 0.2, "≤ 0.20")]
        {
            outcome.wishes[0].bound = bound;
            assert_eq!(Strip::of(&outcome).unwrap().wish, Some((multiple, text.to_owned())));
        }
    }

    #[test]
    fn without_a_peer_there_is_nothing_to_show() {
        let mut outcome = outcome();
        outcome.rows.retain(|row| row.role != Role::Peer);
        assert_eq!(Strip::of(&outcome), None);
    }
}
