//! What happens while there is no supervise.

use super::{Succession, gate, signal, stubborn};
use nix::sys::signal::Signal;
use protocol::status::Want;
use std::fs;
use std::io::Write;
use sys::process::Ending;
use testkit::{Invariants, TestTree, down, process, status, up, wait_until};

#[test]
fn a_service_that_ended_meanwhile_is_started_again_and_finish_is_told_so() {
    let mut succession =
        Succession::new(|f| f.alone("exec sleep 1000").script("finish", "echo \"$1 $2\" >>finished"));
    let web = succession.web.clone();
    let invariants = Invariants::watch(&succession.tree);
    web.wait_for(up());
    invariants.at_rest();
    let pid = web.pid();
    succession.kill();
    signal(pid, Signal::SIGKILL);
    wait_until("it is gone", &[], || (!process::is_alive(pid)).then_some(()));
    succession.start_another();
    web.wait_for(status("another", move |status| status.pid.is_some_and(|it| it.get() != pid)));
    web.wait_for(up());
    assert_eq!(web.status().unwrap().detail.unwrap().last, Some(Ending::Unknown));
    assert_eq!(fs::read_to_string(web.file("finished")).unwrap(), "256 0\n");
    invariants.end(succession.end());
}

#[test]
fn a_service_that_ended_meanwhile_and_was_wanted_down_stays_down() {
    let tree = TestTree::new();
    let (beacon, run) = stubborn(&tree);
    let mut succession = Succession::in_tree(tree, |f| f.alone(&run).fifo("gate"));
    let web = succession.web.clone();
    let mut gate = gate(&web);
    let invariants = Invariants::watch(&succession.tree);
    web.wait_for(up());
    let pid = web.pid();
    assert_eq!(beacon.hear(), "it ignores TERM");
    succession.tree.svc(["-d", "web"]);
    web.wait_for(status("wanted down", |status| status.want == Want::Down));
    succession.kill();
    gate.write_all(b"go\n").unwrap();
    wait_until("it is gone", &[], || (!process::is_alive(pid)).then_some(()));
    succession.succeed();
    web.wait_for(down());
    invariants.end(succession.end());
}

#[test]
fn a_service_and_its_logger_killed_at_once_while_both_supervises_are_stopped_are_both_started_again() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.alone("exec sleep 1000").log("exec sleep 1000"));
    let svscan = tree.svscan();
    let invariants = Invariants::watch(&tree);
    let both = [web.clone(), web.log()];
    both.iter().for_each(|service| service.wait_for(up()));
    invariants.at_rest();
    for _ in 0..3 {
        let pids = both.clone().map(|service| service.pid());
        let supervises = pids.map(|pid| process::parent(pid).unwrap());
        supervises.iter().for_each(|pid| signal(*pid, Signal::SIGSTOP));
        pids.iter().for_each(|pid| signal(*pid, Signal::SIGKILL));
        supervises.iter().for_each(|pid| signal(*pid, Signal::SIGCONT));
        for (service, pid) in both.iter().zip(pids) {
            service.wait_for(status("another", move |status| status.pid.is_some_and(|it| it.get() != pid)));
            service.wait_for(up());
        }
    }
    invariants.end([svscan]);
}
