//! multilog: selects lines and keeps them in directories of bounded size.
//!
//! | file | what is in it |
//! |---|---|
//! | `script.rs`, `pattern.rs` | what the arguments say; pure |
//! | `cuts.rs` | where a file ends; pure |
//! | `engine.rs`, `batch.rs` | the loop: input, writing, trouble, signals |
//! | `lines.rs` | from a block of input to the sheets of the directories |
//! | `input.rs`, `sheet.rs` | what lines come from, and what they are put onto |
//! | `actions.rs`, `status_file.rs` | patterns, stderr and status files, for each line |
//! | `steps.rs` | what is done to the files of a directory, in which order, and what a crash leaves; pure |
//! | `directory.rs`, `rotation.rs`, `files.rs`, `old_files.rs`, `processor.rs` | the same, done |
//! | `note.rs` | what is noted of lines on their way, so that a kill neither loses nor doubles them; pure |
//! | `journal.rs` | the same, done |
//! | `backlog.rs`, `trouble.rs` | when the disk does not take it |

mod actions;
mod backlog;
mod batch;
pub mod cuts;
mod directory;
mod engine;
mod files;
mod input;
mod journal;
mod lines;
pub mod note;
mod old_files;
pub mod pattern;
mod processor;
mod rotation;
pub mod script;
mod sheet;
mod status_file;
mod steps;
mod trouble;

use actions::Actions;
use anyhow::{Context, anyhow};
use cli::{Failure, Program};
use engine::{Engine, Stopped};
use nix::sys::stat::{Mode, umask};
use script::{Action, Script};
use status_file::StatusFile;
use sys::entry::Args;
use sys::signals::Signals;

const PROGRAM: Program = Program { name: "multilog", usage: "" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, log)
}

fn log(args: Args) -> Result<u8, Failure> {
    umask(Mode::from_bits_truncate(0o022));
    let signals = Signals::take_all().context("unable to take signals")?;
    let arguments: Vec<&[u8]> = args.iter().skip(1).map(|argument| argument.to_bytes()).collect();
    let script = Script::parse(&arguments).map_err(|reason| anyhow!(reason))?;
    let (mut status_files, mut logs) = (Vec::new(), Vec::new());
    for action in &script.actions {
        match action {
            Action::Status(name) => status_files.push(StatusFile::open(name)?),
            Action::Log(settings) => logs.push(settings.clone()),
            _ => {}
        }
    }
    let actions = Actions::new(script.actions, status_files);
    let mut engine = Engine::new(signals, actions, script.stamp);
    for settings in logs {
        engine.open(settings)?;
    }
    let logged = engine.run();
    let closed = engine.close();
    match logged.and(closed) {
        Ok(()) => Ok(0),
        Err(Stopped(trouble)) => Err(anyhow!("{trouble}").into()),
    }
}
