//! Everything stops: what is needed by others is told to only when those have ended.

use super::Gate;
use crate::svscan::watching;
use nix::sys::signal::Signal;
use protocol::status::Want;
use std::fs;
use testkit::{Beacon, Folder, Running, Service, TestTree, not_supervised, ours, up};

/// A service whose finish says its name when it has ended.
fn life(tree: &TestTree, ends: &Beacon, name: &str, needs: &str) -> Service {
    tree.folder(name, |f| with_end(f, ends, name).file("needs", needs.replace(' ', "\n")))
}

fn with_end(f: Folder, ends: &Beacon, name: &str) -> Folder {
    f.run("exec sleep 1000").script("finish", &ends.say(name))
}

/// Those of a graph, `web: db; db`, all up.
fn lives(tree: &TestTree, ends: &Beacon, graph: &str) -> Vec<Service> {
    let parts = graph.split("; ").map(|service| service.split_once(": ").unwrap_or((service, "")));
    parts.map(|(name, needs)| life(tree, ends, name, needs)).collect()
}

/// Stops it, and hears in which order `count` services have ended.
#[track_caller]
fn ends_of(mut svscan: Running, ends: &Beacon, count: usize) -> Vec<String> {
    svscan.signal(Signal::SIGTERM);
    let heard = (0..count).map(|_| ends.hear()).collect();
    assert_eq!(svscan.wait(), Ok(0));
    assert_eq!(svscan.errors(), "");
    heard
}

#[test]
fn what_is_needed_stops_last() {
    let graph = "web: api; api: db; db; a; b: a; c: a; d: b c; z: y x nosuch; y: x; x; w: x; in@1: db";
    let in_order = ["web api", "api db", "in@1 db", "d b", "d c", "b a", "c a", "z y", "y x", "w x"]
        .map(|pair| pair.split_once(' ').unwrap());
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let svscan = watching(tree.svscan());
    let services = lives(&tree, &ends, graph);
    // It waits for one that never comes, and needs others all the same.
    let (waits, run): (Vec<&Service>, Vec<&Service>) =
        services.iter().partition(|service| service.path().ends_with("z"));
    run.iter().for_each(|service| service.wait_for(up()));
    waits[0].wait_for(super::waiting("nosuch, which does not exist"));
    fs::write(waits[0].file("needs"), "y\nx\n").unwrap();
    tree.svc(["-u", "z"]);
    waits[0].wait_for(up());
    fs::write(waits[0].file("needs"), "y\nx\nnosuch\n").unwrap();
    let order = ends_of(svscan, &ends, services.len());
    let at = |name: &str| order.iter().position(|ended| ended == name).unwrap();
    for (first, then) in in_order {
        assert!(at(first) < at(then), "{first}, {then}: {order:?}");
    }
}

/// What they have in front of them is read when the stop begins, not when they started.
#[test]
fn needs_are_read_when_the_stop_begins_and_what_cannot_be_read_is_none() {
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let services = lives(&tree, &ends, "a; b; c; d");
    tree.folder("t@", |f| with_end(f, &ends, "t").file("needs", "a\n"));
    let instance = tree.folder("t@1", |f| f);
    let svscan = watching(tree.svscan());
    services.iter().chain([&instance]).for_each(|service| service.wait_for(up()));
    let [a, b, c, d] = services.as_slice() else { panic!("four") };
    fs::write(a.file("needs"), "b\n").unwrap();
    // In circles, not a name, and no file at all.
    fs::write(b.file("needs"), "c\n").unwrap();
    fs::write(c.file("needs"), "b\n").unwrap();
    fs::remove_file(d.file("needs")).unwrap();
    fs::create_dir(d.file("needs")).unwrap();
    let order = ends_of(svscan, &ends, 5);
    let at = |name: &str| order.iter().position(|ended| ended == name).unwrap();
    assert!(at("t") < at("a") && at("a") < at("b").min(at("c")), "{order:?}");
}

