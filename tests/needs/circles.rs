//! What can never start says why, and disturbs nobody else.

use super::{Gate, sleeps_until_told, slow, supervise, waits_for};
use std::fs;
use testkit::{Service, TestTree, down, failed, up};

fn needing(tree: &TestTree, name: &str, needs: &str) -> Service {
    tree.folder(name, |f| f.file("needs", needs).run("exec sleep 1000"))
}

#[test]
fn circles_are_named_and_open_when_somebody_mends_them() {
    let tree = TestTree::new();
    let one = needing(&tree, "one", "one\n");
    let [a, b] = [("a", "b\n"), ("b", "a\n")].map(|(name, needs)| needing(&tree, name, needs));
    let [c, d, e] =
        [("c", "d"), ("d", "e\nplain"), ("e", "c")].map(|(name, needs)| needing(&tree, name, needs));
    let outside = needing(&tree, "outside", "a\n");
    let plain = tree.folder("plain", |f| f.run("exec sleep 1000"));
    let _svscan = tree.svscan();
    waits_for(&tree, &one, "itself: one -> one");
    waits_for(&tree, &a, "itself: a -> b -> a");
    waits_for(&tree, &b, "itself: b -> a -> b");
    waits_for(&tree, &c, "itself: c -> d -> e -> c");
    waits_for(&tree, &d, "itself: d -> e -> c -> d");
    waits_for(&tree, &e, "itself: e -> c -> d -> e");
    waits_for(&tree, &outside, "a");
    plain.wait_for(up());
    for service in [&one, &a, &c] {
        sleeps_until_told(supervise(service));
    }
    fs::remove_file(b.file("needs")).unwrap();
    fs::write(e.file("needs"), "plain\n").unwrap();
    tree.svc(["-u", "b", "e"]);
    for service in [&a, &b, &c, &d, &e, &outside] {
        service.wait_for(up());
    }
}

#[test]
fn a_circle_through_what_is_ready_is_none() {
    let tree = TestTree::new();
    let db = tree.folder("db", |f| f.run("exec sleep 1000"));
    let gate = Gate::new(&tree, "slow");
    let between = tree.folder("slow", |f| slow(f, &gate, "").file("needs", "db\n"));
    let web = tree.folder("web", |f| f.down().file("needs", "slow\n").run("exec sleep 1000"));
    let _svscan = tree.svscan();
    [&db, &between].into_iter().for_each(|service| service.wait_for(up()));
    // It needs web from its next start on, and runs now.
    fs::write(db.file("needs"), "web\n").unwrap();
    web.wait_for(down());
    tree.svc(["-u", "web"]);
    waits_for(&tree, &web, "slow");
    gate.open();
    web.wait_for(up());
}

#[test]
fn all_reasons_are_told_together() {
    let tree = TestTree::new();
    let gate = Gate::new(&tree, "slow");
    tree.folder("slow", |f| slow(f, &gate, ""));
    tree.folder("db", |f| f.down().run("exec sleep 1000"));
    let web = needing(&tree, "web", "nosuch\ndb\nslow\nother\n");
    let _svscan = tree.svscan();
    waits_for(&tree, &web, "slow; db, which is down; nosuch and other, which do not exist");
    gate.open();
    waits_for(&tree, &web, "db, which is down; nosuch and other, which do not exist");
}

#[test]
fn a_file_that_cannot_be_used_keeps_it_from_starting_until_it_is_mended() {
    let tree = TestTree::new();
    let bad = needing(&tree, "bad", "plain\nplain/log\n");
    let folder = tree.folder("folder", |f| f.directory("needs").run("exec sleep 1000"));
    let template = tree.folder("t@", |f| f.file("needs", "a@\n").run("exec sleep 1000"));
    let instance = tree.folder("t@1", |f| f);
    let plain = tree.folder("plain", |f| f.run("exec sleep 1000"));
    let svscan = tree.svscan();
    bad.wait_for(failed("needs: line 2: a service is named without /: write the last part of its path"));
    folder.wait_for(failed("unable to use needs: not a regular file"));
    instance.wait_for(failed("t@/needs: line 1: a template never runs: write the name of an instance of it"));
    let said = tree.svstat("bad");
    assert!(said.contains("needs: line 2"), "{said}");
    svscan.wait_for_errors("unable to start bad: needs: line 2");
    plain.wait_for(up());
    fs::write(bad.file("needs"), "plain\n").unwrap();
    fs::remove_dir(folder.file("needs")).unwrap();
    fs::remove_file(template.file("needs")).unwrap();
    for service in [bad, folder, instance] {
        service.wait_for(up());
    }
}
