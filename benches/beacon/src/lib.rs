//! A `run` that says when it was executed: the first thing that it does is to read the clock. What it says is one record in
//! the FIFO [`FIFO`] beside the service directory; then it stays until a signal ends it. Where there is no such FIFO, or nobody
//! reads it, it ends at once with 1: a service that crashes.
//!
//! The record is here for both who write and who read it.

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{getcwd, getpid, pause, write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::entry::Args;

/// Where it says it, in the folder that the service directory is in: not in the service directory itself, where whoever watches
/// that would be woken by every word.
pub const FIFO: &str = "beacon";

/// The same, as it is seen from a service folder.
const TOLD: &str = "../../beacon";

/// The length of a record. No larger than what a pipe takes whole or not at all.
pub const LENGTH: usize = 64;

/// What is left for the name.
const LONGEST_NAME: usize = LENGTH - 12;

/// One execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, by the monotonic clock.
    pub at: Monotonic,
    /// Who.
    pub pid: u32,
    /// The last part of the path of the folder that it works in: the service's name. Cut where it is too long.
    pub name: Vec<u8>,
}

impl Record {
    /// As it goes through the FIFO: the time in nanoseconds, the pid, and the name filled up with NULs.
    #[must_use]
    pub fn encode(&self) -> [u8; LENGTH] {
        let at = u64::try_from(self.at.since_zero().as_nanos()).unwrap_or(u64::MAX).to_le_bytes();
        let pid = self.pid.to_le_bytes();
        let name = self.name.iter().copied().chain(std::iter::repeat(0)).take(LONGEST_NAME);
        let mut record = [0; LENGTH];
        for (to, from) in record.iter_mut().zip(at.into_iter().chain(pid).chain(name)) {
            *to = from;
        }
        record
    }

    /// Reads one back.
    #[must_use]
    pub fn decode(record: &[u8; LENGTH]) -> Self {
        let (at, rest) = record.split_at(8);
        let (pid, name) = rest.split_at(4);
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        Self {
            at: Monotonic::from_zero(Duration::from_nanos(number(at))),
            pid: u32::try_from(number(pid)).unwrap_or(0),
            name: name.to_vec(),
        }
    }
}

/// The program.
#[must_use]
pub fn run(_: Args) -> u8 {
    let at = Monotonic::now();
    if tell(at).is_err() {
        return 1;
    }
    loop {
        pause();
    }
}

fn tell(at: Monotonic) -> nix::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let fifo = open(TOLD, flags, Mode::empty())?;
    let folder = getcwd()?;
    let name = folder.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let record = Record { at, pid: getpid().as_raw().unsigned_abs(), name }.encode();
    while let Err(nix::errno::Errno::EAGAIN) = write(&fifo, &record) {
        poll(&mut [PollFd::new(fifo.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &[u8]) -> Record {
        let at = Monotonic::from_zero(Duration::new(86400, 123_456_789));
        Record { at, pid: 4_194_304, name: name.to_vec() }
    }

    #[test]
    fn what_was_said_is_heard() {
        for name in [&b""[..], b"web", b"s9999", &[b'a'; LONGEST_NAME]] {
            assert_eq!(Record::decode(&record(name).encode()), record(name));
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let cut = Record::decode(&record(&[b'a'; 255]).encode());
        assert_eq!(cut, record(&[b'a'; LONGEST_NAME]));
        assert_eq!(TOLD, format!("../../{FIFO}"));
    }
}
