//! envdir: run a program with variables from the files of a folder, as in daemontools 0.76 to the byte; and `-p`, as in
//! daemontools-encore.
//!
//! The calls are daemontools' in their order, since each of them has an error text of its own, and how many descriptors
//! are open at a time shows under a limit. A name that is there and leads nowhere is an error here: daemontools gives
//! that variable the value of the file before.

use crate::environment::Environment;
use crate::next::Next;
use crate::source::{chain_load_or_111, plain, prefix, read};
use anyhow::Context;
use cli::text::shown;
use cli::{Failure, Program};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open};
use nix::sys::stat::{Mode, SFlag};
use nix::unistd::{chdir, fchdir};
use protocol::environment::{is_variable, value};
use protocol::file::{Unusable, kind, look};
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "envdir", usage: "envdir: usage: envdir dir child" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load_or_111(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    // 0.76 has no options: the first argument is the folder, whatever it looks like, and there is one exception.
    let (prefix, operands) = match args {
        [_, option, ..] if option.to_bytes().starts_with(b"-p") => prefix(args)?,
        [_, operands @ ..] => (&b""[..], operands),
        [] => (&b""[..], args),
    };
    let (folder, child) = operands.split_first().ok_or(Failure::Usage(None))?;
    let mut next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
    apply(folder, prefix, &mut next.environment)?;
    Ok(next.run()?)
}

/// Sets and removes the variables, a file after the other as the system lists them.
fn apply(folder: &CStr, prefix: &[u8], environment: &mut Environment) -> anyhow::Result<()> {
    let readable = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let shown_folder = shown(folder.to_bytes());
    let here = open(c".", readable, Mode::empty()).context("unable to switch to current directory")?;
    chdir(folder).with_context(|| format!("unable to switch to directory {shown_folder}"))?;
    let reading = || format!("unable to read directory {shown_folder}");
    let mut files = Dir::open(c".", readable | OFlag::O_DIRECTORY, Mode::empty()).with_context(reading)?;
    for file in files.iter() {
        let file = file.with_context(reading)?;
        let name = file.file_name();
        if is_variable(name.to_bytes()) {
            let content = content(name)
                .with_context(|| format!("unable to read {shown_folder}/{}", shown(name.to_bytes())))?;
            if let Some(content) = content {
                environment.put(entry(prefix, name.to_bytes(), &content));
            }
        }
    }
    drop(files);
    fchdir(here).context("unable to switch to starting directory")
}

/// What a file has in it; `None` where it was removed after it had been listed. What leads nowhere is a link, and stays.
fn content(name: &CStr) -> anyhow::Result<Option<Vec<u8>>> {
    match read(name) {
        Ok(content) => Ok(Some(content)),
        Err(Unusable::System(Errno::ENOENT)) => {
            let is_link = look(AT_FDCWD, name)?.is_some_and(|stat| kind(&stat) == SFlag::S_IFLNK);
            if is_link { Err(Errno::ENOENT.into()) } else { Ok(None) }
        }
        Err(error) => Err(plain(error)),
    }
}

/// What a file of that name makes of its variable: `NAME=VALUE`, or `NAME` alone where it is to be removed. A name with
/// `=` in it is not refused: what stands before the `=` is the variable.
#[must_use]
pub fn entry(prefix: &[u8], name: &[u8], content: &[u8]) -> Vec<u8> {
    match value(content) {
        Some(value) => [prefix, name, b"=", &value].concat(),
        None => [prefix, name].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_sets_or_removes_a_variable() {
        assert_eq!(entry(b"", b"A", b"x \t\ny"), b"A=x");
        assert_eq!(entry(b"P_", b"A", b"x\0y"), b"P_A=x\ny");
        assert_eq!(entry(b"P_", b"A", b""), b"P_A");
        assert_eq!(entry(b"", b"A=B", b""), b"A=B", "which sets A, as in daemontools");
    }
}
