//! A start that failed, nobody asking: it is tried again with the spacing, said once, and goes on when it is cured.

use super::detail;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use testkit::{Beacon, Folder, Service, TestTree, status, up};

/// Puts a whole service in the place of one that fails, as an editor does.
fn cure(service: &Service, beacon: &Beacon) {
    let _ = fs::remove_file(service.file("user"));
    let new = service.file("run.new");
    fs::write(&new, format!("#!/bin/sh\n{beacon}\nexec sleep 1000\n")).unwrap();
    fs::set_permissions(&new, Permissions::from_mode(0o755)).unwrap();
    fs::rename(new, service.file("run")).unwrap();
}

#[test]
fn what_fails_again_and_again_is_told_once_and_starts_by_itself_when_it_is_cured() {
    type Build = fn(Folder) -> Folder;
    let builds: [(&str, Build); 5] = [
        ("missing", |f| f),
        ("mode", |f| f.run("exit").mode("run", 0o644)),
        ("interpreter", |f| f.run("#!/no/such/python")),
        ("lines", |f| f.run("exit").file("user", "root\nroot\n")),
        ("fifo", |f| f.run("exit").fifo("user")),
    ];
    let tree = TestTree::new();
    let services = builds.map(|(name, build)| (name, tree.folder(name, build), tree.supervise(name)));
    let cured = services.map(|(name, service, supervise)| {
        service.wait_for(status("tried twice", |status| {
            status.detail.as_ref().is_some_and(|detail| detail.starts >= 2 && detail.failed.is_some())
        }));
        let reason = detail(&service).failed.expect("waited for").reason;
        assert_eq!(supervise.errors(), format!("supervise: warning: unable to start {name}: {reason}\n"));
        let said = tree.svstat(name);
        assert!(said.ends_with(&format!(", not started: {reason}")), "{said}");
        let beacon = tree.beacon(name);
        cure(&service, &beacon);
        (name, service, supervise, beacon)
    });
    for (name, service, _supervise, beacon) in cured {
        let pid = beacon.next().pid;
        service.wait_for(up());
        assert_eq!((service.pid(), detail(&service).failed), (pid, None), "{name}");
        assert!(!tree.svstat(name).contains("not started"));
    }
}
