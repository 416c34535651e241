//! A service dies, and runs again.

use crate::limits;
use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::processes::pid;
use crate::rows::{Rows, in_turns};
use crate::setting::Setting;
use crate::supervisors;
use crate::tree::{Site, Tree};
use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use std::collections::HashMap;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use sys::clock::Monotonic;

/// Every supervisor here lets a second pass between two starts.
const LIVED: Duration = Duration::from_millis(1200);

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let deaths = setting.rounds(50);
    let how = "50 services that have lived longer than the second that all supervisors keep between two starts are killed, one \
               after the other, the supervisors taking turns. From before the KILL until the next run executes.";
    let on_disk = format!(
        "{how} The service directory is on a disk, where it mostly is: what a supervise notes of the death and the start is \
         written there."
    );
    Ok(vec![
        killed("death to restart", how, setting, setting.memory(), deaths)?,
        killed("death to restart, on disk", &on_disk, setting, setting.disk(), deaths)?,
    ])
}

fn killed(title: &str, how: &str, setting: &Setting, parent: &Path, deaths: usize) -> Result<Outcome> {
    let (supervisors, missing) = supervisors::taking(deaths, setting)?;
    let sites = Site::each(&supervisors, parent, &setting.beacon()?, deaths)?;
    let trees = Tree::up_each(&supervisors, &sites)?;
    let trees: Vec<_> = trees
        .into_iter()
        .map(|(tree, records)| {
            let pids: HashMap<_, _> = records.into_iter().map(|record| (record.name, record.pid)).collect();
            (tree, pids)
        })
        .collect();
    sleep(LIVED);
    let mut rows = Rows::default();
    in_turns(&trees, deaths, |(tree, pids), round| {
        let name = tree.site.names().get(round).context("too few services")?;
        let victim = pid(*pids.get(name.as_bytes()).context("a service without a pid")?)?;
        let before = Monotonic::now();
        kill(victim, Signal::SIGKILL).context("unable to kill a service")?;
        let again = tree.next_of(name)?.at.since(before);
        rows.add(tree.supervisor.name(), tree.supervisor.role(), again.as_secs_f64() * 1e3);
        Ok(())
    })?;
    rows.limit(
        "a process that does nothing",
        limits::spawn(setting)?.into_iter().map(|micros| micros / 1e3).collect(),
    );
    let wishes = vec![Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(0.8) }];
    Ok(rows.outcome(title, how, Unit::Milliseconds, wishes, &missing))
}
