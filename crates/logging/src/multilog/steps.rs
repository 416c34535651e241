//! What is done to the files of a directory when `current` is full, and what an earlier multilog has left half done.
//!
//! A rotation is a list of steps. Each can be repeated: one that meets trouble stays on the list, and is tried again. After
//! a crash between any two of them, the next start finds the files in one of these states, and loses nothing:
//!
//! | files | what was done last | what recovery makes of them |
//! |---|---|---|
//! | `current` without the bit | nothing | `current` becomes an old file in `.u` |
//! | `previous` | renamed | it becomes an old file in `.u`, and so does `current` |
//! | `previous` with two links | linked under its new name | it is removed, the other name stays |
//! | `processed` with the bit | the processor has ended well | it becomes an old file, `previous` is removed |
//! | `processed` without it | the processor was at work | it is removed; `previous` becomes an old file in `.u` |

use super::files::{CURRENT, PREVIOUS, PROCESSED};
use std::collections::VecDeque;
use std::ffi::CStr;

/// One step. Its order among the others is what makes a crash harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `current` is on disk.
    Sync,
    /// `current` becomes `previous`.
    SetAside,
    /// A new, empty `current`.
    Create,
    /// Its mode says that it is being written.
    MarkOpen,
    /// The mode of `previous` says that it is complete.
    MarkComplete,
    /// `previous` has been through the processor, into `processed` and `newstate`.
    Process,
    /// `processed` is on disk, and its mode says so.
    KeepProcessed,
    /// `newstate` is on disk.
    KeepState,
    /// A file is not needed any more.
    Remove(&'static CStr),
    /// The same; where it cannot be removed, it is in nobody's way.
    Discard(&'static CStr),
    /// `newstate` becomes `state`.
    RenameState,
    /// A file becomes an old one, if it is there.
    Finish(&'static CStr, Ending),
    /// There are not too many old files.
    Prune,
}

/// How the name of an old file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Complete: `.s`, or as `w` says.
    Complete,
    /// Cut short by a crash: `.u`.
    Unfinished,
}

/// The steps of a rotation.
pub(super) fn rotation(with_processor: bool) -> VecDeque<Step> {
    let begin = [Step::Sync, Step::SetAside, Step::Create, Step::MarkOpen, Step::MarkComplete];
    let plain: &[Step] = &[Step::Finish(PREVIOUS, Ending::Complete), Step::Prune];
    let processed: &[Step] = &[
        Step::Process,
        Step::KeepProcessed,
        Step::KeepState,
        Step::Remove(PREVIOUS),
        Step::RenameState,
        Step::Finish(PROCESSED, Ending::Complete),
        Step::Prune,
    ];
    begin.iter().chain(if with_processor { processed } else { plain }).copied().collect()
}

/// The steps after an end that was none.
pub(super) fn recovery(processed_is_complete: bool) -> VecDeque<Step> {
    let first = if processed_is_complete {
        [Step::Discard(PREVIOUS), Step::Finish(PROCESSED, Ending::Complete)]
    } else {
        [Step::Discard(PROCESSED), Step::Finish(PREVIOUS, Ending::Unfinished)]
    };
    let last = [Step::Prune, Step::Finish(CURRENT, Ending::Unfinished), Step::Prune];
    first.into_iter().chain(last).collect()
}
