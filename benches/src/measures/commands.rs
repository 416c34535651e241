//! A command is given, and has its effect: in every phase that a service can be in.

use crate::outcome::{Bound, Outcome, Statistic, Unit, Wish};
use crate::processes::{is_stopped, pid};
use crate::rows::{Rows, in_turns};
use crate::setting::Setting;
use crate::supervisors::{self, Order};
use crate::tree::{Site, Tree};
use anyhow::{Context, Result, ensure};
use beacon::Record;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::collections::HashMap;
use std::process::Child;
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};
use sys::clock::Monotonic;
use sys::pidfd::Pidfd;

/// After this nobody rests any more from the start before.
const LIVED: Duration = Duration::from_millis(1200);

const DEADLINE: Duration = Duration::from_secs(10);

/// The phases: title, and what happens.
const PHASES: [(&str, &str); 5] = [
    (
        "svc -t, until run executes again",
        "A service that has lived for more than a second is to end, and start again.",
    ),
    ("svc -u of what is down", "A service that was brought down by `svc -d` is to run."),
    ("svc -d right after a start", "A service whose run has just begun is to go."),
    (
        "svc -u between two crashes",
        "A service that has died twice, the second time right after its start, is to run now.",
    ),
    ("svc -d of what is paused", "A service that was stopped by `svc -p` is to go."),
];

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let rounds = setting.rounds(20);
    let (supervisors, missing) = supervisors::taking(rounds, setting)?;
    let sites = Site::each(&supervisors, setting.memory(), &setting.beacon()?, 2 * rounds)?;
    let trees = Tree::up_each(&supervisors, &sites)?;
    let trees: Vec<_> = trees.into_iter().map(Commanded::new).collect::<Result<_>>()?;
    sleep(LIVED);
    let mut phases = <[Rows; PHASES.len()]>::default();
    let [again, up, down, between, paused] = &mut phases;
    in_turns(&trees, rounds, |of, round| {
        of.add(again, of.starts(Order::Terminate, of.name(round)?)?);
        Ok(())
    })?;
    in_turns(&trees, rounds, |of, round| {
        let name = of.name(round)?;
        of.ends(Order::Down, name)?;
        of.add(up, of.starts(Order::Up, name)?);
        of.add(down, of.ends(Order::Down, name)?);
        Ok(())
    })?;
    in_turns(&trees, rounds, |of, round| {
        let name = of.name(rounds + round)?;
        of.dies(name)?;
        of.started(name)?;
        of.dies(name)?;
        of.add(between, of.starts(Order::Up, name)?);
        Ok(())
    })?;
    in_turns(&trees, rounds, |of, round| {
        let name = of.name(rounds + round)?;
        if of.pauses(name)? {
            of.add(paused, of.ends(Order::Down, name)?);
        }
        Ok(())
    })?;
    let outcome = |((title, what), rows): (&(&str, &str), Rows)| {
        let how = format!(
            "{what} From before the command (svc, sv, s6-svc, supervisorctl) is started until the run executes, or until the \
             service's process has ended. {rounds} services, one after the other, the supervisors taking turns; who needs more than \
             two seconds in all is tried less often."
        );
        let wishes = vec![
            Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(1.0) },
            Wish { statistic: Statistic::Worst, bound: Bound::Figure(20.0) },
        ];
        rows.outcome(title, &how, Unit::Milliseconds, wishes, &missing)
    };
    Ok(PHASES.iter().zip(phases).map(outcome).collect())
}

/// A tree, and the pids of its services.
struct Commanded<'a> {
    tree: Tree<'a>,
    pids: RefCell<HashMap<Vec<u8>, Pid>>,
}

impl<'a> Commanded<'a> {
    fn new((tree, records): (Tree<'a>, Vec<Record>)) -> Result<Self> {
        let pids = records.into_iter().map(|record| Ok((record.name, pid(record.pid)?)));
        Ok(Self { tree, pids: RefCell::new(pids.collect::<Result<_>>()?) })
    }

    fn name(&self, number: usize) -> Result<&str> {
        self.tree.site.names().get(number).map(String::as_str).context("too few services")
    }

    fn add(&self, to: &mut Rows, figure: f64) {
        to.add(self.tree.supervisor.name(), self.tree.supervisor.role(), figure);
    }

    /// Milliseconds from the command to the execution of run.
    fn starts(&self, order: Order, name: &str) -> Result<f64> {
        let (before, mut command) = self.give(order, name)?.context("no such command")?;
        let at = self.started(name)?;
        command.wait().context("unable to wait for a command")?;
        Ok(at.since(before).as_secs_f64() * 1e3)
    }

    /// The same until its process has ended.
    fn ends(&self, order: Order, name: &str) -> Result<f64> {
        let process = self.process(name)?;
        let (before, mut command) = self.give(order, name)?.context("no such command")?;
        let ended = self.tree.wait_for_end(&process)?;
        command.wait().context("unable to wait for a command")?;
        Ok(ended.since(before).as_secs_f64() * 1e3)
    }

    fn give(&self, order: Order, name: &str) -> Result<Option<(Monotonic, Child)>> {
        let command = self.tree.supervisor.order(order, self.tree.site, name);
        let Some(mut command) = command else { return Ok(None) };
        let before = Monotonic::now();
        let child = command.spawn().with_context(|| format!("unable to run {command:?}"))?;
        Ok(Some((before, child)))
    }

    /// Waits for the next start, and says when it was.
    fn started(&self, name: &str) -> Result<Monotonic> {
        let record = self.tree.next_of(name)?;
        self.pids.borrow_mut().insert(record.name, pid(record.pid)?);
        Ok(record.at)
    }

    fn dies(&self, name: &str) -> Result<()> {
        let process = self.process(name)?;
        kill(self.pid(name)?, Signal::SIGKILL).context("unable to kill a service")?;
        self.tree.wait_for_end(&process).map(drop)
    }

    /// Whether there is a command for it.
    fn pauses(&self, name: &str) -> Result<bool> {
        let Some((_, mut command)) = self.give(Order::Pause, name)? else { return Ok(false) };
        command.wait().context("unable to wait for a command")?;
        let end = Instant::now() + DEADLINE;
        while !is_stopped(self.pid(name)?)? {
            ensure!(Instant::now() < end, "{name} was not stopped in time");
            yield_now();
        }
        Ok(true)
    }

    fn process(&self, name: &str) -> Result<Pidfd> {
        Pidfd::open(self.pid(name)?).context("unable to hold a service's process")
    }

    fn pid(&self, name: &str) -> Result<Pid> {
        self.pids.borrow().get(name.as_bytes()).copied().context("a service without a pid")
    }
}
