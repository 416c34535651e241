//! pgrphack: run a program in a session and process group of its own, as in daemontools 0.76 to the byte.

use crate::next::{Next, chain_load};
use cli::{Failure, Program};
use nix::unistd::setsid;
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "pgrphack", usage: "pgrphack: usage: pgrphack child" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    let next = args.get(1..).and_then(Next::from_operands).ok_or(Failure::Usage(None))?;
    // It fails only where this process leads a group already, and then there is nothing to do.
    let _ = setsid();
    Ok(next.run()?)
}
