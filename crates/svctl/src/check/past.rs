//! What a supervise that keeps the service has met already.

use super::Weight;
use super::found::Found;
use cli::errno::text;
use nix::errno::Errno;
use protocol::control::{Control, Unreadable};
use protocol::report::Step;
use protocol::status::Failed;
use std::os::fd::AsFd;

/// The code of a start that failed.
const START_FAILED: &str = "last-start-failed";

/// Whether a supervise keeps the service of an opened folder; what its last start met is told.
pub(super) fn examine(folder: impl AsFd, name: &str, found: &mut Found) -> bool {
    let Ok(control) = Control::of(folder.as_fd()) else { return false };
    match control.is_running() {
        Ok(true) => {}
        Ok(false) | Err(Errno::ENOENT) => return false,
        Err(error) => {
            found.is_partial |= matches!(error, Errno::EACCES | Errno::EPERM);
            return false;
        }
    }
    match control.status() {
        Ok(status) => {
            if let Some(failed) = status.detail.and_then(|detail| detail.failed) {
                tell(&failed, name, found);
            }
        }
        Err(Unreadable::Open(error) | Unreadable::Read(error)) => {
            if !matches!(error, Errno::ENOENT) && !found.hides(error) {
                let what = format!("its record cannot be read: {}", text(error));
                found.advice("record-unreadable", None, what, "see supervise/status");
            }
        }
        Err(Unreadable::Format(_)) => {}
    }
    true
}

/// Takes back what the last start has met, of the findings from that number on, where another fault among them explains it.
pub(super) fn leave_to_others(first: usize, found: &mut Found) {
    let mut later = found.findings.iter().skip(first);
    if later.any(|finding| finding.weight == Weight::Fault && finding.code != START_FAILED) {
        found.take_back(first, |code| code == START_FAILED);
    }
}

fn tell(failed: &Failed, name: &str, found: &mut Found) {
    let Failed { step, reason, .. } = failed;
    if step.is_of_a_run() {
        let what = format!("its last run was ended: {reason}");
        let cure = match step {
            Step::Watchdog => "see in its log why it was silent, or write a longer time into watchdog",
            _ => "see in its log why it was not ready, or write a longer time into timeout-ready",
        };
        found.fault("last-run-ended", None, what, format!("{cure}: svctl logs {name}"));
        return;
    }
    let cure = match step {
        Step::Fork => "see whether the machine has memory and processes left",
        Step::Folder => "mend what is named there",
        Step::Owner => {
            "have the folder and all that decides what runs belong to root, or to the account in user"
        }
        Step::User => "write an account that exists into user",
        Step::Environment => "mend what is named there, or remove it from env",
        Step::Switch => "run svscan as root, with the rights to change accounts",
        Step::Execute => "mend run, or what it names",
        Step::Sockets => "mend listen, or stop who has the address",
        Step::Ready | Step::Watchdog => "see its log",
    };
    let what = format!("its last start failed, at the step {step}: {reason}");
    found.fault(
        START_FAILED,
        None,
        what,
        format!("{cure}; it is tried again by itself, at once by svctl start {name}"),
    );
}
