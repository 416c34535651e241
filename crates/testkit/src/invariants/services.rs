//! What must hold of each service: it is as it is wanted, its record and svstat say what is, and svc is obeyed.

use super::stat::{Process, Stat};
use super::watch::LEFT_BEHIND;
use crate::wait::{in_time, readable};
use crate::{Service, Tool, condition, ours, process};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use protocol::status::{Phase, Status, Want};
use protocol::tai64n::Tai64n;
use std::collections::BTreeSet;
use std::fs::{metadata, read_dir, read_to_string};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How far a time that a record tells may be from the kernel's.
const TOLERANCE: Duration = Duration::from_secs(2);

/// The service directory, and what is not expected of some services.
#[derive(Debug)]
pub(super) struct Services {
    directory: PathBuf,
    pub(super) may_rest: BTreeSet<String>,
    pub(super) refused: BTreeSet<String>,
}

/// A folder that has a supervise, with its record.
struct Seen {
    name: String,
    service: Service,
    status: Status,
}

impl Services {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, may_rest: BTreeSet::new(), refused: BTreeSet::new() }
    }

    /// The folders that svscan keeps a service for, and their loggers; templates are none.
    fn folders(&self) -> Vec<(String, Service)> {
        let mut folders = Vec::new();
        for entry in read_dir(&self.directory).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let service = Service::at(entry.path());
            if name.starts_with('.') || name.ends_with('@') || !service.path().is_dir() {
                continue;
            }
            if service.log().path().is_dir() {
                folders.push((format!("{name}/log"), service.log()));
            }
            folders.push((name, service));
        }
        folders
    }

    fn is_expected(&self, name: &str, service: &Service) -> bool {
        let template = name.split_once('@').map(|(template, _)| self.directory.join(format!("{template}@")));
        let is_there = |folder: &Path| folder.join("run").exists() || folder.ends_with("log");
        let has_run = is_there(service.path()) || template.is_some_and(|folder| is_there(&folder));
        has_run && !self.refused.contains(name)
    }

    fn supervised(&self) -> Vec<Result<Seen, String>> {
        let look = |(name, service): (String, Service)| {
            if !service.is_supervised() {
                return None;
            }
            match service.status() {
                Some(status) => Some(Ok(Seen { name, service, status })),
                None => Some(Err(format!("{name}: its record cannot be read"))),
            }
        };
        self.folders().into_iter().filter_map(look).collect()
    }

    /// What is not as it is wanted: a service, or a folder without a supervise though svscan is there.
    pub(super) fn unwanted(&self, processes: &[Process]) -> Vec<String> {
        let has_svscan = processes.iter().any(|process| process.stat.name == "svscan");
        let forgotten = |(name, service): &(String, Service)| {
            has_svscan && self.is_expected(name, service) && !service.is_supervised()
        };
        let forgotten = self.folders().into_iter().filter(forgotten);
        let mut faults: Vec<String> =
            forgotten.map(|(name, _)| format!("{name}: has no supervise")).collect();
        for seen in self.supervised() {
            match seen {
                Ok(seen) if !self.is_as_wanted(&seen) => {
                    faults.push(format!("{}: {:?}", seen.name, seen.status))
                }
                Ok(_) => {}
                Err(fault) => faults.push(fault),
            }
        }
        faults
    }

    fn is_as_wanted(&self, Seen { name, service, status }: &Seen) -> bool {
        let phase = status.detail.as_ref().map(|detail| detail.phase);
        let is_down = status.pid.is_none() && matches!(phase, None | Some(Phase::Down));
        let may_rest = self.may_rest.contains(name);
        match status.want {
            Want::Up => may_rest || condition::up().holds(service),
            Want::Down => is_down,
            Want::Once => is_down || status.pid.is_some(),
        }
    }

    /// What records say that is not so.
    pub(super) fn untrue(&self, processes: &[Process]) -> Vec<String> {
        let fault = |seen| match seen {
            Ok(seen) => {
                lie(&seen, processes).map(|fault| format!("{}: {fault}: {:?}", seen.name, seen.status))
            }
            Err(fault) => Some(fault),
        };
        self.supervised().into_iter().filter_map(fault).collect()
    }

    /// What svstat says that is not so.
    pub(super) fn untold(&self) -> Vec<String> {
        let seen: Vec<Seen> = self.supervised().into_iter().flatten().collect();
        let names = seen.iter().map(|seen| seen.name.as_str());
        let ran = Tool::new(&ours("svstat")).args(names).dir(&self.directory).run();
        let said = String::from_utf8_lossy(&ran.stdout);
        if ran.end != Ok(0) || !ran.stderr.is_empty() || said.lines().count() != seen.len() {
            return vec![format!("{ran:?}")];
        }
        let faults = seen.iter().zip(said.lines()).filter(|(seen, line)| !tells(seen, line));
        faults.map(|(seen, line)| format!("{line}: {:?}", seen.status)).collect()
    }

    /// Services that do not do what svc says: each that is up is stopped and continued again, the others must at least
    /// read what they are told.
    pub(super) fn deaf(&self) -> Vec<String> {
        let (up, other): (Vec<Seen>, Vec<Seen>) =
            self.supervised().into_iter().flatten().partition(is_steady);
        let tell = |letter: &str, to: &[Seen]| {
            let names = to.iter().map(|seen| seen.name.as_str());
            let ran = Tool::new(&ours("svc")).arg(letter).args(names).dir(&self.directory).run();
            let is_told = to.is_empty() || (ran.end == Ok(0) && ran.stderr.is_empty());
            (!is_told).then(|| format!("{ran:?}"))
        };
        let follows = |is_paused: bool| {
            let mut late = Vec::new();
            let all = in_time(&[], || {
                late = up
                    .iter()
                    .filter(|seen| !is_paused_as(seen, is_paused))
                    .map(|seen| seen.name.clone())
                    .collect();
                late.is_empty().then_some(())
            });
            all.is_none().then(|| format!("not paused: {}: {}", !is_paused, late.join(" ")))
        };
        let mut faults = Vec::new();
        faults.extend(tell("-p", &up));
        faults.extend(follows(true));
        faults.extend(tell("-c", &up));
        faults.extend(follows(false));
        // What is down has nothing to continue.
        let (paused, other) = other.into_iter().partition::<Vec<Seen>, _>(|seen| seen.status.paused);
        faults.extend(tell("-p", &paused));
        faults.extend(tell("-c", &other));
        let reads = |seen: &&Seen| in_time(&[], || has_read(&seen.service).then_some(())).is_none();
        faults.extend(
            paused.iter().chain(&other).filter(reads).map(|seen| format!("{}: does not read", seen.name)),
        );
        faults
    }

    /// What a second copy of a run made by [`crate::Folder::alone`] has told.
    pub(super) fn doubled(&self) -> Vec<String> {
        let told = |(name, service): (String, Service)| {
            let told = read_to_string(service.file(crate::folder::LOCK)).unwrap_or_default();
            (!told.is_empty()).then(|| format!("{name}: second copies: {}", told.replace('\n', " ")))
        };
        self.folders().into_iter().filter_map(told).collect()
    }
}

