//! supervise: keeps one service running.
//!
//! [`machine`] decides, [`shell`] waits and tells it, [`effects`] does what it says, and [`recorder`] keeps the record true. What they need:
//!
//! - of the folder: [`service`] says what the argument names, [`place`] is `supervise/` with its files, [`sources`] where the
//!   service's files come from, [`values`] what those with a value say;
//! - for a start: [`role`] is what a process is made for, [`preparation`] what it becomes, [`plain`] a start in which nothing can be in
//!   the way, [`start`] the child on its way where something can, [`handing`] what run finds open, [`reports`] how it is held back and
//!   what it says, [`explanation`] that in words, [`account`] whom run runs as, [`owner`] whether that may be;
//! - of other services: [`needs`] are those that are to be ready first;
//! - of a run: [`hearing`] is how it says whether it is well, with the ways for that in [`notify`];
//! - of an earlier supervise: [`past`] says what it left running;
//! - of earlier runs: [`leftovers`] are the processes that they left behind, [`background`] what would have kept them in the
//!   foreground.

pub mod account;
pub mod background;
mod effects;
mod explanation;
mod handing;
mod hearing;
mod leftovers;
pub mod machine;
mod needs;
mod notify;
pub mod owner;
mod past;
mod place;
mod plain;
mod preparation;
mod recorder;
mod reports;
mod role;
pub mod service;
mod shell;
pub mod sockets;
pub mod sources;
mod start;
mod values;

use cli::{Failure, Program};
use sys::entry::Args;

const PROGRAM: Program = Program { name: "supervise", usage: "supervise: usage: supervise dir" };

/// The program: `supervise dir`, or `supervise -t dir` to trust the owner of any folder, as daemontools 0.76 does.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| {
        // No getopt: a folder may be named like an option.
        let (folder, trusting) = match args.as_slice() {
            [_, folder] => (folder, false),
            [_, option, folder] if *option == c"-t" => (folder, true),
            _ => return Err(Failure::Usage(None)),
        };
        shell::Shell::begin(&args, folder, trusting)?.keep_running();
        Ok(0)
    })
}
