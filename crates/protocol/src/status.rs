//! The status record, `supervise/status`: what is true of a service, in one file of fixed size.
//!
//! | bytes | what | whose |
//! |---|---|---|
//! | 0-11 | label (TAI64N) of the last change of the pid | daemontools |
//! | 12-15 | pid of run, little-endian; 0 = none | daemontools |
//! | 16 | 1 = paused | daemontools |
//! | 17 | wish: `u`, `d`, or 0 for once | daemontools |
//! | 18 | 1 = TERM was sent to it | runit |
//! | 19 | 0 = down, 1 = run, 2 = finish | runit |
//! | 20-23 | `upkp` | ours from here on, numbers little-endian |
//! | 24 | version, 3 | |
//! | 25 | phase: 0 down, 1 starting, 2 up, 3 resting, 4 finishing, 5 clearing, 6 waiting | |
//! | 26 | supervise: 0 stays, 1 leaves when the service is down, 2 was told to stop, 3 has left | |
//! | 27 | end of the last run: 0 none, 1 exited, 2 killed, 3 ended, how is not known | |
//! | 28 | its exit code or signal | |
//! | 29 | step at which the last start failed ([`crate::report::Step`]); 0 = it did not | |
//! | 30-31 | bytes of the reason | |
//! | 32-35 | the system's error behind it; 0 = none | |
//! | 36-39 | pid of supervise | |
//! | 40-47 | number of starts since the service was taken up | |
//! | 48-55 | spacing between starts, nanoseconds | |
//! | 56-63 | next start, nanoseconds of the monotonic clock; 0 = none is due | |
//! | 64-79 | the kernel's random number for this boot; 0 = not known | |
//! | 80-87 | inode of the pid namespace | |
//! | 88-95 | mark of run's process; 0 = none | |
//! | 96-103 | mark of supervise; 0 = none | |
//! | 104-111 | mark of finish, or while clearing of a process that is waited for; 0 = none | |
//! | 112-115 | its pid; 0 = none | |
//! | 116 | what the marks are: 1 the inode of a pidfd, 2 the start time in ticks | |
//! | 117 | whom KILL is for: 0 the process, 1 its group | |
//! | 118-119 | processes that earlier runs left behind, as far as they are known | |
//! | 120-127 | last start, nanoseconds of the monotonic clock; 0 = none | |
//! | 128-135 | signals sent to run by command, bit N-1 for signal N | |
//! | 136-143 | when KILL is due, nanoseconds of the monotonic clock; 0 = never | |
//! | 144-155 | label of when it became ready; 0 = it is not | |
//! | 156-159 | session of the last run: its pid; 0 = none | |
//! | 160-167 | device of the file that this was written to | |
//! | 168-175 | its inode: a copy of the file is nobody's record | |
//! | 176-455 | the reason, then a note, then what the service says of itself, UTF-8 | |
//! | 456-463 | when it is late to be ready, nanoseconds of the monotonic clock; 0 = never | |
//! | 464-471 | when it is too long silent, nanoseconds of the monotonic clock; 0 = never | |
//! | 472-479 | the address of the socket on which it says how it is; 0 = none | |
//! | 480 | readiness: 0 nothing would say it, 1 awaited, 2 ready | |
//! | 481 | what it says that it does: 0 nothing, 1 reloading, 2 stopping | |
//! | 482 | 1 = it is ended because it was late, or silent | |
//! | 483 | bytes of the note | |
//! | 484 | bytes of what it says | |
//! | 485-503 | 0 | |
//! | 504-511 | checksum of all before (FNV-1a, 64 bits) | |
//!
//! Later versions keep these places and only add to them, so that after an upgrade, or back from one, each supervise finds
//! what it needs. Version 1 had the reason from byte 64 on, and nothing else behind it.
//!
//! It is made at its full size and rewritten by one pwrite, so a full disk cannot leave an old truth behind, and
//! a reader that meets half a write sees the checksum fail and reads again.

mod encoding;

use crate::command::Target;
use crate::identity::FolderId;
use crate::process::{Boot, Mark, ProcessId};
use crate::report::Step;
use crate::tai64n::Tai64n;
use std::fmt;
use std::num::NonZeroU32;
use sys::process::Ending;

pub use encoding::SIZE;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// That it runs, for ever.
    Up,
    /// That it does not run.
    Down,
    /// That it is not started again when it ends.
    Once,
}

