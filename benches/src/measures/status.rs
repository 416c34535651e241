//! The state of a thousand services is asked for.

use crate::outcome::{Bound, Outcome, Role, Statistic, Unit, Wish};
use crate::rows::{Rows, in_turns};
use crate::setting::Setting;
use crate::supervisors::{self, Upkeep, daemontools};
use crate::tree::{Site, Tree, run};
use anyhow::{Context, Result, ensure};
use std::fs::{File, read_to_string};
use std::process::Command;
use sys::clock::Monotonic;

const COUNT: usize = 1000;

/// Debian's svstat on our services: it reads our records as its own.
const THEIRS_ON_OURS: &str = "daemontools, on upkeep's services";

/// Somebody who asks: the row, and the commands that it takes.
struct Asker<'a> {
    name: String,
    role: Role,
    commands: Box<dyn Fn() -> Vec<Command> + 'a>,
}

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, missing) = supervisors::taking(COUNT, setting)?;
    let upkeep = Upkeep::new(setting)?;
    let sites = Site::each(&supervisors, setting.memory(), &setting.beacon()?, COUNT)?;
    let trees = Tree::up_each(&supervisors, &sites)?;
    let mut askers: Vec<_> = trees
        .iter()
        .map(|(tree, _)| Asker {
            name: tree.supervisor.name().to_owned(),
            role: tree.supervisor.role(),
            commands: Box::new(|| tree.supervisor.status(tree.site, tree.site.names())),
        })
        .collect();
    let ours = sites.first().context("no services of ours")?;
    if trees.iter().any(|(tree, _)| tree.supervisor.name() == "daemontools") {
        let commands = Box::new(|| vec![daemontools::svstat(ours, ours.names())]);
        askers.push(Asker { name: THEIRS_ON_OURS.to_owned(), role: Role::Aside, commands });
    }
    let commands = Box::new(|| vec![upkeep.list(ours)]);
    askers.push(Asker { name: "upkeep, svctl list".to_owned(), role: Role::Aside, commands });
    let mut rows = Rows::default();
    in_turns(&askers, setting.rounds(9), |asker, _| {
        rows.add(&asker.name, asker.role, asker.ask(setting)?);
        Ok(())
    })?;
    Ok(vec![rows.outcome(
        "status of 1000 services",
        "From before the start of the command until it has ended, its output in a file in memory: svstat and sv with all \
         services in one call, supervisorctl, svctl list, and s6-svstat, which takes one, a thousand times. Each on its own \
         running services; svstat of daemontools on ours as well.",
        Unit::Milliseconds,
        ["daemontools", THEIRS_ON_OURS]
            .map(|name| Wish { statistic: Statistic::Median, bound: Bound::Of(name, 1.0) })
            .to_vec(),
        &missing,
    )])
}

impl Asker<'_> {
    fn ask(&self, setting: &Setting) -> Result<f64> {
        let path = setting.memory().join("answer");
        let file = File::create(&path).context("unable to make a file")?;
        let mut commands = (self.commands)();
        for command in &mut commands {
            command.stdout(file.try_clone()?);
        }
        let before = Monotonic::now();
        commands.into_iter().try_for_each(run)?;
        let time = Monotonic::now().since(before);
        let lines = read_to_string(&path).context("unable to read a file")?.lines().count();
        ensure!(lines >= COUNT, "{}: {lines} lines", self.name);
        Ok(time.as_secs_f64() * 1e3)
    }
}
