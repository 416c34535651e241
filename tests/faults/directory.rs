//! The service directory itself is replaced: another one gets its name, the link that leads to it leads elsewhere, something is
//! mounted over it. svscan follows its path, as one that is started now would.

use crate::svscan::watching;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use testkit::{
    Beacon, Running, Service, TestTree, Tool, needs_root, not_supervised, ours, process, up, wait_until,
};

/// A directory beside the service directory, with services of these names in it that tell its name and theirs.
fn directory(tree: &TestTree, beacon: &Beacon, name: &str, services: &[&str]) -> PathBuf {
    let path = tree.root().join(name);
    fs::create_dir(&path).unwrap();
    for service in services {
        let run = format!("{}\nexec sleep 1000", beacon.say(&format!("{name}/{service}")));
        let built = tree.folder(".built", |f| f.run(&run));
        fs::rename(built.path(), path.join(service)).unwrap();
    }
    path
}

/// These are told next, in any order.
#[track_caller]
fn are_told(beacon: &Beacon, mut expected: Vec<&str>) {
    let mut told: Vec<String> = expected.iter().map(|_| beacon.hear()).collect();
    told.sort();
    expected.sort_unstable();
    assert_eq!(told, expected);
}

/// Waits until exactly these folders are served.
#[track_caller]
fn are_served(svscan: &Running, folders: &[PathBuf]) {
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| folder.canonicalize().unwrap()).collect();
    folders.sort();
    wait_until("exactly these are served", &[], || {
        let mut served: Vec<PathBuf> =
            process::children(svscan.pid()).into_iter().filter_map(process::folder).collect();
        served.sort();
        (served == folders).then_some(())
    });
}

#[test]
fn one_that_is_exchanged_with_another_is_followed_at_once() {
    let tree = TestTree::new();
    let beacon = tree.beacon("all");
    let one = directory(&tree, &beacon, "one", &["web", "gone"]);
    let two = directory(&tree, &beacon, "two", &["web", "new"]);
    let svscan = watching(tree.launch(&ours("svscan")).arg(&one).start());
    are_told(&beacon, vec!["one/web", "one/gone"]);
    are_served(&svscan, &[one.join("web"), one.join("gone")]);
    renameat2(AT_FDCWD, &one, AT_FDCWD, &two, RenameFlags::RENAME_EXCHANGE).unwrap();
    are_told(&beacon, vec!["two/web", "two/new"]);
    are_served(&svscan, &[one.join("web"), one.join("new")]);
    // It is watched, and what is in the other one is nobody's.
    let late = directory(&tree, &beacon, "late", &["late"]).join("late");
    fs::rename(late, one.join("late")).unwrap();
    are_told(&beacon, vec!["late/late"]);
    for name in ["web", "gone"] {
        Service::at(two.join(name)).wait_for(not_supervised());
    }
    // Its lock is free.
    let other = tree.launch(&ours("svscan")).arg(&two).start();
    are_told(&beacon, vec!["one/web", "one/gone"]);
    other.stop();
    let info = format!(
        "svscan: info: {} is another directory now: its services take the place of the others\n",
        one.canonicalize().unwrap().display()
    );
    assert_eq!(svscan.errors(), info);
}

#[test]
fn while_it_is_renamed_away_its_services_go_on_until_there_is_another() {
    let tree = TestTree::new();
    let beacon = tree.beacon("all");
    let one = directory(&tree, &beacon, "one", &["web"]);
    let away = tree.root().join("away");
    let mut svscan = watching(tree.launch(&ours("svscan")).arg(&one).start());
    are_told(&beacon, vec!["one/web"]);
    let web = Service::at(away.join("web"));
    fs::rename(&one, &away).unwrap();
    svscan.wait_for_errors(": file does not exist\n");
    svscan.signal(Signal::SIGHUP);
    web.wait_for(up());
    // What comes to it meanwhile is served too.
    let late = directory(&tree, &beacon, "late", &["late"]).join("late");
    fs::rename(late, away.join("late")).unwrap();
    svscan.signal(Signal::SIGHUP);
    are_told(&beacon, vec!["late/late"]);
    assert_eq!(svscan.errors().lines().count(), 1, "{}", svscan.errors());
    fs::rename(directory(&tree, &beacon, "two", &["web"]), &one).unwrap();
    svscan.signal(Signal::SIGHUP);
    are_told(&beacon, vec!["two/web"]);
    are_served(&svscan, &[one.join("web")]);
    assert!(!web.is_supervised());
}

