//! What the record says, in words for people.

use super::until;
use crate::output::ending;
use cli::text::shown;
use protocol::status::{Detail, Phase, Status};
use sys::process::Ending;

/// The pid of what runs, to stand behind a word.
pub(super) fn pid(status: &Status) -> String {
    status.pid.map_or_else(String::new, |pid| format!(" (pid {pid})"))
}

/// How the last run ended.
pub(super) fn ended(detail: &Detail) -> String {
    match detail.last {
        None | Some(Ending::Unknown) => "how is not known".to_owned(),
        Some(last) => ending(last),
    }
}

/// How far one is that is to end.
pub(super) fn ending_of(status: &Status, detail: &Detail, now: u64) -> String {
    let kill = detail.kill_at.map(|at| format!(", killed in {}", until(at, now))).unwrap_or_default();
    match detail.phase {
        Phase::Finishing => format!("its finish runs{kill}"),
        Phase::Clearing => format!("{}{kill}", clearing(detail)),
        Phase::Up | Phase::Starting if status.paused => format!("stopping, but paused{kill}"),
        Phase::Up | Phase::Starting => format!("stopping{kill}"),
        Phase::Down | Phase::Resting | Phase::Waiting => "told to stop".to_owned(),
    }
}

/// What an earlier run left behind is to be gone first.
pub(super) fn clearing(detail: &Detail) -> String {
    match detail.leftovers {
        1 => "a process that an earlier run left behind is to be gone first".to_owned(),
        count => format!("{count} processes that earlier runs left behind are to be gone first"),
    }
}

/// What it needs.
pub(super) fn waiting(detail: &Detail) -> String {
    format!("it needs {}", shown(detail.note.as_bytes()))
}

/// When the next start comes, to stand behind a failure.
pub(super) fn next(detail: &Detail, now: u64) -> String {
    detail.next_start.map(|at| format!("; the next try is in {}", until(at, now))).unwrap_or_default()
}
