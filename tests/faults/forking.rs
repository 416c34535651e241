//! No process can be made for a while: nobody waits for it longer than the spacing says, commands are obeyed, the reason is
//! told once.

use super::{has_strace, with_faults};
use protocol::report::Step;
use protocol::status::Phase;
use std::collections::BTreeSet;
use testkit::{Invariants, TestTree, down, ours, status, up};

#[test]
fn a_fork_that_fails_ten_times_is_told_once_and_obeys_in_between() {
    if !has_strace() {
        return;
    }
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let strace = with_faults(&tree, "clone,fork,vfork:error=EAGAIN:when=1..10");
    let supervise = strace.arg(ours("supervise")).arg("web").start();
    let invariants = Invariants::watch(&tree);
    let mut rounds = 0;
    loop {
        web.wait_for(status("tried", |status| {
            status.detail.as_ref().is_some_and(|detail| matches!(detail.phase, Phase::Up | Phase::Resting))
        }));
        let detail = web.status().unwrap().detail.unwrap();
        if detail.phase == Phase::Up {
            break;
        }
        assert!(detail.failed.is_none_or(|why| why.step == Step::Fork));
        // Wanted down it rests no more, wanted up it tries at once.
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        assert!(beacon.told().is_none());
        tree.svc(["-u", "web"]);
        rounds += 1;
    }
    assert!(rounds <= 10, "{rounds}");
    assert_eq!(beacon.next().pid, {
        web.wait_for(up());
        web.pid()
    });
    assert_eq!(
        supervise.errors(),
        "supervise: warning: unable to start web: unable to fork: temporary failure\n"
    );
    invariants.hold();
}

#[test]
fn a_svscan_that_can_start_nothing_for_a_while_goes_on_with_the_rest() {
    if !has_strace() {
        return;
    }
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let other = tree.folder("other", |f| f.run("exec sleep 1000").log("exec cat >/dev/null"));
    let strace = with_faults(&tree, "clone,clone3,fork,vfork:error=EAGAIN:when=1..4");
    let svscan = strace.arg(ours("svscan")).arg(tree.services()).start();
    let invariants = Invariants::watch(&tree);
    for service in [&web, &other, &other.log()] {
        service.wait_for(up());
    }
    let said = svscan.errors();
    let lines: BTreeSet<&str> = said.lines().collect();
    assert_eq!(lines.len(), said.lines().count(), "each once: {said}");
    let unable = "svscan: warning: unable to start supervise web: unable to run supervise: temporary failure";
    assert!(lines.contains(unable), "{said}");
    invariants.hold();
}
