//! `timeout-ready`: a service that does not get ready in time is ended and started again.

use super::{Actor, awaited, detail, ready, says, spacing_grows_to, up_and};
use protocol::report::Step;
use protocol::status::Readiness;
use std::fs;
use std::time::Duration;
use sys::clock::Monotonic;
use testkit::{TestTree, up};

#[test]
fn one_that_never_gets_ready_is_ended_and_started_again_and_the_status_says_why() {
    let tree = TestTree::new();
    let run = "exec sleep 1000";
    let web = tree.folder("web", |f| f.run(run).file("notify-socket", "").file("timeout-ready", "200ms"));
    let supervise = tree.supervise("web");
    let detail = spacing_grows_to(&web, Duration::from_secs(4));
    assert!(detail.starts >= 2, "{detail:?}");
    assert_eq!(detail.failed.map(|failed| failed.step), Some(Step::Ready));
    let status = tree.svstat("web");
    assert!(status.contains(", ended: ") && status.contains("not ready within 200 ms"), "{status}");
    let errors = supervise.errors();
    assert!(errors.contains("web") && errors.contains("not ready within 200 ms"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "said once: {errors}");
}

#[test]
fn what_gets_ready_in_the_end_is_as_good_as_any() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree
        .folder("web", |f| f.run(&actor.exec()).file("notification-fd", "3").file("timeout-ready", "200ms"));
    let supervise = tree.supervise("web");
    supervise.wait_for_errors("not ready within 200 ms");
    fs::write(web.file("timeout-ready"), "1h\n").unwrap();
    web.wait_until("one with more time is there", |_| {
        let now = Monotonic::now().since_zero() + Duration::from_secs(60);
        detail(&web).late_at.filter(|at| u128::from(*at) > now.as_nanos())
    });
    actor.does("write 3 |");
    web.wait_for(ready());
    let detail = detail(&web);
    assert!(detail.failed.is_none() && detail.late_at.is_none(), "{detail:?}");
    assert!(!tree.svstat("web").contains("ended"), "{}", tree.svstat("web"));
}

#[test]
fn it_can_ask_for_more_time_and_not_for_less() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web =
        tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", "").file("timeout-ready", "1h\n"));
    let supervise = tree.supervise("web");
    actor.comes();
    let late_at = detail(&web).late_at.unwrap();
    actor.does("notify EXTEND_TIMEOUT_USEC=1000000|STATUS=less");
    web.wait_for(says("less"));
    assert_eq!(detail(&web).late_at, Some(late_at));
    actor.does("notify EXTEND_TIMEOUT_USEC=7200000000|STATUS=more");
    web.wait_for(says("more"));
    let hour = Duration::from_secs(3600).as_nanos() as u64;
    let more = detail(&web).late_at.unwrap();
    assert!(more >= late_at + hour, "two hours from then on are one more than it had");
    // A number without an end is the longest time that there is.
    actor.does("notify EXTEND_TIMEOUT_USEC=99999999999999999999999|STATUS=for ever");
    web.wait_for(says("for ever"));
    assert!(detail(&web).late_at.unwrap() > more + 1000 * hour);
    actor.does("notify READY=1");
    web.wait_for(ready());
    assert_eq!(detail(&web).late_at, None);
    assert_eq!(supervise.errors(), "");
}

#[test]
fn where_nothing_would_say_it_nothing_is_late() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").file("timeout-ready", "1h\n"));
    let _supervise = tree.supervise("web");
    web.wait_for(up());
    let detail = detail(&web);
    assert_eq!((detail.readiness, detail.late_at), (Readiness::Unsaid, None));
}

#[test]
fn one_that_was_told_to_end_is_not_late() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web =
        tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", "").file("timeout-ready", "1h\n"));
    let _supervise = tree.supervise("web");
    actor.comes();
    actor.does("ignore");
    tree.svc(["-d", "web"]);
    web.wait_for(up_and("told to end", |detail| detail.late_at.is_none()));
    tree.svc(["-k", "web"]);
}

#[test]
fn a_value_that_is_no_time_is_said_and_nothing_is_late() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web =
        tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", "").file("timeout-ready", "soon"));
    let supervise = tree.supervise("web");
    actor.comes();
    supervise.wait_for_errors("timeout-ready");
    web.wait_for(awaited());
    assert_eq!(detail(&web).late_at, None);
}
