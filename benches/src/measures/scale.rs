//! What ten thousand services cost, and what one more.

use crate::outcome::{Bound, Outcome, Role, Statistic, Unit, Wish};
use crate::processes::{Memory, descriptors, room};
use crate::rows::Rows;
use crate::setting::Setting;
use crate::supervisors::{self, Supervisor, Upkeep};
use crate::tree::{Site, Tree, run};
use anyhow::Result;
use sys::clock::Monotonic;

/// The largest first: what is said of it comes first in the rows.
const COUNTS: [usize; 4] = [10_000, 1000, USUAL, 100];

/// What the cost of one service is compared with.
const USUAL: usize = 500;
const OURS_USUAL: &str = "upkeep, 500 services";

/// From here on memory and the end are looked at as well.
const MANY: usize = 1000;

#[derive(Debug, Default)]
struct Figures {
    up: Rows,
    each: Rows,
    memory: Rows,
    descriptors: Rows,
    asked: Rows,
    stopped: Rows,
}

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let (supervisors, mut missing) = supervisors::taking(MANY, setting)?;
    let (upkeep, room) = (Upkeep::new(setting)?, room()?);
    let (counts, too_many): (Vec<_>, Vec<_>) = COUNTS.into_iter().partition(|count| *count <= room);
    missing.extend(
        too_many.iter().map(|count| {
            format!("{count} services: the machine has room for {room} (kernel.pid_max, memory)")
        }),
    );
    let mut figures = Figures::default();
    for count in &counts {
        let taking: Vec<_> = supervisors.iter().filter(|of| of.most() >= *count).collect();
        let rounds = if *count > USUAL { 1 } else { setting.rounds(2) };
        for _ in 0..rounds {
            // All folders first: they are to be older than a second when it begins.
            let sites = taking.iter().map(|_| Site::with(setting.memory(), &setting.beacon()?, *count));
            let sites = sites.collect::<Result<Vec<_>>>()?;
            for (supervisor, site) in taking.iter().zip(&sites) {
                let role = if counts.first() == Some(count) { supervisor.role() } else { Role::Aside };
                figures.take(&***supervisor, &upkeep, site, role)?;
            }
        }
    }
    Ok(figures.outcomes(&missing))
}

impl Figures {
    fn take(&mut self, supervisor: &dyn Supervisor, upkeep: &Upkeep, site: &Site, role: Role) -> Result<()> {
        let count = site.names().len();
        let name = format!("{}, {count} services", supervisor.name());
        let (tree, records) = Tree::up(supervisor, site)?;
        let last = records.iter().map(|record| record.at).max().unwrap_or(tree.begun);
        let seconds = last.since(tree.begun).as_secs_f64();
        self.up.add(&name, role, seconds * 1e3);
        self.each.add(&name, role, seconds * 1e6 / count as f64);
        if count < MANY {
            return Ok(());
        }
        let residents = Memory::of_all(&tree.residents()?)?;
        self.memory.add(&name, role, residents.total() / count as f64);
        self.descriptors.add(&name, role, descriptors(tree.scanner()?)? as f64);
        if role == Role::Ours {
            self.ask(&tree, upkeep)?;
        }
        self.stopped.add(&name, role, tree.stop()?.as_secs_f64() * 1e3);
        Ok(())
    }

    fn ask(&mut self, tree: &Tree, upkeep: &Upkeep) -> Result<()> {
        let names = tree.site.names();
        let mut add = |name: &str, until: Monotonic, before| {
            self.asked.add(name, Role::Ours, until.since(before).as_secs_f64() * 1e3);
        };
        let before = Monotonic::now();
        tree.supervisor.status(tree.site, names).into_iter().try_for_each(run)?;
        add("svstat", Monotonic::now(), before);
        let before = Monotonic::now();
        run(upkeep.list(tree.site))?;
        add("svctl list", Monotonic::now(), before);
        let before = Monotonic::now();
        run(upkeep.restart_all(tree.site, names))?;
        let last = tree.all(names.len())?.iter().map(|record| record.at).max();
        add("svc -t, until the last one runs again", last.unwrap_or(before), before);
        Ok(())
    }

    fn outcomes(self, missing: &[String]) -> Vec<Outcome> {
        let wishes = vec![Wish { statistic: Statistic::Median, bound: Bound::Of(OURS_USUAL, 1.5) }];
        let from = "Services from nothing, in memory, until the last run executes, as for 500 of them.";
        let each = format!("{from} Divided by their number.");
        let rest = "After all have come up, in memory.";
        let memory = format!(
            "{rest} Private pages and page tables of the scanner and the supervises, divided by the number of services."
        );
        let descriptors = format!("{rest} What the scanner has open.");
        let asked = "All services in one call, with the output to /dev/null; from before its start to its end, or until the last \
                     run executes.";
        let stopped = "From before the scanner is told to stop (TERM; HUP for runsvdir; s6-svscanctl -t; svc -dx for \
                       daemontools) until it and every supervise have ended.";
        vec![
            self.each.outcome("start of one among so many", &each, Unit::Microseconds, wishes, missing),
            self.up.outcome("start of so many services", from, Unit::Milliseconds, Vec::new(), missing),
            self.memory.outcome("memory of one among so many", &memory, Unit::Kilobytes, Vec::new(), missing),
            self.descriptors.outcome(
                "descriptors of the scanner",
                &descriptors,
                Unit::Times,
                Vec::new(),
                missing,
            ),
            self.asked.outcome(
                "commands for all services at once",
                asked,
                Unit::Milliseconds,
                Vec::new(),
                missing,
            ),
            self.stopped.outcome(
                "stop of so many services",
                stopped,
                Unit::Milliseconds,
                Vec::new(),
                missing,
            ),
        ]
    }
}
