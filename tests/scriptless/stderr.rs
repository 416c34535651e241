//! `log/stderr`: what the service writes to stderr goes to its logger as well.

use super::{logged, says};
use crate::svscan::watching;
use std::fs;
use testkit::{Folder, TestTree, process, up};

/// One line on stdout, one on stderr.
fn both(f: Folder) -> Folder {
    f.run("echo out\necho err >&2\nexec sleep 1000").directory("log")
}

#[test]
fn stderr_is_logged_where_the_file_says_so() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| both(f).file("log/stderr", ""));
    assert_eq!(logged(&web, 2), ["out", "err"]);
    web.wait_for(up());
    // Both are the one pipe, in their order; the logger's own stderr is not.
    let behind = |pid: u32, number: u32| {
        process::descriptors(pid).into_iter().find(|(open, _)| *open == number).map(|(_, path)| path)
    };
    assert_eq!(behind(web.pid(), 2), behind(web.pid(), 1));
    assert_eq!(behind(web.pid(), 1), Some(web.log().file("supervise/pipe").canonicalize().unwrap()));
    let supervise = process::parent(web.pid()).unwrap();
    assert_eq!(behind(web.log().pid(), 2), behind(supervise, 2));
    assert_ne!(behind(supervise, 2), behind(supervise, 1), "what supervise says is not in the log");
    assert_eq!(svscan.errors(), "");
}

#[test]
fn without_it_stderr_is_svscans() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", both);
    assert_eq!(logged(&web, 1), ["out"]);
    svscan.wait_for_errors("err\n");
    assert_eq!(svscan.errors(), "err\n");
    // It counts from the next start on, and so does its absence.
    fs::write(web.log().file("stderr"), "").unwrap();
    tree.svc(["-t", "web"]);
    assert_eq!(logged(&web, 3), ["out", "out", "err"]);
    fs::remove_file(web.log().file("stderr")).unwrap();
    tree.svc(["-t", "web"]);
    svscan.wait_for_errors("err\nerr\n");
    assert_eq!(logged(&web, 4), ["out", "out", "err", "out"]);
}

#[test]
fn a_script_gets_it_as_well() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| both(f).log("exec cat >>kept").file("log/stderr", ""));
    web.log().wait_until("both lines are there", |log| {
        (fs::read_to_string(log.file("kept")).ok()? == "out\nerr\n").then_some(())
    });
    assert_eq!(svscan.errors(), "");
}

#[test]
fn what_supervise_says_stays_on_its_own_stderr() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let broken = |f: Folder| says(f, "one").directory("log").file("log/stderr", "").mode("run", 0o644);
    let web = tree.folder("web", broken);
    svscan.wait_for_errors("supervise: warning: unable to start web: ");
    web.log().wait_for(up());
    // Also through runas.
    tree.folder("with-env", |f| broken(f).env("A", "b"));
    svscan.wait_for_errors("supervise: warning: unable to start with-env: ");
    assert!(fs::read(web.log().file("main/current")).is_ok_and(|log| log.is_empty()));
}

#[test]
fn whatever_has_the_name_counts_and_only_what_is_not_there_is_absent() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    for (name, build) in [
        ("link", (|f| both(f).link("log/stderr", "nothing")) as fn(Folder) -> Folder),
        ("folder", |f| both(f).directory("log/stderr")),
        ("fifo", |f| both(f).fifo("log/stderr")),
    ] {
        assert_eq!(logged(&tree.folder(name, build), 2), ["out", "err"], "{name}");
    }
    // `log` may be a file of the service's own, in which nothing is.
    let beacon = tree.beacon("file");
    tree.folder("file", |f| f.run(&format!("{beacon}\nexec sleep 1000")).file("log", "what it has logged\n"));
    let _ = beacon.next();
    tree.folder("nowhere", |f| f.run(&format!("{beacon}\nexec sleep 1000")).link("log", "nothing"));
    let _ = beacon.next();
    assert_eq!(svscan.errors(), "");
    // But what cannot be looked at is not taken for absent.
    let circle = tree.folder("circle", |f| f.run("exec sleep 1000").link("log", "log"));
    circle.wait_for(testkit::failed("unable to use log/stderr: symbolic link loop"));
}
