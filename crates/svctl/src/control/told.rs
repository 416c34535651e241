//! What is printed of an outcome: a line on stdout where it is as it was to be, else on stderr, with what is known of the reason.

use super::{Outcome, absent};
use crate::check::{Weight, examine, show};
use crate::directory::{Selection, Service};
use crate::exit;
use crate::logs::last_lines;
use crate::output::{Paint, print};
use anyhow::Result;
use std::io::Write;

/// So many lines of the log are shown.
const LINES: usize = 5;

/// Prints what became of an order.
///
/// # Errors
///
/// Nobody takes it.
pub fn tell(service: &Service, outcome: &Outcome) -> Result<()> {
    match outcome {
        Outcome::Done(words) => print(&format!("{}: {words}\n", service.name)),
        other => {
            complain(&service.name, other.words());
            Ok(())
        }
    }
}

/// Why a start has failed, with what is known of it: what is wrong with the folder, and the end of the log.
pub(super) fn explained(service: &Service, why: &str) -> String {
    let mut text = why.to_owned();
    let mut add = |line: &str| {
        text.push('\n');
        text.push_str(line);
    };
    if !absent::is_logger(service) {
        let called = service.file_name();
        let mut faults = examine(&service.path, &called.to_string_lossy(), &absent::above(service));
        faults.retain(|finding| finding.weight == Weight::Fault);
        if !faults.is_empty() {
            show(service, &faults, Paint::default()).lines().skip(1).for_each(&mut add);
        }
    }
    let lines = last_lines(service, LINES);
    if !lines.is_empty() {
        add("  the end of its log:");
        lines.iter().for_each(|line| add(&format!("    {line}")));
    }
    text
}

/// Says on stderr what nothing is called, and gives the exit code for it.
pub(super) fn missing(selection: &Selection) -> Option<u8> {
    for name in &selection.missing {
        complain(name, "there is no such service (svctl list shows those that there are)");
    }
    (!selection.missing.is_empty()).then_some(exit::NO_SUCH_SERVICE)
}

/// `svctl: NAME: WORDS` on stderr; whom nobody listens to has nobody to tell.
pub(super) fn complain(name: &str, words: &str) {
    let _ = std::io::stderr().write_all(format!("svctl: {name}: {words}\n").as_bytes());
}
