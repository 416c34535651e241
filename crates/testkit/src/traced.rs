//! A program whose system calls are counted, so that it can be killed when it is about to make any one of them.
//!
//! Only the program itself is traced, not what it starts. The thread that starts it is its tracer, and the only one
//! that can be asked to go on with it.

use crate::TestTree;
use crate::wait::DEADLINE;
use nix::errno::Errno;
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::fs::{File, read_to_string};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks whether it has come to rest in a call.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// A traced program. It dies with its tracer; dropped, it is killed.
#[derive(Debug)]
pub struct Traced {
    child: Child,
    pid: Pid,
    has_ended: bool,
}

/// Where a traced program has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is about to make the call that was asked for: its number and arguments, as /proc/PID/syscall shows them.
    At(String),
    /// It rests in a call.
    Resting,
    /// It has ended by itself.
    Ended,
}

impl Traced {
    /// Starts a program in the service directory. It has not made a call yet, and waits for [`Traced::go_to`].
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start<const N: usize>(tree: &TestTree, program: &Path, arguments: [&OsStr; N]) -> Self {
        let mut traced = Self::spawn(tree, program, &arguments);
        let options =
            Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACEEXEC | Options::PTRACE_O_EXITKILL;
        ptrace::seize(traced.pid, options).expect("the right to trace a child");
        traced.let_begin();
        let executed = |status: &WaitStatus| matches!(status, WaitStatus::PtraceEvent(_, _, event) if *event == Event::PTRACE_EVENT_EXEC as i32);
        while !executed(&traced.next_stop()) {
            ptrace::cont(traced.pid, None).expect("a stopped tracee");
        }
        traced
    }

    /// Starts a program that is not traced until [`Traced::seize`].
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn later<const N: usize>(tree: &TestTree, program: &Path, arguments: [&OsStr; N]) -> Self {
        let mut traced = Self::spawn(tree, program, &arguments);
        traced.let_begin();
        traced
    }

    /// Begins to trace it, wherever it is.
    ///
    /// # Panics
    ///
    /// Where that is not allowed.
    #[track_caller]
    pub fn seize(&mut self) {
        let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL;
        ptrace::seize(self.pid, options).expect("the right to trace a child");
        ptrace::interrupt(self.pid).expect("a tracee");
        let _ = self.next_stop();
    }

    /// A shell that waits for a line before it becomes the program: time enough to trace it.
    fn spawn(tree: &TestTree, program: &Path, arguments: &[&OsStr]) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "read line && exec \"$0\" \"$@\" </dev/null"]).arg(program).args(arguments);
        let errors = tree.new_file("traced.err");
        command.stderr(File::create(errors).expect("a file for messages")).stdout(Stdio::null());
        command.stdin(Stdio::piped()).current_dir(tree.services()).env_remove("SUPERVISEDIR");
        let child = command.spawn().expect("a shell");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        Self { child, pid, has_ended: false }
    }

    fn let_begin(&mut self) {
        let stdin = OwnedFd::from(self.child.stdin.take().expect("a pipe"));
        File::from(stdin).write_all(b"go\n").expect("a shell that reads");
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it go on until it is about to make the call of that number, counted from one and from where it is now; or
    /// until it waits in a call while `is_done` holds.
    ///
    /// # Panics
    ///
    /// Where neither comes to pass.
    #[track_caller]
    pub fn go_to(&mut self, number: usize, is_done: impl Fn() -> bool) -> Stop {
        let end = Instant::now() + DEADLINE;
        let (mut calls, mut signal) = (0, None);
        loop {
            ptrace::syscall(self.pid, signal.take()).expect("a stopped tracee");
            let status = loop {
                match waitpid(self.pid, Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WALL)) {
                    Ok(WaitStatus::StillAlive) if crate::process::state(self.pid()) == Some('S') => {
                        if is_done() {
                            return Stop::Resting;
                        }
                        assert!(Instant::now() < end, "it waits in the call {} for ever", self.call());
                        std::thread::park_timeout(LOOK_AGAIN);
                    }
                    Ok(WaitStatus::StillAlive) => std::thread::yield_now(),
                    other => break other.expect("a tracee"),
                }
            };
            match status {
                WaitStatus::PtraceSyscall(_) if self.is_at_entry() => {
                    calls += 1;
                    if calls == number {
                        return Stop::At(self.call());
                    }
                }
                WaitStatus::Stopped(_, other) => signal = Some(other),
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {
                    self.has_ended = true;
                    return Stop::Ended;
                }
                _ => {}
            }
        }
    }

    /// Kills it where it is.
    #[track_caller]
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let _ = kill(self.pid, Signal::SIGKILL);
        let is_over = |status| {
            matches!(status, Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) | Err(Errno::ECHILD))
        };
        while !is_over(waitpid(self.pid, Some(WaitPidFlag::__WALL))) {}
    }

    /// Waits for the next thing that the tracer is told.
    #[track_caller]
    fn next_stop(&self) -> WaitStatus {
        waitpid(self.pid, Some(WaitPidFlag::__WALL)).expect("a tracee")
    }

    fn is_at_entry(&self) -> bool {
        /// PTRACE_SYSCALL_INFO_ENTRY of linux/ptrace.h.
        const ENTRY: u8 = 1;
        ptrace::syscall_info(self.pid).is_ok_and(|info| info.op == ENTRY)
    }

    fn call(&self) -> String {
        let call = read_to_string(format!("/proc/{}/syscall", self.pid)).unwrap_or_default();
        call.trim_end().to_owned()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.end();
    }
}
