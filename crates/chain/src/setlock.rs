//! setlock: run a program while a file is locked, as in daemontools 0.76 to the byte.
//!
//! The lock is held by the open file, which the program inherits: it ends when the last process that has the
//! descriptor closes it or ends. Signals do what they did to the caller: none is caught to end the wait.

use crate::next::{Next, chain_load};
use anyhow::Context;
use cli::options::{Given, Options};
use cli::text::shown;
use cli::{Failure, Program};
use nix::fcntl::{Flock, FlockArg, OFlag, open};
use nix::sys::stat::Mode;
use std::convert::Infallible;
use std::ffi::CStr;
use std::os::fd::OwnedFd;
use sys::entry::Args;

const PROGRAM: Program =
    Program { name: "setlock", usage: "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    let (mut wait, mut silent) = (FlockArg::LockExclusive, false);
    let mut options = Options::new(args, "nNxX");
    while let Some(option) = options.next_option()? {
        match option {
            Given::Flag(b'n') => wait = FlockArg::LockExclusiveNonblock,
            Given::Flag(b'N') => wait = FlockArg::LockExclusive,
            Given::Flag(letter) => silent = letter == b'x',
            Given::With(..) => {}
        }
    }
    let (file, child) = options.operands().split_first().ok_or(Failure::Usage(None))?;
    let next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
    let _held = match lock(file, wait) {
        Err(_) if silent => return Err(Failure::No(0)),
        locked => locked?,
    };
    Ok(next.run()?)
}

/// Not as [`protocol::lock`]: whatever can be opened for writing is locked, links are followed, the child inherits it.
fn lock(file: &CStr, wait: FlockArg) -> anyhow::Result<Flock<OwnedFd>> {
    let name = shown(file.to_bytes());
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_APPEND | OFlag::O_CREAT;
    let opened = open(file, flags, Mode::from_bits_truncate(0o600));
    let opened = opened.with_context(|| format!("unable to open {name}"))?;
    Flock::lock(opened, wait).map_err(|(_, error)| error).with_context(|| format!("unable to lock {name}"))
}
