//! How the outcomes are shown.
//!
//! | file | what is in it |
//! |---|---|
//! | `verdict.rs` | who is the best peer, which wishes are met |
//! | `table.rs` | the table, for people; `words.rs`: its figures and lines |
//! | `json.rs` | everything, for programs |
//! | `plot.rs` | the ratios, as a picture; `strip.rs`: what is in it |

mod json;
mod plot;
#[cfg(test)]
mod samples;
mod strip;
mod table;
mod verdict;
mod words;

use crate::machine::Machine;
use crate::options::Options;
use crate::outcome::Outcome;
use anyhow::{Context, Result};
use std::io::Write;
use std::path::Path;

/// Shows all of it: the table, and what else is asked for.
pub(crate) fn show(machine: &Machine, outcomes: &[Outcome], options: &Options) -> Result<()> {
    let on_stdout = Path::new("-");
    let json = options.json.as_deref();
    if let Some(path) = json {
        let text = format!("{:#}\n", json::json(machine, outcomes));
        if path == on_stdout { write_out(&text)? } else { write(path, &text)? }
    }
    if json != Some(on_stdout) {
        write_out(&table::table(machine, outcomes, options.brief))?;
    }
    if let Some(path) = &options.plot {
        write(path, &plot::plot(outcomes)?)?;
    }
    Ok(())
}

fn write_out(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("unable to write the report")
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("unable to write {}", path.display()))
}
