//! fghack: keep a program in the foreground that puts itself into the background, as in daemontools 0.76 to the byte.
//!
//! The program inherits the writing end of a pipe, many times over: one that closes descriptors on its way into the
//! background rarely closes so many. As long as any process has one of them open, fghack waits.

use crate::next::Next;
use anyhow::{Context, anyhow};
use cli::{Failure, Program};
use nix::errno::Errno;
use nix::unistd::{dup, dup2, pipe, read};
use std::ffi::CStr;
use std::os::fd::{IntoRawFd, OwnedFd};
use sys::entry::Args;
use sys::process::{Ending, spawn, wait};

const PROGRAM: Program = Program { name: "fghack", usage: "fghack: usage: fghack child" };

/// How many more of its writing end the program gets.
const EXTRA: usize = 30;

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| run_child(&args))
}

/// Runs the child, and gives its exit code when it has ended and its pipe is closed.
fn run_child(args: &[&'static CStr]) -> Result<u8, Failure> {
    let next = args.get(1..).and_then(Next::from_operands).ok_or(Failure::Usage(None))?;
    let (mut reader, writer) = pipe().context("unable to create pipe")?;
    let child = spawn(|| {
        multiply(&writer, &mut reader);
        let Err(not_run) = next.run();
        PROGRAM.end(not_run.into())
    });
    let child = child.context("unable to fork")?;
    drop(writer);
    wait_for_end(&reader);
    match wait(child).context("wait failed")? {
        Ending::Exited(code) => Ok(code),
        Ending::Killed(_) | Ending::Unknown => Err(anyhow!("child crashed").into()),
    }
}

/// Opens the pipe's writing end again and again, first in the place of the reading end. Where there is no room for so
/// many, there are fewer.
fn multiply(writer: &OwnedFd, reader: &mut OwnedFd) {
    let _ = dup2(writer, reader);
    for another in (1..EXTRA).map_while(|_| dup(writer).ok()) {
        // Left open for the program.
        let _ = another.into_raw_fd();
    }
}

/// Waits until nobody can write to the pipe any more; what is written counts for nothing.
fn wait_for_end(pipe: &OwnedFd) {
    let mut bytes = [0; 512];
    while matches!(read(pipe, &mut bytes), Ok(1..) | Err(Errno::EINTR)) {}
}
