//! What keeps a log from being written, and what waits meanwhile.

use cli::errno;
use nix::errno::Errno;
use std::fmt;
use sys::clock::Monotonic;

/// Something could not be done now. It is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// "unable to VERB OBJECT", or what happened.
    pub(super) what: String,
    /// The system's reason, if it was the system.
    pub(super) reason: Option<Errno>,
}

impl Trouble {
    pub(super) fn new(what: String, reason: Errno) -> Self {
        Self { what, reason: Some(reason) }
    }

    /// The line for the administrator, with what is done now: `pausing`, as in 0.76, until it is tried again.
    pub(super) fn with(&self, what_is_done: &str) -> String {
        match self.reason {
            Some(reason) => format!("{}, {what_is_done}: {}", self.what, errno::text(reason)),
            None => format!("{}, {what_is_done}", self.what),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Some(reason) => write!(to, "{}: {}", self.what, errno::text(reason)),
            None => to.write_str(&self.what),
        }
    }
}

/// What waits, besides the lines themselves.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) trouble: Trouble,
    /// When it is to be tried again.
    pub(super) again: Monotonic,
    /// How many lines were dropped ...
    pub(super) lines: u64,
    /// ... and how many bytes.
    pub(super) bytes: u64,
}

impl Backlog {
    /// The line of the log that says what was dropped.
    pub(super) fn note(&self) -> Option<String> {
        let Self { trouble, lines, bytes, .. } = self;
        let reason = trouble.reason.map_or("the processor failed", errno::text);
        (*bytes > 0).then(|| format!("multilog: dropped {lines} lines, {bytes} bytes: {reason}\n"))
    }
}
