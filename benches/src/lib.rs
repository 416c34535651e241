//! What all measures have in common. Each is a program of its own beside this, `benches/NAME/main.rs`, which says what is
//! run and what of it is measured; how often, in which order, and how it is shown is said here.
//!
//! What counts is the ratio to the best of the peers in the same run: figures of their own depend on the machine and on
//! its mood. So all programs of a case take turns, round for round, and the middle of the rounds is shown.
//!
//! | file | what is in it |
//! |---|---|
//! | `options.rs` | the command line |
//! | `program.rs` | ours and the peers' programs |
//! | `rounds.rs` | who is run when, and the middle of it |
//! | `machine.rs` | what it was measured on |
//! | `report.rs` | the table, or JSON |

mod machine;
mod options;
mod program;
mod report;
mod rounds;

pub use options::Options;
pub use program::{Program, installed};
pub use report::Report;
pub use rounds::{Case, Cost, Outcome, Turn, measure};
