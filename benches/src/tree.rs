//! A running tree of services: a supervisor's scanner on a [`Site`], until it is dropped. Nothing of it stays then, whatever
//! has happened: see [`Tree::end`].

mod site;
mod starts;

pub(crate) use site::Site;

use crate::processes;
use crate::supervisors::Supervisor;
use anyhow::{Context, Result, bail, ensure};
use beacon::Record;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeVal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};
use sys::clock::Monotonic;
use sys::pidfd::Pidfd;

/// Longer than a stop or an end takes anywhere.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long supervises have had nothing to do when they are at rest.
const RESTING: Duration = Duration::from_secs(2);

pub(crate) struct Tree<'a> {
    pub(crate) supervisor: &'a dyn Supervisor,
    pub(crate) site: &'a Site,
    /// Before the scanner was started.
    pub(crate) begun: Monotonic,
    scanner: Child,
    has_ended: bool,
}

impl<'a> Tree<'a> {
    /// Starts the scanner. What it needs besides the folders is made before the clock is read.
    pub(crate) fn start(supervisor: &'a dyn Supervisor, site: &'a Site) -> Result<Self> {
        set_child_subreaper(true).context("unable to become the parent of orphans")?;
        raise_limit()?;
        supervisor.prepare(site)?;
        site.settle();
        let mut command = supervisor.scanner(site);
        // Ctrl-C is for the bench.
        command.process_group(0);
        let begun = Monotonic::now();
        let scanner = command.spawn().with_context(|| format!("unable to run {command:?}"))?;
        Ok(Self { supervisor, site, begun, scanner, has_ended: false })
    }

    /// The same, and waits until every service has been executed.
    pub(crate) fn up(supervisor: &'a dyn Supervisor, site: &'a Site) -> Result<(Self, Vec<Record>)> {
        let tree = Self::start(supervisor, site)?;
        let records = tree.all(site.names().len())?;
        Ok((tree, records))
    }

    /// The same for each supervisor on its site: many trees at once.
    pub(crate) fn up_each(
        supervisors: &'a [Box<dyn Supervisor>],
        sites: &'a [Site],
    ) -> Result<Vec<(Self, Vec<Record>)>> {
        supervisors.iter().zip(sites).map(|(supervisor, site)| Self::up(&**supervisor, site)).collect()
    }

    /// The executions of so many services.
    pub(crate) fn all(&self, count: usize) -> Result<Vec<Record>> {
        self.site.starts().all(count).with_context(|| self.supervisor.name())
    }

    /// The next execution, which is to be that service's.
    pub(crate) fn next_of(&self, name: &str) -> Result<Record> {
        let record = self.site.starts().next().with_context(|| self.supervisor.name())?;
        ensure!(record.name == name.as_bytes(), "{}: not {name} was started", self.supervisor.name());
        Ok(record)
    }

    pub(crate) fn scanner(&self) -> Result<Pid> {
        processes::pid(self.scanner.id())
    }

    /// What stays beside the services; where the scanner does that itself, nothing.
    pub(crate) fn supervises(&self) -> Result<Vec<Pid>> {
        self.supervisor.supervises(self.scanner()?)
    }

    /// Both.
    pub(crate) fn residents(&self) -> Result<Vec<Pid>> {
        let mut residents = vec![self.scanner()?];
        residents.extend(self.supervises()?);
        Ok(residents)
    }

    /// Waits until no supervise of these trees has had anything to do for two seconds.
    pub(crate) fn rest<'t>(trees: impl IntoIterator<Item = &'t Self>) -> Result<()>
    where
        'a: 't,
    {
        let supervises = trees.into_iter().map(Self::supervises).collect::<Result<Vec<_>>>()?.concat();
        let end = Instant::now() + DEADLINE;
        let mut before = processes::switches(&supervises)?;
        while Instant::now() < end {
            sleep(RESTING);
            let now = processes::switches(&supervises)?;
            if now <= before {
                return Ok(());
            }
            before = now;
        }
        bail!("the supervises do not come to rest")
    }

    /// Waits until that process has ended, and says when that was seen.
    pub(crate) fn wait_for_end(&self, process: &Pidfd) -> Result<Monotonic> {
        let ended = readable(process, DEADLINE)?;
        let now = Monotonic::now();
        ensure!(ended, "{}: a process did not end in time", self.supervisor.name());
        Ok(now)
    }

    /// Stops the services as the supervisor's manual says, and waits until the scanner and all of them are gone.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let scanner = self.scanner()?;
        let residents = self.residents()?;
        let held: Vec<_> = residents.iter().filter_map(|pid| Pidfd::open(*pid).ok()).collect();
        let before = Monotonic::now();
        self.supervisor.stop(self.site, scanner)?;
        self.scanner.wait().context("unable to wait for a scanner")?;
        let mut gone = Monotonic::now();
        for process in &held {
            gone = self.wait_for_end(process)?;
        }
        let left = processes::working_in(self.site.path())?;
        ensure!(left.is_empty(), "{}: {} processes did not stop", self.supervisor.name(), left.len());
        self.end()?;
        Ok(gone.since(before))
    }

    /// Kills all of it, and says what processor time it has used since its beginning: the scanner, the supervises and every
    /// run. That is what the kernel adds up for the bench, in microseconds, when the last of them has been collected; the bench
    /// collects nobody else's meanwhile.
    pub(crate) fn end(&mut self) -> Result<Duration> {
        self.has_ended = true;
        let before = used()?;
        let _ = self.scanner.kill();
        let _ = self.scanner.wait();
        for pid in processes::kill_all_in(self.site.path())? {
            // Those that still had a parent were collected by it.
            let _ = waitpid(pid, None);
        }
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive)
        {
        }
        Ok(used()?.saturating_sub(before))
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = self.end();
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| format!("unable to run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}

/// Of all children that were collected, and of theirs.
fn used() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("unable to ask for the processor time")?;
    let time = |time: TimeVal| {
        let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0)) + Duration::from_micros(micros)
    };
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

/// As far as it goes, of open files, for everything that is started.
fn raise_limit() -> Result<()> {
    let (_, hard) =
        getrlimit(Resource::RLIMIT_NOFILE).context("unable to ask for the limit of open files")?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).context("unable to raise the limit of open files")
}

/// Waits until there is something to read; false when the time is over.
fn readable(file: impl AsFd, at_most: Duration) -> Result<bool> {
    let end = Instant::now() + at_most;
    loop {
        // A millisecond more: the rest of one would be no time at all.
        let left = end.saturating_duration_since(Instant::now()).saturating_add(Duration::from_millis(1));
        let timeout = PollTimeout::try_from(left)?;
        match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("unable to wait"),
            Ok(ready) => return Ok(ready > 0),
        }
    }
}
