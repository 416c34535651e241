//! What a terminal shows while something is waited for: one line, written again and again, and gone at the end.

use std::io::{IsTerminal, Write};
use std::time::Duration;
use sys::clock::Monotonic;

/// What takes no longer than this needs no words.
const SILENCE: Duration = Duration::from_millis(500);

/// The line on stderr.
#[derive(Debug)]
pub(super) struct Progress {
    is_terminal: bool,
    begun: Monotonic,
    shown: String,
}

impl Progress {
    /// Nothing is shown yet.
    pub(super) fn begin() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        let is_terminal = std::io::stderr().is_terminal() && !is_dumb;
        Self { is_terminal, begun: Monotonic::now(), shown: String::new() }
    }

    /// Whether there is anybody to see it now.
    pub(super) fn is_due(&self) -> bool {
        self.is_terminal && Monotonic::now().since(self.begun) >= SILENCE
    }

    /// Shows this instead of what is there, with the time that it has taken so far.
    pub(super) fn show(&mut self, what: &str) {
        let line = format!("{what} ({}s)", Monotonic::now().since(self.begun).as_secs());
        if line != self.shown {
            // What is longer than the line is cut by the terminal, instead of going on in the next one.
            write(&format!("\r\x1b[?7l{line}\x1b[K\x1b[?7h"));
            self.shown = line;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.shown.is_empty() {
            write("\r\x1b[K");
        }
    }
}

/// A terminal that is gone shows nothing.
fn write(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
