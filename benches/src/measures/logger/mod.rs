//! The logger: multilog beside daemontools', s6-log and svlogd, and tai64n and tai64nlocal beside daemontools' and s6's.
//! All get the same lines and keep the same of them, in the file system in memory.
//!
//! | file | what is in it |
//! |---|---|
//! | `files.rs` | throughput into log files |
//! | `filters.rs` | throughput of what only puts time stamps before lines |
//! | `quiet.rs` | one line, and how long until it is in the file |
//! | `lines.rs` | the lines |
//! | `input.rs` | how they come to a program, and what that takes |

mod files;
mod filters;
mod input;
mod lines;
mod quiet;

pub(crate) use files::measure as files;
pub(crate) use filters::measure as filters;
pub(crate) use quiet::measure as quiet;

/// How often each is run.
const ROUNDS: usize = 4;

/// So many that a program's start is little of its time.
const LINES: usize = 300_000;

/// How many times as fast as the fastest peer ours shall be, and where patterns are to be matched as well.
const WANTED: f64 = 6.0;
const WANTED_WITH_PATTERNS: f64 = 4.0;
