//! The proof that nothing survived: descriptors that every descendant inherits, and whose end of file comes when
//! the last of them has ended.
//!
//! Two, since either can be replaced on the way: stdin (a service has the one it inherits, a logger the log pipe)
//! and stdout (the other way round). A process that replaced both by itself is not seen.

use crate::wait::readable;
use nix::fcntl::OFlag;
use std::fs::File;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Our ends.
#[derive(Debug)]
pub(crate) struct Lifeline {
    stdin: UnixStream,
    stdout_ended: Receiver<()>,
}

impl Lifeline {
    /// Makes one, with the stdin and stdout to start a program with: stdin is at its end at once, and what comes
    /// from stdout is written to a file.
    pub(crate) fn new(stdout: &Path) -> (Self, Stdio, Stdio) {
        let (stdin, their_stdin) = UnixStream::pair().expect("a socket pair");
        stdin.shutdown(Shutdown::Write).expect("nothing is written to it");
        let (reader, their_stdout) = nix::unistd::pipe2(OFlag::O_CLOEXEC).expect("a pipe");
        let file = File::create(stdout).expect("a file for what is printed");
        let (end, stdout_ended) = channel();
        std::thread::spawn(move || {
            // Dropping the sender tells the end as well, should the file be full.
            let _ = std::io::copy(&mut File::from(reader), &mut &file);
            let _ = end.send(());
        });
        (Self { stdin, stdout_ended }, OwnedFd::from(their_stdin).into(), their_stdout.into())
    }

    /// Waits until nobody holds the other ends any more; false where somebody still does after `at_most`.
    pub(crate) fn is_cut(&self, at_most: Duration) -> bool {
        let end = Instant::now() + at_most;
        let left = || end.saturating_duration_since(Instant::now());
        let mut waiting = [0; 1024];
        self.stdin.set_nonblocking(true).expect("a socket");
        loop {
            match nix::unistd::read(self.stdin.as_fd(), &mut waiting) {
                Ok(0) => break,
                // Somebody wrote to its stdin.
                Ok(_) => {}
                Err(_) if left().is_zero() || !readable(self.stdin.as_fd(), left()) => return false,
                Err(_) => {}
            }
        }
        !matches!(self.stdout_ended.recv_timeout(left()), Err(std::sync::mpsc::RecvTimeoutError::Timeout))
    }
}
