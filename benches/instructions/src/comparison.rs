//! Which figures have changed by more than can be: the compiler decides how many instructions something takes, so with
//! another one more is let pass, and between different processors nothing is compared.

use crate::basis::Basis;
use crate::kept::Counts;
use std::collections::BTreeSet;
use std::fmt;

/// By what share a figure may change.
const SAME_COMPILER: f64 = 0.02;
const OTHER_COMPILER: f64 = 0.15;

/// What has become of the figures.
#[derive(Debug)]
pub(crate) struct Comparison {
    tolerance: Tolerance,
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
enum Tolerance {
    Share(f64),
    /// With another compiler, this one.
    Wide(f64, String),
    /// For another target, or on a processor of another kind.
    None(String),
}

#[derive(Debug)]
struct Row {
    name: String,
    kept: Option<f64>,
    now: Option<f64>,
    change: Change,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    No,
    Grown,
    Shrunk,
    /// It is not kept yet.
    New,
    /// There is no such path any more.
    Gone,
}

impl Comparison {
    pub(crate) fn new(kept: &Counts, now: &Counts) -> Self {
        let tolerance = Tolerance::between(&kept.basis, &now.basis);
        let names: BTreeSet<_> = kept.figures.keys().chain(now.figures.keys()).collect();
        let row = |name: &String| {
            let (kept, now) = (kept.figures.get(name).copied(), now.figures.get(name).copied());
            Row { name: name.clone(), kept, now, change: Change::between(kept, now, &tolerance) }
        };
        Self { rows: names.into_iter().map(row).collect(), tolerance }
    }

    /// Whether nothing has grown, and each path is kept.
    pub(crate) fn is_passed(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.change, Change::No | Change::Shrunk))
    }
}

impl Tolerance {
    fn between(kept: &Basis, now: &Basis) -> Self {
        if kept.target != now.target {
            Self::None(now.target.clone())
        } else if kept.rustc != now.rustc {
            Self::Wide(OTHER_COMPILER, now.rustc.clone())
        } else {
            Self::Share(SAME_COMPILER)
        }
    }

    fn share(&self) -> f64 {
        match self {
            Self::Share(share) | Self::Wide(share, _) => *share,
            Self::None(_) => f64::INFINITY,
        }
    }
}

impl Change {
    fn between(kept: Option<f64>, now: Option<f64>, tolerance: &Tolerance) -> Self {
        match (kept, now) {
            (None, _) => Self::New,
            (_, None) => Self::Gone,
            (Some(kept), Some(now)) if now > kept * (1.0 + tolerance.share()) => Self::Grown,
            (Some(kept), Some(now)) if now < kept * (1.0 - tolerance.share()) => Self::Shrunk,
            _ => Self::No,
        }
    }

    fn said(self) -> &'static str {
        match self {
            Self::No => "",
            Self::Grown => "  grown",
            Self::Shrunk => "  shrunk: lower the kept figure",
            Self::New => "  not kept yet",
            Self::Gone => "  kept, and no path any more",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{:<22} {:>9} {:>9} {:>8}", "instructions", "kept", "now", "change")?;
        for Row { name, kept, now, change } in &self.rows {
            let shown = |figure: &Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.1}"));
            let percent = kept.zip(*now).map(|(kept, now)| (now / kept - 1.0) * 100.0);
            let percent = percent.map_or("-".to_owned(), |percent| format!("{percent:+.1} %"));
            let said = change.said();
            writeln!(to, "{name:<22} {:>9} {:>9} {percent:>8}{said}", shown(kept), shown(now))?;
        }
        match &self.tolerance {
            Tolerance::Share(_) => Ok(()),
            Tolerance::Wide(share, rustc) => {
                writeln!(to, "{rustc} is not the compiler of the kept figures: {:.0} % pass", share * 100.0)
            }
            Tolerance::None(target) => {
                writeln!(to, "{target} is not what the kept figures are for: nothing is compared")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rustc: &str, target: &str, figures: &[(&str, f64)]) -> Counts {
        let figures = figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect();
        Counts { basis: Basis { rustc: rustc.to_owned(), target: target.to_owned() }, figures }
    }

    fn change(kept: f64, now: f64, rustc: &str, target: &str) -> (Change, bool) {
        let kept = counts("rustc 1", "x86", &[("lines", kept)]);
        let comparison = Comparison::new(&kept, &counts(rustc, target, &[("lines", now)]));
        (comparison.rows[0].change, comparison.is_passed())
    }

    #[test]
    fn what_has_grown_by_more_than_a_little_fails() {
        let same = |now| change(1000.0, now, "rustc 1", "x86");
        assert_eq!(same(1019.0), (Change::No, true));
        assert_eq!(same(1021.0), (Change::Grown, false));
        assert_eq!(same(981.0), (Change::No, true));
        assert_eq!(same(979.0), (Change::Shrunk, true));
    }

    #[test]
    fn another_compiler_may_do_otherwise_and_another_processor_is_not_compared() {
        let other = |now| change(1000.0, now, "rustc 2", "x86");
        assert_eq!(other(1149.0), (Change::No, true));
        assert_eq!(other(1151.0), (Change::Grown, false));
        assert_eq!(other(849.0), (Change::Shrunk, true));
        assert_eq!(change(1000.0, 9000.0, "rustc 2", "arm"), (Change::No, true));
        assert_eq!(change(1000.0, 1.0, "rustc 1", "arm"), (Change::No, true));
    }

    #[test]
    fn each_path_is_to_be_kept_and_nothing_else() {
        let one = counts("rustc 1", "x86", &[("lines", 10.0)]);
        let two = counts("rustc 1", "x86", &[("lines", 10.0), ("steps", 5.0)]);
        for (kept, now, expected) in [(&one, &two, Change::New), (&two, &one, Change::Gone)] {
            let comparison = Comparison::new(kept, now);
            assert_eq!(comparison.rows[1].change, expected);
            assert!(!comparison.is_passed());
        }
    }

    #[test]
    fn the_table_says_what_is_to_be_done() {
        let kept = counts("rustc 1", "x86", &[("lines", 100.0), ("steps", 50.0)]);
        let now = counts("rustc 2", "x86", &[("lines", 120.0), ("steps", 40.0)]);
        let table = Comparison::new(&kept, &now).to_string();
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[1].ends_with("100.0     120.0  +20.0 %  grown"), "{table}");
        assert!(lines[2].ends_with("50.0      40.0  -20.0 %  shrunk: lower the kept figure"), "{table}");
        assert_eq!(lines[3], "rustc 2 is not the compiler of the kept figures: 15 % pass");
    }
}
