//! Told to stop at any instant of its start, svscan ends, and so does everything that it had started by then.

use super::Plan;
use crate::asked::Chance;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use testkit::{Invariants, Service, TestTree, process, up, wait_until};

/// How many instants: more on demand, `UPKEEP_ROUNDS=300`, with another row of them by `UPKEEP_SEED`.
fn rounds() -> (usize, u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    (
        number("UPKEEP_ROUNDS").map_or(20, |rounds| usize::try_from(rounds).unwrap()),
        number("UPKEEP_SEED").unwrap_or(1),
    )
}

const SLOW: &str = "#!/bin/bash\ntrap 'read -t 0.01 <>never; exit' TERM\nmkfifo never 2>/dev/null\n\
    while :; do read -r -t 0.1 _ <>never; done";

/// Services of several kinds: with a logger, failing at once, slow to stop.
fn services(tree: &TestTree) -> Vec<Service> {
    let logged = (0..5).map(|number| (format!("s{number}"), "exec sleep 1000", true));
    let others = [("fails", "exit 1"), ("slow", SLOW)];
    let others = others.map(|(name, run)| (name.to_owned(), run, false));
    let built = logged.chain(others).map(|(name, run, log)| {
        tree.folder(&name, |f| if log { f.run(run).log("exec cat >/dev/null") } else { f.run(run) })
    });
    built.collect()
}

/// Lets some time go by, at random: a few milliseconds, or until so many supervises are there.
#[track_caller]
fn some_instant(chance: &mut Chance, svscan: u32) {
    if chance.below(2) == 0 {
        let end = Instant::now() + Duration::from_micros(chance.below(30_000).try_into().unwrap());
        while Instant::now() < end {
            std::hint::spin_loop();
        }
    } else {
        let started = chance.below(13);
        let enough = || process::children(svscan).len() >= started || !process::is_alive(svscan);
        wait_until("so many supervises are there", &[], || enough().then_some(()));
    }
}

/// What no record says any more after the end: that anything runs.
#[track_caller]
fn all_have_stopped(services: &[Service], round: &str) {
    for service in services.iter().flat_map(|service| [service.clone(), service.log()]) {
        let pid = service.status().and_then(|status| status.pid);
        assert!(pid.is_none() && !service.is_supervised(), "{round}: {} {pid:?}", service.path().display());
    }
}

#[test]
fn as_process_1_it_can_be_stopped_at_any_instant_of_its_start() {
    let tree = TestTree::new();
    let services = services(&tree);
    // It says at its end whether there were ever two of one.
    let _watch = Invariants::watch(&tree);
    let (rounds, seed) = rounds();
    let mut chance = Chance::new(seed);
    for number in 0..rounds {
        let round = format!("round {number} of seed {seed}");
        let Some(plan) = Plan::new(&tree) else { return };
        let mut container = plan.start_now();
        some_instant(&mut chance, container.pid());
        container.signal(Signal::SIGTERM);
        assert_eq!(container.wait(), Ok(0), "{round}: {}", container.unshare.errors());
        assert_eq!(container.unshare.errors(), "", "{round}");
        all_have_stopped(&services, &round);
    }
}

#[test]
fn as_any_process_it_can_be_stopped_at_any_instant_of_its_start() {
    let tree = TestTree::new();
    let services = services(&tree);
    let invariants = Invariants::watch(&tree).may_rest(["fails"]);
    let (rounds, seed) = rounds();
    let mut chance = Chance::new(seed);
    for number in 0..rounds {
        let round = format!("round {number} of seed {seed}");
        let mut svscan = tree.svscan();
        some_instant(&mut chance, svscan.pid());
        svscan.signal(Signal::SIGTERM);
        // By the signal where it came before svscan itself; nothing was started then.
        let end = svscan.wait();
        assert!(matches!(end, Ok(0) | Err(15)), "{round}: {end:?}");
        // What setpriv or env say when it is one of them.
        assert_eq!(svscan.errors().replace("terminated", ""), "", "{round}");
        svscan.stop();
        all_have_stopped(&services, &round);
    }
    // All that leaves a tree that is as good as new.
    let svscan = tree.svscan();
    services[0].wait_for(up());
    invariants.end([svscan]);
}
