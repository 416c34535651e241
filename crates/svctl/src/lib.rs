//! svctl, the friendly front: one program for people and for scripts.
//!
//! | module | what is in it |
//! |---|---|
//! | `arguments`, `completion` | how it is called, and what a shell may complete |
//! | [`directory`] | the service directory, and which services a call names |
//! | [`state`], [`seen`], [`processes`] | how a service is: decided from its record, seen from outside, and what it uses |
//! | [`list`], [`status`], [`metrics`] | the same for people, for scripts, for collectors |
//! | [`control`] | commands, and waiting until it is so; taking away; upgrading |
//! | [`logs`] | what services have logged |
//! | [`check`] | what is wrong with a folder: each finding with its reason and its cure |
//! | [`blueprint`], [`new`], [`import`] | folders that are to be made, from a command line or from the files of others |
//! | [`output`] | tables, colours, times and sizes as people read them |
//!
//! Each command is a function of the arguments that a program could call as well; what it decides is apart from what it prints.

pub mod arguments;
pub mod blueprint;
pub mod check;
mod completion;
pub mod control;
pub mod directory;
pub mod exit;
pub mod import;
pub mod list;
pub mod logs;
pub mod metrics;
pub mod new;
pub mod output;
pub mod processes;
pub mod seen;
pub mod state;
pub mod status;

use arguments::{Call, Command};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use cli::{Failure, Program};
use control::Order;
use directory::Directory;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use sys::entry::Args;

pub(crate) const PROGRAM: Program = Program { name: "svctl", usage: "" };

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    completion::answer(Call::command);
    PROGRAM.run(args, |args| {
        let words = args.iter().map(|word| OsStr::from_bytes(word.to_bytes()));
        match Call::try_parse_from(words) {
            Ok(call) => obey(&call),
            Err(other) => {
                // To stdout what was asked for, else to stderr; nobody listens where that fails.
                let _ = other.print();
                let is_asked_for = matches!(other.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
                Err(Failure::No(if is_asked_for { exit::DONE } else { exit::USAGE }))
            }
        }
    })
}

fn obey(call: &Call) -> Result<u8, Failure> {
    let directory = || Directory::choose(call.directory.as_deref());
    match &call.command {
        Command::List(list) => list::run(&directory()?, list),
        Command::Status(status) => status::run(&directory()?, status),
        Command::Start(control) => control::run(&directory()?, Order::Start, control),
        Command::Stop(control) => control::run(&directory()?, Order::Stop, control),
        Command::Restart(control) => control::run(&directory()?, Order::Restart, control),
        Command::Reload(control) => control::run(&directory()?, Order::Reload, control),
        Command::Once(control) => control::run(&directory()?, Order::Once, control),
        Command::Pause(control) => control::run(&directory()?, Order::Pause, control),
        Command::Continue(control) => control::run(&directory()?, Order::Continue, control),
        Command::Kill(control) => control::run(&directory()?, Order::Kill, control),
        Command::Signal(signal) => control::signal(&directory()?, signal),
        Command::Remove(remove) => control::remove(&directory()?, remove),
        Command::Upgrade(upgrade) => control::upgrade(&directory()?, upgrade),
        Command::Logs(logs) => logs::run(&directory()?, logs),
        // A folder can be looked at where there is no service directory yet.
        Command::Check(check) => check::run(directory(), check),
        Command::New(new) => new::run(&directory()?, new),
        Command::Import(import) => import::run(&directory()?, import),
        Command::Metrics(metrics) => metrics::run(&directory()?, metrics),
    }
}
