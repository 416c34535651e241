//! What one service more costs in memory.

use crate::limits;
use crate::outcome::{Bound, Outcome, Role, Statistic, Unit, Wish};
use crate::processes::{Memory, pid};
use crate::rows::Rows;
use crate::setting::Setting;
use crate::supervisors;
use crate::tree::{Site, Tree};
use anyhow::Result;

const COUNT: usize = 200;

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, missing) = supervisors::taking(COUNT, setting)?;
    let sites = Site::each(&supervisors, setting.memory(), &setting.beacon()?, COUNT)?;
    let trees = Tree::up_each(&supervisors, &sites)?;
    let (mut supervise, mut whole) = (Rows::default(), Rows::default());
    Tree::rest(trees.iter().map(|(tree, _)| tree))?;
    for (tree, records) in &trees {
        let (name, role) = (tree.supervisor.name(), tree.supervisor.role());
        let services = records.iter().map(|record| pid(record.pid)).collect::<Result<Vec<_>>>()?;
        let services = Memory::of_all(&services)?.total() / COUNT as f64;
        let supervises = tree.supervises()?;
        let residents = Memory::of_all(&tree.residents()?)?.total() / COUNT as f64;
        if supervises.is_empty() {
            supervise.add(&format!("{name}, its share of the daemon"), Role::Aside, residents);
        } else {
            let all = Memory::of_all(&supervises)?.total();
            supervise.add(name, role, all / supervises.len() as f64);
        }
        whole.add(name, role, residents + services);
    }
    supervise.limit("the smallest process", limits::memory(setting)?);
    Ok(vec![
        supervise.outcome(
            "memory of a supervise",
            "Private pages (smaps_rollup) and page tables (VmPTE) of each resident supervise of 200 running services \
             without loggers, after two seconds in which none of them had anything to do: their mean.",
            Unit::Kilobytes,
            vec![Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(0.4) }],
            &missing,
        ),
        whole.outcome(
            "memory of a service, all included",
            "The same of the whole tree, divided by the 200 services: scanner, supervises, and the services themselves, \
             which are the same small static program everywhere.",
            Unit::Kilobytes,
            Vec::new(),
            &missing,
        ),
    ])
}
