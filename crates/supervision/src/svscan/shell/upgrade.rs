//! Becoming the svscan that is installed now, in the same process: its children stay its children, its lock stays locked, and
//! the log pipes stay open until the new program has opened them by their names. What runs is found there as after any other
//! beginning.

use super::super::command::Command;
use super::{LogPipe, Shell};
use cli::errno::text;
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::kept::{Kept, VARIABLE};
use protocol::lock::Lock;
use std::borrow::Cow;
use std::convert::Infallible;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;
use sys::clock::Monotonic;
use sys::descriptor::{adopt, set_close_on_exec};
use sys::exec::{Strings, execute};

/// What the lock is called in the variable.
const LOCK: &str = "lock";

/// In this variable is the pid of what runs in the foreground: it is no descriptor.
const COMMAND: &str = "UPKEEP_COMMAND";

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
        let mut kept = Kept::parse(sys::environment::value(VARIABLE)?);
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

/// What the variables are that are for this program alone.
pub(in crate::svscan) const OWN_VARIABLES: [&str; 2] = [VARIABLE, COMMAND];

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
            self.voice.warn(&format!("unable to become the installed svscan: {}", text(error)));
        }
    }

    /// Comes back only where that was not possible; then everything is as it was.
    fn become_installed(&mut self) -> Result<Infallible, Errno> {
        let program = self.launcher.installed().ok_or(Errno::ENOENT)?;
        let mut kept = Kept::default();
        kept.add(LOCK, self.directory.lock().as_raw_fd());
        let pid = self.command.and_then(Command::pid);
        let own = [Some(format!("{VARIABLE}={kept}")), pid.map(|pid| format!("{COMMAND}={pid}"))];
        let inherited = sys::environment::without(&OWN_VARIABLES).into_iter().map(Cow::Borrowed);
        let own = own.into_iter().flatten().filter_map(|entry| CString::new(entry).ok()).map(Cow::Owned);
        let environment = inherited.chain(own).collect();
        let arguments = self.call.arguments.iter().copied().map(Cow::Borrowed).collect();
        let (arguments, environment) = (Strings::new(arguments), Strings::new(environment));
        self.keep_open(true);
        let error = self.launcher.with_given_limit(|| execute(&program, &arguments, &environment));
        self.keep_open(false);
        Err(error)
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
