//! The wall clock is set, or the machine sleeps: starts are as far apart as ever, nothing is made up for in a burst.

use super::shifting::Shifting;
use protocol::status::{Detail, Phase};
use std::fs;
use std::time::Duration;
use sys::clock::{Monotonic, wall};
use testkit::{Invariants, Service, TestTree, down, process, resting, status, up, wait_until};

const HOUR: i64 = 3600;

/// By how much the wall clock is wrong: an hour, 1970, the last second of 32 bits and the first without, and 2100.
fn steps() -> [i64; 6] {
    let now = i64::try_from(wall().as_secs()).unwrap();
    [-HOUR, HOUR, -now, (1 << 31) - 1 - now, (1 << 31) - now, 4_102_444_800 - now]
}

#[track_caller]
fn detail(service: &Service) -> Detail {
    service.wait_until("there is a record of ours", |service| service.status()?.detail)
}

/// A service that fails until it rests for some seconds, with its supervise under wrong clocks.
#[track_caller]
fn resting_long(tree: &TestTree, name: &str) -> (Service, Shifting, Detail) {
    let web = tree.folder(name, |f| f.run("exit 1"));
    web.wait_until("it rests for long", |web| {
        let detail = web.status()?.detail?;
        if detail.phase == Phase::Resting && Duration::from_nanos(detail.spacing) >= Duration::from_secs(8) {
            return Some(());
        }
        let _ = fs::write(web.file("supervise/control"), "u");
        None
    });
    web.wait_for(resting());
    let before = detail(&web);
    let shifting = Shifting::begin(before.supervise.unwrap().pid.get());
    (web, shifting, before)
}

/// Lets it look at the time, by a command that changes nothing.
#[track_caller]
fn looks(web: &Service, shifting: &Shifting) {
    let since = shifting.asked();
    fs::write(web.file("supervise/control"), "c").unwrap();
    shifting.asks(since);
}

#[test]
fn a_wall_clock_that_is_set_changes_no_wait() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let (web, shifting, mut before) = resting_long(&tree, "web");
    for step in steps() {
        shifting.wall(step);
        looks(&web, &shifting);
        let after = detail(&web);
        if after.starts > before.starts {
            // Its time had come, by the clock that counts.
            assert!(before.next_start.unwrap() <= nanoseconds(Monotonic::now().since_zero()));
            web.wait_for(resting());
            before = detail(&web);
        } else {
            assert_eq!((after.next_start, after.spacing), (before.next_start, before.spacing), "{step}");
        }
    }
    assert_eq!(svscan.errors(), "");
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap()
}

#[test]
fn after_an_hour_of_standing_still_there_is_one_start_and_then_the_next_wait() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let invariants = Invariants::watch(&tree);
    let (web, shifting, before) = resting_long(&tree, "web");
    shifting.monotonic(HOUR);
    fs::write(web.file("supervise/control"), "c").unwrap();
    let starts = before.starts + 1;
    web.wait_for(status("started", move |status| {
        status.detail.as_ref().is_some_and(|detail| detail.starts == starts && detail.phase == Phase::Resting)
    }));
    looks(&web, &shifting);
    let after = detail(&web);
    assert_eq!(after.starts, starts);
    let hour = Duration::from_secs(HOUR.unsigned_abs());
    let next = Duration::from_nanos(after.next_start.unwrap());
    // The failure counts: it did not live for an hour.
    assert!(after.spacing >= before.spacing);
    assert!(next > Monotonic::now().since_zero() + hour, "{next:?}");
    drop(shifting);
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}

#[test]
fn under_any_wall_clock_services_start_stop_and_are_told_apart() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    web.wait_for(up());
    let shifting = Shifting::begin(process::parent(web.pid()).unwrap());
    for step in steps() {
        shifting.wall(step);
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        tree.svc(["-u", "web"]);
        web.wait_for(up());
        // The label is what its clock says; whoever reads it makes of it what he can.
        assert!(tree.svstat("web").starts_with(&format!("web: up (pid {}) ", web.pid())));
    }
    assert_eq!(svscan.errors(), "");
}

/// Folders come, rest, start and go by the clock that is never set.
#[test]
fn svscan_under_a_wrong_wall_clock_starts_what_comes() {
    let tree = TestTree::new();
    // Not our child, whose end is waited for.
    let svscan =
        super::through(&tree, "env", &["sh", "-c", "\"$0\" \"$@\" & trap 'kill $!' TERM; wait; wait"]);
    let shell = svscan.arg(testkit::ours("svscan")).arg(tree.services()).start();
    let pid = wait_until("svscan is there", &[], || {
        process::children(shell.pid())
            .into_iter()
            .find(|pid| process::name(*pid).as_deref() == Some("svscan"))
    });
    tree.folder("first", |f| f.run("exec sleep 1000")).wait_for(up());
    let shifting = Shifting::begin(pid);
    let source = tree.folder(".source", |f| f.run("exec sleep 1000"));
    let mut made = Vec::new();
    for (number, step) in steps().into_iter().enumerate() {
        shifting.wall(step);
        // Renamed in, and made here: that must come to rest.
        let name = format!("s{number}");
        let moved = tree.folder(&format!("{name}-moved"), |f| f.run("exec sleep 1000"));
        let copied = tree.services().join(&name);
        testkit::Tool::new(std::path::Path::new("/bin/cp"))
            .arg("-r")
            .args([source.path(), &copied])
            .run()
            .exits(0);
        moved.wait_for(up());
        made.push(Service::at(copied));
    }
    made.iter().for_each(|service| service.wait_for(up()));
    assert_eq!(process::children(pid).len(), 1 + 2 * made.len());
    // Where copying took longer than a new folder has to rest.
    let slow = |line: &str| line.ends_with(" has no run: it starts when it gets one");
    assert!(shell.errors().lines().all(slow), "{}", shell.errors());
}
