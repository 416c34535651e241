//! The processor: what sh runs on a file that is full.

use super::files::{NEW_STATE, PREVIOUS, PROCESSED, STATE, empty};
use super::trouble::Trouble;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{execve, fchdir};
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use sys::process::Ending;

/// Runs the processor to its end: in the directory, with `previous` on 0, `processed` on 1, `state` on 4 and `newstate` on
/// 5. Its other descriptors are ours.
///
/// # Errors
///
/// Where it could not be started or did not end well. It is to be run again then, from the beginning.
pub(super) fn run(folder: &OwnedFd, name: &str, processor: &[u8]) -> Result<(), Trouble> {
    let command = CString::new(processor).unwrap_or_default();
    let child = sys::process::spawn(|| {
        let Err(error) = become_processor(folder, &command);
        let reason = cli::errno::text(error);
        let text = format!("multilog: fatal: unable to run {}: {reason}\n", shown(processor));
        let _ = nix::unistd::write(sys::descriptor::standard()[2], text.as_bytes());
        111
    })
    .map_err(|error| Trouble::new(format!("unable to fork for processor in {name}"), error))?;
    match sys::process::wait(child) {
        Ok(Ending::Exited(0)) => Ok(()),
        Ok(Ending::Exited(_) | Ending::Unknown) => {
            Err(Trouble { what: format!("processor failed in {name}"), reason: None })
        }
        Ok(Ending::Killed(signal)) => {
            Err(Trouble { what: format!("processor crashed in {name} by signal {signal}"), reason: None })
        }
        Err(error) => Err(Trouble::new(format!("wait failed for processor in {name}"), error)),
    }
}

fn become_processor(folder: &OwnedFd, command: &CStr) -> Result<std::convert::Infallible, Errno> {
    fchdir(folder)?;
    let read =
        |name| openat(folder, name, OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC, Mode::empty());
    let files = [
        (0, read(PREVIOUS)?),
        (1, empty(folder, PROCESSED)?),
        (4, read(STATE)?),
        (5, empty(folder, NEW_STATE)?),
    ];
    for (number, file) in files {
        sys::descriptor::move_to(file, number)?;
    }
    sys::signals::unblock_all()?;
    let arguments = [c"sh", c"-c", command];
    execve(c"/bin/sh", &arguments, &sys::environment::inherited())
}
