//! `svctl upgrade`: svscan and each supervise become what is installed now, in the same processes, while the services run.
//!
//! svscan comes first, and tells its supervises itself; those that are still an old program then are told by us, and so are those
//! without a svscan. Whether a process has become the installed program is seen by the file that it runs (`resident.rs`).

mod resident;

use super::progress::Progress;
use super::{Outcome, told};
use crate::arguments::Upgrade;
use crate::directory::{Directory, Service};
use crate::exit;
use crate::output::print;
use cli::Failure;
use resident::{Found, Resident, Version, find_supervise, find_svscan};
use std::time::Duration;
use sys::clock::Monotonic;

/// How long they may take where nothing else is said: svscan first waits a little where it has just started a supervise.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it is looked whether one is the new program, which nobody tells.
const LOOKS: Duration = Duration::from_millis(20);

/// Runs the command.
///
/// # Errors
///
/// The service directory cannot be listed.
pub fn upgrade(directory: &Directory, call: &Upgrade) -> Result<u8, Failure> {
    let services = directory.services()?;
    let services: Vec<Service> =
        services.into_iter().flat_map(|service| [service.log(), Some(service)]).flatten().collect();
    // All are looked at before the first is told: svscan tells others.
    let svscan = Group::of("svscan", vec![("svscan".to_owned(), find_svscan(directory))]);
    let supervises = services.iter().map(|it| (it.name.clone(), find_supervise(it))).collect();
    let supervises = Group::of("supervise", supervises);
    Ok(exit::worst([svscan.upgrade(call)?, supervises.upgrade(call)?]))
}

/// What runs of one program.
#[derive(Debug)]
struct Group {
    program: &'static str,
    /// Those that are to be upgraded.
    old: Vec<(String, Resident)>,
    /// How many are what is installed.
    current: usize,
    /// How many are other programs.
    foreign: usize,
    /// What cannot be upgraded.
    lost: Vec<(String, Outcome)>,
}

impl Group {
    fn of(program: &'static str, found: Vec<(String, Found)>) -> Self {
        let mut group = Self { program, old: Vec::new(), current: 0, foreign: 0, lost: Vec::new() };
        for (name, found) in found {
            match found {
                Found::Ours(resident) if resident.version() == Version::Installed => {
                    group.current = group.current.saturating_add(1);
                }
                Found::Ours(resident) => group.old.push((name, resident)),
                Found::Nobody => {}
                Found::Foreign => group.foreign = group.foreign.saturating_add(1),
                Found::Unusable(outcome) => group.lost.push((name, outcome)),
            }
        }
        group
    }

    /// Upgrades what is old, and says what came of it: the exit code.
    fn upgrade(mut self, call: &Upgrade) -> anyhow::Result<u8> {
        let old = std::mem::take(&mut self.old);
        let mut upgraded = 0_usize;
        for (name, version) in if call.dry_run { see(old) } else { bring_up(old, call.timeout) } {
            match version {
                Version::Installed => upgraded = upgraded.saturating_add(1),
                Version::Old if call.dry_run => upgraded = upgraded.saturating_add(1),
                Version::Old => {
                    let words =
                        format!("it has not become the installed {}: its stderr may tell why", self.program);
                    self.lost.push((name, Outcome::TimedOut(words)));
                }
                Version::Gone => {
                    self.lost.push((name, Outcome::Impossible("it has ended meanwhile".to_owned())))
                }
                Version::Missing(why) => self.lost.push((name, Outcome::Impossible(why))),
            }
        }
        let verb = if call.dry_run { "would be upgraded" } else { "upgraded" };
        let counts = [
            (upgraded, verb),
            (self.current, "already as installed"),
            (self.foreign, "of another program, left as it is"),
            (self.lost.len(), "not upgraded"),
        ];
        let words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let words = if words.is_empty() { "none runs here".to_owned() } else { words.join(", ") };
        print(&format!("{}: {words}\n", self.program))?;
        self.lost.iter().for_each(|(name, outcome)| told::complain(name, outcome.words()));
        Ok(exit::worst(self.lost.iter().map(|(_, outcome)| outcome.exit_code())))
    }
}

fn see(old: Vec<(String, Resident)>) -> Vec<(String, Version)> {
    old.into_iter().map(|(name, resident)| (name, resident.version())).collect()
}

/// Has them become the installed program, where there is one, and waits for that: what they are in the end.
fn bring_up(old: Vec<(String, Resident)>, at_most: Option<Duration>) -> Vec<(String, Version)> {
    let end = Monotonic::now() + at_most.unwrap_or(PATIENCE);
    let mut progress = Progress::begin();
    let is_old = |resident: &Resident| resident.version() == Version::Old;
    old.iter().filter(|(_, resident)| is_old(resident)).for_each(|(_, resident)| resident.tell());
    loop {
        let left = old.iter().filter(|(_, resident)| is_old(resident)).count();
        if left == 0 || Monotonic::now() >= end {
            drop(progress);
            return see(old);
        }
        if progress.is_due() {
            progress.show(&format!("upgrading, {left} of {} left", old.len()));
        }
        std::thread::sleep(LOOKS);
    }
}
