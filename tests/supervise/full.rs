//! A file system without a byte left.

use super::detail;
use protocol::status::{Phase, Want};
use std::fs;
use std::path::{Path, PathBuf};
use testkit::{Service, TestTree, Tool, down, needs_root, ours, skip, status, supervised, up};

#[test]
fn the_record_is_true_where_nothing_can_be_written_any_more() {
    if !needs_root() {
        return;
    }
    // In mounts of its own, which end with it.
    let unshare =
        |arguments: &[&str]| Tool::new(Path::new("/usr/bin/unshare")).arg("--mount").args(arguments);
    if unshare(&["mount", "-t", "tmpfs", "none", "/mnt"]).run().end != Ok(0) {
        return skip("it needs the right to mount");
    }
    let tree = TestTree::new();
    tree.folder("web", |f| f);
    let script =
        "mount -t tmpfs -o size=64k,mode=755 none web && printf '#!/bin/sh\\nexec sleep 1000\\n' >web/run &&
        chmod +x web/run && exec \"$0\" web";
    let launch = tree.launch(Path::new("/usr/bin/unshare")).arg("--mount").arg("sh").arg("-c").arg(script);
    let supervise = launch.arg(ours("supervise")).start();
    // What is in them is seen from here through /proc.
    let seen = PathBuf::from(format!("/proc/{}/root{}", supervise.pid(), tree.services().display()));
    let web = Service::at(seen.join("web"));
    web.wait_for(supervised());
    web.wait_for(up());
    // Block by block, and then byte by byte.
    let fill = "cat /dev/zero >fill; while printf x >>fill; do :; done";
    let said = Tool::new(Path::new("/bin/sh")).args(["-c", fill]).dir(web.path()).run();
    assert!(String::from_utf8_lossy(&said.stderr).contains("No space left"), "{said:?}");
    assert!(fs::write(web.file("more"), "x").is_err());

    let svc = |letters: &str| {
        Tool::new(&ours("svc")).arg(letters).arg(web.path()).run().exits(0).errors("");
    };
    let first = web.pid();
    svc("-d");
    web.wait_for(down());
    assert_eq!((web.status().unwrap().want, detail(&web).phase), (Want::Down, Phase::Down));
    svc("-u");
    web.wait_for(status("another", move |status| status.pid.is_some_and(|pid| pid.get() != first)));
    web.wait_for(up());
    assert!(testkit::process::is_alive(web.pid()));
    // A reason is longer than what was there.
    fs::remove_file(web.file("run")).unwrap();
    let _ = fs::write(web.file("fill-too"), [0; 4096]);
    svc("-t");
    web.wait_for(testkit::failed("file does not exist"));
    assert!(!supervise.errors().contains("status"), "{}", supervise.errors());
}
