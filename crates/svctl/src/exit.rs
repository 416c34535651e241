//! svctl's exit codes. Where several services end differently, the first in this order counts.
//!
//! | code | what |
//! |---|---|
//! | 0 | all is so |
//! | 1 | `check` has found a fault |
//! | 95 | not permitted |
//! | 96 | no supervise keeps a service |
//! | 97 | there is no such service |
//! | 98 | a service failed: it did not start, or ended at once |
//! | 99 | it took longer than `--timeout` |
//! | 100 | wrong call |
//! | 111 | the system did not let it be done |

pub use cli::failure::{FATAL, USAGE};

/// All is so.
pub const DONE: u8 = 0;
/// `check` has found a fault.
pub const FAULTS: u8 = 1;
/// We may not.
pub const NOT_PERMITTED: u8 = 95;
/// No supervise keeps a service.
pub const NOT_SUPERVISED: u8 = 96;
/// There is no such service.
pub const NO_SUCH_SERVICE: u8 = 97;
/// A service failed: it did not start, or ended at once.
pub const FAILED: u8 = 98;
/// It took longer than it may.
pub const TIMEOUT: u8 = 99;

/// The exit code where services have ended in these ways.
#[must_use]
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    codes.into_iter().filter(|code| *code != DONE).min().unwrap_or(DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_ends_the_first_in_the_table_counts() {
        assert_eq!(worst([]), DONE);
        assert_eq!(worst([DONE, TIMEOUT, FAILED, DONE]), FAILED);
        assert_eq!(worst([NO_SUCH_SERVICE, NOT_PERMITTED]), NOT_PERMITTED);
    }
}
