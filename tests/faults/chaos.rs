//! Harm by chance: processes of a tree are killed, stopped and continued, folders come and go, commands are given, the
//! disk is full; in the end everything is as it must be.
//!
//! `UPKEEP_CHAOS_SECONDS` says for how long, and `UPKEEP_SEED` repeats the choices of a run that failed: it told its seed.

mod harm;
mod services;

use crate::asked::Chance;
use harm::Harm;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use testkit::{Invariants, SmallDisk, TestTree, supervised};

/// For how long, where nothing else is asked for.
const SECONDS: u64 = 10;

/// More than all services together write.
const DISK: u32 = 8192;

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}: a number, not {value:?}")))
}

/// What was done, which a failed test shows.
struct Record {
    seed: u64,
    lines: Vec<String>,
}

impl Drop for Record {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.lines.len().saturating_sub(300);
            let last = self.lines[from..].join("\n");
            let text =
                format!("--- UPKEEP_SEED={}; {} deeds, the last:\n{last}\n", self.seed, self.lines.len());
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

#[test]
fn whatever_is_done_to_a_tree_it_comes_to_rest_as_it_is_wanted() {
    let by_clock =
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::from(time.subsec_nanos()));
    let seed = number("UPKEEP_SEED").unwrap_or_else(by_clock);
    let time = Duration::from_secs(number("UPKEEP_CHAOS_SECONDS").unwrap_or(SECONDS));
    let mut record = Record { seed, lines: Vec::new() };

    let tree = TestTree::new();
    let disk = SmallDisk::under(&tree, DISK);
    let names = services::build(&tree);
    let mut harm = Harm::new(&tree, disk.as_ref(), Chance::new(seed), &names);
    let invariants = Invariants::watch(&tree).may_rest(services::MAY_REST);
    harm.start_svscan();
    names.iter().for_each(|name| tree.service(name).wait_for(supervised()));
    services::want(&tree, &names);
    invariants.at_rest();

    let end = Instant::now() + time;
    while Instant::now() < end {
        record.lines.push(harm.act());
        harm.pause();
    }

    harm.leave_off();
    names.iter().for_each(|name| tree.service(name).wait_for(supervised()));
    services::want(&tree, &names);
    invariants.end(harm.end());
}
