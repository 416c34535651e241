//! A program between two pipes: a test writes to the one, and reads what has come out of the other so far.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use testkit::DEADLINE;

/// It runs; dropped before it has ended, it is killed.
pub(crate) struct Fed {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Fed {
    /// Starts it.
    pub(crate) fn start(program: &Path, args: &[impl AsRef<OsStr>]) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a program");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("its stdout");
        Self { child, stdin, stdout }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes that.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().expect("not closed").write_all(bytes).expect("a pipe that is read");
    }

    /// Waits for so many bytes of its output.
    #[track_caller]
    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let mut have = 0;
        while have < count {
            let timeout = PollTimeout::try_from(DEADLINE).expect("a short time");
            let mut asked = [PollFd::new(self.stdout.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut asked, timeout).expect("poll");
            assert!(ready > 0, "only {:?} of {count} bytes came", String::from_utf8_lossy(&bytes[..have]));
            let more = self.stdout.read(&mut bytes[have..]).expect("its output");
            assert!(more > 0, "its output ends with {:?}", String::from_utf8_lossy(&bytes[..have]));
            have += more;
        }
        bytes
    }

    /// Ends its input: what else it wrote, and its exit code or the signal that killed it.
    pub(crate) fn end(mut self) -> (Vec<u8>, Result<i32, i32>) {
        drop(self.stdin.take());
        let mut rest = Vec::new();
        self.stdout.read_to_end(&mut rest).expect("its output");
        let status = self.child.wait().expect("our child");
        (rest, status.code().ok_or_else(|| status.signal().expect("killed, then")))
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is wrong with stdin or stdout, as a shell says it, `$0` being the program.
pub(crate) const BROKEN: [&str; 7] = [
    "exec \"$0\" </",
    "exec \"$0\" <&-",
    "echo x | \"$0\" >&-",
    "echo x | \"$0\" >/dev/full",
    "exec \"$0\" </dev/null >&-",
    "exec \"$0\" </dev/null >/dev/full",
    "exec \"$0\" <&- >&- 2>&-",
];
