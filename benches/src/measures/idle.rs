//! Nothing happens.

use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::processes::switches;
use crate::rows::Rows;
use crate::setting::Setting;
use crate::supervisors;
use crate::tree::{Site, Tree};
use anyhow::Result;
use std::thread::sleep;
use std::time::Duration;

const COUNT: usize = 100;
const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, missing) = supervisors::taking(COUNT, setting)?;
    let sites = Site::each(&supervisors, setting.memory(), &setting.beacon()?, COUNT)?;
    let trees = Tree::up_each(&supervisors, &sites)?;
    let mut before = Vec::new();
    Tree::rest(trees.iter().map(|(tree, _)| tree))?;
    for (tree, _) in &trees {
        let residents = tree.residents()?;
        before.push((tree, switches(&residents)?, residents));
    }
    sleep(MINUTE);
    let mut rows = Rows::default();
    for (tree, switches_before, residents) in before {
        let woken = switches(&residents)? - switches_before;
        rows.add(tree.supervisor.name(), tree.supervisor.role(), woken);
    }
    Ok(vec![rows.outcome(
        "wake-ups while idle",
        "How often the scanner and the supervises of 100 running services are switched away from in one minute in which nothing \
         happens, which is how often something has woken them; all supervisors in the same minute.",
        Unit::Times,
        vec![Wish { statistic: Statistic::Worst, bound: Bound::Figure(1.0) }],
        &missing,
    )])
}
