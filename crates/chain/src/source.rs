//! What envdir and envini have in common: the option `-p`, the exit code of a wrong call, and how they read a file.

use crate::next::chain_load;
use cli::failure::{FATAL, USAGE};
use cli::options::{Given, Options};
use cli::{Failure, Program};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use protocol::file::{Unusable, read_all};
use std::convert::Infallible;
use std::ffi::CStr;
use std::fs::File;
use sys::entry::Args;

/// The longest file. The kernel takes no more than 6 MiB of variables, so this is for what never ends.
const LONGEST: usize = 64 * 1024 * 1024;

/// As [`chain_load`], but a wrong call exits 111 too: as daemontools' envdir has always done.
pub(crate) fn chain_load_or_111(
    program: Program,
    args: Args,
    become_child: impl FnOnce(&[&'static CStr]) -> Result<Infallible, Failure>,
) -> u8 {
    match chain_load(program, args, become_child) {
        USAGE => FATAL,
        code => code,
    }
}

/// Reads the options: what is to be put before each name, the last one given, and the operands.
pub(crate) fn prefix<'a>(args: &'a [&'static CStr]) -> Result<(&'static [u8], &'a [&'static CStr]), Failure> {
    let mut options = Options::new(args, "p:");
    let mut prefix = &b""[..];
    while let Some(given) = options.next_option()? {
        if let Given::With(_, text) = given {
            prefix = text;
        }
    }
    Ok((prefix, options.operands()))
}

/// Reads a file whole, and waits for nobody: a FIFO that nobody writes to is empty, one that somebody only could write
/// to is an error.
pub(crate) fn read(path: &CStr) -> Result<Vec<u8>, Unusable> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    read_all(&mut File::from(open(path, flags, Mode::empty())?), LONGEST)
}

/// The system's error as itself, so that it gets its usual words.
pub(crate) fn plain(error: Unusable) -> anyhow::Error {
    match error {
        Unusable::System(errno) => errno.into(),
        error => error.into(),
    }
}
