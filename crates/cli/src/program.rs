//! The one ending of every program: a failure becomes its text on stderr and its exit code here and nowhere else.

use crate::errno::chain;
use crate::failure::{FATAL, Failure, USAGE};
use std::io::Write;
use sys::entry::Args;

/// A program: its name and the line that says how it is called.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// As in its messages.
    pub name: &'static str,
    /// The whole usage line, without the newline.
    pub usage: &'static str,
}

impl Program {
    /// Runs `body`, says what went wrong if anything did, and gives the exit code.
    pub fn run(self, args: Args, body: impl FnOnce(Args) -> Result<u8, Failure>) -> u8 {
        match body(args) {
            Ok(code) => code,
            Err(failure) => self.end(failure),
        }
    }

    /// Says why the program ends, and gives the exit code.
    #[must_use]
    pub fn end(self, failure: Failure) -> u8 {
        match failure {
            Failure::No(code) => code,
            Failure::Usage(complaint) => {
                let complaint = complaint.map(|line| line + "\n").unwrap_or_default();
                complain(&format!("{complaint}{}\n", self.usage));
                USAGE
            }
            Failure::Fatal(error) => self.end(Failure::Ended(FATAL, error)),
            Failure::Ended(code, error) => {
                complain(&format!("{}: fatal: {}\n", self.name, chain(&error)));
                code
            }
        }
    }

    /// `NAME: warning: TEXT` on stderr: the program goes on.
    pub fn warn(self, text: &str) {
        complain(&format!("{}: warning: {text}\n", self.name));
    }
}

/// A line on stderr; a program that nobody listens to has nobody to tell.
fn complain(lines: &str) {
    let _ = std::io::stderr().write_all(lines.as_bytes());
}
