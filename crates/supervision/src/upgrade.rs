//! Becoming the supervise that is installed now, without a moment in which nobody supervises: the pid, the children, the lock, the
//! FIFOs and a start in progress are kept, and all else is in the record, from which the new program goes on as after a death.

use anyhow::Context;
use nix::unistd::execve;
use protocol::kept::{Kept, VARIABLE};
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd};
use sys::descriptor::set_close_on_exec;
use sys::own_folder::OwnFolder;

/// Execs the installed program with the same arguments. Comes back only where that was not possible: nothing has changed then.
///
/// # Errors
///
/// Why.
pub(crate) fn become_installed(
    own: &OwnFolder,
    program: &str,
    arguments: &[&CStr],
    keep: &[(&str, BorrowedFd<'_>)],
) -> anyhow::Error {
    let attempt = || -> anyhow::Result<()> {
        let path = own.program(program).with_context(|| format!("there is no {program} beside this one"))?;
        let mut kept = Kept::default();
        for (name, descriptor) in keep {
            kept.add(name, descriptor.as_raw_fd());
            set_close_on_exec(descriptor, false)?;
        }
        let kept = CString::new(format!("{VARIABLE}={kept}"))?;
        let mut environment = sys::environment::without(&[VARIABLE]);
        environment.push(&kept);
        execve(&path, arguments, &environment)?;
        Ok(())
    };
    let error = attempt().err().unwrap_or_else(|| anyhow::anyhow!("it came back"));
    for (_, descriptor) in keep {
        let _ = set_close_on_exec(descriptor, true);
    }
    error
}

/// What was kept for this program, if it has just become the installed one.
pub(crate) fn kept() -> Option<Kept> {
    sys::environment::value(VARIABLE).map(Kept::parse)
}
