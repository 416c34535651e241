//! Services that cannot run.

use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::rows::Rows;
use crate::setting::Setting;
use crate::supervisors;
use crate::tree::{Site, Tree};
use anyhow::Result;
use std::thread::sleep;
use std::time::Duration;
use sys::clock::Monotonic;

const COUNT: usize = 200;
const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, missing) = supervisors::taking(COUNT, setting)?;
    let [crashing, running] = [(); 2].map(|()| -> Result<Vec<Site>> {
        Site::each(&supervisors, setting.memory(), &setting.beacon()?, COUNT)
    });
    let (crashing, running) = (crashing?, running?);
    let mut trees = Vec::new();
    for ((supervisor, crashing), running) in supervisors.iter().zip(&crashing).zip(&running) {
        crashing.crash()?;
        trees.push([Tree::start(&**supervisor, crashing)?, Tree::start(&**supervisor, running)?]);
    }
    let mut rows = Rows::default();
    for [crashing, running] in &mut trees {
        sleep((crashing.begun + MINUTE).since(Monotonic::now()));
        let used = crashing.end()?.saturating_sub(running.end()?);
        rows.add(crashing.supervisor.name(), crashing.supervisor.role(), used.as_secs_f64());
    }
    Ok(vec![rows.outcome(
        "processor time of a crash loop",
        "200 services whose run ends at once with 1, in the minute from the start of the scanner; all supervisors in the same \
         minute. All processor time of the tree: the scanner, the supervises and every run, as the kernel adds it up \
         in microseconds (getrusage) once they have been collected, less that of another tree of the same supervisor in the \
         same minute whose 200 services run: so it is what the crashes cost, and not what the tree does. supervisord has \
         startsecs=0 here: otherwise it gives up.",
        Unit::ProcessorSeconds,
        vec![Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(0.1) }],
        &missing,
    )])
}
