//! The voice of a resident program: its own stderr, and never a wait for whoever reads it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest line: a pipe takes that much whole or not at all.
const LINE: usize = 4096;

/// How many different things are remembered as said.
const REMEMBERED: usize = 256;

/// Writes lines to stderr without waiting; what nobody takes is dropped, and counted.
#[derive(Debug)]
pub struct Voice {
    program: &'static str,
    dropped: u64,
}

impl Voice {
    /// The voice of the program of that name.
    #[must_use]
    pub fn new(program: &'static str) -> Self {
        Self { program, dropped: 0 }
    }

    /// `PROGRAM: warning: TEXT`: something could not be done, and the program goes on.
    pub fn warn(&mut self, text: &str) {
        self.line("warning", text);
    }

    /// `PROGRAM: info: TEXT`: something that the administrator wants to know happened.
    pub fn tell(&mut self, text: &str) {
        self.line("info", text);
    }

    fn line(&mut self, kind: &str, text: &str) {
        if self.dropped > 0 {
            let count = self.dropped;
            if self.write(&format!(
                "{}: warning: {count} messages were not taken in time and dropped\n",
                self.program
            )) {
                self.dropped = 0;
            }
        }
        let mut line = format!("{}: {kind}: {text}", self.program);
        while line.len() >= LINE {
            line.pop();
        }
        line.push('\n');
        if !self.write(&line) {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    fn write(&self, line: &str) -> bool {
        let [_, _, stderr] = sys::descriptor::standard();
        sys::write::without_waiting(stderr, line.as_bytes()).is_ok()
    }
}

/// What has been said already, so that a thing that stays wrong is said once.
#[derive(Debug, Default)]
pub struct Said(BTreeSet<u64>);

impl Said {
    /// Whether this is new; it is remembered. All are forgotten when there are too many.
    pub fn is_new(&mut self, text: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let mark = hasher.finish();
        if self.0.len() >= REMEMBERED {
            self.clear();
        }
        self.0.insert(mark)
    }

    /// Forgets all: things are well again, and what goes wrong next is news.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_new_once() {
        let mut said = Said::default();
        assert!(said.is_new("no run"));
        assert!(!said.is_new("no run"));
        assert!(said.is_new("no user"));
        said.clear();
        assert!(said.is_new("no run"));
    }
}