fn is_steady(seen: &Seen) -> bool {
    let Status { pid, paused, want, detail, .. } = &seen.status;
    let is_up = detail.as_ref().is_some_and(|detail| detail.phase == Phase::Up);
    pid.is_some() && is_up && !paused && *want == Want::Up
}

fn is_paused_as(seen: &Seen, wanted: bool) -> bool {
    let Some(status) = seen.service.status() else { return false };
    // One that has ended meanwhile, as it may, is not there to be paused.
    let Some(pid) = status.pid.filter(|_| status.pid == seen.status.pid) else { return true };
    let Some(stat) = Stat::of(pid.get()).filter(Stat::is_alive) else { return true };
    status.paused == wanted && (stat.state == 'T') == wanted
}

/// Whether nothing waits in its control FIFO.
fn has_read(service: &Service) -> bool {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let fifo = open(&service.file("supervise/control"), flags, Mode::empty());
    fifo.is_ok_and(|fifo| !readable(fifo.as_fd(), Duration::ZERO))
}

/// What is not so of what a record says.
fn lie(Seen { service, status, .. }: &Seen, processes: &[Process]) -> Option<String> {
    let Some(pid) = status.pid else { return running_in(service, processes) };
    let Some(stat) = Stat::of(pid.get()).filter(Stat::is_alive) else {
        return Some(format!("{pid} does not live"));
    };
    if stat.session != stat.pid {
        return Some(format!("{pid} is of the session {}", stat.session));
    }
    if status.paused != (stat.state == 'T') {
        return Some(format!("{pid} is in state {}", stat.state));
    }
    let age = age(&stat);
    let told = told_age(status);
    (age.abs_diff(told) > TOLERANCE).then(|| format!("{pid} is {age:?} old, not {told:?}"))
}

/// A service that runs though its record says that none does.
fn running_in(service: &Service, processes: &[Process]) -> Option<String> {
    let folder = metadata(service.path()).ok()?;
    let works_here = |process: &&Process| {
        let works_in = metadata(format!("/proc/{}/cwd", process.stat.pid));
        works_in.is_ok_and(|it| (it.dev(), it.ino()) == (folder.dev(), folder.ino()))
    };
    let is_left = |process: &&Process| {
        process::environment(process.stat.pid).iter().any(|variable| LEFT_BEHIND.trim_end() == variable)
    };
    let mut runs = processes.iter().filter(|process| process.stat.is_run());
    runs.find(|process| works_here(process) && !is_left(process)).map(|process| format!("it runs: {process}"))
}

/// Whether a line of svstat is true, `NAME: up (pid N) S seconds` and so on.
fn tells(seen: &Seen, line: &str) -> bool {
    let text = line.strip_prefix(&seen.name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or_default();
    let seconds =
        |rest: &str| rest.split(' ').next().and_then(|word| word.parse().ok()).map(Duration::from_secs);
    match seen.status.pid {
        Some(pid) => {
            let told = text.strip_prefix(&format!("up (pid {pid}) ")).and_then(seconds);
            let real = Stat::of(pid.get()).filter(Stat::is_alive).map(|stat| age(&stat));
            let is_close = told.zip(real).is_some_and(|(told, real)| told.abs_diff(real) <= TOLERANCE);
            let wants = text.contains(", want down") == (seen.status.want == Want::Down);
            is_close && wants && text.contains(", paused") == seen.status.paused
        }
        None => text.starts_with("down ") && text.contains(", want up") == (seen.status.want == Want::Up),
    }
}

/// How long ago the kernel made a process.
fn age(stat: &Stat) -> Duration {
    let uptime = read_to_string("/proc/uptime").unwrap_or_default();
    let up = uptime
        .split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .map_or(Duration::ZERO, Duration::from_secs_f64);
    // A tick is 10 ms for programs, on every machine that Linux runs on.
    up.saturating_sub(Duration::from_millis(stat.start.saturating_mul(10)))
}

fn told_age(status: &Status) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Tai64n::from_wall(now).since(status.since)
}
