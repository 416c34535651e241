//! What is needed is kept by another program's supervise, which says neither what is ready nor when.

use super::waiting;
use testkit::{TestTree, theirs, up};

#[test]
fn under_debians_supervise_to_be_up_is_enough() {
    let Some(supervise) = theirs("supervise") else { return };
    let tree = TestTree::new();
    let db = tree.folder("db", |f| f.run("exec sleep 1000"));
    let web = tree.folder("web", |f| f.file("needs", "db\n").run("exec sleep 1000"));
    let down = tree.folder("idle", |f| f.down().run("exec sleep 1000"));
    let other = tree.folder("other", |f| f.file("needs", "idle\n").run("exec sleep 1000"));
    let theirs = ["db", "idle"]
        .map(|name| tree.launch(&supervise).arg(name).stop_by_control(tree.services().join(name)).start());
    db.wait_for(up());
    down.wait_for(testkit::supervised());
    let ours = ["web", "other"].map(|name| tree.supervise(name));
    web.wait_for(up());
    other.wait_for(waiting("idle, which is down"));
    // Nobody tells of it: it is found by looking.
    tree.svc(["-u", "idle"]);
    other.wait_for(up());
    ours.into_iter().chain(theirs).for_each(testkit::Running::stop);
}
