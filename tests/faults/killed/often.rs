//! Many times.

use super::{Succession, kept_by_another_than, signal};
use crate::asked::Chance;
use nix::sys::signal::Signal;
use protocol::status::Want;
use std::fs;
use std::time::Duration;
use sys::process::Ending;
use testkit::{Invariants, TestTree, down, not_supervised, ours, process, status, up};

/// Starts a supervise for the service `web` at each line that it is given.
const KEEPER: &str = "exec 9<>go\ncd ..\nwhile read -r line <&9; do \"$SUPERVISE\" web & done";

#[test]
fn two_hundred_times_and_the_service_runs_on() {
    let tree = TestTree::new();
    // A shell that waits is ended by a signal at any instant, and one that is about to read is not.
    let run = "trap 'kill $!; wait; exit 7' TERM\nread -r line <never &\nwait";
    let web = tree.folder("web", |f| f.alone(run).fifo("never"));
    // It is itself a service, since supervise collects whatever is orphaned below it, and at once: only then does the
    // kernel tell others how a process has ended.
    let supervise = ours("supervise");
    let keeper = tree.folder("keeper", |f| f.run(KEEPER).fifo("go"));
    let running = tree.launch(&supervise).arg("keeper").env("SUPERVISE", &supervise).start();
    let start = || fs::write(keeper.file("go"), "go\n").unwrap();
    let invariants = Invariants::watch(&tree);
    start();
    web.wait_for(up());
    invariants.at_rest();
    let (pid, since) = (web.pid(), web.status().unwrap().since);
    for count in 1..=200 {
        let killed = web.status().unwrap().detail.unwrap().supervise.unwrap().pid.get();
        signal(killed, Signal::SIGKILL);
        start();
        web.wait_for(kept_by_another_than(killed));
        let status = web.status().unwrap();
        assert_eq!((web.pid(), status.since), (pid, since), "after {count}");
    }
    invariants.hold();
    assert!(process::is_alive(pid));
    let adoptions = format!("supervise: info: web: adopted pid {pid}\n");
    assert_eq!(running.errors().matches(&adoptions).count(), 200);
    // Its end is seen, and how it ended, though it is no child of this supervise.
    signal(pid, Signal::SIGTERM);
    web.wait_for(status("ended with 7", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.last == Some(Ending::Exited(7)))
    }));
    web.wait_for(up());
    assert_ne!(web.pid(), pid);
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    tree.svc(["-u", "web"]);
    web.wait_for(up());
    invariants.hold();
    tree.svc(["-dx", "web"]);
    web.wait_for(not_supervised());
    invariants.end([running]);
}

#[test]
fn at_any_instant_of_an_adoption_and_the_service_runs_on() {
    let mut succession = Succession::new(|f| f.alone("exec sleep 1000"));
    let web = succession.web.clone();
    let invariants = Invariants::watch(&succession.tree);
    web.wait_for(up());
    invariants.at_rest();
    let pid = web.pid();
    let mut chance = Chance::new(7);
    for _ in 0..150 {
        succession.kill();
        succession.start_another();
        // Not a wait for anything: an instant, from before its first system call to when it is done.
        std::thread::park_timeout(Duration::from_micros(chance.below(12_000) as u64));
    }
    succession.adopt(pid);
    assert_eq!(web.status().unwrap().want, Want::Up);
    invariants.end(succession.end());
}

#[test]
fn under_svscan_which_starts_it_again() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.alone("exec sleep 1000"));
    let svscan = tree.svscan();
    let invariants = Invariants::watch(&tree);
    web.wait_for(up());
    invariants.at_rest();
    let pid = web.pid();
    // Not more often: svscan doubles the time between two starts.
    for _ in 0..2 {
        let killed = web.status().unwrap().detail.unwrap().supervise.unwrap().pid.get();
        signal(killed, Signal::SIGKILL);
        web.wait_for(kept_by_another_than(killed));
        web.wait_for(up());
        assert_eq!(web.pid(), pid);
    }
    invariants.end([svscan]);
}