/// What is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing runs, and nothing is due.
    #[default]
    Down,
    /// A process is on its way to become run.
    Starting,
    /// run runs.
    Up,
    /// Nothing runs, and the next start is due later.
    Resting,
    /// run has ended, and finish runs.
    Finishing,
    /// Nothing runs, and what an earlier run left behind is to be gone first.
    Clearing,
    /// Nothing runs, and other services are to be ready first.
    Waiting,
}

/// Whether what runs is ready for use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing would say it: it counts as ready as soon as it is up.
    #[default]
    Unsaid,
    /// It has yet to be said.
    Awaited,
    /// Since then.
    Ready(Tai64n),
}

/// What a service says that it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// Nothing but its work.
    #[default]
    Nothing,
    /// It reads its settings anew.
    Reloading,
    /// It is about to end.
    Stopping,
}

/// The address of the socket on which a service says how it is: a random number that is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub [u8; 8]);

/// Whether supervise goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaving {
    /// It stays.
    #[default]
    No,
    /// It goes when the service is down.
    WhenDown,
    /// It was told to stop; told again, it kills.
    Stopping,
    /// It has gone, with nothing left to do.
    Left,
}

/// Why the last start failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// At which step.
    pub step: Step,
    /// The system's error, 0 where it was ours.
    pub errno: i32,
    /// The whole reason, as in the log.
    pub reason: String,
}

/// A service's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// When the pid changed last.
    pub since: Tai64n,
    /// The process that is run, or is about to be.
    pub pid: Option<NonZeroU32>,
    /// It was sent STOP.
    pub paused: bool,
    /// The wish.
    pub want: Want,
    /// It was sent TERM.
    pub terminated: bool,
    /// What only our supervise says.
    pub detail: Option<Detail>,
}

/// The part of the record that the others have not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What is.
    pub phase: Phase,
    /// Whether supervise goes.
    pub leaving: Leaving,
    /// How the last run ended.
    pub last: Option<Ending>,
    /// Why the last start failed, if it did.
    pub failed: Option<Failed>,
    /// The file that this was written to.
    pub file: Option<FolderId>,
    /// Where and until when the processes and times here mean something.
    pub boot: Option<Boot>,
    /// supervise itself.
    pub supervise: Option<ProcessId>,
    /// What tells the process [`Status::pid`] from others of that number.
    pub run: Option<Mark>,
    /// The process of finish; while clearing, one of those that are waited for.
    pub finish: Option<ProcessId>,
    /// The session of the last run, which is its pid.
    pub session: Option<NonZeroU32>,
    /// Processes that earlier runs left behind.
    pub leftovers: u16,
    /// Starts since the service was taken up.
    pub starts: u64,
    /// Least time between two starts now, in nanoseconds.
    pub spacing: u64,
    /// When the last start was, in nanoseconds of the monotonic clock.
    pub last_start: Option<u64>,
    /// When the next start is due, in nanoseconds of the monotonic clock.
    pub next_start: Option<u64>,
    /// The signals that were sent to run by command, bit N-1 for signal N.
    pub sent: u64,
    /// When KILL is due, in nanoseconds of the monotonic clock.
    pub kill_at: Option<u64>,
    /// Whom it is for.
    pub kill_target: Target,
    /// Whether it is ready for use.
    pub readiness: Readiness,
    /// When it is late to be ready, in nanoseconds of the monotonic clock.
    pub late_at: Option<u64>,
    /// When it was silent for too long, in nanoseconds of the monotonic clock.
    pub silent_at: Option<u64>,
    /// It is ended because it was late, or silent.
    pub is_overdue: bool,
    /// What it says that it does.
    pub doing: Doing,
    /// Where it says so.
    pub token: Option<Token>,
    /// What it waits for, or what else is to be known.
    pub note: String,
    /// What it says of itself: somebody else's text.
    pub says: String,
}

impl Status {
    /// Whether the service can be used: it is up, and has said that it is ready, if it ever says so.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.detail {
            None => self.pid.is_some(),
            Some(detail) => detail.phase == Phase::Up && detail.readiness != Readiness::Awaited,
        }
    }
}

/// Why bytes are no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStatus {
    /// Fewer bytes than any supervise writes.
    BadFormat,
    /// Ours, and being written at this moment: read again.
    Torn,
}

impl fmt::Display for NoStatus {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("bad format")
    }
}

impl std::error::Error for NoStatus {}
