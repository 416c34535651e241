//! Making processes, and saying how they ended.

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid, fork};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(u8),
    /// By a signal of this number.
    Killed(u8),
}

/// Forks. In the child `run` is called and its result is the exit code; it normally execs and never returns.
///
/// Only for programs with one thread: the child goes on with a copy of the memory as it is, and a lock that
/// another thread held would never be released.
///
/// # Errors
///
/// What fork says; no child exists then.
pub fn spawn(run: impl FnOnce() -> u8) -> Result<Pid, Errno> {
    // SAFETY: the programs that call this have one thread (svscan, which has two, starts children by posix_spawn).
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = run();
            // SAFETY: _exit ends the child without running what the parent registered for its own end.
            unsafe { libc::_exit(i32::from(code)) }
        }
    }
}

/// Collects one child that has ended, if there is one. To be called until it says `None`.
#[must_use]
pub fn reap() -> Option<(Pid, Ending)> {
    collect(Pid::from_raw(-1), libc::WNOHANG).ok().filter(|(pid, _)| pid.as_raw() > 0)
}

/// Waits until that child has ended.
///
/// # Errors
///
/// ECHILD where there is none, also where the kernel keeps none because SIGCHLD is ignored.
pub fn wait(child: Pid) -> Result<Ending, Errno> {
    collect(child, 0).map(|(_, ending)| ending)
}

/// The pid is 0 where there are children, and none has ended.
fn collect(child: Pid, options: libc::c_int) -> Result<(Pid, Ending), Errno> {
    // Not nix's: it has no name for a real-time signal, and loses the child that one has killed.
    let mut status: libc::c_int = 0;
    loop {
        // SAFETY: the kernel writes one int to the address that it is given.
        match Errno::result(unsafe { libc::waitpid(child.as_raw(), &raw mut status, options) }) {
            Ok(pid) => return Ok((Pid::from_raw(pid), ending(status))),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn ending(status: libc::c_int) -> Ending {
    if libc::WIFSIGNALED(status) {
        Ending::Killed(u8::try_from(libc::WTERMSIG(status)).unwrap_or(0))
    } else {
        Ending::Exited(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_is_an_exit_code_or_a_signal() {
        assert_eq!(ending(111 << 8), Ending::Exited(111));
        assert_eq!(ending(libc::SIGKILL), Ending::Killed(9));
        assert_eq!(ending(libc::SIGSEGV | 0x80), Ending::Killed(11), "with a core dump");
        assert_eq!(ending(libc::SIGRTMIN() + 3), Ending::Killed(u8::try_from(libc::SIGRTMIN() + 3).unwrap()));
    }
}
