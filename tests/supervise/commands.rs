//! Commands that are about more than one moment.

use super::{detail, gone, steady};
use protocol::status::{Leaving, Phase, Want};
use testkit::{TestTree, down, not_supervised, process, status, up};

#[test]
fn exit_waits_until_the_service_ends_and_lets_it_be_till_then() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    tree.svc(["-x", "web"]);
    web.wait_for(status("leaving", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.leaving == Leaving::WhenDown)
    }));
    web.wait_for(up());
    // It obeys as before.
    tree.svc(["-p", "web"]);
    web.wait_until("it stops", |_| (process::state(pid) == Some('T')).then_some(()));
    tree.svc(["-c", "web"]);
    web.wait_until("it goes on", |_| (process::state(pid) == Some('S')).then_some(()));
    assert!(!supervise.has_ended() && web.pid() == pid);
    // Wanted up, and yet not started again: there is nobody any more.
    tree.svc(["-t", "web"]);
    assert_eq!(supervise.wait(), Ok(0));
    let last = web.status().unwrap();
    assert_eq!((last.pid, last.want), (None, Want::Up));
    assert!(beacon.told().is_none() && !process::is_alive(pid) && !web.is_supervised());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn exit_of_what_is_down_or_waits_is_at_once() {
    let tree = TestTree::new();
    for (name, run) in [("down", "exec sleep 1000"), ("resting", "exit 1")] {
        let service = tree.folder(name, |f| if name == "down" { f.run(run).down() } else { f.run(run) });
        let mut supervise = tree.supervise(name);
        service.wait_for(if name == "down" { down() } else { testkit::resting() });
        tree.svc(["-x", name]);
        assert_eq!(supervise.wait(), Ok(0), "{name}");
        service.wait_for(not_supervised());
        let detail = detail(&service);
        assert_eq!((detail.phase, detail.next_start), (Phase::Down, None), "{name}");
    }
}

#[test]
fn what_is_paused_can_be_stopped_and_a_pause_ends_with_the_process() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    for letters in ["-d", "-k"] {
        let pid = beacon.next().pid;
        web.wait_for(up());
        tree.svc(["-p", "web"]);
        web.wait_until("it stops", |_| (process::state(pid) == Some('T')).then_some(()));
        web.wait_for(status("paused", |status| status.paused && status.pid.is_some()));
        tree.svc([letters, "web"]);
        gone(pid);
        tree.svc(["-u", "web"]);
        web.wait_for(status("another", move |status| status.pid.is_some_and(|other| other.get() != pid)));
        assert!(!web.status().unwrap().paused);
    }
    let _ = beacon.next();
}

/// Whoever it was that stopped the service, or that let it go on.
#[test]
fn a_pause_that_nobody_commanded_is_told_as_well() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    let pid = beacon.next().pid;
    web.wait_for(up());
    super::send(pid, [libc::SIGSTOP]);
    web.wait_for(status("paused", |status| status.paused));
    assert!(tree.svstat("web").ends_with(", paused"));
    super::send(pid, [libc::SIGCONT]);
    web.wait_for(status("not paused", |status| !status.paused && status.pid.is_some()));
}

#[test]
fn once_is_once() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    let pid = beacon.next().pid;
    web.wait_for(up());
    // Of what runs already, only the wish changes.
    tree.svc(["-o", "web"]);
    web.wait_for(status("wanted once", |status| status.want == Want::Once));
    assert_eq!(web.pid(), pid);
    tree.svc(["-t", "web"]);
    web.wait_for(down());
    tree.svc(["-o", "web"]);
    let second = beacon.next().pid;
    web.wait_for(up());
    super::send(second, [libc::SIGKILL]);
    web.wait_for(down());
    assert_eq!((detail(&web).starts, detail(&web).next_start), (2, None));
    // And a later wish to be up is for ever.
    tree.svc(["-ou", "web"]);
    let third = beacon.next().pid;
    super::send(third, [libc::SIGTERM]);
    assert_ne!(beacon.next().pid, third);
}
