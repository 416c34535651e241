//! How the figures of a measure are judged: what a row's figure is, who is the best of the peers, and whether a wish is
//! met. Pure; shows nothing.

use crate::outcome::{Bound, Outcome, Role, Row, Statistic, Unit, Wish};
use crate::rounds::median;

impl Unit {
    pub(crate) fn more_is_better(self) -> bool {
        self == Self::MegabytesPerSecond
    }
}

impl Row {
    /// The figure that stands for all rounds.
    pub(crate) fn figure(&self, statistic: Statistic, unit: Unit) -> f64 {
        let samples = self.samples.iter().copied();
        match statistic {
            Statistic::Median => median(&self.samples),
            Statistic::Worst if unit.more_is_better() => samples.reduce(f64::min).unwrap_or_default(),
            Statistic::Worst => samples.reduce(f64::max).unwrap_or_default(),
        }
    }
}

/// A row and its figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Named<'o> {
    pub(crate) name: &'o str,
    pub(crate) figure: f64,
}

impl<'o> Named<'o> {
    /// Whose it is, without the manner, which stands behind a comma.
    pub(super) fn short(self) -> &'o str {
        self.name.split(',').next().unwrap_or_default()
    }
}

/// What has become of a wish.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict<'o> {
    pub(crate) wish: &'o Wish,
    /// What ours is beside: the row that the wish names, else the best peer.
    pub(crate) other: Option<Named<'o>>,
    /// What is held against the bound: ours, as a ratio where the bound is one. `None`: it cannot be said here.
    pub(crate) reached: Option<f64>,
    pub(crate) is_met: Option<bool>,
}

/// A ratio, where there is one: to nothing there is none.
pub(super) fn quotient(figure: f64, to: f64) -> Option<f64> {
    let quotient = figure / to;
    quotient.is_finite().then_some(quotient)
}

impl Outcome {
    /// Our figure: where there are several rows of ours, the first one's.
    pub(crate) fn ours(&self, statistic: Statistic) -> Option<Named<'_>> {
        self.figures(Role::Ours, statistic).next()
    }

    /// The best peer.
    pub(crate) fn best_peer(&self, statistic: Statistic) -> Option<Named<'_>> {
        self.best(Role::Peer, statistic)
    }

    /// What cannot be reached.
    pub(crate) fn limit(&self, statistic: Statistic) -> Option<Named<'_>> {
        self.best(Role::Limit, statistic)
    }

    /// The row of that name.
    pub(crate) fn named(&self, name: &str, statistic: Statistic) -> Option<Named<'_>> {
        let row = self.rows.iter().find(|row| row.name == name && !row.samples.is_empty())?;
        Some(Named { name: &row.name, figure: row.figure(statistic, self.unit) })
    }

    /// Those of all rows of that role.
    pub(crate) fn figures(&self, role: Role, statistic: Statistic) -> impl Iterator<Item = Named<'_>> {
        let rows = self.rows.iter().filter(move |row| row.role == role && !row.samples.is_empty());
        rows.map(move |row| Named { name: &row.name, figure: row.figure(statistic, self.unit) })
    }

    fn best(&self, role: Role, statistic: Statistic) -> Option<Named<'_>> {
        self.figures(role, statistic)
            .reduce(|best, next| if self.is_better(next.figure, best.figure) { next } else { best })
    }

    fn is_better(&self, figure: f64, than: f64) -> bool {
        if self.unit.more_is_better() { figure > than } else { figure < than }
    }

    /// How many times worse than the limit a figure is; 1 is the limit itself.
    pub(crate) fn distance(&self, figure: f64, limit: f64) -> Option<f64> {
        if self.unit.more_is_better() { quotient(limit, figure) } else { quotient(figure, limit) }
    }

    /// What has become of each wish.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = Verdict<'_>> {
        self.wishes.iter().map(|wish| {
            let ours = self.ours(wish.statistic).map(|ours| ours.figure);
            let (other, bound) = match wish.bound {
                Bound::Of(name, bound) => (self.named(name, wish.statistic), bound),
                Bound::OfBestPeer(bound) | Bound::Figure(bound) => (self.best_peer(wish.statistic), bound),
            };
            let reached = match wish.bound {
                Bound::Figure(_) => ours,
                Bound::Of(..) | Bound::OfBestPeer(_) => {
                    ours.zip(other).and_then(|(ours, other)| quotient(ours, other.figure))
                }
            };
            let is_met = reached.map(|reached| reached == bound || self.is_better(reached, bound));
            Verdict { wish, other, reached, is_met }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{outcome, row};

    fn reached(outcome: &Outcome) -> Vec<(Option<f64>, Option<bool>)> {
        outcome.verdicts().map(|verdict| (verdict.reached, verdict.is_met)).collect()
    }

    fn wish(bound: Bound) -> Wish {
        Wish { statistic: Statistic::Median, bound }
    }

    #[test]
    fn the_best_peer_has_the_least_time_or_the_most_throughput() {
        let mut outcome = outcome();
        assert_eq!(outcome.best_peer(Statistic::Median), Some(Named { name: "fast", figure: 4.0 }));
        outcome.unit = Unit::MegabytesPerSecond;
        assert_eq!(outcome.best_peer(Statistic::Median), Some(Named { name: "slow", figure: 8.0 }));
    }

    #[test]
    fn the_worst_is_the_longest_time_or_the_least_throughput() {
        let row = row("a", Role::Ours, &[1.0, 7.0, 2.0]);
        assert_eq!(row.figure(Statistic::Worst, Unit::Milliseconds), 7.0);
        assert_eq!(row.figure(Statistic::Worst, Unit::MegabytesPerSecond), 1.0);
    }

    #[test]
    fn a_wish_is_met_up_to_its_bound() {
        let mut outcome = outcome();
        outcome.wishes = [0.5, 0.6, 0.4].map(|bound| wish(Bound::OfBestPeer(bound))).to_vec();
        let half = Some(0.5);
        assert_eq!(reached(&outcome), [(half, Some(true)), (half, Some(true)), (half, Some(false))]);
    }

    #[test]
    fn more_throughput_is_better() {
        let mut outcome = outcome();
        outcome.unit = Unit::MegabytesPerSecond;
        outcome.wishes = vec![wish(Bound::Of("slow", 0.2)), wish(Bound::Figure(3.0))];
        assert_eq!(reached(&outcome), [(Some(0.25), Some(true)), (Some(2.0), Some(false))]);
    }

    #[test]
    fn without_the_other_nothing_can_be_said() {
        let mut outcome = outcome();
        outcome.rows.retain(|row| row.role == Role::Ours);
        outcome.wishes =
            vec![wish(Bound::OfBestPeer(0.5)), wish(Bound::Of("slow", 0.5)), wish(Bound::Figure(2.0))];
        assert_eq!(reached(&outcome), [(None, None), (None, None), (Some(2.0), Some(true))]);
    }

    #[test]
    fn a_peer_at_nothing_gives_no_ratio() {
        let mut outcome = outcome();
        outcome.rows.push(row("nothing", Role::Peer, &[0.0]));
        outcome.wishes = vec![wish(Bound::OfBestPeer(0.5))];
        assert_eq!(reached(&outcome), [(None, None)]);
    }
}
