//! What is shown in the end: a table for people, or JSON.

use crate::Outcome;
use crate::machine::Machine;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// All outcomes of a measure.
#[derive(Clone, Debug)]
pub struct Report {
    measure: &'static str,
    machine: Machine,
    outcomes: Vec<Outcome>,
}

impl Report {
    /// A report without outcomes. `files` is the folder that the files of the measure are in.
    #[must_use]
    pub fn new(measure: &'static str, files: &Path) -> Self {
        Self { measure, machine: Machine::this(files), outcomes: Vec::new() }
    }

    /// Adds an outcome.
    pub fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    /// Shows it on stdout.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn show(&self, as_json: bool) -> std::io::Result<()> {
        let text = if as_json { format!("{:#}\n", self.json()) } else { self.table() };
        std::io::stdout().write_all(text.as_bytes())
    }

    fn table(&self) -> String {
        let Machine { processor, cores, kernel, memory, files } = &self.machine;
        let mut text = format!(
            "{}: {processor}, {cores} cores, {memory}, Linux {kernel}, files in {files}\n",
            self.measure
        );
        for outcome in &self.outcomes {
            let _ = writeln!(
                text,
                "\n{:<50}{:>8}{:>8}{:>18}",
                outcome.case.name, "MB/s", "ratio", "by processor time"
            );
            let walls = outcome.medians(|cost| cost.wall);
            let processors = outcome.medians(|cost| cost.processor);
            for ((program, wall), processor) in outcome.case.programs.iter().zip(&walls).zip(&processors) {
                let _ = writeln!(
                    text,
                    "  {:<48}{:>8.0}{:>8.2}{:>18.2}",
                    program.owner,
                    outcome.throughput(*wall),
                    to_fastest_peer(&walls, *wall),
                    to_fastest_peer(&processors, *processor),
                );
            }
            let ratio = outcome.ratio(|cost| cost.wall);
            let verdict = match ratio {
                Some(ratio) if ratio < outcome.case.wanted => "less than",
                Some(_) => "at least",
                None => "no peer here; it would be",
            };
            let _ = writeln!(text, "  {verdict} {:.1}, which is wanted", outcome.case.wanted);
        }
        text
    }

    fn json(&self) -> Value {
        let Machine { processor, cores, kernel, memory, files } = &self.machine;
        let cases = self.outcomes.iter().map(|outcome| {
            let rows = outcome.case.programs.iter().zip(outcome.medians(|cost| cost.wall)).zip(&outcome.costs);
            let programs = rows.map(|((program, median), costs)| {
                json!({
                    "owner": program.owner,
                    "path": program.path.display().to_string(),
                    "seconds": costs.iter().map(|cost| cost.wall.as_secs_f64()).collect::<Vec<_>>(),
                    "processor_seconds": costs.iter().map(|cost| cost.processor.as_secs_f64()).collect::<Vec<_>>(),
                    "median_megabytes_per_second": outcome.throughput(median),
                })
            });
            json!({
                "case": outcome.case.name,
                "bytes": outcome.case.bytes,
                "wanted": outcome.case.wanted,
                "ratio": outcome.ratio(|cost| cost.wall),
                "ratio_by_processor_time": outcome.ratio(|cost| cost.processor),
                "programs": programs.collect::<Vec<_>>(),
            })
        });
        json!({
            "measure": self.measure,
            "machine": {
                "processor": processor,
                "cores": cores,
                "memory": memory,
                "kernel": kernel,
                "files": files,
            },
            "cases": cases.collect::<Vec<_>>(),
        })
    }
}

/// How many times as fast a program is as the fastest peer; the first of the times is ours.
fn to_fastest_peer(times: &[Duration], time: Duration) -> f64 {
    times.iter().skip(1).min().map_or(1.0, |peer| peer.as_secs_f64() / time.as_secs_f64())
}
