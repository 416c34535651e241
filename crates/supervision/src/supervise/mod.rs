//! supervise: keeps one service running.
//!
//! [`machine`] decides, [`shell`] waits and does, [`start`] is the child on its way to become run, [`place`] is `supervise/` with its files, [`account`] says whom run runs as, [`owner`] whether that may be, and [`service`] what the argument names.

mod account;
mod machine;
mod owner;
mod place;
mod reports;
pub mod service;
mod shell;
mod sources;
mod start;

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
        shell::Shell::begin(folder, trusting)?.keep_running();
        Ok(0)
    })
}
