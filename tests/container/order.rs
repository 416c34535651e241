//! When the container ends, what is needed by others stops after them.

use super::Plan;
use nix::sys::signal::Signal;
use testkit::{Beacon, Service, TestTree};

fn life(tree: &TestTree, ends: &Beacon, name: &str, needs: &str) -> Service {
    let finish = ends.say(name);
    tree.folder(name, |f| f.run("exec sleep 1000").script("finish", &finish).file("needs", needs))
}

#[test]
fn as_process_1_it_stops_those_first_that_need_others() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let ends = tree.beacon("ends");
    let services =
        [("db", ""), ("api", "db\n"), ("web", "api\n")].map(|(name, needs)| life(&tree, &ends, name, needs));
    let mut container = plan.start();
    for service in &services {
        container.wait_until_it_is(service.path(), "up (");
    }
    container.signal(Signal::SIGTERM);
    assert_eq!([ends.hear(), ends.hear(), ends.hear()], ["web", "api", "db"]);
    assert_eq!(container.wait(), Ok(0));
    assert_eq!(container.unshare.errors(), "");
}
