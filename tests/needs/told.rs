//! svscan tells those who wait in `.svscan/event/` that services have come or gone.

use protocol::event::{BEGUN, LEFT, Waiter};
use std::fs::{self, File};
use testkit::{TestTree, not_supervised, up, wait_until};

#[test]
fn svscan_tells_of_services_that_come_and_go() {
    let tree = TestTree::new();
    let first = crate::svscan::watching(tree.svscan());
    let own = File::open(tree.services().join(".svscan")).unwrap();
    assert!(!tree.services().join(".svscan/event").exists(), "nobody waits");
    let waiter = Waiter::subscribe(&own).unwrap();
    let hears = |letter| wait_until("svscan tells it", &[], || waiter.drain().has(letter).then_some(()));
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    hears(BEGUN);
    web.wait_for(up());
    fs::rename(web.path(), tree.root().join("gone")).unwrap();
    hears(LEFT);
    testkit::Service::at(tree.root().join("gone")).wait_for(not_supervised());
    let db = tree.folder("db", |f| f.run("exec sleep 1000"));
    hears(BEGUN);
    db.wait_for(up());
    // Another svscan, which takes over what runs, tells of it again.
    let mut killed = first;
    killed.signal(nix::sys::signal::Signal::SIGKILL);
    let _ = killed.wait();
    let second = tree.svscan();
    hears(BEGUN);
    second.stop();
}
