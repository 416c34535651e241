//! Programs that change something about their process and then become the next one: same pid, no fork, and whatever
//! they were not asked to change passes through as it came.
//!
//! | file | what is in it |
//! |---|---|
//! | `next.rs` | the ending that all share: where the next program is sought, and what is said when it cannot run |
//! | `environment.rs` | the variables that the next program gets |
//! | `ids.rs` | user and groups of this process, set and read back |
//! | `setuidgid.rs`, `envuidgid.rs` | the two of daemontools |
//! | `source.rs` | what envdir and envini have in common: their option, their exit code, how they read a file |
//! | `envdir.rs`, `envini/` | variables from the files of a folder, or from one file |
//! | `setuser.rs` | setuidgid with all that an account has |
//! | `softlimit.rs`, `setlock.rs`, `pgrphack.rs` | limits, a lock, a session of its own |
//! | `fghack.rs` | the one that stays, and waits for its child |
//! | `runas/` | ours: become an account wholly, or not start at all |

pub mod envdir;
pub mod envini;
mod environment;
pub mod envuidgid;
pub mod fghack;
pub mod ids;
mod next;
pub mod pgrphack;
pub mod runas;
pub mod setlock;
pub mod setuidgid;
pub mod setuser;
pub mod softlimit;
mod source;
