//! What cleans up after a bench that could not: a process that waits for its end, by Ctrl-C or KILL as well, and then kills
//! everything that works in a folder and removes it.

use crate::processes;
use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe2, read, setpgid, write};
use std::os::fd::OwnedFd;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Guard {
    pid: Pid,
    /// End of file here is the end of the bench, a byte that all is well.
    lifeline: OwnedFd,
}

impl Guard {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let (ending, lifeline) = pipe2(OFlag::O_CLOEXEC).context("unable to make a pipe")?;
        let mut lifeline = Some(lifeline);
        let pid = sys::process::spawn(|| {
            drop(lifeline.take());
            // Ctrl-C is for the bench.
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            if has_ended(&ending) {
                let _ = processes::kill_all_in(folder);
                let _ = std::fs::remove_dir_all(folder);
            }
            0
        });
        let pid = pid.context("unable to fork")?;
        Ok(Self { pid, lifeline: lifeline.context("unable to hold the pipe")? })
    }
}

fn has_ended(lifeline: &OwnedFd) -> bool {
    loop {
        match read(lifeline, &mut [0]) {
            Err(Errno::EINTR) => {}
            read => return read == Ok(0),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Not by closing: guards that were forked later hold the pipe as well.
        let _ = write(&self.lifeline, b"w");
        let _ = waitpid(self.pid, None);
    }
}
