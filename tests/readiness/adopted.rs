//! A supervise dies, another one comes: what the service says is heard again, what it has said is not forgotten.

use super::{Actor, awaited, detail, ready, ready_since, says, socket_of, up_and};
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::{Running, TestTree, process, wait_until};

fn kill(supervise: &mut Running) {
    supervise.signal(Signal::SIGKILL);
    assert_eq!(supervise.wait(), Err(9));
}

#[test]
fn what_it_has_said_is_known_to_the_next_one() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    let address = socket_of(pid);
    actor.does("notify READY=1|STATUS=here I am");
    actor.does("notify RELOADING=1");
    actor.does("barrier");
    let (since, before) = (ready_since(&web), tree.svstat("web"));
    assert!(before.contains(", reloading, says: here I am"), "{before}");
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    web.wait_for(ready());
    assert_eq!((ready_since(&web), web.pid(), detail(&web).says), (since, pid, "here I am".to_owned()));
    assert!(tree.svstat("web").contains(", reloading"));
    actor.does("notify READY=1|STATUS=heard");
    web.wait_for(says("heard"));
    assert_eq!((ready_since(&web), socket_of(pid)), (since, address));
    drop((next, supervise));
}

#[test]
fn readiness_that_comes_after_its_supervise_is_heard_by_the_next_one() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let mut supervise = tree.supervise("web");
    actor.comes();
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    web.wait_for(awaited());
    actor.does("notify READY=1");
    web.wait_for(ready());
    drop((next, supervise));
}

#[test]
fn a_line_that_is_written_while_nobody_is_there_is_found() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "5\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    kill(&mut supervise);
    // Nobody reads it, and it is not ended for that.
    actor.does("write 5 ready|");
    let next = tree.supervise("web");
    web.wait_for(ready());
    assert_eq!(web.pid(), pid);
    drop((next, supervise));
}

#[test]
fn a_line_that_is_written_to_the_next_one_is_heard() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "5\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("write 5 not yet");
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    web.wait_for(awaited());
    actor.does("write 5  now|");
    web.wait_for(ready());
    assert_eq!(web.pid(), pid);
    drop((next, supervise));
}

#[test]
fn one_that_has_written_its_line_is_gone_on_with_without_a_complaint() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "5\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("write 5 ready|");
    web.wait_for(ready());
    let since = ready_since(&web);
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    web.wait_for(ready());
    assert_eq!((ready_since(&web), detail(&web).note.as_str()), (since, ""));
    assert_eq!(next.errors(), format!("supervise: info: web: adopted pid {pid}\n"));
    drop((next, supervise));
}

#[test]
fn a_service_that_has_closed_the_descriptor_is_gone_on_with_all_the_same() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "5\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("close 5");
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    web.wait_for(awaited());
    assert_eq!(web.pid(), pid);
    drop((next, supervise));
}

#[test]
fn the_watchdog_goes_on() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", "1h\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    let due = detail(&web).silent_at.unwrap();
    actor.does("notify WATCHDOG=1|STATUS=alive");
    web.wait_for(says("alive"));
    assert!(detail(&web).silent_at.unwrap() > due);
    actor.is_told("notify WATCHDOG=trigger");
    wait_until("it is ended", &[], || (!process::is_alive(pid)).then_some(()));
    assert_ne!(actor.comes(), pid);
    drop((next, supervise));
}

#[test]
fn one_that_stays_silent_is_ended_by_the_next_one() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", "1h\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    tree.svc(["-p", "web"]);
    web.wait_for(testkit::status("paused", |status| status.paused));
    std::fs::write(web.file("watchdog"), "300ms\n").unwrap();
    kill(&mut supervise);
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    assert!(process::is_alive(pid), "it is paused still");
    tree.svc(["-c", "web"]);
    next.wait_for_errors("within 300 ms");
    wait_until("it is ended", &[], || (!process::is_alive(pid)).then_some(()));
    drop((next, supervise));
}

/// Takes an address, and says that it has it.
const TAKER: &str = "
import socket, sys
taken = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
taken.bind(sys.argv[1].replace('@', '\\0', 1))
print('taken', flush=True)
print(taken.recv(4096).decode(), flush=True)
taken.recv(4096)
";

#[test]
fn where_somebody_else_has_the_address_nothing_is_held_against_the_service() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("watchdog", "1h\n"));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    let token = detail(&web).token.unwrap();
    let address = format!("@upkeep/{:016x}", u64::from_be_bytes(token.0));
    kill(&mut supervise);
    let taker = tree.launch(Path::new("/usr/bin/python3")).arg("-c").arg(TAKER).arg(&address).start();
    wait_until("it is taken", &[tree.root()], || taker.output().contains("taken").then_some(()));
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    next.wait_for_errors("address");
    web.wait_for(up_and("not watched", |detail| detail.silent_at.is_none()));
    actor.does("notify WATCHDOG=trigger");
    wait_until("somebody else hears it", &[tree.root()], || taker.output().contains("trigger").then_some(()));
    assert_eq!(web.pid(), pid);
    // The next run has an address of its own, and is watched again.
    tree.svc(["-t", "web"]);
    let pid = actor.comes();
    assert_ne!(socket_of(pid), address);
    web.wait_for(up_and("watched", |detail| detail.silent_at.is_some()));
    taker.stop();
    drop((next, supervise));
}

#[test]
fn a_service_that_is_down_again_has_no_readiness_left() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let mut supervise = tree.supervise("web");
    let pid = actor.comes();
    actor.does("notify READY=1");
    web.wait_for(ready());
    kill(&mut supervise);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
    wait_until("it has ended", &[], || (!process::is_alive(pid)).then_some(()));
    let next = tree.supervise("web");
    assert_ne!(actor.comes(), pid);
    web.wait_for(awaited());
    drop((next, supervise));
}

#[test]
fn a_message_to_nobody_fails_at_once_and_holds_up_no_service() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let mut supervise = tree.supervise("web");
    actor.comes();
    web.wait_for(awaited());
    kill(&mut supervise);
    actor.does("try READY=1");
    let next = tree.supervise("web");
    next.wait_for_errors("adopted");
    actor.does("notify READY=1");
    web.wait_for(ready());
    drop((next, supervise));
}
