//! Signals to supervise itself.

use super::steady;
use nix::sys::signal::Signal;
use protocol::status::Want;
use std::path::Path;
use testkit::{TestTree, Tool, down, not_supervised, process, resting, status, up, wait_until};

#[test]
fn term_and_int_stop_the_service_and_supervise() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let tree = TestTree::new();
        let (web, _, mut supervise) = steady(&tree);
        let pid = web.pid();
        supervise.signal(signal);
        assert_eq!(supervise.wait(), Ok(0));
        assert!(!process::is_alive(pid) && web.status().unwrap().pid.is_none());
        supervise.stop();
    }
    // One that has nothing to stop.
    for run in ["exit 1", "exec sleep 1000"] {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| if run == "exit 1" { f.run(run) } else { f.run(run).down() });
        let mut supervise = tree.supervise("web");
        web.wait_for(if run == "exit 1" { resting() } else { down() });
        supervise.signal(Signal::SIGTERM);
        assert_eq!(supervise.wait(), Ok(0));
    }
}

#[test]
fn a_second_term_kills() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("trap '' TERM\n{beacon}\nexec sleep 1000")));
    let mut supervise = tree.supervise("web");
    let pid = beacon.next().pid;
    web.wait_for(up());
    supervise.signal(Signal::SIGTERM);
    web.wait_for(status("told to stop", |status| status.terminated && status.want == Want::Down));
    assert!(process::is_alive(pid));
    supervise.signal(Signal::SIGTERM);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(!process::is_alive(pid));
}

#[test]
fn quit_leaves_the_service_running() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    supervise.signal(Signal::SIGQUIT);
    assert_eq!(supervise.wait(), Ok(0));
    web.wait_for(not_supervised());
    assert!(process::is_alive(pid));
    Tool::new(Path::new("/bin/kill")).arg(pid.to_string()).run().exits(0);
    supervise.stop();
}

#[test]
fn hup_lets_the_service_run_to_its_end_and_leaves_then() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    supervise.signal(Signal::SIGHUP);
    web.wait_for(status("once", |status| {
        status.want == Want::Once && status.detail.as_ref().unwrap().leaving
    }));
    assert!(process::is_alive(pid));
    tree.svc(["-k", "web"]);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(beacon.told().is_none());
    supervise.stop();
    // One that rests is started once more: a logger, whose pipe may hold lines.
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexit 1")));
    let mut supervise = tree.supervise("web");
    let _ = beacon.next();
    web.wait_for(resting());
    supervise.signal(Signal::SIGHUP);
    let _ = beacon.next();
    assert_eq!(supervise.wait(), Ok(0));
}

#[test]
fn no_other_signal_does_anything() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    let send_all = |pid: u32| {
        let numbers = (1..=libc::SIGRTMAX()).filter(|number| {
            let documented = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT];
            let not_caught = [libc::SIGKILL, libc::SIGSTOP, 32, 33];
            !documented.contains(number) && !not_caught.contains(number)
        });
        for number in numbers {
            let kill = Tool::new(Path::new("/bin/kill"));
            kill.arg(format!("-{number}")).arg(pid.to_string()).run().exits(0);
        }
    };
    send_all(supervise.pid());
    // It has taken them all, and obeys.
    tree.svc(["-p", "web"]);
    web.wait_for(status("paused", |status| status.paused));
    assert_eq!(web.pid(), pid);
    send_all(supervise.pid());
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    send_all(supervise.pid());
    tree.svc(["-u", "web"]);
    let _ = beacon.next();
    web.wait_for(up());
    assert!(!supervise.has_ended());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn a_process_that_is_not_the_service_may_end_as_it_likes() {
    let tree = TestTree::new();
    let (web, beacon, supervise) = steady(&tree);
    let pid = beacon.next().pid;
    // What supervise inherits as children when it is started by a shell that execs it.
    let shell = tree.launch(Path::new("/bin/sh")).arg("-c");
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    let script = "sleep 0 & exec \"$0\" other";
    let with_child = shell.arg(script).arg(testkit::ours("supervise")).start();
    other.wait_for(up());
    let service = other.pid();
    wait_until("the other child is reaped", &[], || {
        (process::children(with_child.pid()) == [service]).then_some(())
    });
    assert!(web.pid() == pid && process::parent(pid) == Some(supervise.pid()));
}
