//! svup, of daemontools-encore: whether a service is up. The answer is the exit code: 0 yes, 100 no, 111 it cannot
//! be found out.

use crate::asking::{enter, is_running, no_log_option};
use anyhow::Context;
use cli::options::{Given, Options};
use cli::text::shown;
use cli::{Failure, Program};
use nix::errno::Errno;
use protocol::control::{Control, Unreadable};
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "svup", usage: "svup: usage: svup dir" };

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| {
        let mut options = Options::new(&args, "Ll");
        if let Some(Given::Flag(letter) | Given::With(letter, _)) = options.next_option()? {
            return Err(no_log_option(PROGRAM.name, letter.into(), "dir"));
        }
        let folder = options.operands().first().ok_or(Failure::Usage(None))?;
        enter(folder)?;
        if is_running(folder)? && is_up(folder)? { Ok(0) } else { Err(Failure::No(100)) }
    })
}

/// Up is what has a pid, as svstat says it too.
fn is_up(folder: &CStr) -> anyhow::Result<bool> {
    let about = |verb: &str| format!("unable to {verb} {}/supervise/status", shown(folder.to_bytes()));
    match Control::here().with_context(|| about("open"))?.status() {
        Ok(status) => Ok(status.pid.is_some()),
        Err(Unreadable::Open(Errno::ENOENT)) => Ok(false),
        Err(Unreadable::Open(error)) => Err(error).with_context(|| about("open")),
        Err(Unreadable::Read(error)) => Err(error).with_context(|| about("read")),
        Err(Unreadable::Format(error)) => Err(error).with_context(|| about("read")),
    }
}
