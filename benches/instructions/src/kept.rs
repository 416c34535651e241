//! The file of figures: what they are based on, and a line with the name and the instructions of each path. Lines that
//! begin with `#` are for people.

use crate::basis::Basis;
use anyhow::{Context, Error, Result, ensure};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

const HEAD: &str = "\
# Instructions that each hot path takes, on the average of many times. `make counts` compares with them: where one has
# grown, find out why; where that is meant, or one has shrunk, `make counts COUNTS=update` writes this file anew.
# They depend on the compiler, so first of all it says by which and for what the program was built.
";

/// Figures, and what they are based on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counts {
    pub(crate) basis: Basis,
    /// Instructions, by the names of paths.
    pub(crate) figures: BTreeMap<String, f64>,
}

impl FromStr for Counts {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mut rustc, mut target, mut figures) = (None, None, BTreeMap::new());
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, value) = line.split_once(' ').with_context(|| format!("no value: {line}"))?;
            match name {
                "rustc" => rustc = Some(line.to_owned()),
                "target" => target = Some(value.to_owned()),
                _ => {
                    let figure = value.trim().parse().ok().filter(|figure: &f64| figure.is_finite());
                    let figure = figure.with_context(|| format!("no number: {line}"))?;
                    let before = figures.insert(name.to_owned(), figure);
                    ensure!(before.is_none(), "there twice: {name}");
                }
            }
        }
        let rustc = rustc.context("it does not say the compiler")?;
        Ok(Self { basis: Basis { rustc, target: target.context("it does not say the target")? }, figures })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{HEAD}{}", self.basis)?;
        self.figures.iter().try_for_each(|(name, figure)| writeln!(to, "{name:<22} {figure:>8.1}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# words\nrustc 1.95.0 (1 2026)\ntarget x86 avx2\n\nlines    101.5\nsteps 7\n";

    #[test]
    fn what_is_written_is_read_again() {
        let counts: Counts = TEXT.parse().unwrap();
        assert_eq!(counts.basis.rustc, "rustc 1.95.0 (1 2026)");
        assert_eq!(counts.basis.target, "x86 avx2");
        assert_eq!(counts.figures.get("lines"), Some(&101.5));
        assert_eq!(counts.to_string().parse::<Counts>().unwrap(), counts);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for added in ["lines 3", "new", "new many", "new NaN"] {
            assert!(format!("{TEXT}{added}\n").parse::<Counts>().is_err(), "{added}");
        }
        for missing in ["rustc", "target"] {
            let rest: String = TEXT.split_inclusive('\n').filter(|line| !line.starts_with(missing)).collect();
            assert!(rest.parse::<Counts>().is_err(), "{missing}");
        }
    }

    #[test]
    fn the_figures_that_are_kept_are_those_of_all_paths() {
        let counts: Counts = include_str!("../counts").parse().unwrap();
        let names: std::collections::BTreeSet<_> = crate::paths::ALL.iter().map(|path| path.name).collect();
        assert_eq!(counts.figures.keys().map(String::as_str).collect::<Vec<_>>(), Vec::from_iter(names));
    }
}
