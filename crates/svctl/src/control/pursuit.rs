//! One service that has been given an order: its folder, the supervise that keeps it, or that is to come, and how it stands.

use super::absent::{self, Absence, Scanner};
use super::foreign::Foreign;
use super::verdict::{Judge, Verdict};
use super::{Order, Outcome};
use crate::directory::Service;
use crate::seen::{account, open};
use cli::errno::text;
use nix::errno::Errno;
use protocol::control::{Control, Unreadable};
use protocol::event::Waiter;
use protocol::file::look;
use protocol::folder::SUPERVISE;
use protocol::process::{Boot, ProcessId, pid};
use protocol::status::Status;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use supervision::svc::send;
use supervision::svwait::is_true;
use supervision::svwait::wish::is_left;
use sys::clock::{Monotonic, wall};

/// So long a svscan may take to start a supervise: a folder that was just made comes to rest first, and one that was killed is
/// started again after a second.
const COMING: Duration = Duration::from_secs(5);

/// A service that has been given an order.
#[derive(Debug)]
pub(super) struct Pursuit<'a> {
    service: &'a Service,
    order: Order,
    stage: Stage,
    foreign: Foreign,
    boot: Option<Boot>,
    /// Since when there is no supervise.
    missed: Option<Monotonic>,
    /// What is said of it while it is waited for.
    pub(super) what: String,
}

#[derive(Debug)]
enum Stage {
    /// Nobody to be told yet.
    Coming(OwnedFd),
    /// There is a supervise, which is subscribed to.
    Watched(Box<Watched>),
    Over(Outcome),
}

/// A service folder whose supervise runs.
#[derive(Debug)]
struct Watched {
    folder: OwnedFd,
    /// `None` where nobody tells of anything: another program's, or no place for the FIFO.
    waiter: Option<Waiter>,
    /// Who keeps it, as far as the record says.
    supervise: Option<ProcessId>,
    /// What was so before the order.
    first: Option<Status>,
    /// Of the order, once it is given.
    judge: Option<Judge>,
}

impl<'a> Pursuit<'a> {
    /// Finds the service's supervise, and subscribes to what it tells.
    pub(super) fn begin(service: &'a Service, order: Order) -> Self {
        let stage = match open(service) {
            Ok(folder) => Stage::Coming(folder),
            Err(error) => Stage::Over(unable(service, "open its folder", error)),
        };
        let (foreign, boot) = (Foreign::default(), Boot::current());
        let mut pursuit = Self { service, order, stage, foreign, boot, missed: None, what: String::new() };
        pursuit.find();
        pursuit
    }

    /// How it has ended, if it has.
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Over(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The name of the service.
    pub(super) fn name(&self) -> &str {
        &self.service.name
    }

    /// What becomes readable when something is told.
    pub(super) fn events(&self) -> Option<BorrowedFd<'_>> {
        match &self.stage {
            Stage::Watched(watched) => watched.waiter.as_ref().map(AsFd::as_fd),
            _ => None,
        }
    }

    /// There is no more time.
    pub(super) fn time_is_up(&mut self, after: Duration) {
        let words =
            format!("{} after {}: {}", self.order.not_yet(), humantime::format_duration(after), self.what);
        self.stage = match &self.stage {
            Stage::Coming(_) => Stage::Over(Outcome::NotSupervised(absent::never_came(self.service))),
            _ => Stage::Over(Outcome::TimedOut(words)),
        };
    }

    /// What was told is not waited for.
    pub(super) fn leave(&mut self) {
        if matches!(&self.stage, Stage::Watched(watched) if watched.judge.is_some()) {
            self.stage = Stage::Over(Outcome::Done(self.order.told()));
        }
    }

    /// Gives the order, where there is a supervise that has not got it.
    pub(super) fn give(&mut self) {
        let Stage::Watched(watched) = &mut self.stage else { return };
        if watched.judge.is_none() {
            watched.judge = Some(Judge::begin(self.order, watched.first.clone(), now()));
            self.what = self.order.told();
            self.send();
        }
    }

    /// Looks how it is now.
    pub(super) fn look(&mut self) {
        self.find();
        self.give();
        let Stage::Watched(watched) = &mut self.stage else { return };
        let Some(judge) = &mut watched.judge else { return };
        // Taken out first: what is told from now on wakes us again.
        let letters = watched.waiter.as_ref().map(Waiter::drain).unwrap_or_default();
        let status = match read(&watched.folder) {
            Ok((true, status)) => {
                self.missed = None;
                status.map(|status| completed(&mut self.foreign, status)).filter(|status| !is_left(status))
            }
            Ok((false, status)) => match status.filter(is_left) {
                Some(left) => Some(left),
                None => return self.lost(),
            },
            Err(error) => return self.fail("look at it", error),
        };
        let Some(status) = status.filter(|status| is_believed(status, self.boot)) else { return };
        let supervise = status.detail.as_ref().and_then(|detail| detail.supervise);
        let is_another = watched.supervise.is_some() && supervise.is_some() && watched.supervise != supervise;
        watched.supervise = supervise.or(watched.supervise);
        match judge.look(&status, letters, now()) {
            Verdict::Awaited(what) => {
                self.what = what;
                if is_another && judge.is_to_be_told_again(&status) {
                    self.send();
                }
            }
            Verdict::Done(words) => self.stage = Stage::Over(Outcome::Done(words)),
            Verdict::Failed(words) => self.stage = Stage::Over(Outcome::Failed(words)),
            Verdict::Left => {
                let why = "its supervise has left: it was told to, or svscan is stopping";
                self.stage = Stage::Over(Outcome::NotSupervised(why.to_owned()));
            }
        }
    }

