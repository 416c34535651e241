//! The command line.

use anyhow::{Result, ensure};
use lexopt::prelude::*;
use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    /// `--only TEXT`, as often as wanted: measures whose name has one of these in it; without any, all.
    pub(crate) only: Vec<String>,
    /// `--rounds FACTOR`: so many times the usual number of rounds.
    pub(crate) factor: f64,
    /// `--brief`: the table is the summary alone.
    pub(crate) brief: bool,
    /// `--json FILE`, where `-` is stdout, in the place of the table.
    pub(crate) json: Option<PathBuf>,
    /// `--plot FILE.svg`.
    pub(crate) plot: Option<PathBuf>,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Request {
    Measure(Options),
    List,
    Help,
}

pub(crate) const HELP: &str = "\
Measures Upkeep beside the supervisors that are installed here, and prints a table of medians and ratios.

usage: bench [--only TEXT]... [--rounds FACTOR] [--brief] [--json FILE] [--plot FILE.svg]

  --only TEXT       only the measures with TEXT in their name; may be given several times
  --rounds FACTOR   so many times the usual number of rounds, for instance 0.1 for a first look
  --brief           the summary alone, without each program's figures
  --json FILE       write everything, each sample too, as JSON; - is stdout, then without the table
  --plot FILE.svg   draw the ratios
  --list            print the names of the measures
  --help            print this

Our programs are those of target/dist, or of the folder in UPKEEP_DIST. Exit code 1: a measure failed.
";

impl Request {
    /// Reads the command line.
    pub(crate) fn read(mut parser: lexopt::Parser) -> Result<Self> {
        let mut options = Options { only: Vec::new(), factor: 1.0, brief: false, json: None, plot: None };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("only") => options.only.push(parser.value()?.string()?),
                Long("rounds") => options.factor = parser.value()?.parse()?,
                Long("brief") => options.brief = true,
                Long("json") => options.json = Some(parser.value()?.into()),
                Long("plot") => options.plot = Some(parser.value()?.into()),
                Long("list") => return Ok(Self::List),
                Long("help") | Short('h') => return Ok(Self::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        ensure!(options.factor.is_finite() && options.factor > 0.0, "--rounds: it must be more than 0");
        Ok(Self::Measure(options))
    }
}

impl Options {
    /// Whether the measure of this name is asked for.
    pub(crate) fn ask_for(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|text| name.contains(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Request> {
        Request::read(lexopt::Parser::from_args(arguments))
    }

    fn options(arguments: &[&str]) -> Options {
        match read(arguments).unwrap() {
            Request::Measure(options) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_options_everything_is_measured() {
        let options = options(&[]);
        assert!(options.ask_for("anything"));
        assert_eq!((options.factor, options.json, options.plot), (1.0, None, None));
    }

    #[test]
    fn only_may_be_given_several_times() {
        let options = options(&["--only", "log", "--only=idle"]);
        assert!(options.ask_for("the logger"));
        assert!(options.ask_for("idle"));
        assert!(!options.ask_for("crash loop"));
    }

    #[test]
    fn json_may_go_to_stdout() {
        assert_eq!(options(&["--json", "-"]).json, Some(PathBuf::from("-")));
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [&["--rounds", "0"][..], &["--rounds", "nan"], &["--none"], &["word"], &["--plot"]] {
            assert!(read(arguments).is_err(), "{arguments:?}");
        }
    }
}
