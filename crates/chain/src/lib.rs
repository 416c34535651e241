//! Programs that change something about their process and then become the next one: same pid, no fork, and whatever
//! they were not asked to change passes through as it came.
//!
//! | file | what is in it |
//! |---|---|
//! | `next.rs` | the ending that all share: where the next program is sought, and what is said when it cannot run |
//! | `environment.rs` | the variables that the next program gets |
//! | `ids.rs` | user and groups of this process, set and read back |
//! | `setuidgid.rs`, `envuidgid.rs` | the two of daemontools |
//! | `runas/` | ours: become an account wholly, or not start at all |

mod environment;
pub mod envuidgid;
mod ids;
mod next;
pub mod runas;
pub mod setuidgid;