    /// Sees whether a supervise has come.
    fn find(&mut self) {
        let Stage::Coming(folder) = &self.stage else { return };
        match watch(folder, &mut self.foreign, self.boot) {
            Ok(Some(watched)) => {
                self.missed = None;
                self.stage = Stage::Watched(Box::new(watched));
            }
            Ok(None) => match absent::why(self.service, folder) {
                Absence::Hopeless(why) => self.stage = Stage::Over(Outcome::NotSupervised(why)),
                Absence::Coming => self.is_missed(),
            },
            Err(error) => self.fail("ask its supervise", error),
        }
    }

    /// There is no supervise now. Another one may come.
    fn is_missed(&mut self) {
        self.what = "waiting for svscan to start its supervise".to_owned();
        let since = *self.missed.get_or_insert_with(Monotonic::now);
        if Monotonic::now().since(since) > COMING {
            self.stage = Stage::Over(Outcome::NotSupervised(absent::never_came(self.service)));
        }
    }

    /// Its supervise has ended, and was not told to. Where svscan runs, the next one goes on with what this one has left.
    fn lost(&mut self) {
        if absent::scanner(&absent::above(self.service)) == Scanner::Absent {
            let why = "its supervise has ended, and no svscan runs that would start another";
            self.stage = Stage::Over(Outcome::NotSupervised(why.to_owned()));
        } else {
            self.is_missed();
        }
    }

    fn send(&mut self) {
        let Stage::Watched(watched) = &self.stage else { return };
        let sent = control(&watched.folder).and_then(|control| match control.commands()? {
            Some(fifo) => send(&fifo, &self.order.letters()),
            // It has ended this moment: the next one is told.
            None => Ok(()),
        });
        match sent {
            Ok(()) | Err(Errno::EPIPE) => {}
            Err(Errno::ETIMEDOUT) => {
                let why = "its supervise does not read what it is told: is it stopped?";
                self.stage = Stage::Over(Outcome::Impossible(why.to_owned()));
            }
            Err(error) => self.fail("give it commands", error),
        }
    }

    fn fail(&mut self, verb: &str, error: Errno) {
        self.stage = Stage::Over(unable(self.service, verb, error));
    }
}

/// Subscribes to a service, if a supervise keeps it.
fn watch(folder: &OwnedFd, foreign: &mut Foreign, boot: Option<Boot>) -> Result<Option<Watched>, Errno> {
    // Looked at before anything is made in it.
    let (true, status) = read(folder)? else { return Ok(None) };
    let is_foreign = status.is_some_and(|status| status.detail.is_none());
    let place = || control(folder).and_then(|control| control.open());
    let waiter = if is_foreign { None } else { place().and_then(Waiter::subscribe).ok() };
    let (_, status) = read(folder)?;
    let first = status.map(|status| completed(foreign, status));
    let first = first.filter(|first| !is_left(first) && is_believed(first, boot));
    let supervise = first.as_ref().and_then(|first| first.detail.as_ref()?.supervise);
    let folder = folder.try_clone().map_err(system)?;
    Ok(Some(Watched { folder, waiter, supervise, first, judge: None }))
}

/// Whether a supervise runs, and the record that is there.
fn read(folder: &OwnedFd) -> Result<(bool, Option<Status>), Errno> {
    let place = match control(folder)?.open() {
        Err(Errno::ENOENT) => return Ok((false, None)),
        opened => opened?,
    };
    let is_running = match place.is_running() {
        Err(Errno::ENOENT) => false,
        answer => answer?,
    };
    match place.status() {
        Ok(status) => Ok((is_running, Some(status))),
        // One that is just being made is none yet.
        Err(Unreadable::Open(Errno::ENOENT) | Unreadable::Format(_)) => Ok((is_running, None)),
        Err(Unreadable::Open(error) | Unreadable::Read(error)) => Err(error),
    }
}

fn control(folder: &OwnedFd) -> Result<Control<'_>, Errno> {
    Control::of(folder.as_fd()).map_err(system)
}

/// A record as the same may judge it, whoever wrote it.
fn completed(foreign: &mut Foreign, status: Status) -> Status {
    if status.detail.is_some() {
        return status;
    }
    // Debian's supervise sleeps for a second after each start, and says nothing of what has ended meanwhile.
    let is_alive = |pid| matches!(supervision::proc::stat(pid), Ok(Some(stat)) if stat.is_alive());
    let lives = status.pid.and_then(pid).is_some_and(is_alive);
    foreign.complete(status, lives, now(), wall())
}

/// Whether who wrote the record is there; another program's is believed, as there is nobody else. One that a supervise has left
/// on purpose is true until the next one comes.
fn is_believed(status: &Status, here: Option<Boot>) -> bool {
    let is_foreign = status.detail.as_ref().is_some_and(|detail| detail.supervise.is_none());
    is_foreign || is_left(status) || is_true(status, here)
}

fn now() -> u64 {
    u64::try_from(Monotonic::now().since_zero().as_nanos()).unwrap_or(u64::MAX)
}

fn system(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO as i32))
}

/// The outcome where the system says no.
fn unable(service: &Service, verb: &str, error: Errno) -> Outcome {
    if !matches!(error, Errno::EACCES | Errno::EPERM) {
        return Outcome::Impossible(format!("unable to {verb}: {}", text(error)));
    }
    let owner = open(service).ok().and_then(|folder| look(&folder, SUPERVISE).ok()?);
    Outcome::NotPermitted(match owner.map(|stat| stat.st_uid) {
        Some(0) => "its supervise is root's: it takes root to command it".to_owned(),
        Some(uid) => {
            let name = account(uid);
            format!("its supervise is {name}'s: it takes {name} or root to command it")
        }
        None => format!("unable to {verb}: {}", text(error)),
    })
}
