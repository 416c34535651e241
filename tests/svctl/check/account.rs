//! What an account cannot get at, and whose folders are.

use super::{SLEEPS, each_is_found, findings, planted, program};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use testkit::{TestTree, account, needs_root, ours};

#[test]
fn what_an_account_cannot_get_at_is_found_and_nothing_else() {
    if !needs_root() {
        return;
    }
    let a = account("upkeep-a");
    let b = account("upkeep-b");
    let tree = TestTree::new();
    let shut = tree.root().join("shut");
    program(&shut.join("server"), "#!/bin/sh\n");
    program(&tree.root().join("shut-sh"), "#!/bin/sh\n");
    for path in [shut.clone(), tree.root().join("shut-sh")] {
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).expect("chmod");
    }
    let shut_program = format!("exec {}/server", shut.display());
    let shut_script = format!("exec sh {}/server", shut.display());
    let shut_folder = format!("cd {} || exit 1\nexec sleep 1000", shut.display());
    let shut_sh = format!("#!{}/shut-sh\n:", tree.root().display());
    let shut_home = shut.display().to_string();
    let to = |name: &'static str, codes, body: String| {
        planted(name, codes, move |f| f.run(&body).user("upkeep-a"))
    };
    let (mine, others, both, wanting, giving) = (a.clone(), a.clone(), a.clone(), a.clone(), a.clone());
    each_is_found(
        &tree,
        vec![
            planted("sound", &[], |f| f.run(SLEEPS).user("upkeep-a")),
            planted("shut", &["unreachable"], |f| f.run(SLEEPS).user("upkeep-a").mode(".", 0o700)),
            planted("shut-run", &["not-executable-by-account"], |f| {
                f.run(SLEEPS).user("upkeep-a").mode("run", 0o700)
            }),
            planted("unreadable-run", &["not-executable-by-account"], |f| {
                f.run(SLEEPS).user("upkeep-a").mode("run", 0o711)
            }),
            planted("shut-finish", &["not-executable-by-account"], |f| {
                f.run(SLEEPS).script("finish", ":").mode("finish", 0o700).user("upkeep-a")
            }),
            to("shut-sh", &["interpreter-not-executable"], shut_sh),
            to("shut-program", &["unreachable"], shut_program),
            to("shut-script", &["unreachable"], shut_script),
            to("shut-folder", &["directory-unreachable"], shut_folder),
            planted("shut-home", &["home-not-writable"], move |f| {
                f.run(SLEEPS).user("upkeep-a").env("HOME", &shut_home)
            }),
            planted("shut-main", &["log-not-writable"], |f| {
                f.run(SLEEPS)
                    .user("upkeep-a")
                    .directory("log/main")
                    .file("log/main/current", "")
                    .file("log/stderr", "")
            }),
            planted("shut-log", &["log-not-writable"], |f| {
                f.run(SLEEPS)
                    .log("exec multilog t ./main")
                    .file("log/user", "upkeep-a\n")
                    .file("log/stderr", "")
            }),
            planted("old-log", &["log-not-writable"], |f| {
                f.run(SLEEPS).log("exec setuidgid upkeep-a multilog t ./main").file("log/stderr", "")
            }),
            planted("no-logger", &["user-unknown"], |f| {
                f.run(SLEEPS).log("exec setuidgid no-such-account multilog t ./main").file("log/stderr", "")
            }),
            planted("whose", &["owner-refused"], move |f| f.run(SLEEPS).owner(&mine)),
            planted("another", &["owner-refused"], move |f| f.run(SLEEPS).user("upkeep-b").owner(&others)),
            planted("both", &["owner-refused"], move |f| {
                let f = f.run(SLEEPS).user("upkeep-a").owner(&both);
                b.own(&f.path().join("run"));
                f
            }),
            planted("listens", &["listen-refused"], move |f| {
                f.run(SLEEPS).user(".").file("listen", "@upkeep-none\n").owner(&wanting)
            }),
            planted("capable", &["capabilities-refused"], move |f| {
                f.run(SLEEPS).user(".").file("capabilities", "net_raw\n").owner(&giving)
            }),
            planted("grouped", &["group-writable"], {
                let gid = a.gid;
                move |f| {
                    let f = f.run(SLEEPS);
                    chown(f.path(), None, Some(gid)).expect("chown");
                    f.mode(".", 0o775)
                }
            }),
            planted("left", &["supervise-owner"], {
                let a = a.clone();
                move |f| {
                    let f = f.run(SLEEPS).directory("supervise").mode("supervise", 0o700);
                    a.own(&f.path().join("supervise"));
                    f
                }
            }),
        ],
    );
}

#[test]
fn a_folder_above_stops_an_account_and_is_named_with_its_owner() {
    if !needs_root() {
        return;
    }
    let _ = account("upkeep-a");
    let tree = TestTree::new();
    tree.folder("web", |f| f.run(SLEEPS).user("upkeep-a"));
    tree.folder("app@", |f| f.run(SLEEPS).user("upkeep-a"));
    tree.folder("app@1", |f| f);
    std::fs::set_permissions(tree.root(), Permissions::from_mode(0o700)).expect("chmod");
    let ran = tree.svctl(["check"]);
    ran.exits(1);
    let output = ran.output();
    let root = tree.root().display();
    let stop = format!("upkeep-a may not go through the folder {root} (mode 0700, root's)");
    assert!(output.contains(&format!("advice: {stop}")), "run is started by a name of one word: {output}");
    assert!(output.contains(&format!("fault: {stop}")), "a template's by its whole path: {output}");
    assert!(output.contains(&format!("chmod o+x {root}")), "{output}");
}

#[test]
fn a_supervise_folder_of_roots_is_of_no_use_to_a_user() {
    if !needs_root() {
        return;
    }
    let a = account("upkeep-a");
    let tree = TestTree::new();
    tree.folder("web", |f| f.run(SLEEPS).owner(&a).directory("supervise").mode("supervise", 0o700));
    chown(tree.services(), Some(a.uid), Some(a.gid)).expect("chown");
    let expected = vec![("supervise-owner".to_owned(), Some("supervise".to_owned()))];
    assert_eq!(findings(&tree.svctl(["check", "--json"]))["web"], expected);
    let as_the_user =
        || tree.tool(&ours("svctl")).env("SVDIR", tree.services()).account(&a).args(["check", "--json"]);
    assert_eq!(findings(&as_the_user().run())["web"], expected);
}

#[test]
fn what_a_user_cannot_see_is_no_finding() {
    if !needs_root() {
        return;
    }
    let a = account("upkeep-a");
    let tree = TestTree::new();
    let secret = |f: testkit::Folder| f.run(SLEEPS).user("root").env("SECRET", "x").mode("env/SECRET", 0o600);
    tree.folder("web", |f| secret(f).mode("env", 0o700));
    tree.folder("shut", |f| f.run(SLEEPS).mode(".", 0o700));
    tree.folder("hidden-run", |f| f.run(SLEEPS).mode("run", 0o700));
    let ran = tree.tool(&ours("svctl")).env("SVDIR", tree.services()).account(&a).args(["check"]).run();
    ran.exits(0);
    let output = ran.output();
    for name in ["web", "shut", "hidden-run"] {
        assert!(output.contains(&format!("{name}: nothing is wrong")), "{output}");
    }
    assert!(output.ends_with("as root more can be seen.\n"), "{output}");
}
