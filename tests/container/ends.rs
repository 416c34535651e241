//! How a container ends: all services at once, each logger with everything that was said, and a second word for what does not
//! listen.

use super::{Life, Plan, stays};
use nix::fcntl::{OFlag, open};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use std::fs;
use testkit::{Invariants, Service, TestTree, process, status};

/// How many services: one after the other would be felt.
const MANY: usize = 50;

/// Each says that it was told to stop, and then waits until the test has heard that from all.
#[test]
fn fifty_services_are_all_told_to_stop_before_the_first_has_ended() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let beacon = tree.beacon("said");
    let [gate, never] = ["gate", "never"].map(|name| {
        let path = tree.root().join(name);
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        path
    });
    let ends = format!("{}; : <'{}'; echo last words; exit", beacon.say("told"), gate.display());
    let waits = format!("{}\n{}", beacon.say("runs"), stays(never.to_str().unwrap()));
    let run = format!("#!/bin/bash\nends() {{ {ends}; }}\ntrap ends TERM\n{waits}");
    let mut container = plan.start();
    let services: Vec<Service> = (0..MANY)
        .map(|number| {
            // Half of them have a logger, which is to get even that.
            let with_log = number % 2 == 0;
            tree.folder(&format!("s{number}"), |f| {
                if with_log { f.run(&run).log("exec cat >out") } else { f.run(&run) }
            })
        })
        .collect();
    (0..MANY).for_each(|_| assert_eq!(beacon.hear(), "runs"));
    container.signal(Signal::SIGTERM);
    (0..MANY).for_each(|_| assert_eq!(beacon.hear(), "told"));
    // Those who are at it go on when somebody opens the other side, those who come later too.
    let opened = open(&gate, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
    assert_eq!(container.wait(), Ok(0));
    drop(opened);
    for service in services {
        assert!(service.status().unwrap().pid.is_none());
        let out = service.log().file("out");
        if service.log().path().exists() {
            assert_eq!(fs::read_to_string(out).unwrap(), "last words\n");
            assert!(service.log().status().unwrap().pid.is_none());
        }
    }
    assert_eq!(container.unshare.errors(), "");
}

#[test]
fn a_second_term_kills_what_ignores_the_first() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let beacon = tree.beacon("stubborn");
    let mut container = plan.start();
    let stubborn = tree.folder("stubborn", |f| f.run(&format!("trap '' TERM\n{beacon}\nexec sleep 1000")));
    let _ = beacon.next();
    container.wait_until_it_is(stubborn.path(), "up (pid ");
    container.signal(Signal::SIGTERM);
    stubborn.wait_for(status("told to stop", |status| status.terminated));
    assert!(!container.unshare.has_ended());
    container.signal(Signal::SIGTERM);
    assert_eq!(container.wait(), Ok(0));
    assert!(stubborn.status().unwrap().pid.is_none(), "killed by its supervise, and recorded");
}

/// What was started in it on the way, whoever's child it is: the kernel leaves nothing of a namespace without process 1.
#[test]
fn nothing_in_the_container_outlives_it() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let beacon = tree.beacon("strays");
    let stray = format!("setsid sh -c '{}; exec sleep 1000' &", beacon.say("stray").replace('\'', ""));
    let mut container = plan.start();
    tree.folder("web", |f| {
        f.run(&format!("(trap '' TERM; {stray})\n{}\nexec sleep 1000", beacon.say("runs")))
    });
    let mut said = [beacon.hear(), beacon.hear()];
    said.sort();
    assert_eq!(said, ["runs", "stray"]);
    let all = process::tree(container.pid());
    assert!(all.len() >= 4, "{all:#?}");
    container.signal(Signal::SIGTERM);
    assert_eq!(container.wait(), Ok(0));
    // Its stdin and stdout are held by nobody then.
    drop(container);
}

/// What is on record is of another namespace of processes then, where each number can be anybody's.
#[test]
fn a_container_that_is_killed_begins_anew_on_the_same_folders() {
    let tree = TestTree::new();
    let web = Life::new(&tree, "web", |f| f);
    // It says at its end whether there were ever two of one.
    let _watch = Invariants::watch(&tree);
    for _ in 0..2 {
        let Some(plan) = Plan::new(&tree) else { return };
        let mut container = plan.start();
        web.runs_in(&container);
        container.signal(Signal::SIGKILL);
        assert_ne!(container.wait(), Ok(0));
        // unshare itself may have something to say about it.
        let said = container.unshare.errors();
        assert!(!said.contains("svscan: ") && !said.contains("supervise: "), "{said}");
        assert!(web.starts.told().is_none(), "no more starts than were looked for");
    }
}
