//! A process that is held: a child of ours, or one that a record names and that was found alive. Only such are signalled.
//!
//! A pidfd holds it where there are any; it is opened first, and compared with the record's mark then. Without pidfds (before
//! Linux 5.3) a child is safe by its number, as long as it is not reaped; nobody else can be held.

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use protocol::command::Target;
use protocol::process::{Mark, ProcessId, number, pid};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;
use sys::pidfd::Pidfd;
use sys::process::{self, Ending};
use sys::signals::SignalNumber;

/// How long somebody else's reaping is waited for.
const REAPING: Duration = Duration::from_millis(100);

/// A process that is held.
#[derive(Debug)]
pub struct Held {
    pid: Pid,
    pidfd: Option<Pidfd>,
    mark: Option<Mark>,
    /// It is our child, so that its end is told by SIGCHLD, and its exit status by reaping it.
    is_child: bool,
}

impl Held {
    /// A child that has just been made, and is not reaped.
    pub(crate) fn child(pid: Pid) -> Self {
        let pidfd = Pidfd::open(pid).ok();
        let mark = mark(pid, pidfd.as_ref());
        Self { pid, pidfd, mark, is_child: true }
    }

    /// The process that a record names; `None` where it has ended, or was another one.
    ///
    /// # Errors
    ///
    /// Where there are no pidfds, or none can be had: whether it lives cannot be found out.
    pub fn find(recorded: ProcessId) -> Result<Option<Self>, Errno> {
        let Some(number) = pid(recorded.pid) else { return Ok(None) };
        let found = match Self::open(number) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(_) if is_another_or_nobody(recorded) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(found).filter(|found| found.mark.is_some() && found.mark == recorded.mark))
    }

    /// The process that has that number now, for somebody who has other reasons to know that it is the right one; `None`
    /// where there is none.
    ///
    /// # Errors
    ///
    /// As [`Held::find`].
    pub fn open(pid: Pid) -> Result<Option<Self>, Errno> {
        let pidfd = match Pidfd::open(pid) {
            Ok(pidfd) => pidfd,
            Err(Errno::ESRCH) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mark = mark(pid, Some(&pidfd));
        Ok(Some(Self { pid, pidfd: Some(pidfd), mark, is_child: process::is_child(pid) }))
    }

    /// Ourselves, as a record names us.
    pub(crate) fn ourselves() -> Option<ProcessId> {
        let pid = Pid::this();
        let pidfd = Pidfd::open(pid).ok();
        Some(ProcessId { pid: number(pid)?, mark: mark(pid, pidfd.as_ref()) })
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// As a record names it.
    pub(crate) fn id(&self) -> Option<ProcessId> {
        Some(ProcessId { pid: number(self.pid)?, mark: self.mark })
    }

    /// What holds it, where there are pidfds.
    pub(crate) fn pidfd(&self) -> Option<&Pidfd> {
        self.pidfd.as_ref()
    }

    /// Sends a signal to it, or to the group that it leads. It may have ended this moment: its end is told in its own way.
    pub fn send(&self, target: Target, signal: SignalNumber) {
        let _ = match (&self.pidfd, target) {
            (Some(pidfd), Target::Process) => pidfd.send(signal),
            // It has no group yet while it is about to make one: then it is signalled alone.
            (Some(pidfd), Target::Group) => match pidfd.send_to_group(signal) {
                // Before Linux 6.9. The number is safe as long as it is our child and not reaped.
                Err(Errno::EINVAL) if self.is_child => {
                    process::send_to_group(self.pid, signal).or_else(|_| pidfd.send(signal))
                }
                sent => sent.or_else(|_| pidfd.send(signal)),
            },
            (None, Target::Process) => process::send(self.pid, signal),
            (None, Target::Group) => {
                process::send_to_group(self.pid, signal).or_else(|_| process::send(self.pid, signal))
            }
        };
    }

    /// What becomes readable when it ends, if that is not told by SIGCHLD.
    pub(crate) fn end(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().filter(|_| !self.is_child).map(AsFd::as_fd)
    }

    /// Whether it has ended. A child stays so until it is reaped.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.pidfd.as_ref().is_some_and(Pidfd::has_ended)
    }

    /// Whether it is our child.
    pub(crate) fn is_child(&self) -> bool {
        self.is_child
    }

    /// How it ended, if it is somebody else's child and has.
    pub(crate) fn ended(&self) -> Option<Ending> {
        let pidfd = self.pidfd.as_ref().filter(|pidfd| !self.is_child && pidfd.has_ended())?;
        Some(pidfd.ending(REAPING))
    }
}

/// What tells a process from others that have its number at other times.
fn mark(pid: Pid, pidfd: Option<&Pidfd>) -> Option<Mark> {
    pidfd.and_then(Pidfd::inode).map(Mark::Inode).or_else(|| {
        let stat = crate::proc::stat(pid).ok()??;
        Some(Mark::StartTime(stat.start_time))
    })
}

/// Whether what has that number now, if anything has, is certainly not the recorded process, without holding it.
fn is_another_or_nobody(recorded: ProcessId) -> bool {
    let Some(pid) = pid(recorded.pid) else { return true };
    let found = crate::proc::stat(pid).ok().flatten();
    match (found, recorded.mark) {
        (Some(found), Some(Mark::StartTime(time))) => found.start_time != time,
        (None, _) => kill(pid, None) == Err(Errno::ESRCH),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;
    use std::process::Command;

    #[test]
    fn a_recorded_process_is_found_while_it_lives_and_another_is_not_taken_for_it() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = std::num::NonZeroU32::new(child.id()).unwrap();
        let held = Held::open(super::pid(pid).unwrap()).unwrap().unwrap();
        let id = held.id().unwrap();
        assert!(Held::find(id).unwrap().is_some());
        let other = Held::ourselves().unwrap();
        assert!(Held::find(ProcessId { pid, mark: other.mark }).unwrap().is_none());
        assert!(Held::find(ProcessId { pid, mark: None }).unwrap().is_none());
        held.send(Target::Process, Signal::SIGKILL.into());
        child.wait().unwrap();
        assert!(Held::find(id).unwrap().is_none());
    }
}