#[test]
fn who_waits_for_its_turn_is_not_told_anything_and_is_kept() {
    let tree = TestTree::new();
    let [ends, starts] = ["ends", "starts"].map(|name| tree.beacon(name));
    let gate = Gate::new(&tree, "web");
    let db =
        tree.folder("db", |f| f.run(&format!("{starts}\nexec sleep 1000")).script("finish", &ends.say("db")));
    let alone = life(&tree, &ends, "alone", "");
    let slowly = format!("{}\n{}\n{}", ends.say("stopping"), gate.wait(), ends.say("web"));
    let web = tree.folder("web", |f| {
        f.run("exec sleep 1000").script("finish", &slowly).file("timeout-finish", "0\n").file("needs", "db\n")
    });
    let mut svscan = watching(tree.svscan());
    [&db, &alone, &web].into_iter().for_each(|service| service.wait_for(up()));
    let _ = starts.next();
    svscan.signal(Signal::SIGTERM);
    let mut heard = [ends.hear(), ends.hear()];
    heard.sort();
    assert_eq!(heard, ["alone", "stopping"], "all that nobody needs, at once");
    assert_eq!(db.status().unwrap().want, Want::Up);
    // It is kept as ever: it, and its supervise.
    tree.svc(["-k", "db"]);
    assert_eq!(ends.hear(), "db");
    let _ = starts.next();
    let first = super::supervise(&db);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(first).unwrap()), Signal::SIGKILL)
        .unwrap();
    db.wait_until("another supervise keeps it", |db| {
        (db.status()?.detail?.supervise?.pid.get() != first).then_some(())
    });
    db.wait_for(up());
    gate.open();
    assert_eq!([ends.hear(), ends.hear()], ["web", "db"]);
    assert_eq!(svscan.wait(), Ok(0));
}

#[test]
fn the_second_term_kills_everybody_whose_turn_it_is_or_not() {
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let services = lives(&tree, &ends, "db; api: db");
    let stubborn = format!("trap '' TERM\n{}\nexec sleep 1000", ends.say("begun"));
    let web = tree.folder("web", |f| f.run(&stubborn).file("needs", "api\n"));
    let mut svscan = watching(tree.svscan());
    services.iter().for_each(|service| service.wait_for(up()));
    assert_eq!(ends.hear(), "begun");
    svscan.signal(Signal::SIGTERM);
    web.wait_until("it was told", |web| web.status().filter(|status| status.want == Want::Down));
    assert!(services.iter().all(|service| service.status().unwrap().want == Want::Up));
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    services.iter().chain([&web]).for_each(|service| service.wait_for(not_supervised()));
}

#[test]
fn the_end_of_the_command_stops_them_in_the_same_order() {
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let gate = Gate::new(&tree, "command");
    let services = lives(&tree, &ends, "db; api: db; web: api");
    let mut svscan = tree.launch(&ours("svscan")).arg(tree.services());
    for word in ["--", "sh", "-c", &format!("{}; exit 3", gate.wait())] {
        svscan = svscan.arg(word);
    }
    let mut svscan = svscan.start();
    services.iter().for_each(|service| service.wait_for(up()));
    gate.open();
    assert_eq!([ends.hear(), ends.hear(), ends.hear()], ["web", "api", "db"]);
    assert_eq!(svscan.wait(), Ok(3));
}

#[test]
fn a_svscan_that_has_taken_them_over_stops_them_in_order() {
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let services = lives(&tree, &ends, "db; api: db; web: api");
    let mut first = watching(tree.svscan());
    services.iter().for_each(|service| service.wait_for(up()));
    first.signal(Signal::SIGKILL);
    assert_eq!(first.wait(), Err(9));
    let mut second = tree.svscan();
    second.wait_for_errors("took over 3 running services");
    second.signal(Signal::SIGTERM);
    assert_eq!([ends.hear(), ends.hear(), ends.hear()], ["web", "api", "db"]);
    assert_eq!(second.wait(), Ok(0));
    first.stop();
}

#[test]
fn a_logger_with_needs_has_written_all_before_those_stop() {
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let db = life(&tree, &ends, "db", "");
    let logger = format!("while read -r line; do :; done\n{}", ends.say("log"));
    let web = tree.folder("web", |f| with_end(f, &ends, "web").log(&logger).file("log/needs", "db\n"));
    let svscan = watching(tree.svscan());
    for service in [&db, &web, &web.log()] {
        service.wait_for(up());
    }
    assert_eq!(ends_of(svscan, &ends, 3), ["web", "log", "db"]);
}

#[test]
fn a_folder_that_leaves_stops_at_once_whoever_needs_it() {
    let tree = TestTree::new();
    let ends = tree.beacon("ends");
    let services = lives(&tree, &ends, "db; web: db");
    let svscan = watching(tree.svscan());
    services.iter().for_each(|service| service.wait_for(up()));
    fs::rename(services[0].path(), tree.root().join("gone")).unwrap();
    assert_eq!(ends.hear(), "db");
    services[1].wait_for(up());
    assert_eq!(ends_of(svscan, &ends, 1), ["web"]);
}
