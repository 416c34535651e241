//! What must hold of the programs that stay: svscan, each supervise, each multilog. They collect their children, need
//! what they needed before, and do nothing where there is nothing to do.

use super::stat::{Process, Stat};
use crate::{Service, process};
use protocol::status::Phase;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{read_dir, read_to_string};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PROGRAMS: [&str; 3] = ["svscan", "supervise", "multilog"];

/// In kB. Less than before is no fault: it has only not met yet what needs most.
const MEMORY_TOLERANCE: u64 = 64;

/// For how long somebody must not wake up to count as idle.
const IDLE: Duration = Duration::from_millis(200);

/// One of them. Another process of that program in that folder is the same one, started again.
#[derive(Clone, Debug)]
pub(super) struct Resident {
    program: String,
    folder: PathBuf,
    pid: u32,
}

impl Resident {
    fn is_same(&self, other: &Self) -> bool {
        (&self.program, &self.folder) == (&other.program, &other.folder)
    }
}

impl fmt::Display for Resident {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {} in {}", self.program, self.pid, self.folder.display())
    }
}

pub(super) fn among(processes: &[Process]) -> Vec<Resident> {
    let residents = processes.iter().filter(|process| PROGRAMS.contains(&process.stat.name.as_str()));
    let resident = |process: &Process| Resident {
        program: process.stat.name.clone(),
        folder: process.folder.clone(),
        pid: process.stat.pid,
    };
    residents.map(resident).collect()
}

/// Their children that have ended and are not collected.
pub(super) fn zombies(residents: &[Resident]) -> Vec<String> {
    let zombies = process::all().into_iter().filter_map(Stat::of).filter(|stat| !stat.is_alive());
    let of_ours = |stat: Stat| {
        let parent = residents.iter().find(|resident| resident.pid == stat.parent)?;
        Some(format!("{} {} of {}, a child of {parent}", stat.name, stat.pid, stat.start))
    };
    zombies.filter_map(of_ours).collect()
}

/// What a process needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Footprint {
    /// Without those of processes.
    descriptors: Vec<String>,
    /// How many descriptors of processes.
    processes: usize,
    /// In kB: what it has written to, and so shares with nobody.
    memory: u64,
    threads: u64,
    /// How its service is: a supervise holds more while it runs.
    phase: Option<Phase>,
}

pub(super) fn footprints(residents: &[Resident]) -> Vec<(Resident, Footprint)> {
    let footprint = |resident: &Resident| Some((resident.clone(), footprint(resident)?));
    residents.iter().filter_map(footprint).collect()
}

fn footprint(Resident { pid, folder, .. }: &Resident) -> Option<Footprint> {
    let maps = read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let memory = maps.lines().find_map(|line| line.strip_prefix("Anonymous:"))?;
    let shown = |(number, behind): (u32, PathBuf)| format!("{number} {}", behind.display());
    let descriptors = process::descriptors(*pid).into_iter().map(shown);
    let (processes, descriptors): (Vec<_>, _) = descriptors.partition(|shown| shown.contains("pidfd"));
    Some(Footprint {
        descriptors,
        processes: processes.len(),
        memory: memory.trim().trim_end_matches(" kB").parse().ok()?,
        threads: process::field(*pid, "Threads")?.parse().ok()?,
        phase: Service::at(folder).status().and_then(|status| Some(status.detail?.phase)),
    })
}

/// Who needs more than before, or other descriptors, though its service is as it was.
pub(super) fn grown(before: &[(Resident, Footprint)], now: &[(Resident, Footprint)]) -> Vec<String> {
    let supervises = now.iter().filter(|(resident, _)| resident.program == "supervise").count();
    let fault = |(resident, now): &(Resident, Footprint)| {
        let is_same =
            |(other, before): &&(Resident, Footprint)| other.is_same(resident) && before.phase == now.phase;
        let (_, before) = before.iter().find(is_same)?;
        // A svscan holds one of each supervise that it has taken over, and none of its children.
        let may_hold = if resident.program == "svscan" { supervises } else { before.processes };
        let has_more = now.descriptors.len() != before.descriptors.len()
            || now.processes > may_hold
            || now.threads != before.threads
            || now.memory > before.memory + MEMORY_TOLERANCE;
        has_more.then(|| format!("{resident}: {now:?}, and it was {before:?}"))
    };
    now.iter().filter_map(fault).collect()
}

/// What a process has done: how often it has gone to sleep, and its time on the processor.
#[derive(Clone, Copy, Debug, Default)]
struct Doings {
    sleeps: u64,
    time: Duration,
}

fn doings(pid: u32) -> Option<Doings> {
    let mut all = Doings::default();
    // Of all its threads.
    for thread in read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let status = read_to_string(thread.path().join("status")).ok()?;
        let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        let schedstat = read_to_string(thread.path().join("schedstat")).ok()?;
        let time = schedstat.split(' ').next()?.parse().ok()?;
        all.sleeps += sleeps.trim().parse::<u64>().ok()?;
        all.time += Duration::from_nanos(time);
    }
    Some(all)
}

/// Who does something during the next moments and did so whenever it was asked: `quiet` has those that did not once.
pub(super) fn busy(residents: impl Fn() -> Vec<Resident>, quiet: &mut BTreeSet<u32>) -> Vec<String> {
    let before: Vec<(Resident, Doings)> = residents()
        .into_iter()
        .filter(|resident| !quiet.contains(&resident.pid))
        .filter_map(|resident| Some((resident.clone(), doings(resident.pid)?)))
        .collect();
    if before.is_empty() {
        return Vec::new();
    }
    let begin = Instant::now();
    // The one place where time has to pass: that nothing happens has no event.
    std::thread::park_timeout(IDLE);
    let passed = begin.elapsed();
    let mut busy = Vec::new();
    for (resident, before) in before {
        let Some(now) = doings(resident.pid) else { continue };
        let sleeps = now.sleeps.saturating_sub(before.sleeps);
        let time = now.time.saturating_sub(before.time);
        if sleeps == 0 && time < passed / 100 {
            quiet.insert(resident.pid);
        } else {
            busy.push(format!("{resident}: woke up {sleeps} times, worked for {time:?} in {passed:?}"));
        }
    }
    busy
}
