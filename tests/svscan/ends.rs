//! Signals to svscan, and how it and its services end.

use super::{rename, steady, watching};
use crate::asked::Chance;
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};
use testkit::{
    Account, TestTree, account, is_root, needs_root, not_supervised, ours, process, status, supervised, up,
    wait_until,
};

#[test]
fn term_and_int_stop_everything() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let tree = TestTree::new();
        let mut svscan = watching(tree.svscan());
        let services: Vec<_> = ["a", "b", "c"].map(|name| steady(&tree, name).0).into();
        services.iter().for_each(|service| service.wait_for(up()));
        // One that waits to be started, one that is down, and one without run.
        tree.folder("fails", |f| f.run("exit 1")).wait_for(testkit::resting());
        tree.folder("down", |f| f.run("exit 1").down()).wait_for(testkit::down());
        tree.folder("empty", |f| f);
        svscan.wait_for_errors("empty has no run");
        svscan.signal(signal);
        assert_eq!(svscan.wait(), Ok(0), "{signal}");
        for service in services {
            assert!(!service.is_supervised() && service.status().unwrap().pid.is_none());
        }
        svscan.stop();
    }
}

#[test]
fn a_second_term_kills_what_ignores_the_first() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let beacon = tree.beacon("stubborn");
    let stubborn = tree.folder("stubborn", |f| f.run(&format!("trap '' TERM\n{beacon}\nexec sleep 1000")));
    let pid = beacon.next().pid;
    stubborn.wait_for(up());
    svscan.signal(Signal::SIGTERM);
    stubborn.wait_for(status("told to stop", |status| status.terminated));
    assert!(process::is_alive(pid) && !svscan.has_ended());
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    assert!(!process::is_alive(pid));
}

#[test]
fn quit_leaves_everything_running() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let (web, _) = steady(&tree, "web");
    web.wait_for(up());
    let pid = web.pid();
    svscan.signal(Signal::SIGQUIT);
    assert_eq!(svscan.wait(), Ok(0));
    assert!(process::is_alive(pid) && web.is_supervised());
    tree.svc(["-dx", "web"]);
    web.wait_for(not_supervised());
    svscan.stop();
}

#[test]
fn no_other_signal_does_anything() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let (web, beacon) = steady(&tree, "web");
    let pid = beacon.next().pid;
    web.wait_for(up());
    let means_something =
        [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGUSR2, Signal::SIGKILL, Signal::SIGSTOP];
    for signal in Signal::iterator().filter(|signal| !means_something.contains(signal)) {
        svscan.signal(signal);
    }
    for number in [libc::SIGRTMIN(), libc::SIGRTMAX()] {
        let kill = testkit::Tool::new(Path::new("/bin/kill"));
        kill.arg(format!("-{number}")).arg(svscan.pid().to_string()).run().exits(0);
    }
    // It has taken them all, and goes on.
    let (other, _) = steady(&tree, "other");
    other.wait_for(up());
    assert!(web.pid() == pid && beacon.told().is_none());
    assert_eq!(svscan.errors(), "");
}

/// Wherever it is met: while it blocks signals, lists, starts, or is not even executed yet.
#[test]
fn a_term_at_any_instant_of_the_start_leaves_nothing() {
    const SEED: u64 = 19;
    let tree = TestTree::new();
    for name in 0..6 {
        tree.folder(&format!("s{name}"), |f| f.run("exec sleep 1000").log("exec cat"));
    }
    tree.folder("fails", |f| f.run("exit 1"));
    let mut chance = Chance::new(SEED);
    for round in 0..60 {
        let mut svscan = tree.svscan();
        if round % 2 == 0 {
            let spun = Instant::now() + Duration::from_micros(chance.below(30_000).try_into().unwrap());
            while Instant::now() < spun {
                std::hint::spin_loop();
            }
        } else {
            let started = chance.below(14);
            let what = format!("{started} supervises are there");
            wait_until(&what, &[], || (process::children(svscan.pid()).len() >= started).then_some(()));
        }
        svscan.signal(Signal::SIGTERM);
        // By the signal where it came before svscan itself; nothing was started then.
        let end = svscan.wait();
        assert!(matches!(end, Ok(0) | Err(15)), "round {round} of seed {SEED}: {end:?}");
        assert_eq!(svscan.errors().replace("terminated", ""), "", "round {round} of seed {SEED}");
        svscan.stop();
    }
}

#[test]
fn one_svscan_has_a_directory() {
    let tree = TestTree::new();
    let first = watching(tree.svscan());
    let (web, _) = steady(&tree, "web");
    web.wait_for(up());
    let mut second = tree.svscan();
    assert_eq!(second.wait(), Ok(111));
    let directory = tree.services().canonicalize().unwrap();
    assert_eq!(second.errors(), format!("svscan: fatal: another svscan runs on {}\n", directory.display()));
    second.stop();
    assert!(web.is_supervised());
    assert_eq!(first.errors(), "");
}

