//! `$SUPERVISEDIR`: the files of supervise and svscan in another place.

use super::{outside, rename, watching};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use testkit::{Launch, Service, TestTree, account, is_root, ours, process, wait_until};

/// Waits until svup says that the service is up, and gives what svstat says.
#[track_caller]
fn svstat(tree: &TestTree, state: &Path, name: &str) -> String {
    let ask = |program: &str| tree.tool(&ours(program)).env("SUPERVISEDIR", state).arg(name).run();
    wait_until(&format!("{name} is up"), &[], || (ask("svup").end == Ok(0)).then_some(()));
    String::from_utf8(ask("svstat").exits(0).stdout.clone()).unwrap()
}

fn svscan_with(tree: &TestTree, state: &Path) -> Launch {
    tree.launch(&ours("svscan")).arg(tree.services()).env("SUPERVISEDIR", state)
}

/// All that is below the service directory.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        all.push(entry.path());
        if entry.path().is_dir() {
            all.extend(all_below(&entry.path()));
        }
    }
    all.sort();
    all
}

#[test]
fn with_an_absolute_path_nothing_is_written_into_the_service_directory() {
    let tree = TestTree::new();
    let out = tree.root().join("out");
    fs::write(&out, "").unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o666)).unwrap();
    let logger = format!("exec cat >>'{}'", out.display());
    tree.folder("web", |f| f.run("echo said\nexec sleep 1000").log(&logger));
    let before = all_below(&tree.services());
    let state = outside(&tree, "state", |f| f.mode(".", 0o700));
    let launch = svscan_with(&tree, state.path());
    // An account that may not even write there, where there is one.
    let svscan = if is_root() {
        let alice = account("upkeep-a");
        alice.own(state.path());
        launch.account(&alice).start()
    } else {
        launch.start()
    };
    assert!(svstat(&tree, state.path(), "web").starts_with("web: up (pid "));
    assert!(svstat(&tree, state.path(), "web/log").starts_with("web/log: up (pid "));
    wait_until("its line is logged", &[tree.root()], || {
        (fs::read_to_string(&out).unwrap() == "said\n").then_some(())
    });
    assert_eq!(all_below(&tree.services()), before);
    // A folder each, under the path of the service.
    let web = tree.service("web").path().canonicalize().unwrap();
    let name = web.to_str().unwrap()[1..].replace('/', ":");
    assert!(state.file(&name).join("status").exists() && state.file(&format!("{name}:log/pipe")).exists());
    assert_eq!(svscan.errors(), "");
}

#[test]
fn the_path_of_a_service_is_data_then_and_a_renamed_one_begins_anew() {
    let tree = TestTree::new();
    let state = outside(&tree, "state", |f| f.mode(".", 0o700));
    let _svscan = watching(svscan_with(&tree, state.path()).start());
    let beacon = tree.beacon("web");
    let old = tree.folder("old", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let first = beacon.next().pid;
    svstat(&tree, state.path(), "old");
    rename(old.path(), OsStr::new("new"));
    let second = beacon.next().pid;
    assert!(!process::is_alive(first));
    assert!(svstat(&tree, state.path(), "new").contains(&second.to_string()));
}

#[test]
fn a_relative_path_is_another_name_in_the_folder() {
    let tree = TestTree::new();
    let _svscan = watching(svscan_with(&tree, Path::new(".control")).start());
    let web: Service = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat >/dev/null"));
    assert!(svstat(&tree, Path::new(".control"), "web").contains("up (pid "));
    assert!(svstat(&tree, Path::new(".control"), "web/log").contains("up (pid "));
    assert!(!web.file("supervise").exists() && !web.log().file("supervise").exists());
    assert!(web.log().file(".control/pipe").exists());
}
