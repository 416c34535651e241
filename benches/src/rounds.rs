//! Who is run when. All programs of a measure take turns, round for round: so each of them meets the same moods of the
//! machine. What counts in the end is the middle of each one's rounds, and the ratio between those.
//!
//! Decides the order; what a turn is, and what of it is measured, is the measure's.

use crate::outcome::{Role, Row};
use anyhow::{Context, Result};

/// Somebody who takes part: a row, and what the measure needs to run it.
#[derive(Clone, Debug)]
pub(crate) struct Contestant<T> {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) what: T,
}

impl<T> Contestant<T> {
    pub(crate) fn new(name: impl Into<String>, role: Role, what: T) -> Self {
        Self { name: name.into(), role, what }
    }
}

/// What a turn is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// To warm up, and to check that all is done that should be: not a sample.
    WarmUp,
    Measure,
}

/// Runs everybody once to warm up, then in so many rounds; `turn` gives the sample of one.
pub(crate) fn take_turns<T>(
    contestants: &[Contestant<T>],
    rounds: usize,
    mut turn: impl FnMut(&T, Turn) -> Result<f64>,
) -> Result<Vec<Row>> {
    let row = |of: &Contestant<T>| Row { name: of.name.clone(), role: of.role, samples: Vec::new() };
    let mut taken: Vec<_> = contestants.iter().map(|of| (of, row(of))).collect();
    for round in 0..=rounds {
        let kind = if round == 0 { Turn::WarmUp } else { Turn::Measure };
        for place in order(contestants.len(), round) {
            let Some((contestant, row)) = taken.get_mut(place) else { continue };
            let sample = turn(&contestant.what, kind).with_context(|| contestant.name.clone())?;
            if kind == Turn::Measure {
                row.samples.push(sample);
            }
        }
    }
    Ok(taken.into_iter().map(|(_, row)| row).collect())
}

/// The order of a round: each one begins with another, and every second goes backwards, so that nobody comes always
/// after the same.
pub(crate) fn order(contestants: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..contestants).map(move |place| {
        let place = if round % 2 == 0 { place } else { contestants - 1 - place };
        (place + round / 2) % contestants
    })
}

/// The middle of some figures; of an even number of them, the mean of the two in the middle. 0 of none.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2);
    lower.zip(upper).map_or(0.0, |(lower, upper)| f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn everybody_is_run_once_a_round() {
        for contestants in 0..6 {
            for round in 0..20 {
                let mut places: Vec<_> = order(contestants, round).collect();
                places.sort_unstable();
                assert!(places.into_iter().eq(0..contestants), "{contestants} in round {round}");
            }
        }
    }

    #[test]
    fn everybody_is_first_and_last_as_often() {
        let rounds = |place: usize| (0..8).map(move |round| order(4, round).nth(place).unwrap());
        for place in 0..4 {
            for of in 0..4 {
                assert_eq!(rounds(place).filter(|it| *it == of).count(), 2, "{of} in place {place}");
            }
        }
    }

    #[test]
    fn the_first_round_is_no_sample() {
        let turns = RefCell::new(Vec::new());
        let contestants = ["a", "b"].map(|name| Contestant::new(name, Role::Peer, name));
        let rows = take_turns(&contestants, 2, |name, turn| {
            turns.borrow_mut().push((*name, turn));
            Ok(turns.borrow().len() as f64)
        });
        let (first, then) = (Turn::WarmUp, Turn::Measure);
        let expected = [("a", first), ("b", first), ("b", then), ("a", then), ("b", then), ("a", then)];
        assert_eq!(turns.into_inner(), expected);
        let samples: Vec<_> = rows.unwrap().into_iter().map(|row| (row.name, row.samples)).collect();
        assert_eq!(samples, [("a".to_owned(), vec![4.0, 6.0]), ("b".to_owned(), vec![3.0, 5.0])]);
    }

    #[test]
    fn whoever_fails_is_named() {
        let contestants = [Contestant::new("somebody", Role::Ours, ())];
        let error = take_turns(&contestants, 1, |(), _| anyhow::bail!("no")).unwrap_err();
        assert_eq!(format!("{error:#}"), "somebody: no");
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), 3.0);
    }
}
