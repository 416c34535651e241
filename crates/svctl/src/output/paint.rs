//! Colour, on terminals only.

use crate::state::Mood;
use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::IsTerminal;

/// Whether there is colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// For stdout: where it is a terminal that shows colours, and `$NO_COLOR` does not forbid them.
    #[must_use]
    pub fn stdout() -> Self {
        let forbids = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        Self { is_on: std::io::stdout().is_terminal() && !forbids && !is_dumb }
    }

    /// What is as it should be.
    #[must_use]
    pub fn good(self, text: impl Display) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    /// What somebody should look at.
    #[must_use]
    pub fn bad(self, text: impl Display) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What may change by itself, and advice.
    #[must_use]
    pub fn between(self, text: impl Display) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// What matters less.
    #[must_use]
    pub fn weak(self, text: impl Display) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// Headings, and names.
    #[must_use]
    pub fn strong(self, text: impl Display) -> String {
        self.with(Style::new().bold(), text)
    }

    /// As a state's mood is.
    #[must_use]
    pub fn mood(self, mood: Mood, text: impl Display) -> String {
        match mood {
            Mood::Good => self.good(text),
            Mood::Quiet => self.weak(text),
            Mood::Between => self.between(text),
            Mood::Bad => self.bad(text),
        }
    }

    /// One of a few colours, which goes with a number: for names in front of lines.
    #[must_use]
    pub fn numbered(self, number: usize, text: impl Display) -> String {
        const COLOURS: [AnsiColor; 6] = [
            AnsiColor::Cyan,
            AnsiColor::Magenta,
            AnsiColor::Blue,
            AnsiColor::Green,
            AnsiColor::Yellow,
            AnsiColor::BrightCyan,
        ];
        let colour = number.checked_rem(COLOURS.len()).and_then(|at| COLOURS.get(at));
        self.with(colour.map_or_else(Style::new, |colour| colour.on_default()), text)
    }

    fn with(self, style: Style, text: impl Display) -> String {
        if self.is_on { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}
