//! `watchdog`: a service that does not say that it lives is ended and started again.

use super::{Actor, at_rest, awaited, detail, ready, says, socket_of, spacing_grows_to, up_and, variable};
use protocol::report::Step;
use protocol::status::Readiness;
use std::time::Duration;
use testkit::{Service, TestTree, down, process, status, supervised, wait_until};

/// Longer than any test.
const LONG: &str = "1h\n";

fn silent_at(service: &Service) -> Option<u64> {
    detail(service).silent_at
}

#[test]
fn each_word_of_life_gives_it_that_long_again() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", "").file("watchdog", LONG));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    assert_eq!(silent_at(&web), None, "it counts from when it is ready");
    actor.does("notify READY=1");
    web.wait_for(ready());
    let mut due = silent_at(&web).unwrap();
    for text in ["once", "again"] {
        actor.does(&format!("notify WATCHDOG=1|STATUS={text}"));
        web.wait_for(says(text));
        let later = silent_at(&web).unwrap();
        assert!(later > due);
        due = later;
    }
    actor.does("notify WATCHDOG=2|WATCHDOG_USEC=1|STATUS=something else");
    web.wait_for(says("something else"));
    assert_eq!((silent_at(&web), web.pid()), (Some(due), pid));
    actor.does("notify STOPPING=1");
    web.wait_for(up_and("let go", |detail| detail.silent_at.is_none()));
    assert_eq!(supervise.errors(), "");
}

#[test]
fn the_environment_says_how_often_and_who() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    // Each program that execs the next one keeps the pid.
    let run = format!("exec env X=y {}", actor.exec().trim_start_matches("exec "));
    let web = tree.folder("web", |f| f.run(&run).file("watchdog", "1m 30s\n").env("Y", "z"));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    assert_eq!(web.pid(), pid);
    assert_eq!(variable(pid, "WATCHDOG_USEC").as_deref(), Some("90000000"));
    assert_eq!(variable(pid, "WATCHDOG_PID"), Some(pid.to_string()));
    assert!(socket_of(pid).starts_with("@upkeep/"), "it needs a socket to say it");
    let detail = detail(&web);
    assert_eq!(detail.readiness, Readiness::Unsaid, "that is not what it was asked for");
    assert!(detail.silent_at.is_some(), "so it counts from its start");
}

#[test]
fn one_that_is_silent_is_ended_and_started_again_with_growing_spacing_and_that_is_said_once() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").file("watchdog", "200ms\n"));
    let supervise = tree.supervise("web");
    let detail = spacing_grows_to(&web, Duration::from_secs(4));
    assert!(detail.starts >= 2, "{detail:?}");
    assert_eq!(detail.failed.map(|failed| failed.step), Some(Step::Watchdog));
    let status = tree.svstat("web");
    assert!(status.contains(", ended: ") && status.contains("within 200 ms"), "{status}");
    let errors = supervise.errors();
    assert!(errors.contains("web") && errors.contains("within 200 ms"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn what_lives_again_is_not_called_ended_any_more() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web =
        tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", "").file("watchdog", "200ms\n"));
    let supervise = tree.supervise("web");
    let first = actor.comes();
    // For the next one.
    std::fs::write(web.file("watchdog"), LONG).unwrap();
    actor.is_told("notify READY=1");
    supervise.wait_for_errors("within 200 ms");
    assert_ne!(actor.comes(), first);
    web.wait_for(awaited());
    assert!(tree.svstat("web").contains(", ended: "), "{}", tree.svstat("web"));
    actor.does("notify READY=1");
    web.wait_for(ready());
    assert!(detail(&web).failed.is_none());
    assert!(!tree.svstat("web").contains("ended"), "{}", tree.svstat("web"));
}

#[test]
fn one_that_is_paused_is_not_ended_for_that() {
    let tree = TestTree::new();
    let run = |name| tree.folder(name, |f| f.run("exec sleep 1000").file("watchdog", "300ms\n").down());
    let (web, other) = (run("web"), run("other"));
    let _supervises = [tree.supervise("web"), tree.supervise("other")];
    for service in [&web, &other] {
        service.wait_for(supervised());
    }
    tree.svc(["-up", "web"]);
    web.wait_for(status("paused", |status| status.paused && status.pid.is_some()));
    let pid = web.pid();
    // The other one is ended for its silence twice meanwhile.
    tree.svc(["-u", "other"]);
    other.wait_until("it is there for the third time", |_| (detail(&other).starts >= 3).then_some(()));
    assert!(web.pid() == pid && process::is_alive(pid));
    tree.svc(["-c", "web"]);
    wait_until("it is ended for its silence", &[], || (!process::is_alive(pid)).then_some(()));
}

#[test]
fn one_that_says_that_it_does_not_live_is_ended_at_once() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", LONG));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.is_told("notify WATCHDOG=trigger");
    web.wait_until("it is ended", |_| (!process::is_alive(pid)).then_some(()));
    supervise.wait_for_errors("web");
    assert_eq!(detail(&web).failed.map(|failed| failed.step), Some(Step::Watchdog));
}

#[test]
fn one_that_ignores_the_signal_is_killed_when_its_time_is_over() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", LONG).file("timeout-kill", "100"));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("ignore");
    actor.does("notify WATCHDOG=trigger");
    let detail = at_rest(&web);
    assert!(!process::is_alive(pid));
    assert_eq!(detail.last, Some(sys::process::Ending::Killed(9)));
}

#[test]
fn one_that_ignores_the_signal_is_killed_also_where_nothing_says_when() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", LONG));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("ignore");
    let before = sys::clock::Monotonic::now();
    actor.does("notify WATCHDOG=trigger");
    let kill_at = web.wait_until("KILL is due", |_| detail(&web).kill_at);
    let in_five_seconds = (before + Duration::from_secs(5)).since_zero().as_nanos();
    assert!(u128::from(kill_at) >= in_five_seconds);
    assert!(process::is_alive(pid));
    tree.svc(["-k", "web"]);
    web.wait_until("it has ended", |_| (!process::is_alive(pid)).then_some(()));
}

#[test]
fn the_operators_word_counts_more() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", LONG));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("ignore");
    tree.svc(["-d", "web"]);
    web.wait_for(up_and("told to end", |detail| detail.silent_at.is_none()));
    // In the midst of ending, nothing is new to it.
    actor.does("notify WATCHDOG=trigger");
    actor.does("barrier");
    assert!(process::is_alive(pid));
    tree.svc(["-k", "web"]);
    web.wait_for(down());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn a_value_that_is_no_time_is_said_and_watches_nothing() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", "30\n"));
    let supervise = tree.supervise("web");
    actor.comes();
    supervise.wait_for_errors("watchdog");
    assert_eq!(silent_at(&web), None);
    assert_eq!(supervise.errors().lines().count(), 1, "{}", supervise.errors());
}
