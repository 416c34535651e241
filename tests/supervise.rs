//! supervise on single service folders: commands, signals, spacing, failed starts, and the files of its own.

mod commands;
mod failed;
mod signals;
mod spacing;

use testkit::{Beacon, Running, Service, TestTree, up};

/// A service that runs until it is told to stop, and its supervise.
fn steady(tree: &TestTree) -> (Service, Beacon, Running) {
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let supervise = tree.supervise("web");
    web.wait_for(up());
    (web, beacon, supervise)
}
