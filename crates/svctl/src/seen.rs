//! A service, seen from outside at one moment: its record, whether a supervise keeps it, and what it uses.

use crate::directory::Service;
use crate::processes::{Processes, Usage, in_parallel};
use crate::state::{Mood, State};
use cli::errno::text;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::unistd::{Pid, Uid};
use protocol::control::{Control, Unreadable};
use protocol::file::{look, open_folder};
use protocol::folder::DOWN;
use protocol::instance::{Kind, kind};
use protocol::process::{Boot, pid};
use protocol::status::{Detail, Status, Want};
use protocol::tai64n::Tai64n;
use std::collections::HashMap;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use supervision::proc::Proc;
use sys::clock::{Monotonic, wall};

/// A service at one moment.
#[derive(Debug)]
pub struct Seen {
    /// Which.
    pub service: Service,
    /// How it is.
    pub state: State,
    /// Its record, where there is one that its supervise keeps.
    pub status: Option<Status>,
    /// There is no file `down`.
    pub is_normally_up: bool,
    /// Whose run is, by uid.
    pub owner: Option<u32>,
    /// How long it has been as it is: up or not.
    pub since: Option<Duration>,
    /// What its tree of processes uses: run, what came of it, and what earlier runs left behind.
    pub usage: Usage,
    /// Its logger.
    pub log: Option<Box<Seen>>,
}

/// What there is to be asked only once for many services.
#[derive(Debug)]
pub struct Moment {
    proc: Option<Proc>,
    processes: Processes,
    boot: Option<Boot>,
    now: Monotonic,
    /// Of accounts, as far as they have been asked for.
    names: Mutex<HashMap<u32, String>>,
}

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let (processes, names) = (Processes::now(), Mutex::default());
        Self { proc: Proc::open().ok(), processes, boot: Boot::current(), now: Monotonic::now(), names }
    }

    /// The processes of that moment.
    #[must_use]
    pub fn processes(&self) -> &Processes {
        &self.processes
    }

    /// Nanoseconds of the monotonic clock.
    #[must_use]
    pub fn nanoseconds(&self) -> u64 {
        u64::try_from(self.now.since_zero().as_nanos()).unwrap_or(u64::MAX)
    }

    /// As [`account`], asked for once.
    pub fn account(&self, uid: u32) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.entry(uid).or_insert_with(|| account(uid)).clone()
    }
}

/// The name of an account, or its number where it has none.
#[must_use]
pub fn account(uid: u32) -> String {
    let account = accounts::by_uid(Uid::from_raw(uid)).ok().flatten();
    account.map_or_else(|| uid.to_string(), |account| account.name.to_string_lossy().into_owned())
}

/// How these services are, with their loggers.
#[must_use]
pub fn look_at_all(services: &[Service], moment: &Moment) -> Vec<Seen> {
    let look = |service: &Service| Seen::with_log(service.clone(), moment);
    in_parallel(services, |services| services.iter().map(look).collect())
}

impl Seen {
    /// Looks at a service and its logger.
    #[must_use]
    pub fn with_log(service: Service, moment: &Moment) -> Self {
        let log = service.log().map(|log| Box::new(Self::look(log, moment)));
        Self { log, ..Self::look(service, moment) }
    }

    /// Looks at a service.
    #[must_use]
    pub fn look(service: Service, moment: &Moment) -> Self {
        let folder = open(&service);
        let is_normally_up = folder.as_ref().is_ok_and(|folder| matches!(look(folder, DOWN), Ok(None)));
        let (state, status) = match &folder {
            _ if kind(&service.file_name()) == Kind::Template => (State::Template, None),
            Err(error) => (State::Hidden(format!("unable to open its folder: {}", text(*error))), None),
            Ok(folder) => look_at(folder, moment),
        };
        let run = status.as_ref().and_then(|status| pid(status.pid?));
        let since = status.as_ref().map(|status| age(status, moment));
        let usage = status.as_ref().map(|status| usage(status, moment)).unwrap_or_default();
        let owner = run.and_then(|run| moment.proc.as_ref()?.user(run));
        Self { state, is_normally_up, owner, since, usage, log: None, status, service }
    }

    /// The pid of run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        Some(self.status.as_ref()?.pid?.get())
    }

    /// What only our supervise says.
    #[must_use]
    pub fn detail(&self) -> Option<&Detail> {
        self.status.as_ref()?.detail.as_ref()
    }

    /// What its state means.
    #[must_use]
    pub fn mood(&self) -> Mood {
        let wish = self.status.as_ref().map(|status| status.want);
        self.state.mood(match wish {
            Some(Want::Up) => true,
            Some(Want::Down | Want::Once) => false,
            None => self.is_normally_up,
        })
    }
}

/// Opens a service folder.
///
/// # Errors
///
/// What the system says.
pub fn open(service: &Service) -> Result<OwnedFd, Errno> {
    let path = CString::new(service.path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    open_folder(AT_FDCWD, &path)
}

/// How the service of an opened folder is, and its record, which its supervise keeps.
fn look_at(folder: &OwnedFd, moment: &Moment) -> (State, Option<Status>) {
    let hidden =
        |what: &str, error: Errno| (State::Hidden(format!("unable to open {what}: {}", text(error))), None);
    let Ok(control) = Control::of(folder.as_fd()) else { return (State::Unsupervised, None) };
    match control.is_running() {
        Ok(true) => {}
        Ok(false) | Err(Errno::ENOENT) => return (State::Unsupervised, None),
        Err(error) => match control.open() {
            Ok(_) => return hidden("supervise/ok", error),
            Err(error) => return hidden("supervise", error),
        },
    }
    match control.status() {
        Ok(status) => (State::of(&status, moment.nanoseconds()), Some(status)),
        Err(Unreadable::Open(Errno::ENOENT)) => (State::Unsupervised, None),
        Err(Unreadable::Open(error) | Unreadable::Read(error)) => hidden("supervise/status", error),
        Err(Unreadable::Format(why)) => (State::Hidden(format!("supervise/status: {why}")), None),
    }
}

/// How long it has been as it is: by the clock that nobody sets, where the record has it.
fn age(status: &Status, moment: &Moment) -> Duration {
    let started = status
        .detail
        .as_ref()
        .filter(|detail| detail.boot == moment.boot)
        .and_then(|detail| detail.last_start);
    match started.filter(|_| status.pid.is_some()) {
        Some(started) => Duration::from_nanos(moment.nanoseconds().saturating_sub(started)),
        None => Tai64n::from_wall(wall()).since(status.since),
    }
}

/// What is below its supervise, and below run, which may be an earlier supervise's child.
fn usage(status: &Status, moment: &Moment) -> Usage {
    let supervise = status.detail.as_ref().and_then(|detail| pid(detail.supervise?.pid));
    let processes = moment.processes();
    let below = supervise.into_iter().flat_map(|supervise| processes.children(supervise));
    let run: Option<Pid> = status.pid.and_then(pid);
    processes.usage(below.chain(run))
}
