//! The rows of an outcome while they are gathered, and whose turn it is.

use crate::outcome::{Outcome, Role, Row, Unit, Wish};
use crate::rounds::order;
use anyhow::Result;
use std::time::{Duration, Instant};

#[derive(Clone, Debug, Default)]
pub(crate) struct Rows(Vec<Row>);

impl Rows {
    /// Adds a figure to the row of this name, which is made with the first.
    pub(crate) fn add(&mut self, name: &str, role: Role, figure: f64) {
        match self.0.iter_mut().find(|row| row.name == name) {
            Some(row) => row.samples.push(figure),
            None => self.0.push(Row { name: name.to_owned(), role, samples: vec![figure] }),
        }
    }

    /// What nothing can go below.
    pub(crate) fn limit(&mut self, name: &str, samples: Vec<f64>) {
        self.0.push(Row { name: name.to_owned(), role: Role::Limit, samples });
    }

    pub(crate) fn outcome(
        self,
        title: &str,
        how: &str,
        unit: Unit,
        wishes: Vec<Wish>,
        missing: &[String],
    ) -> Outcome {
        let missing = missing.to_vec();
        Outcome { title: title.to_owned(), how: how.to_owned(), unit, rows: self.0, wishes, missing }
    }
}

/// What may be spent on one of many: a program that takes a second for each sample is not waited for fifty times.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many samples there are of it all the same, unless it takes as long for one.
const LEAST: usize = 3;

/// Everybody's turn, round for round; whoever has used up our patience is left out from then on.
pub(crate) fn in_turns<T>(
    all: &[T],
    rounds: usize,
    mut turn: impl FnMut(&T, usize) -> Result<()>,
) -> Result<()> {
    let mut all: Vec<_> = all.iter().map(|one| (one, Duration::ZERO)).collect();
    for round in 0..rounds {
        for place in order(all.len(), round) {
            let Some((one, spent)) = all.get_mut(place) else { continue };
            if !is_enough(*spent, round) {
                let begun = Instant::now();
                turn(one, round)?;
                *spent += begun.elapsed();
            }
        }
    }
    Ok(())
}

fn is_enough(spent: Duration, rounds: usize) -> bool {
    let for_each = u32::try_from(rounds).ok().and_then(|rounds| spent.checked_div(rounds));
    spent >= PATIENCE && (rounds >= LEAST || for_each.is_some_and(|each| each >= PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_long_is_tried_less_often() {
        let second = Duration::from_secs(1);
        assert!(!is_enough(Duration::ZERO, 0));
        assert!(!is_enough(second, 1) && !is_enough(2 * second, 2) && is_enough(3 * second, 3));
        assert!(is_enough(2 * second, 1) && !is_enough(3 * second, 2));
        assert!(!is_enough(second, 40));
    }

    #[test]
    fn a_row_begins_with_its_first_figure() {
        let mut rows = Rows::default();
        for (name, role, figure) in [("a", Role::Ours, 1.0), ("b", Role::Peer, 2.0), ("a", Role::Ours, 3.0)] {
            rows.add(name, role, figure);
        }
        let outcome = rows.outcome("title", "how", Unit::Times, Vec::new(), &[]);
        let rows: Vec<_> = outcome.rows.iter().map(|row| (row.name.as_str(), row.samples.clone())).collect();
        assert_eq!(rows, [("a", vec![1.0, 3.0]), ("b", vec![2.0])]);
    }

    #[test]
    fn those_that_are_quick_have_all_their_turns() {
        let mut turns = Vec::new();
        in_turns(&["a", "b"], 2, |name, round| {
            turns.push((*name, round));
            Ok(())
        })
        .unwrap();
        assert_eq!(turns.len(), 4);
        assert!(turns.contains(&("a", 1)) && turns.contains(&("b", 0)));
    }
}
