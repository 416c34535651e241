//! Programs that lines go through: the logger and the labels of time.
//!
//! | file | what is in it |
//! |---|---|
//! | `multilog/` | selects lines and keeps them in directories of bounded size |
//! | `tai64n.rs`, `tai64nlocal/` | labels before lines, and local time in place of labels |
//! | `copying.rs` | how lines are copied |
//! | `stamp.rs` | the time stamps that multilog and tai64n put before lines |
//! | `digits.rs` | numbers as text |
//! | `passage.rs` | how the bytes of tai64n and tai64nlocal go from stdin to stdout |
//! | `readproctitle.rs` | what went wrong lately, in a command line |

mod copying;
mod digits;
pub mod multilog;
mod passage;
pub mod readproctitle;
pub mod stamp;
pub mod tai64n;
pub mod tai64nlocal;
