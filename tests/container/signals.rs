//! What signals mean to it when the kernel protects it from those that it does not take.

use super::{Container, Life, Plan};
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::{Ran, TestTree, wait_until};

#[test]
fn as_process_1_it_keeps_services_and_obeys_term_and_int_from_outside() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let tree = TestTree::new();
        let Some(plan) = Plan::new(&tree) else { return };
        let mut container = plan.start();
        let web = Life::new(&tree, "web", |f| f);
        web.runs_in(&container);
        // Killed, it comes back.
        container.svc("-k", &web.folder);
        let _ = web.begins_in(&container);
        container.signal(signal);
        assert_eq!(container.wait(), Ok(0), "{signal}");
        let web = tree.service("web");
        assert!(web.status().unwrap().pid.is_none() && !web.is_supervised(), "stopped, not lost");
        assert_eq!(container.unshare.errors(), "");
    }
}

/// As its own processes send them, by the number 1.
fn send(container: &Container, signal: &str) {
    kill(container, signal).exits(0);
}

fn kill(container: &Container, signal: &str) -> Ran {
    container.tool(Path::new("/bin/kill")).arg(format!("-{signal}")).arg("1").run()
}

#[test]
fn as_process_1_it_obeys_term_and_int_from_inside() {
    for signal in ["TERM", "INT"] {
        let tree = TestTree::new();
        let Some(plan) = Plan::new(&tree) else { return };
        let mut container = plan.start();
        let starts = tree.beacon("starts");
        tree.folder("web", |f| f.run(&format!("{starts}\nexec sleep 1000")));
        let _ = starts.next();
        // Who sends it may be gone with everything else before it has ended itself.
        kill(&container, signal);
        assert_eq!(container.wait(), Ok(0), "{signal}");
        assert!(tree.service("web").status().unwrap().pid.is_none());
    }
}

#[test]
fn as_process_1_no_other_signal_ends_it_and_quit_is_refused() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let starts = tree.beacon("starts");
    let run = format!("{starts}\nexec sleep 1000");
    let container = plan.start();
    tree.folder("web", |f| f.run(&run));
    let web = starts.next().pid;
    let refused = "svscan: warning: process 1 does not leave services running: use TERM to stop them\n";
    for (count, from_inside) in [true, false].into_iter().enumerate() {
        if from_inside {
            send(&container, "QUIT")
        } else {
            container.signal(Signal::SIGQUIT)
        }
        wait_until("it refuses", &[], || {
            (container.unshare.errors().matches(refused).count() == count + 1).then_some(())
        });
    }
    let said = container.unshare.errors();
    // Neither the ones that end a process by default, nor the ones that have no name.
    for signal in ["HUP", "ALRM", "PIPE", "WINCH", "USR1", "CHLD", "CONT", "34", "40", "64"] {
        send(&container, signal);
        let kill = testkit::Tool::new(Path::new("/bin/kill")).arg(format!("-{signal}"));
        kill.arg(container.pid().to_string()).run().exits(0);
    }
    // Its service goes on, and what comes is started.
    tree.folder("other", |f| f.run(&run));
    assert_ne!(starts.next().pid, web);
    assert!(container.svstat(tree.service("web").path()).starts_with(&format!("up (pid {web})")));
    assert_eq!(container.unshare.errors(), said);
    container.stop();
}
