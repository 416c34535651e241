//! A line as it is shown: local time, the name of its service, and its text with nothing in it that a terminal would obey.

use super::reader::{Line, Told};
use crate::output::{Paint, local};
use cli::text::shown;
use std::borrow::Cow;
use std::time::Duration;

/// `2026-11-22 03:45:12.123`
const TIME: usize = 23;

/// Shows lines.
#[derive(Debug, Default)]
pub(super) struct Format {
    paint: Paint,
    /// How wide names are, where they are shown.
    names: Option<usize>,
    /// The text of the last second.
    second: Option<(u64, String)>,
}

impl Format {
    pub(super) fn new(paint: Paint, with_names: bool) -> Self {
        Self { paint, names: with_names.then_some(0), second: None }
    }

    /// A name of that width will be shown.
    pub(super) fn make_room(&mut self, name: &str) {
        let width = name.chars().count();
        self.names = self.names.map(|names| names.max(width));
    }

    /// Adds a line to a text. The number of a name is that of its colour.
    pub(super) fn line(&mut self, to: &mut String, name: &str, number: usize, line: &Line<'_>) {
        match line.told {
            Told::Here => {
                let time = self.time(line.time);
                to.push_str(&self.paint.weak(time));
                to.push(' ');
            }
            Told::Before => to.extend(std::iter::repeat_n(' ', TIME.saturating_add(1))),
            Told::File => {}
        }
        if let Some(width) = self.names {
            to.push_str(&self.paint.numbered(number, name));
            let blanks = width.saturating_sub(name.chars().count()).saturating_add(2);
            to.extend(std::iter::repeat_n(' ', blanks));
        }
        to.push_str(&readable(line.text));
        to.push('\n');
    }

    fn time(&mut self, time: Duration) -> String {
        let second = match self.second.take() {
            Some((second, text)) if second == time.as_secs() => text,
            _ => local(time),
        };
        let shown = format!("{second}.{:03}", time.subsec_millis());
        self.second = Some((time.as_secs(), second));
        shown
    }
}

/// A text with `\xNN` for each byte that is not of a printable character. Tabs stay.
fn readable(text: &[u8]) -> Cow<'_, str> {
    let whole = shown(text);
    if matches!(whole, Cow::Borrowed(_)) || !text.contains(&b'\t') {
        return whole;
    }
    let pieces: Vec<Cow<'_, str>> = text.split(|byte| *byte == b'\t').map(shown).collect();
    Cow::Owned(pieces.join("\t"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(format: &mut Format, told: Told, text: &str) -> String {
        let mut to = String::new();
        let line = Line { time: Duration::new(1_795_319_112, 7_999_999), told, text: text.as_bytes() };
        format.line(&mut to, "web", 0, &line);
        to
    }

    #[test]
    fn a_line_has_its_time_and_its_name() {
        let second = local(Duration::from_secs(1_795_319_112));
        let mut format = Format::default();
        assert_eq!(shows(&mut format, Told::Here, "x"), format!("{second}.007 x\n"));
        assert_eq!(shows(&mut format, Told::Before, "x"), format!("{:24}x\n", ""));
        assert_eq!(shows(&mut format, Told::File, "x"), "x\n");
        let mut format = Format::new(Paint::default(), true);
        format.make_room("longer");
        format.make_room("web");
        assert_eq!(shows(&mut format, Told::Here, "x"), format!("{second}.007 web     x\n"));
        assert_eq!(shows(&mut format, Told::File, ""), "web     \n");
        assert_eq!(second.len() + 4, TIME);
    }

    #[test]
    fn nothing_reaches_a_terminal_that_it_would_obey() {
        assert_eq!(readable(b"a\tb"), "a\tb");
        assert_eq!(readable(b"\x1b[2J\t\xff\0\r"), "\\x1b[2J\t\\xff\\x00\\x0d");
        assert_eq!(readable("wéb \u{9b}2J \x7f".as_bytes()), "wéb \\xc2\\x9b2J \\x7f");
        assert_eq!(readable(b""), "");
    }
}