#[test]
fn a_directory_that_cannot_be_used_is_told_in_clear_words() {
    let tree = TestTree::new();
    let fails = |directory: &Path, who: Option<&Account>| {
        let launch = tree.launch(&ours("svscan")).arg(directory);
        let mut svscan = match who {
            Some(who) => launch.account(who).start(),
            None => launch.start(),
        };
        assert_eq!(svscan.wait(), Ok(111));
        svscan.errors()
    };
    let nowhere = tree.root().join("nowhere");
    let text = |why| format!("svscan: fatal: unable to chdir to {}: {why}\n", nowhere.display());
    assert_eq!(fails(&nowhere, None), text("file does not exist"));
    fs::write(&nowhere, "").unwrap();
    assert_eq!(fails(&nowhere, None), text("not a directory"));
    let other = is_root().then(|| account("upkeep-a"));
    let read_only = tree.folder(".read-only", |f| f);
    fs::set_permissions(read_only.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let said = fails(read_only.path(), other.as_ref());
    assert_eq!(said, "svscan: fatal: unable to use .svscan: access denied\n");
    let file = tree.folder(".file", |f| f.file(".svscan", ""));
    assert_eq!(fails(file.path(), None), "svscan: fatal: unable to use .svscan: not a directory\n");
    let open = tree.folder(".open", |f| f.directory(".svscan").mode(".svscan", 0o777));
    let said = fails(open.path(), None);
    assert_eq!(said, "svscan: fatal: unable to use .svscan: others can write in it: chmod go-w\n");
}

#[test]
fn a_supervise_that_is_killed_is_started_again() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let (web, beacon) = steady(&tree, "web");
    let first = beacon.next().pid;
    web.wait_for(up());
    let supervise = process::parent(first).unwrap();
    assert_eq!(process::parent(supervise), Some(svscan.pid()));
    kill_both(supervise, first);
    let second = beacon.next().pid;
    web.wait_for(status("up again", move |status| status.pid.is_some_and(|pid| pid.get() == second)));
    assert_eq!(process::children(svscan.pid()), [process::parent(second).unwrap()]);
    assert_eq!(svscan.errors(), "");
}

fn kill_both(supervise: u32, service: u32) {
    let kill = testkit::Tool::new(Path::new("/bin/kill")).arg("-KILL");
    kill.args([supervise.to_string(), service.to_string()]).run().exits(0);
}

#[test]
fn what_a_service_leaves_behind_comes_to_its_supervise_and_after_that_to_svscan_and_is_no_zombie() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("orphans");
    let said = beacon.say("$1 $2").replace('\'', "\"");
    let orphan = format!("sh -c 'set -- $$ orphan; {said}; exec sleep 1000' &");
    let web = tree.folder("web", |f| f.run(&format!("({orphan})\nexec sleep 1000")));
    let heard = beacon.hear();
    let orphan: u32 = heard.strip_suffix(" orphan").unwrap().parse().unwrap();
    web.wait_for(up());
    let supervise = process::parent(web.pid()).unwrap();
    let is_of = |pid: u32| {
        wait_until("the orphan has that parent", &[], || {
            (process::parent(orphan) == Some(pid)).then_some(())
        });
    };
    is_of(supervise);
    testkit::Tool::new(Path::new("/bin/kill")).arg("-KILL").arg(supervise.to_string()).run().exits(0);
    is_of(svscan.pid());
    let kill = testkit::Tool::new(Path::new("/bin/kill"));
    kill.arg(orphan.to_string()).run().exits(0);
    wait_until("nothing of it is left", &[], || process::state(orphan).is_none().then_some(()));
    assert!(process::is_alive(web.pid()));
}

#[test]
fn as_process_1_it_reaps_thousands_does_not_quit_and_ends() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let unshare = tree.launch(Path::new("/usr/bin/unshare"));
    let first =
        unshare.arg("--pid").arg("--fork").arg("--mount-proc").arg(ours("svscan")).arg(tree.services());
    let mut first = first.start();
    let beacon = tree.beacon("orphans");
    let many = "i=0; while [ $i -lt 2000 ]; do (exec true & ); i=$((i + 1)); done";
    let web = tree.folder("web", |f| f.run(&format!("{many}\n{}\nexec sleep 1000", beacon.say("done"))));
    web.wait_for(supervised());
    let svscan = process::children(first.pid())[0];
    let send = |signal: &str| {
        let kill = testkit::Tool::new(Path::new("/bin/kill")).arg(signal).arg(svscan.to_string());
        kill.run().exits(0);
    };
    send("-QUIT");
    first.wait_for_errors(
        "svscan: warning: process 1 does not leave services running: use TERM to stop them\n",
    );
    assert_eq!(beacon.hear(), "done");
    wait_until("no zombie is left", &[], || {
        process::children(svscan).iter().all(|child| process::state(*child) != Some('Z')).then_some(())
    });
    let (other, told) = steady(&tree, "other");
    let _ = told.next();
    send("-TERM");
    assert_eq!(first.wait(), Ok(0));
    rename(other.path(), tree.root().join("away").as_os_str()).wait_for(not_supervised());
}
