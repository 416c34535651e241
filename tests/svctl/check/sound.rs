//! Folders with which nothing is wrong: ours, and in the styles of others.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use testkit::{Folder, TestTree};

#[track_caller]
fn nothing_is_wrong(tree: &TestTree) {
    let ran = tree.svctl(["check", "--strict"]);
    let lines = ran.output();
    assert!(lines.lines().all(|line| line.ends_with(": nothing is wrong")), "{lines}");
    ran.exits(0).errors("");
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn with_our_examples() {
    let tree = TestTree::new();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("services.example");
    for entry in fs::read_dir(examples).expect("our examples").flatten().filter(|entry| entry.path().is_dir())
    {
        copy(&entry.path(), &tree.services().join(entry.file_name()));
    }
    assert!(tree.svctl(["check"]).output().contains("web@6001: nothing is wrong"));
    nothing_is_wrong(&tree);
}

#[test]
fn with_folders_in_our_own_way() {
    let tree = TestTree::new();
    let whole = |f: Folder| {
        f.run("exec sleep 1000")
            .script("finish", "exit 0")
            .file("timeout-kill", "10s\n")
            .file("timeout-finish", "5000\n")
            .file("down-signal", "SIGQUIT\n")
            .file("kill-group", "")
            .file("restart-max", "1m 30s\n")
            .file("leftovers", "kill\n")
            .file("notification-fd", "4\n")
            .file("timeout-ready", "30s\n")
            .file("listen", "@upkeep-nobody-has-this name=http\n")
            .file("listen-close", "")
            .env("GREETING", "Good morning")
            .file("env/UNSET", "")
            .directory("log")
            .file("log/stderr", "")
            .file("README", "what it is for\n")
    };
    tree.folder("whole", whole);
    tree.folder("needs-it", |f| f.run("exec sleep 1000").file("needs", "# first\nwhole\n"));
    tree.folder("asked", |f| f.run("exec sleep 1000").script("check", "exec true"));
    tree.folder("app@", |f| {
        let f = f.run("exec sleep \"$1\"").file("listen", "@upkeep-none-$INSTANCE\n");
        f.directory("log").file("log/stderr", "")
    });
    tree.folder("app@1000", |f| f);
    tree.folder("app@2000", |f| f.env("DEBUG", "1").down());
    tree.folder("mail@example", |f| f.run("exec sleep 1000"));
    nothing_is_wrong(&tree);
}

#[test]
fn with_folders_in_the_ways_of_others() {
    let tree = TestTree::new();
    // daemontools: everything in the run scripts.
    tree.folder("djb", |f| {
        f.run("exec 2>&1\nexec envdir ./env softlimit -m 100000000 sleep 1000")
            .env("ROOT", "/")
            .directory("root")
            .directory("log/main")
            .script("log/run", "exec multilog t ./main")
    });
    // runit: a supervise that is a link to where a running system has it, a control folder, a conf.
    tree.folder("runit", |f| {
        f.run("exec 2>&1\n[ -r conf ] && . ./conf\nexec chpst -b named sleep 1000 $OPTS")
            .file("conf", "OPTS=\n")
            .script("finish", "exit 0")
            .script("check", "exec true")
            .directory("control")
            .script("control/t", "exit 0")
            .link("supervise", "/run/runit/supervise.upkeep-none")
            .directory("log/main")
            .script("log/run", "exec svlogd -tt ./main")
            .link("log/supervise", "/run/runit/supervise.upkeep-none.log")
    });
    // s6: its own files beside.
    tree.folder("s6", |f| {
        f.run("exec 2>&1\nexec sleep 1000")
            .file("type", "longrun\n")
            .file("notification-fd", "3\n")
            .file("timeout-kill", "5000\n")
            .file("max-death-tally", "10\n")
            .directory("data")
            .directory("event")
    });
    // A service directory of links, as /etc/service often is.
    let elsewhere = tree.root().join("sv");
    fs::create_dir(&elsewhere).expect("a folder");
    fs::rename(tree.services().join("djb"), elsewhere.join("djb")).expect("a name that is free");
    symlink(elsewhere.join("djb"), tree.services().join("djb")).expect("a link");
    nothing_is_wrong(&tree);
}
