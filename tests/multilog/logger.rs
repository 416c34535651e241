//! A logger that runs while a test looks at it, and the FIFO that it reads, which the test holds as svscan does.

use super::place::Place;
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use testkit::{DEADLINE, process, wait_until};

/// A log pipe, open for both: it neither ends nor breaks while the test holds it.
pub(super) struct Pipe {
    path: PathBuf,
    both: File,
    _folder: tempfile::TempDir,
}

impl Pipe {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        mkfifo(&path, Mode::from_bits_truncate(0o600)).expect("a FIFO");
        let both = File::options().read(true).write(true).open(&path).expect("the FIFO");
        Self { path, both, _folder: folder }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// One that holds that much.
    pub(super) fn with_room(bytes: usize) -> Self {
        let pipe = Self::new();
        let size = i32::try_from(bytes).expect("a size");
        fcntl(&pipe.both, FcntlArg::F_SETPIPE_SZ(size)).expect("a large pipe");
        pipe
    }

    /// Writes to it, and waits where it is full.
    #[track_caller]
    pub(super) fn write(&self, bytes: impl AsRef<[u8]>) {
        (&self.both).write_all(bytes.as_ref()).expect("written");
    }

    /// Another writing end.
    pub(super) fn writer(&self) -> File {
        File::options().write(true).open(&self.path).expect("the FIFO")
    }

    /// A reading end, as the logger gets it.
    pub(super) fn reader(&self) -> File {
        File::open(&self.path).expect("the FIFO")
    }

    /// Whether nothing waits in it.
    pub(super) fn is_empty(&self) -> bool {
        let mut asked = [PollFd::new(self.both.as_fd(), PollFlags::POLLIN)];
        poll(&mut asked, PollTimeout::ZERO).expect("poll") == 0
    }

    /// Waits until somebody has taken all that is in it.
    #[track_caller]
    pub(super) fn wait_until_taken(&self) {
        soon("what is in the pipe is taken", || self.is_empty());
    }

    /// What waits in it, taken out.
    pub(super) fn rest(&self) -> Vec<u8> {
        let mut rest = Vec::new();
        let mut buffer = [0; 4096];
        let flags = nix::fcntl::OFlag::O_NONBLOCK;
        let reader = nix::fcntl::open(&self.path, flags, Mode::empty()).expect("the FIFO");
        while let Ok(count @ 1..) = nix::unistd::read(&reader, &mut buffer) {
            rest.extend_from_slice(&buffer[..count]);
        }
        rest
    }
}

/// A logger. Killed when it is dropped, so that a test that fails leaves none.
pub(super) struct Logger {
    pid: u32,
    end: Receiver<ExitStatus>,
    status: Option<ExitStatus>,
    errors: tempfile::NamedTempFile,
}

impl Logger {
    /// Starts a logger in that place.
    #[track_caller]
    pub(super) fn start(program: &Path, place: &Place, script: &[&str], input: impl Into<Stdio>) -> Self {
        let mut command = Command::new(program);
        command.args(script);
        Self::command(command, place, input)
    }

    /// Starts a logger under strace, which injects faults; the process is the logger, and strace is its child.
    #[track_caller]
    pub(super) fn traced(
        options: &[&str],
        program: &Path,
        place: &Place,
        script: &[&str],
        input: impl Into<Stdio>,
    ) -> Self {
        let mut command = Command::new("strace");
        command.args(["-D", "-qq"]).args(options).arg("--").arg(program).args(script);
        Self::command(command, place, input)
    }

    /// Starts what ends up as a logger in that place.
    #[track_caller]
    pub(super) fn command(mut command: Command, place: &Place, input: impl Into<Stdio>) -> Self {
        let errors = tempfile::NamedTempFile::new().expect("a file for messages");
        command.current_dir(place.path()).stdin(input).stdout(Stdio::null());
        command.stderr(errors.reopen().expect("the file"));
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        drop(command);
        let pid = child.id();
        let (tell, end) = channel();
        std::thread::spawn(move || tell.send(child.wait().expect("our child")));
        Self { pid, end, status: None, errors }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has said so far, and whether the test waits on that.
    pub(super) fn errors(&self) -> String {
        std::fs::read_to_string(self.errors.path()).expect("its messages")
    }

    #[track_caller]
    pub(super) fn wait_for_errors(&self, text: &str) {
        let folder = self.errors.path().parent().expect("a folder").to_owned();
        let what = format!("it says {text:?}, but {:?}", self.errors());
        wait_until(&what, &[&folder], || self.errors().contains(text).then_some(()));
    }

    #[track_caller]
    pub(super) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.pid).expect("a pid")), signal).expect("a signal");
    }

    /// Sends a signal and waits until it has been taken notice of, and the process waits again.
    #[track_caller]
    pub(super) fn signal_taken(&self, signal: Signal) {
        self.signal(signal);
        let bit = 1_u64 << (signal as u32 - 1);
        soon("the signal is taken", || {
            let pending = ["SigPnd", "ShdPnd"].map(|name| process::field(self.pid, name));
            let is_pending = pending
                .into_iter()
                .flatten()
                .any(|mask| u64::from_str_radix(&mask, 16).expect("a mask") & bit != 0);
            !is_pending && self.is_waiting()
        });
    }

    /// Whether it waits for something.
    pub(super) fn is_waiting(&self) -> bool {
        process::state(self.pid) == Some('S')
    }

    pub(super) fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.end.try_recv().ok();
        }
        self.status.is_some()
    }

    /// Waits for its end: its exit code, or the signal that killed it.
    #[track_caller]
    pub(super) fn wait(&mut self) -> Result<i32, i32> {
        if self.status.is_none() {
            let status = self.end.recv_timeout(DEADLINE);
            self.status = Some(status.unwrap_or_else(|_| panic!("multilog does not end: {}", self.errors())));
        }
        let status = self.status.expect("just received");
        status.code().ok_or_else(|| status.signal().expect("killed, then"))
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.signal(Signal::SIGKILL);
        }
    }
}

/// Waits until a probe of the log in that place holds.
#[track_caller]
pub(super) fn wait_for(what: &str, place: &Place, log: &str, mut holds: impl FnMut() -> bool) {
    wait_until(what, &[&place.file(log)], || holds().then_some(()));
}

/// Waits until `current` of the log holds that.
#[track_caller]
pub(super) fn wait_for_current(place: &Place, log: &str, content: &str) {
    let what = format!("current is {content:?}");
    let current = place.file(log).join("current");
    wait_for(&what, place, log, || std::fs::read(&current).is_ok_and(|bytes| bytes == content.as_bytes()));
}

/// Waits for what no folder tells of and what comes at once, without letting a moment pass.
#[track_caller]
pub(super) fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::yield_now();
    }
}
