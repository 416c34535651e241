//! The reading end of the FIFO in which every service says when it was executed.

use super::readable;
use anyhow::{Context, Result, bail, ensure};
use beacon::{LENGTH, Record};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use nix::unistd::{mkfifo, read};
use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than anything takes, also on a machine that has other work: it only makes an error of a hang.
const DEADLINE: Duration = Duration::from_secs(120);

/// How long records are left to gather, where many are waited for: each wake-up of ours would take time from those that
/// are measured. Nothing is lost by it, since the time is in the record.
const GATHERING: Duration = Duration::from_millis(2);

/// As much as an unprivileged program may have: 16,000 records.
const SIZE: i32 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Starts(OwnedFd);

impl Starts {
    pub(crate) fn new(fifo: &Path) -> Result<Self> {
        mkfifo(fifo, Mode::S_IRUSR | Mode::S_IWUSR).context("unable to make a FIFO")?;
        // For both, so that there is no end of file between two writers.
        let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let fifo = open(fifo, flags, Mode::empty()).context("unable to open a FIFO")?;
        // Where the user has too much in pipes already, the usual size has to do.
        let _ = fcntl(&fifo, FcntlArg::F_SETPIPE_SZ(SIZE));
        Ok(Self(fifo))
    }

    /// The next execution of any service.
    pub(crate) fn next(&self) -> Result<Record> {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(record) = self.read()? {
                return Ok(record);
            }
            let left = end.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "no service was started in time");
            readable(&self.0, left)?;
        }
    }

    /// The executions of so many services, each of them once.
    pub(crate) fn all(&self, count: usize) -> Result<Vec<Record>> {
        let end = Instant::now() + DEADLINE;
        let (mut records, mut names) = (Vec::with_capacity(count), HashSet::with_capacity(count));
        while records.len() < count {
            let Some(record) = self.read()? else {
                let left = end.saturating_duration_since(Instant::now());
                ensure!(!left.is_zero(), "only {} of {count} services were started in time", records.len());
                sleep(GATHERING);
                continue;
            };
            let name = String::from_utf8_lossy(&record.name).into_owned();
            ensure!(names.insert(record.name.clone()), "{name} was started twice");
            records.push(record);
        }
        Ok(records)
    }

    fn read(&self) -> Result<Option<Record>> {
        let mut record = [0; LENGTH];
        match read(&self.0, &mut record) {
            Ok(LENGTH) => Ok(Some(Record::decode(&record))),
            Ok(length) => bail!("a record of {length} bytes"),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(error) => Err(error).context("unable to read what services say"),
        }
    }
}
