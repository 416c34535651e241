//! A disk without room: for the record of a service, and for what svscan makes beside it.

use super::{has_strace, through, with_faults};
use std::fs;
use std::path::{Path, PathBuf};
use testkit::{Service, TestTree, Tool, needs_root, ours, process, skip, status, up};

/// Each write of the record fails for a while; the next one that can be made tells the truth.
#[test]
fn a_record_that_could_not_be_written_is_true_again_when_it_can() {
    if !has_strace() {
        return;
    }
    for error in ["ENOSPC", "EIO", "EDQUOT", "EROFS"] {
        let tree = TestTree::new();
        let beacon = tree.beacon("web");
        let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
        // The first is at its start, when it could still refuse.
        let strace = with_faults(&tree, &format!("pwrite64:error={error}:when=2..6"));
        let supervise = strace.arg(ours("supervise")).arg("web").start();
        let pid = beacon.next().pid;
        supervise.wait_for_errors("unable to write its status");
        // It obeys, and a command is a reason to write.
        for _ in 0..6 {
            tree.svc(["-p", "web"]);
            web.wait_until("it stops", |_| (process::state(pid) == Some('T')).then_some(()));
            tree.svc(["-c", "web"]);
            web.wait_until("it goes on", |_| (process::state(pid) == Some('S')).then_some(()));
        }
        web.wait_for(status("right", move |status| {
            status.pid.is_some_and(|one| one.get() == pid) && !status.paused
        }));
        web.wait_for(up());
        assert_eq!(supervise.errors().lines().count(), 1, "{}", supervise.errors());
    }
}

/// Not room for one more name: neither `supervise/` nor the log pipe can be made.
#[test]
fn a_service_that_comes_to_a_full_disk_starts_when_there_is_room() {
    if !needs_root() {
        return;
    }
    let unshare =
        |arguments: &[&str]| Tool::new(Path::new("/usr/bin/unshare")).arg("--mount").args(arguments);
    if unshare(&["mount", "-t", "tmpfs", "none", "/mnt"]).run().end != Ok(0) {
        return skip("it needs the right to mount");
    }
    let tree = TestTree::new();
    let script = "mount -t tmpfs -o nr_inodes=40,mode=755 none . && cd . && cd \"$PWD\" && exec \"$0\" .";
    let launch = through(&tree, "unshare", &["--mount", "sh", "-c", script]);
    let svscan = launch.arg(ours("svscan")).start();
    // What is in its mounts is seen from here through /proc.
    let seen = PathBuf::from(format!("/proc/{}/cwd", svscan.pid()));
    testkit::wait_until("it has begun", &[tree.root()], || seen.join(".svscan/lock").exists().then_some(()));
    let make = |name: &str| {
        let web = seen.join(name);
        fs::create_dir_all(web.join("log")).unwrap();
        for run in ["run", "log/run"] {
            fs::copy(tree.root().join("sleeper"), web.join(run)).unwrap();
        }
        Service::at(web)
    };
    fs::write(tree.root().join("sleeper"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    let chmod = Tool::new(Path::new("/bin/chmod")).arg("755").arg(tree.root().join("sleeper"));
    chmod.run().exits(0);
    let first = make("first");
    first.wait_for(up());
    first.log().wait_for(up());
    let pid = first.pid();
    fs::create_dir(seen.join(".room")).unwrap();
    let second = make("second");
    let mut filled = 0;
    while fs::write(seen.join(format!(".room/{filled}")), "").is_ok() {
        filled += 1;
    }
    assert!(filled > 0);
    svscan.wait_for_errors("second");
    svscan.wait_for_errors("out of disk space");
    assert!(process::is_alive(pid) && !second.is_supervised());
    fs::remove_dir_all(seen.join(".room")).unwrap();
    second.wait_for(up());
    second.log().wait_for(up());
    assert_eq!(first.pid(), pid);
}
