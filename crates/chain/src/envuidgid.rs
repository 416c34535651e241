//! envuidgid: run a program with an account's numbers in GID and UID, as in daemontools 0.76 to the byte.

use crate::next::{Next, chain_load};
use crate::setuidgid::account;
use cli::{Failure, Program};
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "envuidgid", usage: "envuidgid: usage: envuidgid account child" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    let [_, name, child @ ..] = args else { return Err(Failure::Usage(None)) };
    let mut next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
    let account = account(name)?;
    next.environment.set(b"GID", account.gid.to_string().as_bytes());
    next.environment.set(b"UID", account.uid.to_string().as_bytes());
    Ok(next.run()?)
}
