//! What the tests are written with: real trees of services in a folder of their own, and no sleeps.
//!
//! ```no_run
//! use testkit::{TestTree, down, up};
//!
//! let tree = TestTree::new();
//! let beacon = tree.beacon("web");
//! let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")).log("exec cat >>../../out"));
//! let svscan = tree.svscan(); // ours, from target/dist; stopped and checked for survivors at the end
//! web.wait_for(up());
//! assert_eq!(beacon.next().pid, web.pid());
//! tree.svc(["-d", "web"]);
//! web.wait_for(down());
//! assert_eq!(svscan.errors(), "");
//! ```
//!
//! * [`TestTree`] is the folder; what is started in it is a [`Running`], one-shot tools are a [`Tool`].
//! * [`Service::wait_for`] takes a [`Condition`]: it watches first and looks then, so that nothing is missed.
//! * [`Invariants`] watches the tree while harm is done to it, and says whether everything held.
//! * [`Traced`] is a program that is killed at a system call of one's choice; a [`SmallDisk`] can be filled.
//! * [`Beacon`] is a FIFO on which each start of a run script tells its pid, arguments and environment.
//! * [`ours`] and [`theirs`] find the programs, [`same_as_theirs`] runs a case on both; [`process`] reads /proc; [`account`] makes accounts.
//!
//! A wait that fails after [`DEADLINE`] panics with what was waited for; a test that fails prints what the
//! programs wrote to stderr. A test that cannot run here says so on stderr (with `UPKEEP_SKIP=never` it fails).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics: that is how it fails"
)]

mod account;
mod beacon;
mod call;
mod compare;
mod condition;
mod disk;
mod folder;
pub mod invariants;
mod lifeline;
pub mod process;
mod programs;
mod running;
mod service;
#[cfg(test)]
mod tests;
mod tool;
mod traced;
mod tree;
mod wait;

pub use account::{Account, account};
pub use beacon::{Beacon, Start};
pub use call::call;
pub use compare::same_as_theirs;
pub use condition::{Condition, down, failed, not_supervised, resting, status, supervised, up};
pub use disk::SmallDisk;
pub use folder::Folder;
pub use invariants::{Invariants, LEFT_BEHIND};
pub use programs::{is_root, needs_root, ours, ours_next, skip, theirs};
pub use running::{Launch, Running};
pub use service::Service;
pub use tool::{Ran, Tool};
pub use traced::{Stop, Traced};
pub use tree::TestTree;
pub use wait::{DEADLINE, in_time, read_line, wait_until};
