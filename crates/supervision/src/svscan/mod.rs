//! svscan: one supervise for each folder of a directory.
//!
//! Data flows one way: the [`watch`] says that something changed, the [`listing`] says what is there, the [`roster`] decides
//! what follows from it ([`entry`] is one folder of it, [`keeper`] one supervise, [`events`] what it is told and answers), and the
//! [`shell`] does that: [`launch`] starts a supervise, [`log_pipe`] is what ties a service to its logger, [`arrival`] looks into a
//! folder that is new.

mod arrival;
mod entry;
mod events;
mod keeper;
mod launch;
mod listing;
mod log_pipe;
mod roster;
mod shell;
mod watch;

use cli::options::{Given, Options};
use cli::{Failure, Program};
use sys::entry::Args;

const PROGRAM: Program = Program { name: "svscan", usage: "svscan: usage: svscan [-t] [dir]" };

/// The program: `svscan [dir]`. With `-t`, supervise trusts the owner of any folder, as daemontools 0.76 does.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| {
        let mut options = Options::new(&args, "t");
        let mut trusting = false;
        while let Some(Given::Flag(_) | Given::With(..)) = options.next_option()? {
            trusting = true;
        }
        let directory = match options.operands() {
            [] => None,
            [directory] => Some(*directory),
            _ => return Err(Failure::Usage(None)),
        };
        shell::Shell::begin(directory, trusting)?.keep_running();
        Ok(0)
    })
}
