//! The command line of a measure.

use anyhow::Result;
use lexopt::prelude::*;
use std::io::Write;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--rounds N`: how often each program is run in each case.
    pub rounds: usize,
    /// `--lines N`: how large the input is.
    pub lines: usize,
    /// `--only TEXT`: cases whose name has this in it.
    pub only: String,
    /// `--json`.
    pub json: bool,
}

const USAGE: &str = "options: [--rounds N] [--lines N] [--only TEXT] [--json]\n";

impl Options {
    /// Reads the command line; `None` where only help was asked for.
    ///
    /// # Errors
    ///
    /// What makes no sense in it.
    pub fn from_command_line() -> Result<Option<Self>> {
        let mut options = Self { rounds: 7, lines: 1_000_000, only: String::new(), json: false };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("rounds") => options.rounds = parser.value()?.parse()?,
                Long("lines") => options.lines = parser.value()?.parse()?,
                Long("only") => options.only = parser.value()?.string()?,
                Long("json") => options.json = true,
                // cargo bench says this to every program.
                Long("bench") => {}
                Long("help") => {
                    std::io::stdout().write_all(USAGE.as_bytes())?;
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        anyhow::ensure!(options.rounds > 0 && options.lines > 0, "there must be at least one");
        Ok(Some(options))
    }
}
