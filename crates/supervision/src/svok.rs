//! svok: whether a supervise is running. The answer is the exit code: 0 yes, 100 no, 111 it cannot be found out.

use crate::asking::{enter, is_running};
use cli::{Failure, Program};
use sys::entry::Args;

const PROGRAM: Program = Program { name: "svok", usage: "svok: usage: svok dir" };

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| {
        // No options, as in daemontools; what follows the folder is ignored, as there.
        let folder = args.get(1).ok_or(Failure::Usage(None))?;
        enter(folder)?;
        if is_running(folder)? { Ok(0) } else { Err(Failure::No(100)) }
    })
}
