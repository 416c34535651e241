//! Programs that run while a test looks at them: svscan, supervise, and the ones they are compared with.

use crate::lifeline::Lifeline;
use crate::tree::Root;
use crate::wait::{DEADLINE, wait_until};
use crate::{Account, process};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

/// A program that is about to be started in a tree.
#[derive(Debug)]
pub struct Launch {
    root: Arc<Root>,
    program: PathBuf,
    arguments: Vec<OsString>,
    folder: PathBuf,
    variables: Vec<(String, Option<OsString>)>,
    account: Option<Account>,
    stop: Stop,
}

/// How a program and all below it is asked to end.
#[derive(Clone, Debug)]
enum Stop {
    /// By TERM.
    Terminate,
    /// By `dx` through the control FIFO of this service folder: Debian's supervise leaves its service at a TERM.
    Control(PathBuf),
}

impl Launch {
    pub(crate) fn new(root: Arc<Root>, program: PathBuf, folder: PathBuf) -> Self {
        Self {
            root,
            program,
            arguments: Vec::new(),
            folder,
            variables: vec![("SUPERVISEDIR".into(), None)],
            account: None,
            stop: Stop::Terminate,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().into());
        self
    }

    /// The folder that it is started in; the service directory otherwise.
    #[must_use]
    pub fn dir(mut self, folder: &Path) -> Self {
        self.folder = folder.into();
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), Some(value.as_ref().into())));
        self
    }

    /// Starts it as that account, with the account's groups.
    #[must_use]
    pub fn account(mut self, account: &Account) -> Self {
        self.account = Some(account.clone());
        self
    }

    /// Ends it by `dx` to the supervise of that service folder instead of by TERM.
    #[must_use]
    pub fn stop_by_control(mut self, service: impl Into<PathBuf>) -> Self {
        self.stop = Stop::Control(service.into());
        self
    }

    /// Starts it. It gets TERM if the test dies before it could end it.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Running {
        let name = self.program.file_name().expect("a program").to_string_lossy().into_owned();
        let [stdout, stderr] = self.root.new_outputs(&name);
        let (lifeline, their_stdin, their_stdout) = Lifeline::new(&stdout);
        // setpriv execs the program with the signal set: doing that between fork and exec ourselves is unsafe.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]);
        if let Some(account) = &self.account {
            command.arg(format!("--reuid={}", account.uid)).arg(format!("--regid={}", account.gid));
            command.arg("--init-groups").env("HOME", &account.home).env("USER", &account.name);
        }
        // Whoever runs the tests may have signals ignored, as a shell does for what it puts in the background.
        command
            .args(["--", "env", "--default-signal"])
            .arg(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder);
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(their_stdin).stdout(their_stdout);
        command.stderr(File::create(&stderr).expect("a file for messages"));
        let mut child = command.spawn().expect("setpriv of util-linux");
        drop(command);
        let pid = child.id();
        let (end, ended) = channel();
        std::thread::spawn(move || end.send(child.wait().expect("our child")));
        Running { name, pid, ended, status: None, lifeline, stdout, stderr, stop: self.stop, root: self.root }
    }
}

/// A program that runs. Dropped, it is asked to end, and the test fails if it or anything below it does not.
#[derive(Debug)]
pub struct Running {
    name: String,
    pid: u32,
    ended: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
    lifeline: Lifeline,
    stdout: PathBuf,
    stderr: PathBuf,
    stop: Stop,
    root: Arc<Root>,
}

impl Running {
    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it and all below it have written to stderr so far.
    #[must_use]
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }

    /// What it and all below it have written to stdout so far.
    #[must_use]
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stdout).unwrap_or_default()).into_owned()
    }

    /// Waits until stderr contains `text`.
    #[track_caller]
    pub fn wait_for_errors(&self, text: &str) {
        let what = format!("{} says {text:?} on stderr", self.name);
        wait_until(&what, &[self.root.path()], || self.errors().contains(text).then_some(()));
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.ended.try_recv().ok();
        }
        self.status.is_some()
    }

    /// Sends it a signal, unless it has ended.
    #[track_caller]
    pub fn signal(&mut self, signal: Signal) {
        if !self.has_ended() {
            let pid = Pid::from_raw(i32::try_from(self.pid).expect("a pid"));
            match kill(pid, signal) {
                // It has just ended, and who waits for it has not told us yet.
                Err(Errno::ESRCH) => {}
                sent => sent.expect("a signal to our child"),
            }
        }
    }

    /// Waits for its end: the exit code, or the signal that killed it.
    ///
    /// # Errors
    ///
    /// The number of that signal.
    ///
    /// # Panics
    ///
    /// Where it does not end in time.
    #[track_caller]
    pub fn wait(&mut self) -> Result<i32, i32> {
        if self.status.is_none() {
            let status = self.ended.recv_timeout(DEADLINE);
            self.status = Some(status.unwrap_or_else(|_| panic!("{} does not end", self.name)));
        }
        let status = self.status.expect("just received");
        status.code().ok_or_else(|| status.signal().expect("killed, then"))
    }

    /// Asks it to end and waits until it and all below it have: what dropping it does.
    ///
    /// # Panics
    ///
    /// Where they do not.
    #[track_caller]
    pub fn stop(mut self) {
        if let Some(fault) = self.end() {
            panic!("{fault}");
        }
    }

    /// Ends everything; what is wrong about how it ended, if anything is.
    fn end(&mut self) -> Option<String> {
        if !self.has_ended() {
            self.ask_to_end();
            match self.ended.recv_timeout(DEADLINE) {
                Ok(status) => self.status = Some(status),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let shown = process::tree(self.pid).join("\n");
                    self.signal(Signal::SIGKILL);
                    self.root.kill_survivors();
                    return Some(format!("{} did not end when it was asked to:\n{shown}", self.name));
                }
            }
        }
        if self.lifeline.is_cut(DEADLINE) {
            return None;
        }
        let survivors = self.root.kill_survivors().join("\n");
        Some(format!("{} has ended, but something below it has not:\n{survivors}", self.name))
    }

    fn ask_to_end(&mut self) {
        match self.stop.clone() {
            Stop::Terminate => self.signal(Signal::SIGTERM),
            Stop::Control(service) => {
                // Opened for both, so that it never waits.
                let fifo = File::options().read(true).write(true).open(service.join("supervise/control"));
                if let Ok(mut fifo) = fifo {
                    let _ = std::io::Write::write_all(&mut fifo, b"dx");
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(fault) = self.end() {
            assert!(std::thread::panicking(), "{fault}");
        }
    }
}
