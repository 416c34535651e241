//! A machine starts: many services from nothing.

use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::rows::{Rows, in_turns};
use crate::setting::Setting;
use crate::supervisors::{self, Supervisor};
use crate::tree::{Site, Tree};
use anyhow::{Context, Result};
use nix::unistd::syncfs;
use std::fs::File;
use std::path::Path;

const COUNT: usize = 500;

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, missing) = supervisors::taking(COUNT, setting)?;
    let rounds = setting.rounds(5);
    let take = |parent: &Path, title: &str, how: &str, ratio: f64| -> Result<Outcome> {
        let wishes = vec![Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(ratio) }];
        let rows = starts(&supervisors, parent, &setting.beacon()?, rounds)?;
        Ok(rows.outcome(title, how, Unit::Milliseconds, wishes, &missing))
    };
    let how = "500 service folders with a run and nothing else in them, older than a second. From before the scanner is started \
               until the last run executes: the run itself takes the time, as the first thing it does.";
    let on_disk = format!(
        "{how} Each time in new folders on a disk, which has written everything before; none is removed before the end."
    );
    Ok(vec![
        take(setting.memory(), "500 services from nothing, in memory", how, 0.7)?,
        take(setting.disk(), "500 services from nothing, on disk", &on_disk, 0.9)?,
    ])
}

fn starts(supervisors: &[Box<dyn Supervisor>], parent: &Path, beacon: &Path, rounds: usize) -> Result<Rows> {
    let sites = (0..rounds).map(|_| Site::each(supervisors, parent, beacon, COUNT));
    let sites = sites.collect::<Result<Vec<_>>>()?;
    let folder = File::open(parent).context("unable to open a folder")?;
    let supervisors: Vec<_> = supervisors.iter().enumerate().collect();
    let mut rows = Rows::default();
    in_turns(&supervisors, rounds, |(place, supervisor), round| {
        let site = sites.get(round).and_then(|sites| sites.get(*place)).context("too few sites")?;
        syncfs(&folder).context("unable to write everything to the disk")?;
        let (tree, records) = Tree::up(&***supervisor, site)?;
        let last = records.iter().map(|record| record.at).max().unwrap_or(tree.begun);
        rows.add(supervisor.name(), supervisor.role(), last.since(tree.begun).as_secs_f64() * 1e3);
        Ok(())
    })?;
    Ok(rows)
}
