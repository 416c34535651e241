//! envini: run a program with variables from an INI file, as in daemontools-encore.
//!
//! | file | what is in it |
//! |---|---|
//! | `ini.rs` | what the lines of the file say |

pub mod ini;

use crate::next::Next;
use crate::source::{chain_load_or_111, plain, prefix, read};
use anyhow::Context;
use cli::text::shown;
use cli::{Failure, Program};
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program =
    Program { name: "envini", usage: "envini: usage: envini [ -p prefix ] inifile child" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load_or_111(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    let (prefix, operands) = prefix(args)?;
    let (path, child) = operands.split_first().ok_or(Failure::Usage(None))?;
    let mut next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
    let reading = || format!("unable to read {}", shown(path.to_bytes()));
    let text = read(path).map_err(plain).with_context(reading)?;
    for assignment in ini::parse(&text).with_context(reading)? {
        next.environment.set(&[prefix, &assignment.name].concat(), &assignment.value);
    }
    Ok(next.run()?)
}
