//! Readiness and the least time between two starts.

use super::{Actor, awaited, detail, ready};
use std::time::Duration;
use testkit::TestTree;

#[test]
fn what_gets_ready_is_started_again_as_if_it_had_never_failed() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let seconds = |seconds| Duration::from_secs(seconds).as_nanos() as u64;
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "3\n"));
    let _supervise = tree.supervise("web");
    let first = actor.comes();
    actor.is_told("exit 1");
    assert_ne!(actor.comes(), first);
    web.wait_for(awaited());
    assert_eq!(detail(&web).spacing, seconds(2));
    actor.does("write 3 |");
    web.wait_for(ready());
    assert_eq!(detail(&web).spacing, seconds(1));
}
