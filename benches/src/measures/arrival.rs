//! A folder comes in.

use crate::limits;
use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::rows::Rows;
use crate::setting::Setting;
use crate::supervisors::{self, Arrival};
use crate::tree::{Site, Tree};
use anyhow::{Context, Result};
use beacon::Record;
use std::fs::rename;
use std::thread::sleep;
use std::time::Duration;
use sys::clock::Monotonic;

/// What is compared with: s6 looks for new folders when it is told to.
const S6_TOLD: &str = "s6, with s6-svscanctl -a";

/// How often those that look every five seconds are tried: each time at another moment of the five.
const MOMENTS: usize = 3;
const BETWEEN: Duration = Duration::from_millis(1700);

/// Between two rounds: folders that come in a crowd are another measure.
const APART: Duration = Duration::from_millis(20);

/// How often the one is tried whose command takes a part of a second.
const SLOW: usize = 5;

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let rounds = setting.rounds(50);
    let (supervisors, missing) = supervisors::taking(rounds, setting)?;
    let sites = Site::each(&supervisors, setting.memory(), &setting.beacon()?, 0)?;
    let trees = Tree::up_each(&supervisors, &sites)?;
    let (looking, told): (Vec<_>, Vec<_>) = trees
        .iter()
        .flat_map(|(tree, _)| tree.supervisor.arrivals().iter().map(move |arrival| (tree, *arrival)))
        .partition(|(_, arrival)| *arrival == Arrival::Looked);
    Tree::rest(trees.iter().map(|(tree, _)| tree))?;
    let mut rows = Rows::default();
    let mut add = |tree: &Tree, arrival, before, record: &Record| {
        let time = record.at.since(before).as_secs_f64() * 1e3;
        rows.add(&name(tree, arrival), tree.supervisor.role(), time);
    };
    for round in 0..rounds {
        sleep(APART);
        for (tree, arrival) in &told {
            let is_slow = tree.supervisor.name() == "supervisor";
            if !is_slow || round < SLOW {
                let name = format!("s{round}-{arrival:?}");
                let before = come(tree, *arrival, &name)?;
                add(tree, *arrival, before, &tree.next_of(&name)?);
            }
        }
    }
    let mut came = Vec::new();
    for moment in 0..MOMENTS {
        for (tree, arrival) in &looking {
            let name = format!("s{moment}");
            came.push((*tree, *arrival, come(tree, *arrival, &name)?, name));
        }
        sleep(BETWEEN);
    }
    for (tree, _) in &looking {
        for record in tree.all(MOMENTS)? {
            let its = |name: &str| name.as_bytes() == record.name;
            let came = came.iter().find(|(of, _, _, name)| std::ptr::eq(*of, *tree) && its(name));
            let (_, arrival, before, _) = came.context("a service that did not come was started")?;
            add(tree, *arrival, *before, &record);
        }
    }
    rows.limit(
        "a process that does nothing",
        limits::spawn(setting)?.into_iter().map(|micros| micros / 1e3).collect(),
    );
    Ok(vec![rows.outcome(
        "folder renamed in, until its run executes",
        "A finished service folder is renamed into the running service directory, 20 ms or more after the one before. From \
         before the rename until its run executes. s6 is told at once to look: by its command, or by the byte that this \
         command sends, written by the bench itself; supervisor by `supervisorctl update` after a file with the service's \
         section was written (5 times). daemontools and runit look every five seconds; 3 folders come 1.7 seconds apart.",
        Unit::Milliseconds,
        vec![
            Wish { statistic: Statistic::Median, bound: Bound::Of(S6_TOLD, 0.7) },
            Wish { statistic: Statistic::Worst, bound: Bound::Figure(50.0) },
        ],
        &missing,
    )])
}

fn name(tree: &Tree, arrival: Arrival) -> String {
    match (tree.supervisor.name(), arrival) {
        ("s6", Arrival::Told) => S6_TOLD.to_owned(),
        (name, Arrival::Signalled) => format!("{name}, with the byte alone"),
        (name, _) => name.to_owned(),
    }
}

/// Returns the time before.
fn come(tree: &Tree, arrival: Arrival, name: &str) -> Result<Monotonic> {
    let aside = tree.site.aside(name)?;
    let before = Monotonic::now();
    rename(&aside, tree.site.service(name)).context("unable to rename a folder")?;
    tree.supervisor.tell(arrival, tree.site, name)?;
    Ok(before)
}
