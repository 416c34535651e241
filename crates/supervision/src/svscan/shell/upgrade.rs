//! Becoming the svscan that is installed now, in the same process: its children stay its children, its lock stays locked, and
//! the log pipes stay open until the new program has opened them by their names. What runs is found there as after any other
//! beginning.

use super::super::command::Command;
use super::{LogPipe, Shell};
use crate::upgrade::{self, Successor};
use cli::errno::chain;
use nix::unistd::Pid;
use protocol::kept::{COMMAND, Kept};
use protocol::lock::Lock;
use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;
use sys::clock::Monotonic;
use sys::descriptor::{adopt, set_close_on_exec};

/// What the lock is called in the variable.
const LOCK: &str = "lock";

/// A supervise that was started so long ago holds its lock, by which it is found, unless that was somebody else's.
const BEGINNING: Duration = Duration::from_secs(1);

/// Where supervises are started all the time, it is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// What there is to an upgrade: one that is wished, and one that has been made.
#[derive(Debug)]
pub(super) struct Upgrade {
    wanted: Option<Monotonic>,
    inherited: Option<Inherited>,
}

/// What the program before this one has left open, in the same process.
#[derive(Debug)]
pub(super) struct Inherited {
    lock: Option<Lock>,
    /// Log pipes.
    _open: Vec<OwnedFd>,
}

impl Upgrade {
    pub(super) fn begin(inherited: Option<Inherited>) -> Self {
        Self { wanted: None, inherited }
    }

    /// It is wished.
    pub(super) fn want(&mut self) {
        self.wanted = Some(Monotonic::now());
    }

    /// Whether one has just been made, and what runs is yet to be found.
    pub(super) fn is_fresh(&self) -> bool {
        self.inherited.is_some()
    }

    /// Everything that runs has been found, and its pipes are open.
    pub(super) fn found_all(&mut self) {
        self.inherited = None;
    }
}

impl Inherited {
    /// What there is, where there was a program before: to be called before anything is opened.
    pub(super) fn take() -> Option<Self> {
        let mut kept = upgrade::kept()?;
        let lock = kept.take(LOCK).and_then(|number| Lock::kept(adopt(number).ok()?).ok());
        let taken = lock.as_ref().map(|lock| lock.as_fd().as_raw_fd());
        let numbers: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")
            .map(|entries| {
                entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
            })
            .unwrap_or_default();
        let open = numbers.into_iter().filter(|number| Some(*number) != taken);
        let open = open.filter_map(|number| adopt(number).ok()).collect();
        Some(Self { lock, _open: open })
    }

    pub(super) fn take_lock(&mut self) -> Option<Lock> {
        self.lock.take()
    }
}

/// What runs in the foreground since before the upgrade.
pub(super) fn kept_command() -> Option<Command> {
    let text = std::str::from_utf8(sys::environment::value(COMMAND)?).ok()?;
    let pid = Pid::from_raw(text.parse().ok()?);
    // Where it has ended, it is not reaped yet.
    sys::process::is_child(pid).then_some(Command::Runs(pid))
}

impl Shell {
    /// When the upgrade that is wished can be made, if that is only a matter of time.
    pub(super) fn upgrade_at(&self) -> Option<Monotonic> {
        let wanted = self.upgrade.wanted.filter(|_| self.roster.is_settled())?;
        let begun = self.roster.last_start().map_or(wanted, |last| last + BEGINNING);
        Some(begun.max(wanted).min(wanted + PATIENCE))
    }

    /// Becomes the installed svscan, if that is wished and can be now.
    pub(super) fn upgrade_if_due(&mut self) {
        if self.upgrade_at().is_some_and(|at| at <= Monotonic::now()) {
            self.upgrade.wanted = None;
            let error = match self.become_installed() {
                Ok(never) => match never {},
                Err(error) => error,
            };
            self.voice.warn(&format!("unable to become the installed svscan: {}", chain(&error)));
        }
    }

    /// Comes back only where that was not possible; then everything is as it was.
    fn become_installed(&mut self) -> anyhow::Result<Infallible> {
        let mut kept = Kept::default();
        kept.add(LOCK, self.directory.lock().as_raw_fd());
        let command = self.command.and_then(Command::pid).map(|pid| format!("{COMMAND}={pid}"));
        let variables = [Some(upgrade::variable(&kept)), command].into_iter().flatten();
        let successor = Successor::find(self.launcher.own(), "svscan", &self.call.arguments, variables)?;
        self.keep_open(true);
        let error = self.launcher.with_given_limit(|| successor.take_over());
        self.keep_open(false);
        Err(error.into())
    }

    /// Whether the next program gets the lock and the log pipes.
    fn keep_open(&self, on: bool) {
        let ends = self.pipes.values().flat_map(LogPipe::ends);
        let all: Vec<BorrowedFd<'_>> = ends.chain([self.directory.lock()]).collect();
        for descriptor in all {
            let _ = set_close_on_exec(descriptor, !on);
        }
    }
}
