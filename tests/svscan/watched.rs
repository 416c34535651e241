//! svscan where it is not told of changes, or not of all: it lists the directory at intervals, and says so.

use super::{outside, steady, watching};
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use testkit::{Running, TestTree, Tool, account, needs_root, ours, skip, up};

/// Starts svscan in a user namespace, where this limit of inotify is so low.
fn limited(tree: &TestTree, limit: &str, value: u32) -> Option<Running> {
    let set = format!("echo {value} >/proc/sys/user/{limit}");
    let possible =
        Tool::new(Path::new("/usr/bin/unshare")).args(["--user", "--map-root-user", "sh", "-c", &set]).run();
    if possible.end != Ok(0) {
        skip("user namespaces are not to be had here");
        return None;
    }
    let unshare = tree.launch(Path::new("/usr/bin/unshare")).arg("--user").arg("--map-root-user");
    let shell = unshare.arg("sh").arg("-c").arg(format!("{set}; exec \"$@\"")).arg("sh");
    Some(shell.arg(ours("svscan")).arg(tree.services()).start())
}

#[test]
fn without_an_inotify_instance_the_directory_is_listed_every_few_seconds() {
    let tree = TestTree::new();
    let Some(svscan) = limited(&tree, "max_inotify_instances", 0) else { return };
    svscan.wait_for_errors("it is listed every 5 s\n");
    let (web, beacon) = steady(&tree, "web");
    let _ = beacon.next();
    web.wait_for(up());
    let said = svscan.errors();
    assert!(said.starts_with("svscan: warning: unable to watch ") && said.lines().count() == 1, "{said}");
}

#[test]
fn without_watches_for_them_folders_without_run_are_looked_at_now_and_then() {
    let tree = TestTree::new();
    // One for the directory itself.
    let Some(mut svscan) = limited(&tree, "max_inotify_watches", 1) else { return };
    for name in ["one", "two"] {
        tree.folder(name, |f| f);
        svscan.wait_for_errors(&format!("{name} has no run: it starts when it gets one\n"));
    }
    let complaint = "such folders are looked at every 60 s\n";
    svscan.wait_for_errors(complaint);
    let beacon = tree.beacon("one");
    let script = outside(&tree, "script", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    fs::rename(script.file("run"), tree.service("one").file("run")).unwrap();
    // Or when svscan is told to.
    svscan.signal(Signal::SIGHUP);
    let _ = beacon.next();
    tree.service("one").wait_for(up());
    assert_eq!(svscan.errors().matches(complaint).count(), 1, "{}", svscan.errors());
}

#[test]
fn where_no_process_can_be_made_it_watches_all_the_same() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    alice.own(&tree.services());
    let (early, told_early) = steady(&tree, "early");
    alice.own(early.path());
    // That account may have one process, which is svscan.
    let prlimit = tree.launch(Path::new("/usr/bin/prlimit")).arg("--nproc=1:");
    let svscan = prlimit.arg(ours("svscan")).arg(tree.services()).account(&alice).start();
    svscan.wait_for_errors("unable to start supervise early: unable to run supervise: temporary failure\n");
    let lift = Tool::new(Path::new("/usr/bin/prlimit")).account(&alice).arg("--pid");
    lift.arg(svscan.pid().to_string()).arg("--nproc=4000:").run().exits(0);
    let _ = told_early.next();
    let (late, told_late) = steady(&tree, ".late");
    alice.own(late.path());
    let late = super::rename(late.path(), std::ffi::OsStr::new("late"));
    let _ = told_late.next();
    late.wait_for(up());
    assert_eq!(svscan.errors().lines().count(), 1, "{}", svscan.errors());
}

#[test]
fn a_mount_over_a_folder_is_found_by_a_hup() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let unshare = tree.launch(Path::new("/usr/bin/unshare")).arg("--mount");
    let mut svscan = watching(unshare.arg(ours("svscan")).arg(tree.services()).start());
    let (web, beacon) = steady(&tree, "web");
    let first = beacon.next().pid;
    let over = tree.beacon("over");
    let other = outside(&tree, "other", |f| f.run(&format!("{over}\nexec sleep 1000")));
    // In svscan's own mounts, which end with it.
    let enter = Tool::new(Path::new("/usr/bin/nsenter")).arg("--mount").arg("--target");
    let mount =
        enter.arg(svscan.pid().to_string()).args(["mount", "--bind"]).args([other.path(), web.path()]);
    mount.run().exits(0);
    svscan.signal(Signal::SIGHUP);
    let second = over.next();
    assert!(!testkit::process::is_alive(first) && testkit::process::is_alive(second.pid));
}
