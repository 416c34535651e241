//! Who is run when, and what comes of it.

use crate::Program;
use anyhow::{Context, Result};
use std::io::Write;
use std::time::Duration;

/// Something that several programs do, so that they can be compared.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is done.
    pub name: String,
    /// How many times as fast as the fastest peer ours shall be.
    pub wanted: f64,
    /// How many bytes each program gets.
    pub bytes: usize,
    /// Ours first.
    pub programs: Vec<Program>,
}

/// What one run of a program took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// From before its start to its end, by the clock on the wall.
    pub wall: Duration,
    /// The processor's time, its own and the kernel's for it: what is left to compare on a machine that has other work.
    pub processor: Duration,
}

/// What a case has come to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was done.
    pub case: Case,
    /// What each program took, round for round, in the order of the case's programs.
    pub costs: Vec<Vec<Cost>>,
}

/// Runs all programs of a case in turns: once to warm up and to be checked, then as many times as there are rounds.
/// `run` runs one, says what it took, and fails where it did not do all that it should.
///
/// # Errors
///
/// What a program did wrong.
pub fn measure(
    case: Case,
    rounds: usize,
    mut run: impl FnMut(&Program, Turn) -> Result<Cost>,
) -> Result<Outcome> {
    let _ = std::io::stderr().write_all(format!("{}\n", case.name).as_bytes());
    let mut costs = vec![Vec::with_capacity(rounds); case.programs.len()];
    for round in 0..=rounds {
        let turn = if round == 0 { Turn::Check } else { Turn::Measure };
        for (program, costs) in case.programs.iter().zip(&mut costs) {
            let cost = run(program, turn).with_context(|| format!("{} ({})", case.name, program.owner))?;
            if turn == Turn::Measure {
                costs.push(cost);
            }
        }
    }
    Ok(Outcome { case, costs })
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Whether all that should be written is: this one is not measured.
    Check,
    /// How long it takes.
    Measure,
}

impl Outcome {
    /// The throughput of a program that takes so long, in MB/s.
    #[must_use]
    pub fn throughput(&self, time: Duration) -> f64 {
        self.case.bytes as f64 / 1e6 / time.as_secs_f64()
    }

    /// The middle of the times of each program.
    #[must_use]
    pub fn medians(&self, time: impl Fn(&Cost) -> Duration) -> Vec<Duration> {
        self.costs.iter().map(|costs| median(costs.iter().map(&time).collect())).collect()
    }

    /// How many times as fast ours is as the fastest peer; `None` without peers.
    #[must_use]
    pub fn ratio(&self, time: impl Fn(&Cost) -> Duration) -> Option<f64> {
        let medians = self.medians(time);
        let (ours, peers) = medians.split_first()?;
        Some(peers.iter().min()?.as_secs_f64() / ours.as_secs_f64())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let middle = times.len() / 2;
    match (times.len() % 2, times.get(middle.wrapping_sub(1)), times.get(middle)) {
        (0, Some(one), Some(other)) => (*one + *other) / 2,
        (_, _, Some(one)) => *one,
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_that_of_the_sorted_times() {
        let times = |seconds: &[u64]| seconds.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
        assert_eq!(median(times(&[9, 1, 2])), Duration::from_secs(2));
        assert_eq!(median(times(&[4, 1, 2, 100])), Duration::from_secs(3));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }

    #[test]
    fn the_ratio_is_to_the_fastest_peer() {
        let cost = |seconds| Cost { wall: Duration::from_secs(seconds), processor: Duration::ZERO };
        let outcome = |times: &[u64]| Outcome {
            case: Case { name: String::new(), wanted: 1.0, bytes: 1, programs: Vec::new() },
            costs: times.iter().map(|seconds| vec![cost(*seconds)]).collect(),
        };
        assert_eq!(outcome(&[2, 10, 8]).ratio(|cost| cost.wall), Some(4.0));
        assert_eq!(outcome(&[2]).ratio(|cost| cost.wall), None);
    }
}
