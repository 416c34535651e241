//! Figures and lines as people read them.

use crate::outcome::{Bound, Outcome, Unit, Wish};

impl Unit {
    /// A figure with its unit, in three digits.
    pub(crate) fn show(self, figure: f64) -> String {
        let (large, unit, larger) = match self {
            Self::Milliseconds => (1e4, "ms", "s"),
            Self::Microseconds => (1e4, "µs", "ms"),
            Self::Kilobytes => (1e4, "kB", "MB"),
            Self::Bytes => (1e4, "B", "kB"),
            Self::ProcessorSeconds => (f64::INFINITY, "s", ""),
            Self::Times if figure.fract() == 0.0 => return figure.to_string(),
            Self::Times => return digits(figure),
            Self::MegabytesPerSecond => (f64::INFINITY, "MB/s", ""),
        };
        if figure.abs() < large {
            format!("{} {unit}", digits(figure))
        } else {
            format!("{} {larger}", digits(figure / 1000.0))
        }
    }
}

/// Three digits of a figure, or all before the point.
pub(super) fn digits(figure: f64) -> String {
    let behind = match figure.abs() {
        0.0 => 0,
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    format!("{figure:.behind$}")
}

/// A ratio: two places, or as many as say something.
pub(super) fn ratio(ratio: f64) -> String {
    let behind = match ratio {
        0.0 => 0,
        small if small < 0.1 => 3,
        small if small < 10.0 => 2,
        small if small < 100.0 => 1,
        _ => 0,
    };
    format!("{ratio:.behind$}")
}

/// What a wish wants: `≤ 0.70`, `≥ 6.00`, `≤ 50.0 ms`.
pub(super) fn wanted(outcome: &Outcome, wish: &Wish) -> String {
    let sign = if outcome.unit.more_is_better() { '≥' } else { '≤' };
    match wish.bound {
        Bound::OfBestPeer(bound) | Bound::Of(_, bound) => format!("{sign} {}", ratio(bound)),
        Bound::Figure(bound) => format!("{sign} {}", outcome.unit.show(bound)),
    }
}

/// Lines of at most that many characters, divided between words.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Statistic;
    use crate::report::samples::outcome;

    #[test]
    fn a_figure_has_three_digits() {
        let cases = [(0.0, "0"), (0.0123, "0.012"), (1.2345, "1.23"), (12.345, "12.3"), (1234.5, "1234")];
        for (figure, text) in cases {
            assert_eq!(digits(figure), text);
        }
    }

    #[test]
    fn a_large_figure_has_the_next_unit() {
        assert_eq!(Unit::Milliseconds.show(9999.0), "9999 ms");
        assert_eq!(Unit::Milliseconds.show(12_340.0), "12.3 s");
        assert_eq!(Unit::MegabytesPerSecond.show(12_340.0), "12340 MB/s");
    }

    #[test]
    fn how_often_is_a_number_alone() {
        assert_eq!((Unit::Times.show(3.0), Unit::Times.show(0.5)), ("3".to_owned(), "0.500".to_owned()));
    }

    #[test]
    fn a_small_ratio_says_something_too() {
        let texts = [0.0, 0.0412, 0.5, 12.34, 793.7].map(ratio);
        assert_eq!(texts, ["0", "0.041", "0.50", "12.3", "794"]);
    }

    #[test]
    fn a_wish_says_which_end_is_the_good_one() {
        let mut outcome = outcome();
        let wish = |bound| Wish { statistic: Statistic::Median, bound };
        assert_eq!(wanted(&outcome, &wish(Bound::OfBestPeer(0.7))), "≤ 0.70");
        assert_eq!(wanted(&outcome, &wish(Bound::Figure(50.0))), "≤ 50.0 ms");
        outcome.unit = Unit::MegabytesPerSecond;
        assert_eq!(wanted(&outcome, &wish(Bound::OfBestPeer(6.0))), "≥ 6.00");
    }

    #[test]
    fn lines_are_divided_between_words() {
        assert_eq!(wrap("a bc  def\ng", 4), ["a bc", "def", "g"]);
        assert_eq!(wrap("longer than that", 3), ["longer", "than", "that"]);
        assert!(wrap(" ", 3).is_empty());
    }
}
