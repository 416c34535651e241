//! What the scanner needs, and for each service.

use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::processes::Memory;
use crate::rows::Rows;
use crate::setting::Setting;
use crate::supervisors;
use crate::tree::{Site, Tree};
use anyhow::Result;

const COUNT: usize = 1000;

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, missing) = supervisors::taking(COUNT, setting)?;
    let beacon = setting.beacon()?;
    let empty_sites = Site::each(&supervisors, setting.memory(), &beacon, 0)?;
    let full_sites = Site::each(&supervisors, setting.memory(), &beacon, COUNT)?;
    let empty = Tree::up_each(&supervisors, &empty_sites)?;
    let full = Tree::up_each(&supervisors, &full_sites)?;
    Tree::rest(empty.iter().chain(&full).map(|(tree, _)| tree))?;
    let (mut at_all, mut each) = (Rows::default(), Rows::default());
    for ((empty, _), (full, _)) in empty.iter().zip(&full) {
        let (name, role) = (full.supervisor.name(), full.supervisor.role());
        let [empty, full] = [empty, full].map(|tree| Memory::of(tree.scanner()?));
        let (empty, full) = (empty?.total(), full?.total());
        at_all.add(name, role, full);
        each.add(name, role, (full - empty) * 1024.0 / COUNT as f64);
    }
    let wish = |figure| vec![Wish { statistic: Statistic::Median, bound: Bound::Figure(figure) }];
    Ok(vec![
        at_all.outcome(
            "memory of the scanner at 1000 services",
            "Private pages and page tables of the scanner alone, two seconds after 1000 services without loggers came up. A \
             thousand is the most that those of daemontools and runit take.",
            Unit::Kilobytes,
            wish(2048.0),
            &missing,
        ),
        each.outcome(
            "memory of the scanner for each service",
            "The difference between the same at 1000 services and on an empty directory, divided by 1000.",
            Unit::Bytes,
            wish(300.0),
            &missing,
        ),
    ])
}
