//! `notify-socket`, as systemd has it: what a service says of itself.

use super::{Actor, awaited, detail, ready, ready_since, says, socket_of, up_and, variable};
use protocol::status::{Doing, Readiness};
use std::fs;
use std::path::Path;
use testkit::{TestTree, account, down, needs_root, process, skip};

#[test]
fn ready_reloading_and_stopping_are_known() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    web.wait_for(awaited());
    assert!(tree.svstat("web").ends_with(", not ready"), "{}", tree.svstat("web"));
    actor.does("notify READY=1");
    web.wait_for(ready());
    let since = ready_since(&web);
    assert!(since > web.status().unwrap().since);
    for (order, doing, said) in [
        ("notify RELOADING=1|MONOTONIC_USEC=5", Doing::Reloading, ", reloading"),
        ("notify READY=1", Doing::Nothing, "seconds"),
        ("notify X_OWN=1|STOPPING=1|FDNAME=x", Doing::Stopping, ", stopping"),
    ] {
        actor.does(order);
        web.wait_for(up_and(order, move |detail| detail.doing == doing));
        let status = tree.svstat("web");
        assert!(status.contains(", ready ") && status.ends_with(said), "{status}");
        assert_eq!((ready_since(&web), web.pid()), (since, pid), "it is still what became ready then");
    }
    assert_eq!(supervise.errors(), "");
}

#[test]
fn its_text_is_shown_escaped_and_in_its_bounds() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let _supervise = tree.supervise("web");
    actor.comes();
    actor.does("notify STATUS=3 clients \u{1b}[31m\u{7} caf\u{e9}|READY=1");
    web.wait_for(says("3 clients \u{1b}[31m\u{7} caf\u{e9}"));
    let status = tree.svstat("web");
    assert!(status.contains(", says: 3 clients \\x1b[31m\\x07 caf"), "{status}");
    assert!(!status.contains(char::is_control), "{status:?}");
    actor.does(&format!("notify STATUS={}", "x".repeat(1000)));
    web.wait_for(says(&"x".repeat(255)));
    actor.does("notify STATUS=");
    web.wait_for(says(""));
    assert!(!tree.svstat("web").contains("says"), "{}", tree.svstat("web"));
    actor.does("notify STATUS=the last");
    web.wait_for(says("the last"));
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert_eq!(detail(&web).says, "", "what has ended says nothing");
}

#[test]
fn another_main_process_is_refused_and_that_is_said_once() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does(&format!("notify MAINPID={pid}|STATUS=itself"));
    web.wait_for(says("itself"));
    assert_eq!(supervise.errors(), "");
    for other in ["1", "1", "nobody"] {
        actor.does(&format!("notify MAINPID={other}|STATUS={other}"));
        web.wait_for(says(other));
    }
    supervise.wait_for_errors("MAINPID");
    assert_eq!(supervise.errors().matches("MAINPID").count(), 1, "{}", supervise.errors());
    assert_eq!(web.pid(), pid);
}

#[test]
fn one_that_is_too_long_is_passed_over_and_that_is_said_once() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let supervise = tree.supervise("web");
    actor.comes();
    for text in ["one", "two"] {
        actor.does("long 4097");
        actor.does(&format!("notify STATUS={text}"));
        web.wait_for(says(text));
    }
    web.wait_for(awaited());
    supervise.wait_for_errors("too long");
    assert_eq!(supervise.errors().lines().count(), 1, "{}", supervise.errors());
    actor.does("long 4096");
    web.wait_for(ready());
}

#[test]
fn a_barrier_means_that_all_before_it_is_done() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let _supervise = tree.supervise("web");
    actor.comes();
    for count in 0..20 {
        let text = format!("the {count}th");
        actor.does(&format!("notify STATUS={text}"));
        actor.does("barrier");
        // No waiting here: that is what the barrier is for.
        assert_eq!(detail(&web).says, text);
    }
    actor.does("child READY=1");
    assert!(matches!(detail(&web).readiness, Readiness::Ready(_)), "from a child in its session");
}

#[test]
fn systemd_notify_is_believed_when_it_has_ended() {
    if !Path::new("/usr/bin/systemd-notify").exists() {
        return skip("it needs systemd-notify of Debian's package systemd");
    }
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let told = beacon.say("told");
    let web = tree.folder("web", |f| {
        f.run(&format!("systemd-notify --ready --status='by systemd-notify' && {told}\nexec sleep 1000"))
            .file("notify-socket", "")
    });
    let _supervise = tree.supervise("web");
    assert_eq!(beacon.hear(), "told");
    let detail = detail(&web);
    assert!(matches!(detail.readiness, Readiness::Ready(_)), "{detail:?}");
    assert_eq!(detail.says, "by systemd-notify");
}

#[test]
fn each_run_has_an_address_and_nothing_else_of_the_service_has() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let root = tree.root().display().to_string();
    let web = tree.folder("web", |f| {
        f.run(&actor.exec()).file("notify-socket", "").script(
            "finish",
            &format!("echo \"${{NOTIFY_SOCKET-none}}\" >'{root}/part'; mv '{root}/part' '{root}/finish'"),
        )
    });
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    let address = socket_of(pid);
    let digits = address.strip_prefix("@upkeep/").unwrap();
    assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{address}");
    assert_eq!(
        detail(&web).token.map(|token| token.0),
        Some(u64::from_str_radix(digits, 16).unwrap().to_be_bytes())
    );
    assert_eq!(variable(pid, "WATCHDOG_USEC"), None);
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert_eq!(fs::read_to_string(tree.root().join("finish")).unwrap(), "none\n");
    assert_eq!(supervise.errors(), "");
}

#[test]
fn it_reaches_the_service_through_its_account() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let a = account("upkeep-a");
    let actor = Actor::new(&tree, "web");
    let web =
        tree.folder("web", |f| f.run(&actor.exec()).user(&a.name).env("X", "y").file("notify-socket", ""));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("notify READY=1|STATUS=as another one");
    web.wait_for(ready());
    web.wait_for(says("as another one"));
    assert_eq!(process::uids(pid).unwrap()[0], a.uid);
}

#[test]
fn without_the_file_there_is_no_socket_and_nothing_to_be_ready_for() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    assert_eq!(variable(pid, "NOTIFY_SOCKET"), None);
    web.wait_for(up_and("unsaid", |detail| detail.readiness == Readiness::Unsaid && detail.token.is_none()));
    assert!(web.status().unwrap().is_ready());
    assert!(tree.svstat("web").ends_with(" seconds"), "{}", tree.svstat("web"));
}
