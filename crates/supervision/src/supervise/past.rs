//! What the supervise before this one left: its wishes, and perhaps a service that runs. Never two copies of it: what is on
//! record is held before anything is started, and where the record cannot be believed, /proc is asked first.

use super::machine::{Before, Duties, Machine};
use crate::held::Held;
use crate::proc;
use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::unistd::{Pid, getppid};
use protocol::identity::FolderId;
use protocol::process::{Boot, ProcessId, pid};
use protocol::status::{Detail, Failed, Readiness, Status, Token, Want};
use protocol::tai64n::Tai64n;
use std::time::Duration;
use sys::clock::Monotonic;

/// How far the start of a process and the label of another program's record may be apart.
const NEAR: Duration = Duration::from_secs(2);

/// Where and how this supervise begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here {
    /// The record's file.
    pub(super) file: Option<FolderId>,
    pub(super) boot: Option<Boot>,
    /// What the folder says about being up.
    pub(super) wish: Want,
    pub(super) now: Monotonic,
    pub(super) before: Before,
    /// What the folder now holds a run to.
    pub(super) duties: Duties,
}

/// What is gone on with.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) machine: Machine,
    /// When the pid changed last.
    pub(super) since: Tai64n,
    /// When run became ready, if it is; where it says how it is, what it said, and what its folder holds it to.
    pub(super) ready_since: Option<Tai64n>,
    pub(super) token: Option<Token>,
    pub(super) says: String,
    pub(super) duties: Duties,
    pub(super) failed: Option<Failed>,
    /// The session of the last run.
    pub(super) session: Option<Pid>,
    /// The process of run or finish, if it lives.
    pub(super) process: Option<Held>,
    /// The process of an earlier run that was waited for, if it lives.
    pub(super) waited: Option<Held>,
}

impl Past {
    /// There is none: a new machine.
    pub(super) fn none(machine: Machine) -> Self {
        let since = Tai64n::from_wall(sys::clock::wall());
        Self {
            machine,
            since,
            ready_since: None,
            token: None,
            says: String::new(),
            duties: Duties::default(),
            failed: None,
            session: None,
            process: None,
            waited: None,
        }
    }

    /// Finds it. `None` where there is nothing to go on with.
    ///
    /// # Errors
    ///
    /// Where the service may run, and cannot be held: then nothing may be started.
    pub(super) fn find(record: &[u8], here: &Here) -> anyhow::Result<Option<Self>> {
        if record.is_empty() {
            return Ok(None);
        }
        let Ok(status) = Status::decode(record) else { return Self::of_nobody(here) };
        match &status.detail {
            // A copy of another one's.
            Some(detail) if detail.file.is_some() && detail.file != here.file => Self::of_nobody(here),
            // Also where neither knows its boot: the marks of processes are seldom the same by chance.
            Some(detail) if detail.file.is_some() && detail.boot == here.boot => {
                Self::recorded(&status, detail, here)
            }
            // The numbers in it are of another boot, or of another container.
            Some(Detail { boot: Some(_), .. }) if here.boot.is_some() => Ok(None),
            _ => Self::of_another(&status, here),
        }
    }

    fn recorded(status: &Status, detail: &Detail, here: &Here) -> anyhow::Result<Option<Self>> {
        let Some(machine) = Machine::recorded(here.now, status, detail, here.before, here.duties) else {
            return Ok(None);
        };
        let hold = |recorded: Option<ProcessId>| match recorded {
            None => Ok(None),
            Some(recorded) => Held::find(recorded).with_context(|| {
                format!("unable to take up the service, which may run as pid {}", recorded.pid)
            }),
        };
        let run = status.pid.map(|pid| ProcessId { pid, mark: detail.run });
        let process = hold(run.or(detail.finish.filter(|_| machine.finish().is_some())))?;
        let waited = hold(detail.finish.filter(|_| machine.is_clearing()))?;
        Ok(Some(Self {
            machine,
            since: status.since,
            ready_since: match detail.readiness {
                Readiness::Ready(since) => Some(since),
                Readiness::Unsaid | Readiness::Awaited => None,
            },
            token: detail.token,
            says: detail.says.clone(),
            // Where it was begun without any, it is held to none.
            duties: if detail.readiness == Readiness::Unsaid && detail.silent_at.is_none() {
                Duties::default()
            } else {
                here.duties
            },
            failed: detail.failed.clone(),
            session: detail.session.and_then(pid),
            process,
            waited,
        }))
    }

    /// Of a supervise that is not ours, or wrote no marks: its pid is believed if that process began when the record says so,
    /// and no other supervise has it.
    fn of_another(status: &Status, here: &Here) -> anyhow::Result<Option<Self>> {
        let Some(recorded) = status.pid else { return Ok(None) };
        let stat = pid(recorded).and_then(|pid| proc::stat(pid).ok().flatten()).filter(proc::Stat::is_alive);
        let is_it = |stat: &proc::Stat| {
            let began = proc::started(stat).map(Tai64n::from_wall).unwrap_or_default();
            let is_near = began.since(status.since) <= NEAR && status.since.since(began) <= NEAR;
            is_near && (is_orphan(stat) || works_here(stat))
        };
        let Some(stat) = stat.filter(is_it) else { return Self::of_nobody(here) };
        match Held::open(stat.pid) {
            Ok(None) => Ok(None),
            Ok(Some(held)) => Ok(Some(Self::found(held, status.since, status.want, status.paused))),
            Err(error) => bail!(
                "unable to take up the service, which may run as pid {recorded}: {}",
                cli::errno::text(error)
            ),
        }
    }

    /// Where there is no word that can be believed.
    fn of_nobody(here: &Here) -> anyhow::Result<Option<Self>> {
        let found = oldest_in_folder().context(
            "unable to find out in /proc whether the service runs: if it does not, remove supervise/status",
        )?;
        Ok(found.map(|(held, since)| Self::found(held, since, here.wish, false)))
    }

    fn found(held: Held, since: Tai64n, want: Want, paused: bool) -> Self {
        let pid = held.pid();
        let machine = Machine::found(pid, paused, want);
        Self { session: Some(pid), process: Some(held), since, ..Self::none(machine) }
    }
}

/// The oldest process that looks like this folder's run without a supervise: it leads a session, works in the folder, and is an
/// orphan.
fn oldest_in_folder() -> Result<Option<(Held, Tai64n)>, Errno> {
    let may_be_run = |stat: &proc::Stat| {
        stat.session == stat.pid && stat.is_alive() && is_orphan(stat) && stat.pid != Pid::this()
    };
    let mut found = proc::find(may_be_run)?;
    found.retain(works_here);
    let Some(oldest) = found.into_iter().min_by_key(|stat| stat.start_time) else { return Ok(None) };
    let since = proc::started(&oldest).map(Tai64n::from_wall).unwrap_or_default();
    Ok(Held::open(oldest.pid)?.map(|held| (held, since)))
}

/// Whether it was left to one of those that adopt orphans here.
fn is_orphan(stat: &proc::Stat) -> bool {
    [Pid::from_raw(1), getppid()].contains(&stat.parent)
}

/// Whether it works in the service's folder.
fn works_here(process: &proc::Stat) -> bool {
    stat(".").is_ok_and(|here| proc::working_folder(process.pid) == Some(FolderId::from(&here)))
}
