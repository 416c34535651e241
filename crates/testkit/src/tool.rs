//! Programs that do one thing and end.

use crate::Account;
use crate::wait::DEADLINE;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::fmt;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

/// A call of a tool.
#[derive(Debug)]
pub struct Tool(Command, Option<Vec<u8>>);

/// What it said and how it ended. Two of them can be compared: ours and theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct Ran {
    /// All of its stdout.
    pub stdout: Vec<u8>,
    /// All of its stderr.
    pub stderr: Vec<u8>,
    /// Its exit code, or the signal that killed it.
    pub end: Result<i32, i32>,
}

impl Tool {
    /// A call of the program at that path: no arguments, no input, our environment without `SUPERVISEDIR`.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("SUPERVISEDIR");
        Self(command, None)
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Sets `argv[0]`.
    #[must_use]
    pub fn arg0(mut self, name: &str) -> Self {
        self.0.arg0(name);
        self
    }

    /// The folder to run in.
    #[must_use]
    pub fn dir(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Starts with an empty environment.
    #[must_use]
    pub fn env_clear(mut self) -> Self {
        self.0.env_clear();
        self
    }

    /// Runs it as that account, without supplementary groups.
    #[must_use]
    pub fn account(mut self, account: &Account) -> Self {
        self.0.uid(account.uid).gid(account.gid);
        self
    }

    /// Sends its stdout elsewhere.
    #[must_use]
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stdout(to);
        self
    }

    /// Writes that to its stdin, which then ends.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.stdin(Stdio::piped());
        self.1 = Some(bytes.into());
        self
    }

    /// What else `std` can do to a command.
    pub fn command(&mut self) -> &mut Command {
        &mut self.0
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// Where it cannot be started, or does not end in time (it is killed then).
    #[must_use]
    #[track_caller]
    pub fn run(mut self) -> Ran {
        let shown = format!("{:?}", self.0);
        let child = self.0.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{shown}: {error}"));
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), self.1.take()) {
            // Whether it reads all of it is its own affair.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        let (done, output) = channel();
        std::thread::spawn(move || done.send(child.wait_with_output()));
        let Ok(output) = output.recv_timeout(DEADLINE) else {
            let _ = kill(pid, Signal::SIGKILL);
            panic!("{shown} does not end");
        };
        let output = output.expect("its output");
        let end = output.status.code().ok_or_else(|| output.status.signal().expect("killed, then"));
        Ran { stdout: output.stdout, stderr: output.stderr, end }
    }
}

impl Ran {
    /// It must have ended with this exit code.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.end, Ok(code), "{self:?}");
        self
    }

    /// It must have written exactly this to stdout.
    #[track_caller]
    pub fn prints(&self, text: impl AsRef<[u8]>) -> &Self {
        assert!(self.stdout == text.as_ref(), "{:?} expected on stdout: {self:?}", shown(text.as_ref()));
        self
    }

    /// It must have written exactly this to stderr.
    #[track_caller]
    pub fn errors(&self, text: impl AsRef<[u8]>) -> &Self {
        assert!(self.stderr == text.as_ref(), "{:?} expected on stderr: {self:?}", shown(text.as_ref()));
        self
    }
}

impl Ran {
    /// Its stdout as text.
    #[must_use]
    pub fn output(&self) -> String {
        shown(&self.stdout)
    }

    /// Its stderr as text.
    #[must_use]
    pub fn complaints(&self) -> String {
        shown(&self.stderr)
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl fmt::Debug for Ran {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Ran")
            .field("stdout", &shown(&self.stdout))
            .field("stderr", &shown(&self.stderr))
            .field("end", &self.end)
            .finish()
    }
}
