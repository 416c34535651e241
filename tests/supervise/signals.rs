//! Signals to supervise itself.

use super::{detail, gone, resting, send, steady};
use nix::sys::signal::Signal;
use protocol::status::{Leaving, Phase, Want};
use testkit::{TestTree, down, process, status, up};

#[test]
fn term_and_int_stop_the_service_and_then_supervise() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let tree = TestTree::new();
        let (web, beacon, mut supervise) = steady(&tree);
        let pid = beacon.next().pid;
        // Stopped or not.
        tree.svc(["-p", "web"]);
        web.wait_for(status("paused", |status| status.paused));
        supervise.signal(signal);
        assert_eq!(supervise.wait(), Ok(0), "{signal}");
        assert!(!process::is_alive(pid) && !web.is_supervised());
        let last = web.status().unwrap();
        assert_eq!((last.pid, last.want), (None, Want::Down));
        let last = detail(&web);
        assert_eq!((last.phase, last.leaving), (Phase::Down, Leaving::Left));
        assert_eq!(last.last, Some(sys::process::Ending::Killed(15)));
        assert!(beacon.told().is_none());
    }
}

#[test]
fn every_signal_that_ends_supervise_does_so_at_once_where_nothing_runs() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| f.run("exec sleep 1000").down());
        let mut supervise = tree.supervise("web");
        web.wait_for(down());
        supervise.signal(signal);
        assert_eq!(supervise.wait(), Ok(0), "{signal}");
        assert_eq!(detail(&web).starts, 0, "{signal}");
    }
}

#[test]
fn a_second_term_kills_what_ignores_the_first() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("trap '' TERM\n{beacon}\nexec sleep 1000")));
    let mut supervise = tree.supervise("web");
    let pid = beacon.next().pid;
    supervise.signal(Signal::SIGTERM);
    web.wait_for(status("told to stop", |status| status.terminated));
    assert!(process::is_alive(pid) && !supervise.has_ended());
    supervise.signal(Signal::SIGTERM);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(!process::is_alive(pid));
    assert_eq!(detail(&web).last, Some(sys::process::Ending::Killed(9)));
}

#[test]
fn quit_leaves_everything_running() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    web.wait_for(up());
    supervise.signal(Signal::SIGQUIT);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(!web.is_supervised() && process::is_alive(pid));
    web.wait_until("it sleeps", |_| (process::state(pid) == Some('S')).then_some(()));
    assert_eq!(web.pid(), pid, "the record goes on telling whom to look for");
    send(pid, [libc::SIGTERM]);
    gone(pid);
}

#[test]
fn hup_waits_for_the_end_of_the_service_and_starts_it_no_more() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    web.wait_for(up());
    supervise.signal(Signal::SIGHUP);
    web.wait_for(status("wanted once", |status| status.want == Want::Once));
    assert!(!supervise.has_ended() && process::is_alive(pid) && detail(&web).leaving == Leaving::WhenDown);
    send(pid, [libc::SIGTERM]);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(beacon.told().is_none());
}

/// What waits in a logger's pipe is still to be written.
#[test]
fn hup_in_a_wait_starts_it_once_more() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{}\nexit 1", beacon.say("started"))));
    let mut supervise = tree.supervise("web");
    assert_eq!(beacon.hear(), "started");
    let _ = resting(&web, 1);
    supervise.signal(Signal::SIGHUP);
    assert_eq!(beacon.hear(), "started");
    assert_eq!(supervise.wait(), Ok(0));
    assert_eq!(detail(&web).starts, 2);
}

#[test]
fn no_other_signal_does_anything() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    web.wait_for(up());
    let means_something =
        [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGKILL, libc::SIGSTOP];
    send(supervise.pid(), (1..=64).filter(|signal| !means_something.contains(signal)));
    // It has taken them all, and obeys.
    tree.svc(["-p", "web"]);
    web.wait_for(status("paused", |status| status.paused));
    tree.svc(["-c", "web"]);
    assert!(!supervise.has_ended() && web.pid() == pid && beacon.told().is_none());
    assert_eq!(supervise.errors(), "");
}
