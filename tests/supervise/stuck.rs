//! What does not end: a run or leftovers that ignore TERM, a finish that hangs. Each has a time, and KILL comes then.

use super::{Doomed, detail, gone, send};
use nix::sys::signal::Signal;
use protocol::status::Phase;
use std::fs;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;
use testkit::{Beacon, Folder, Running, Service, TestTree, down, process, status, up};

/// A service that ignores TERM.
fn deaf(tree: &TestTree, build: impl FnOnce(Folder) -> Folder) -> (Service, Beacon, Running) {
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| build(f.run(&format!("trap '' TERM\n{beacon}\nexec sleep 1000"))));
    let supervise = tree.supervise("web");
    (web, beacon, supervise)
}

#[test]
fn what_ignores_term_is_killed_when_its_time_is_over_and_not_before() {
    for (content, time) in [("300\n", 300), ("0.4s", 400), ("100ms 200ms\n", 300)] {
        let time = Duration::from_millis(time);
        let tree = TestTree::new();
        let (web, beacon, supervise) = deaf(&tree, |f| f.file("timeout-kill", content));
        let pid = beacon.next().pid;
        web.wait_for(up());
        let before = Monotonic::now();
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        assert!(Monotonic::now().since(before) >= time, "{content}");
        assert_eq!(detail(&web).last, Some(Ending::Killed(9)), "{content}");
        gone(pid);
        assert_eq!(supervise.errors(), "");
    }
}

#[test]
fn the_record_says_when_kill_is_due() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = deaf(&tree, |f| f.file("timeout-kill", "1h"));
    let _ = beacon.next();
    web.wait_for(up());
    assert_eq!(detail(&web).kill_at, None);
    let hour = Duration::from_secs(3600);
    let before = Monotonic::now().since_zero();
    tree.svc(["-d", "web"]);
    let due = web.wait_until("KILL is due", |web| web.status()?.detail?.kill_at);
    let due = Duration::from_nanos(due);
    assert!(before + hour <= due && due <= Monotonic::now().since_zero() + hour);
    // The second time its life is over, whatever the file says.
    tree.svc(["-k", "web"]);
    web.wait_for(down());
    assert_eq!((detail(&web).last, detail(&web).kill_at), (Some(Ending::Killed(9)), None));
}

#[test]
fn without_a_time_nothing_is_killed() {
    for content in [None, Some("0\n"), Some("0s\n")] {
        let tree = TestTree::new();
        let (web, beacon, _supervise) = deaf(&tree, |f| match content {
            Some(content) => f.file("timeout-kill", content),
            None => f,
        });
        let pid = beacon.next().pid;
        web.wait_for(up());
        tree.svc(["-d", "web"]);
        web.wait_for(status("told to end", |status| status.terminated));
        assert_eq!(detail(&web).kill_at, None, "{content:?}");
        assert!(process::is_alive(pid));
        tree.svc(["-k", "web"]);
        web.wait_for(down());
    }
}

