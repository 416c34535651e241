//! What is needed becomes ready between any two system calls of the one that looks for it, and is noticed.

use protocol::status::Phase;
use std::ffi::OsStr;
use testkit::{Stop, TestTree, Traced, down, ours, supervised, up};

/// So many calls before it rests are interrupted: it begins to look before the first of them.
const CALLS: usize = 90;

/// Of these, one in so many.
const STEP: usize = 5;

#[test]
fn at_whatever_instant_it_becomes_ready_that_is_noticed() {
    let tree = TestTree::new();
    let db = tree.folder("db", |f| f.down().run("exec sleep 1000"));
    let web = tree.folder("web", |f| f.file("needs", "db\n").run("exec sleep 1000"));
    let _db_supervise = tree.supervise("db");
    db.wait_for(supervised());
    let begin = || Traced::start(&tree, &ours("supervise"), [OsStr::new("web")]);
    let is = |phase| {
        let web = web.clone();
        move || web.status().and_then(|status| status.detail).is_some_and(|detail| detail.phase == phase)
    };
    // To the end of the first calls, one by one.
    let mut counted = begin();
    let mut calls = 0;
    while counted.go_to(1, is(Phase::Waiting)) != Stop::Resting {
        calls += 1;
    }
    counted.kill();
    for call in (1..=calls).rev().take(CALLS).step_by(STEP) {
        let mut traced = begin();
        let stop = traced.go_to(call, is(Phase::Waiting));
        tree.svc(["-u", "db"]);
        db.wait_for(up());
        if stop != Stop::Resting {
            assert_eq!(traced.go_to(usize::MAX, is(Phase::Up)), Stop::Resting, "{call}: {stop:?}");
        }
        // Resting, it goes no further under its tracer; the next one ends the service.
        traced.kill();
        let next = tree.supervise("web");
        web.wait_for(up());
        next.stop();
        tree.svc(["-d", "db"]);
        db.wait_for(down());
    }
}
