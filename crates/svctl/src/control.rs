//! Commands for services, and waiting until it is so.
//!
//! | file | what is in it |
//! |---|---|
//! | `orders.rs` | the orders, and the letters that each is |
//! | `verdict.rs` | whether an order has been carried out, decided from the record: pure |
//! | `foreign.rs` | the record of another program's supervise, completed so that the same decides: pure |
//! | `pursuit.rs` | one service that is waited for: its folder, its supervise, or why there is none |
//! | `waiting.rs` | all of them: told first, then waited for in one loop |
//! | `absent.rs` | why no supervise keeps a service |
//! | `progress.rs` | what a terminal shows meanwhile |
//! | `told.rs` | what is printed of the outcome |
//! | `signal.rs`, `remove.rs`, `upgrade.rs` | the commands of that name |

mod absent;
mod foreign;
mod orders;
mod progress;
mod pursuit;
mod remove;
mod signal;
mod told;
mod upgrade;
mod verdict;
mod waiting;

pub use orders::Order;
pub use remove::remove;
pub use signal::signal;
pub use told::tell;
pub use upgrade::upgrade;

use crate::arguments::{Control, Named, Waiting};
use crate::directory::{Directory, Service};
use crate::exit;
use cli::Failure;

/// What became of an order; each with the words for it, such as `up (pid 7)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is so; or it was not waited for.
    Done(String),
    /// It has failed: it did not start, or ended at once.
    Failed(String),
    /// It took longer than it may; how the service is.
    TimedOut(String),
    /// No supervise keeps it; why.
    NotSupervised(String),
    /// We may not; who may.
    NotPermitted(String),
    /// What the system said.
    Impossible(String),
}

impl Outcome {
    /// The exit code for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done(_) => exit::DONE,
            Self::Failed(_) => exit::FAILED,
            Self::TimedOut(_) => exit::TIMEOUT,
            Self::NotSupervised(_) => exit::NOT_SUPERVISED,
            Self::NotPermitted(_) => exit::NOT_PERMITTED,
            Self::Impossible(_) => exit::FATAL,
        }
    }

    /// The words for it.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Done(words)
            | Self::Failed(words)
            | Self::TimedOut(words)
            | Self::NotSupervised(words)
            | Self::NotPermitted(words)
            | Self::Impossible(words) => words,
        }
    }
}

/// `svctl start` and its like.
///
/// # Errors
///
/// What stands in the way of all of them.
pub fn run(directory: &Directory, order: Order, call: &Control) -> Result<u8, Failure> {
    give(directory, &call.named, order, call.waiting)
}

fn give(directory: &Directory, named: &Named, order: Order, waiting: Waiting) -> Result<u8, Failure> {
    let selection = directory.select(&named.names)?;
    let outcomes = carry_out(&selection.found, order, waiting);
    for (service, outcome) in selection.found.iter().zip(&outcomes) {
        tell(service, outcome)?;
    }
    let missing = told::missing(&selection);
    Ok(exit::worst(outcomes.iter().map(Outcome::exit_code).chain(missing)))
}

/// Gives the order to all at once, and waits for all; outcomes in their order. Shows progress on a terminal.
#[must_use]
pub fn carry_out(services: &[Service], order: Order, waiting: Waiting) -> Vec<Outcome> {
    waiting::carry_out(services, order, waiting)
}
