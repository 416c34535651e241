//! Making processes, and saying how they ended.

use crate::signals::SignalNumber;
use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid, fork};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(u8),
    /// By a signal of this number.
    Killed(u8),
    /// It was somebody else's child, and the kernel does not tell.
    Unknown,
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
    // SAFETY: the programs that call this have one thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = run();
            // SAFETY: _exit ends the child without running what the parent registered for its own end.
            unsafe { libc::_exit(i32::from(code)) }
        }
    }
}

/// Sends a signal to the process of that number, and to nobody where there is none.
///
/// To be called for a child that is not reaped: any other number may be somebody else's by now.
///
/// # Errors
///
/// ESRCH, EPERM.
pub fn send(pid: Pid, signal: SignalNumber) -> Result<(), Errno> {
    kill(pid.as_raw(), signal)
}

/// Sends a signal to the process group of that number: that of a child that is not reaped.
///
/// # Errors
///
/// ESRCH where there is no such group (yet), EPERM.
pub fn send_to_group(leader: Pid, signal: SignalNumber) -> Result<(), Errno> {
    kill(leader.as_raw().wrapping_neg(), signal)
}

/// Not nix's, which has no name for a real-time signal.
fn kill(to: libc::pid_t, signal: SignalNumber) -> Result<(), Errno> {
    // 0 and -1 are groups and everybody.
    if matches!(to, -1..=1) {
        return Err(Errno::ESRCH);
    }
    // SAFETY: no memory is involved.
    Errno::result(unsafe { libc::kill(to, signal.number()) }).map(drop)
}

/// Whether there are children, ended or not; one that has ended stays to be reaped.
#[must_use]
pub fn has_children() -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: with a null structure the kernel writes nothing.
    let result =
        unsafe { libc::syscall(libc::SYS_waitid, libc::P_ALL, 0, std::ptr::null::<u8>(), options, 0) };
    result == 0
}

/// Whether that process is a child of ours.
#[must_use]
pub fn is_child(pid: Pid) -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: as above.
    let result = unsafe {
        libc::syscall(libc::SYS_waitid, libc::P_PID, pid.as_raw(), std::ptr::null::<u8>(), options, 0)
    };
    result == 0
}

/// What has become of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has ended, and is collected.
    Ended(Ending),
    /// A signal has stopped it.
    Stopped,
    /// It goes on.
    Continued,
}

/// What has become of one child, if something has. To be called until it says `None`.
#[must_use]
pub fn next_change() -> Option<(Pid, Change)> {
    let options = libc::WNOHANG | libc::WUNTRACED | libc::WCONTINUED;
    let (pid, status) = collect(Pid::from_raw(-1), options).ok().filter(|(pid, _)| pid.as_raw() > 0)?;
    let change = if libc::WIFSTOPPED(status) {
        Change::Stopped
    } else if libc::WIFCONTINUED(status) {
        Change::Continued
    } else {
        Change::Ended(ending(status))
    };
    Some((pid, change))
}

/// Collects one child that has ended, if there is one. To be called until it says `None`.
#[must_use]
pub fn reap() -> Option<(Pid, Ending)> {
    let collected = collect(Pid::from_raw(-1), libc::WNOHANG).ok().filter(|(pid, _)| pid.as_raw() > 0);
    collected.map(|(pid, status)| (pid, ending(status)))
}

/// Waits until that child has ended.
///
/// # Errors
///
/// ECHILD where there is none, also where the kernel keeps none because SIGCHLD is ignored.
pub fn wait(child: Pid) -> Result<Ending, Errno> {
    collect(child, 0).map(|(_, status)| ending(status))
}

/// A child and its wait status. The pid is 0 where there are children, and nothing has become of any.
fn collect(child: Pid, options: libc::c_int) -> Result<(Pid, libc::c_int), Errno> {
    // Not nix's: it has no name for a real-time signal, and loses the child that one has killed.
    let mut status: libc::c_int = 0;
    loop {
        // SAFETY: the kernel writes one int to the address that it is given.
        match Errno::result(unsafe { libc::waitpid(child.as_raw(), &raw mut status, options) }) {
            Ok(pid) => return Ok((Pid::from_raw(pid), status)),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a wait status says.
pub(crate) fn ending(status: libc::c_int) -> Ending {
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
    fn a_child_is_known_from_a_stranger() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        assert!(has_children() && is_child(pid));
        assert!(!is_child(Pid::parent()));
        child.wait().unwrap();
        assert!(!is_child(pid));
    }

    #[test]
    fn a_number_that_is_nobodys_alone_is_not_signalled() {
        let null = SignalNumber::from(nix::sys::signal::Signal::SIGURG);
        for pid in [-1, 0, 1] {
            assert_eq!(send(Pid::from_raw(pid), null), Err(Errno::ESRCH));
            assert_eq!(send_to_group(Pid::from_raw(pid), null), Err(Errno::ESRCH));
        }
    }

    #[test]
    fn a_wait_status_is_an_exit_code_or_a_signal() {
        assert_eq!(ending(111 << 8), Ending::Exited(111));
        assert_eq!(ending(libc::SIGKILL), Ending::Killed(9));
        assert_eq!(ending(libc::SIGSEGV | 0x80), Ending::Killed(11), "with a core dump");
        assert_eq!(ending(libc::SIGRTMIN() + 3), Ending::Killed(u8::try_from(libc::SIGRTMIN() + 3).unwrap()));
    }
}
