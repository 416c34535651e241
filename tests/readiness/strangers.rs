//! What others send to the socket of a service: anybody can, and it does not count.

use super::{Actor, awaited, ready, says, socket_of};
use testkit::{TestTree, account, needs_root, up};

/// A service that is spoken for by another one, which runs as that account.
fn spoken_for_by(account: Option<&str>) {
    let tree = TestTree::new();
    let (actor, stranger) = (Actor::new(&tree, "web"), Actor::new(&tree, "other"));
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let other = tree.folder("other", |f| {
        let f = f.run(&stranger.exec());
        match account {
            Some(account) => f.user(account),
            None => f,
        }
    });
    let supervises = [tree.supervise("web"), tree.supervise("other")];
    let address = socket_of(actor.comes());
    stranger.comes();
    other.wait_for(up());
    stranger.does(&format!("to {address}"));
    for order in ["notify READY=1|STATUS=of a stranger", "child READY=1", "long 5000", "notify STOPPING=1"] {
        stranger.does(order);
    }
    // What comes later is heard later.
    actor.does("notify STATUS=its own");
    web.wait_for(says("its own"));
    web.wait_for(awaited());
    actor.does("notify READY=1");
    web.wait_for(ready());
    for supervise in &supervises {
        assert_eq!(supervise.errors(), "", "a stranger does not fill the log");
    }
}

#[test]
fn another_service_of_the_same_user_is_none_of_it() {
    spoken_for_by(None);
}

#[test]
fn another_user_is_none_of_it() {
    if needs_root() {
        spoken_for_by(Some(&account("upkeep-b").name));
    }
}

#[test]
fn a_process_that_has_made_its_own_session_is_none_of_it() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let _supervise = tree.supervise("web");
    actor.comes();
    actor.does("daemon READY=1");
    actor.does("child STATUS=of a child");
    web.wait_for(says("of a child"));
    web.wait_for(awaited());
}
