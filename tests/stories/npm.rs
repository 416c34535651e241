//! A Node service in a folder of its owner's, below a svscan of root's: by `user` with a dot it is its owner's wholly,
//! however it is started, and root's home is not touched.

use super::owner::Owner;
use super::{Report, RootsHome, answer, free_ports, obtain};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use testkit::{Folder, Service, TestTree, failed, process};

const PACKAGE: &str = include_str!("site/package.json");

/// The service with its code in its folder.
fn site(folder: Folder, package: &str, port: u16, run: &str) -> Folder {
    let folder = folder.file("server.js", include_str!("site/server.js")).file("package.json", package);
    folder.env("PORT", &port.to_string()).run(run)
}

/// The service and its owner: who it is, where it is, and that it could make its log.
#[track_caller]
fn is_the_owners(owner: &Owner, service: &Service, report: &Report) {
    owner.is(report);
    assert_eq!(Path::new(&report["folder"]), service.path());
    // What started it, npm and its like, is the owner's too.
    let supervise = process::parent(service.pid()).unwrap();
    assert_eq!(process::name(supervise).as_deref(), Some("supervise"));
    let mut pid = report["pid"].parse().unwrap();
    while pid != supervise {
        owner.has_become(pid);
        pid = process::parent(pid).unwrap();
    }
    let log = Path::new(&report["log"]);
    assert!(log.starts_with(owner.home.join(".pm2/logs")), "{report:?}");
    for made in [log, log.parent().unwrap(), &owner.home.join(".pm2")] {
        assert_eq!(made.metadata().unwrap().uid(), owner.uid, "{}", made.display());
    }
}

fn forget_logs(owner: &Owner) {
    let _ = fs::remove_dir_all(owner.home.join(".pm2"));
}

#[test]
fn a_node_service_runs_as_the_owner_of_its_folder_by_npm_start_and_by_node() {
    let Some(owner) = Owner::new() else { return };
    if !obtain::node() {
        return;
    }
    forget_logs(&owner);
    let tree = TestTree::new();
    let [npm_port, node_port] = free_ports();
    // Whether there is a new npm is not asked of anybody here.
    let npm = tree.folder("npm", |folder| {
        let folder =
            site(folder, PACKAGE, npm_port, "exec npm start").env("npm_config_update_notifier", "false");
        folder.user(".").owner(&owner)
    });
    let node = tree.folder("node", |folder| {
        site(folder, PACKAGE, node_port, "exec node server.js").user(".").owner(&owner)
    });
    let root = RootsHome::new(&tree);
    let svscan = root.svscan(&tree);
    is_the_owners(&owner, &npm, &answer(npm_port));
    let report = answer(node_port);
    is_the_owners(&owner, &node, &report);
    assert_eq!(report["pid"], node.pid().to_string());
    assert_eq!(svscan.errors(), "");
    svscan.stop();
    root.is_untouched();
}

#[test]
fn pm2_below_npm_keeps_its_files_in_the_owners_home() {
    let Some(owner) = Owner::new() else { return };
    if !obtain::node() {
        return;
    }
    let Some(modules) = obtain::pm2(&owner) else { return };
    forget_logs(&owner);
    let tree = TestTree::new();
    let [port] = free_ports();
    let package = PACKAGE.replace("exec node", "exec pm2-runtime");
    let service = tree.folder("site", |folder| {
        let folder = site(folder, &package, port, "exec npm start").link("node_modules", &modules);
        let folder =
            folder.env("npm_config_update_notifier", "false").env("PM2_DISABLE_VERSION_CHECK", "true");
        folder.user(".").owner(&owner)
    });
    let root = RootsHome::new(&tree);
    let svscan = root.svscan(&tree);
    let report = answer(port);
    is_the_owners(&owner, &service, &report);
    assert!(owner.home.join(".pm2/pm2.pid").exists(), "pm2's own");
    assert_ne!(report["pid"], service.pid().to_string(), "it is pm2's child");
    svscan.stop();
    root.is_untouched();
}

#[test]
fn a_folder_of_somebody_elses_without_user_is_refused_with_the_cure() {
    let Some(owner) = Owner::new() else { return };
    if !obtain::node() {
        return;
    }
    forget_logs(&owner);
    let tree = TestTree::new();
    let [port] = free_ports();
    let service =
        tree.folder("site", |folder| site(folder, PACKAGE, port, "exec node server.js").owner(&owner));
    let root = RootsHome::new(&tree);
    let svscan = root.svscan(&tree);
    let why = format!(
        "it belongs to uid {}, so it only runs as that account: write its name, or a dot, into user",
        owner.uid
    );
    service.wait_for(failed(&why));
    svscan.wait_for_errors(&format!("supervise: warning: unable to start site: {why}\n"));
    assert!(tree.svstat("site").ends_with(&format!(", not started: {why}")));
    assert!(!owner.home.join(".pm2").exists(), "it was executed");
    root.is_untouched();

    for cure in [".\n", &format!("{}\n", owner.name)] {
        tree.svc(["-d", "site"]);
        service.wait_for(testkit::down());
        fs::write(service.file("user"), cure).unwrap();
        tree.svc(["-u", "site"]);
        is_the_owners(&owner, &service, &answer(port));
    }
    root.is_untouched();
}