/// A service that ends at once, and a finish that does not.
fn hanging(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> (Service, Beacon, Running) {
    let beacon = tree.beacon(name);
    let body = format!("trap '' TERM\n{beacon}\nexec sleep 1000");
    let service = tree.folder(name, |f| build(f.run("exit 0").script("finish", &body)));
    let supervise = tree.supervise(name);
    (service, beacon, supervise)
}

#[test]
fn a_finish_that_hangs_is_killed_with_its_group_and_the_service_goes_on() {
    let tree = TestTree::new();
    let finish = tree.beacon("finish");
    tree.folder("web", |f| {
        let f = f.run("exit 0").file("timeout-finish", "500ms\n");
        f.script("finish", &format!("trap '' TERM\nsleep 1000 &\n{}\nwait", finish.say("'$$ $!'")))
    });
    let supervise = tree.supervise("web");
    for _ in 0..2 {
        let said = finish.hear();
        let pids = said.split(' ').map(|pid| pid.parse().unwrap());
        pids.for_each(gone);
    }
    let _ = finish.hear();
    // One that dies at that moment may be named, too.
    assert_eq!(supervise.errors().matches("supervise: warning: web: finish was killed\n").count(), 1);
}

#[test]
fn the_time_of_finish_is_that_of_the_file_or_five_seconds() {
    const SECOND: Duration = Duration::from_secs(1);
    let tree = TestTree::new();
    let cases = [
        ("absent", None, Some(5 * SECOND)),
        ("milliseconds", Some("60000\n"), Some(60 * SECOND)),
        ("words", Some("1m 30s\n"), Some(90 * SECOND)),
        ("none", Some("0\n"), None),
        ("bad", Some("ten\n"), Some(5 * SECOND)),
    ];
    let before = Monotonic::now().since_zero();
    let services = cases.map(|(name, content, time)| {
        let (service, beacon, supervise) = hanging(&tree, name, |f| {
            content.into_iter().fold(f, |f, content| f.file("timeout-finish", content))
        });
        (name, time, service, beacon, supervise)
    });
    for (name, time, service, beacon, mut supervise) in services {
        let pid = beacon.next().pid;
        let due = service.wait_until("it finishes", |service| {
            let detail = service.status()?.detail.filter(|detail| detail.phase == Phase::Finishing)?;
            Some(detail.kill_at.map(Duration::from_nanos))
        });
        let now = Monotonic::now().since_zero();
        match (time, due) {
            (Some(time), Some(due)) => {
                assert!(before + time <= due && due <= now + time, "{name}: {before:?} {due:?} {now:?}");
            }
            (time, due) => assert_eq!(due, time, "{name}"),
        }
        supervise.signal(Signal::SIGTERM);
        send(pid, [libc::SIGKILL]);
        assert_eq!(supervise.wait(), Ok(0), "{name}");
        let bad = "supervise: warning: bad: timeout-finish: that is no time: ";
        assert_eq!(supervise.errors().matches(bad).count(), usize::from(name == "bad"));
    }
}

/// What finish leaves is as in the way as what run leaves.
#[test]
fn what_finish_leaves_behind_is_ended_as_well() {
    let tree = TestTree::new();
    let (run, left) = (tree.beacon("run"), tree.beacon("left"));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("{run}\nexit 1")).file("leftovers", "kill").file("timeout-kill", "200ms\n");
        let f = f.script("left", &format!("trap '' TERM\n{left}\nexec sleep 1000"));
        f.script("finish", "setsid ./left &\nread -r line <gate").fifo("gate")
    });
    let supervise = tree.supervise("web");
    let _ = run.next();
    let stays = left.next().pid;
    fs::write(web.file("gate"), "end\n").unwrap();
    let _ = run.next();
    assert!(!process::is_alive(stays));
    supervise.wait_for_errors(&format!("left behind by an earlier run: pid {stays}: "));
    let _ = left.next();
    fs::write(web.file("gate"), "end\n").unwrap();
}

#[test]
fn leftovers_that_ignore_term_are_killed_when_their_time_is_over() {
    let tree = TestTree::new();
    let (run, left) = (tree.beacon("run"), tree.beacon("left"));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("setsid ./left &\n{run}\nexec sleep 1000")).file("leftovers", "kill\n");
        f.script("left", &format!("trap '' TERM\n{left}\nexec sleep 1000")).file("timeout-kill", "300\n")
    });
    let _supervise = tree.supervise("web");
    let (pid, stays) = (run.next().pid, left.next().pid);
    web.wait_until("it sleeps", |_| (process::name(stays)? == "sleep").then_some(()));
    let before = Monotonic::now();
    send(pid, [libc::SIGKILL]);
    let _ = run.next();
    assert!(!process::is_alive(stays), "never beside the next run");
    assert!(Monotonic::now().since(before) >= Duration::from_millis(300));
}

/// Without a time of its own: 5 seconds.
#[test]
fn the_record_says_when_leftovers_are_killed() {
    let tree = TestTree::new();
    let (run, left) = (tree.beacon("run"), tree.beacon("left"));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("setsid ./left &\n{run}\nexec sleep 1000")).file("leftovers", "kill\n");
        f.script("left", &format!("trap '' TERM\n{left}\nexec sleep 1000"))
    });
    let mut supervise = tree.supervise("web");
    let (pid, stays) = (run.next().pid, left.next().pid);
    let _doomed = Doomed(vec![stays]);
    web.wait_until("it sleeps", |_| (process::name(stays)? == "sleep").then_some(()));
    let before = Monotonic::now().since_zero();
    send(pid, [libc::SIGKILL]);
    let due = web.wait_until("it waits", |web| {
        web.status()?.detail.filter(|detail| detail.phase == Phase::Clearing)?.kill_at
    });
    let (due, five) = (Duration::from_nanos(due), Duration::from_secs(5));
    assert!(before + five <= due && due <= Monotonic::now().since_zero() + five);
    // Told to stop, it goes on waiting; told again, it does not.
    supervise.signal(Signal::SIGTERM);
    web.wait_for(status("told to stop", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.leaving == protocol::status::Leaving::Stopping)
    }));
    assert!(process::is_alive(stays));
    supervise.signal(Signal::SIGTERM);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(!process::is_alive(stays) && detail(&web).phase == Phase::Down);
}
