//! Why a program could not be executed, in words.

use super::sources::failed;
use nix::errno::Errno;
use protocol::explain;
use protocol::report::{Report, Step};
use std::ffi::{CStr, CString};

/// What is said where runas cannot be executed.
pub(super) const NO_RUNAS: &str = "unable to run runas";

/// What is said where a program cannot.
pub(super) fn not_executed(program: &CStr, error: Errno) -> Report {
    let detail = explain::execution(program, error).map(|detail| format!(": {detail}")).unwrap_or_default();
    let reason = format!("unable to run {}: {}{detail}", program.to_string_lossy(), cli::errno::text(error));
    Report::Failed { step: Step::Execute, errno: error as i32, reason }
}

/// What a plain start says, of which only the error's number is known then.
#[derive(Debug)]
pub(super) struct Unexplained {
    program: CString,
    report: Report,
}

impl Unexplained {
    /// Of a start of that file, which can say this, without the error.
    pub(super) fn new(program: CString, report: Report) -> Self {
        Self { program, report }
    }

    /// What the new process has said, in words: all that it could tell was an error's number.
    pub(super) fn explain(&self, said: Report) -> Report {
        let (Report::Failed { step, errno, reason }, Report::Failed { reason: bare, .. }) =
            (&said, &self.report)
        else {
            return said;
        };
        match step {
            _ if reason != bare => said,
            Step::Execute => not_executed(&self.program, Errno::from_raw(*errno)),
            _ => failed(*step, Some(Errno::from_raw(*errno)), reason),
        }
    }
}