#[test]
fn a_link_to_it_that_leads_elsewhere_now_is_followed() {
    let tree = TestTree::new();
    let beacon = tree.beacon("all");
    let one = directory(&tree, &beacon, "one", &["web", "same"]);
    let two = directory(&tree, &beacon, "two", &["web"]);
    // One service is in both.
    symlink(one.join("same"), two.join("same")).unwrap();
    let link = tree.root().join("link");
    symlink("one", &link).unwrap();
    // From where relative paths are not what they are to svscan later.
    let mut svscan = watching(tree.launch(&ours("svscan")).dir(tree.root()).arg("link").start());
    are_told(&beacon, vec!["one/web", "one/same"]);
    let same = Service::at(one.join("same"));
    same.wait_for(up());
    let pid = same.pid();
    for (name, path) in [("two", &two), ("one", &one), ("two", &two)] {
        let new = tree.root().join("new");
        symlink(name, &new).unwrap();
        fs::rename(new, &link).unwrap();
        svscan.signal(Signal::SIGHUP);
        are_told(&beacon, vec![&format!("{name}/web")]);
        are_served(&svscan, &[path.join("web"), one.join("same")]);
    }
    assert!(same.pid() == pid && process::is_alive(pid));
}

#[test]
fn one_that_another_svscan_has_or_that_cannot_be_used_is_not_gone_to() {
    let tree = TestTree::new();
    let beacon = tree.beacon("all");
    let one = directory(&tree, &beacon, "one", &["web"]);
    let two = directory(&tree, &beacon, "two", &["web"]);
    let open = directory(&tree, &beacon, "open", &["web"]);
    fs::create_dir(open.join(".svscan")).unwrap();
    let chmod = Tool::new(Path::new("/bin/chmod")).arg("777").arg(open.join(".svscan"));
    chmod.run().exits(0);
    let link = tree.root().join("link");
    symlink(&one, &link).unwrap();
    let mut svscan = watching(tree.launch(&ours("svscan")).arg(&link).start());
    let _other = watching(tree.launch(&ours("svscan")).arg(&two).start());
    are_told(&beacon, vec!["one/web", "two/web"]);
    let web = Service::at(one.join("web"));
    web.wait_for(up());
    let pid = web.pid();
    let cases = [("late-a", &two, "another svscan runs on"), ("late-b", &open, "others can write in it")];
    for (name, path, why) in cases {
        fs::remove_file(&link).unwrap();
        symlink(path, &link).unwrap();
        svscan.signal(Signal::SIGHUP);
        svscan.wait_for_errors(why);
        svscan.signal(Signal::SIGHUP);
        fs::remove_file(&link).unwrap();
        symlink(&one, &link).unwrap();
        // It has looked again, and knows no trouble any more.
        let late = directory(&tree, &beacon, name, &["late"]).join("late");
        fs::rename(late, one.join(name)).unwrap();
        are_told(&beacon, vec![&format!("{name}/late")]);
    }
    assert!(web.pid() == pid && process::is_alive(pid) && beacon.told().is_none());
    assert_eq!(svscan.errors().lines().count(), 2, "{}", svscan.errors());
}

/// In svscan's own mounts, which end with it.
fn in_mounts_of(svscan: &Running, words: &[&str]) -> Tool {
    let enter = Tool::new(Path::new("/usr/bin/nsenter")).arg("--mount").arg("--target");
    enter.arg(svscan.pid().to_string()).args(words)
}

#[test]
fn what_is_mounted_over_it_is_served_until_it_is_unmounted() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let beacon = tree.beacon("all");
    let one = directory(&tree, &beacon, "one", &["web"]);
    let two = directory(&tree, &beacon, "two", &["web"]);
    let unshare = super::through(&tree, "unshare", &["--mount"]);
    let mut svscan = watching(unshare.arg(ours("svscan")).arg(&one).start());
    are_told(&beacon, vec!["one/web"]);
    in_mounts_of(&svscan, &["mount", "--bind"]).arg(&two).arg(&one).run().exits(0);
    svscan.signal(Signal::SIGHUP);
    are_told(&beacon, vec!["two/web"]);
    Service::at(one.join("web")).wait_for(not_supervised());
    // Lazily: what is served is in it.
    in_mounts_of(&svscan, &["umount", "--lazy"]).arg(&one).run().exits(0);
    svscan.signal(Signal::SIGHUP);
    are_told(&beacon, vec!["one/web"]);
    Service::at(two.join("web")).wait_for(not_supervised());
    assert!(beacon.told().is_none());
}
