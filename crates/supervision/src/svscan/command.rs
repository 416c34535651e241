//! The command that svscan runs in the foreground: the main process of a container. Its end is the end of everything.

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use sys::process::{self, Ending};

/// The command, running or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A child that is not reaped.
    Runs(Pid),
    /// With what svscan exits then.
    Ended(u8),
}

impl Command {
    /// A child was reaped. Returns whether it was this one.
    pub(super) fn reaped(&mut self, pid: Pid, ending: Ending) -> bool {
        let is_it = *self == Self::Runs(pid);
        if is_it {
            *self = Self::Ended(exit_code(ending));
        }
        is_it
    }

    /// Its pid, while it runs.
    pub(super) fn pid(self) -> Option<Pid> {
        match self {
            Self::Runs(pid) => Some(pid),
            Self::Ended(_) => None,
        }
    }

    /// Sends it signals, if it runs.
    pub(super) fn send(self, signals: &[Signal]) {
        for signal in signals {
            let _ = self.pid().map(|pid| process::send(pid, (*signal).into()));
        }
    }

    /// What svscan exits with.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Runs(_) => 0,
            Self::Ended(code) => code,
        }
    }
}

/// As a shell says it.
fn exit_code(ending: Ending) -> u8 {
    match ending {
        Ending::Exited(code) => code,
        Ending::Killed(signal) => signal.saturating_add(128),
        Ending::Unknown => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_end_is_told_as_a_shell_tells_it() {
        let pid = Pid::from_raw(77);
        for (ending, code) in [(Ending::Exited(0), 0), (Ending::Exited(111), 111), (Ending::Killed(9), 137)] {
            let mut command = Command::Runs(pid);
            assert!(!command.reaped(Pid::from_raw(78), ending) && command.pid() == Some(pid));
            assert!(command.reaped(pid, ending));
            assert_eq!((command.pid(), command.exit_code()), (None, code));
        }
    }
}
