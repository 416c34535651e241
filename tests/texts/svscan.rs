//! svscan, beside Debian's: its texts, on directories in which nothing of theirs goes on when it is killed.

use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use testkit::{
    Account, TestTree, account, is_root, needs_root, not_supervised, ours, same_as_theirs, theirs, wait_until,
};

#[test]
fn a_directory_that_cannot_be_entered_is_fatal() {
    let tree = TestTree::new();
    fs::write(tree.services().join("file"), "").unwrap();
    tree.folder("closed", |f| f.mode(".", 0o700));
    symlink("loop", tree.services().join("loop")).unwrap();
    let nobody = Account::find("nobody").filter(|_| is_root());
    let said = same_as_theirs("svscan", |program| {
        let mut said: Vec<_> =
            ["nosuch", "file", "loop", ""].map(|name| tree.tool(program).arg(name).run()).into();
        said.extend(nobody.as_ref().map(|nobody| tree.tool(program).account(nobody).arg("closed").run()));
        said
    });
    let Some(said) = said else { return };
    said[0].exits(111).errors("svscan: fatal: unable to chdir to nosuch: file does not exist\n");
    assert!(said.iter().all(|ran| ran.end == Ok(111)));
}

#[test]
fn what_cannot_be_looked_at_is_told_in_their_words() {
    same_as_theirs("svscan", |program| {
        let tree = TestTree::new();
        for (name, target) in [("nowhere", "nosuch"), ("loop", "loop"), ("through-a-file", "file/x")] {
            symlink(target, tree.services().join(name)).unwrap();
        }
        fs::write(tree.services().join("file"), "").unwrap();
        symlink("file", tree.services().join("to-a-file")).unwrap();
        let mut svscan = tree.launch(program).arg(tree.services()).start();
        for (name, reason) in [
            ("nowhere", "file does not exist"),
            ("loop", "symbolic link loop"),
            ("through-a-file", "not a directory"),
        ] {
            svscan.wait_for_errors(&format!("svscan: warning: unable to stat {name}: {reason}\n"));
        }
        svscan.signal(Signal::SIGKILL);
        let _ = svscan.wait();
        let mut lines: Vec<String> = svscan.errors().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    });
}

#[test]
fn a_directory_that_cannot_be_listed_is_told_in_their_words() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    same_as_theirs("svscan", |program| {
        let tree = TestTree::new();
        alice.own(&tree.services());
        let is_ours = program == ours("svscan");
        let mut svscan = tree.launch(program).arg(tree.services()).account(&alice).start();
        if is_ours {
            wait_until("it has begun", &[&tree.services()], || {
                tree.services().join(".svscan/lock").exists().then_some(())
            });
        }
        // She may enter it and write there, and not list it any more.
        fs::set_permissions(tree.services(), fs::Permissions::from_mode(0o300)).unwrap();
        if is_ours {
            // Debian's looks every 5 s, and dies of this.
            svscan.signal(Signal::SIGHUP);
        }
        let line = "svscan: warning: unable to read directory: access denied\n";
        svscan.wait_for_errors(line);
        svscan.signal(Signal::SIGKILL);
        let _ = svscan.wait();
        svscan.errors().matches(line).count()
    });
}

/// A `log` that is no folder: Debian's has a pipe for it that nobody will ever read, and a supervise that fails every 5 s.
#[test]
fn a_log_that_is_no_folder_is_no_logger() {
    let idle = |f: testkit::Folder| f.run("exec sleep 1000").down().file("log", "what it has logged\n");
    let tree = TestTree::new();
    let web = tree.folder("web", idle);
    let svscan = tree.svscan();
    web.wait_for(testkit::down());
    svscan.stop();
    let Some(their_svscan) = theirs("svscan") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", idle);
    let mut svscan = tree.launch(&their_svscan).arg(tree.services()).env("PATH", "/usr/bin:/bin").start();
    web.wait_for(testkit::supervised());
    svscan.wait_for_errors("supervise: fatal: unable to chdir to log: not a directory\n");
    svscan.signal(Signal::SIGKILL);
    let _ = svscan.wait();
    tree.svc(["-dx", "web"]);
    web.wait_for(not_supervised());
}

/// One that cannot be looked at: Debian's svscan says so every 5 s and starts nothing; ours leaves that to supervise.
#[test]
fn a_log_that_cannot_be_looked_at_keeps_the_service_from_starting() {
    let build = |f: testkit::Folder| f.run("exec sleep 1000").link("log", "log");
    let tree = TestTree::new();
    let web = tree.folder("web", build);
    let svscan = tree.launch(&ours("svscan")).arg(tree.services()).start();
    let why = "unable to use log/stderr: symbolic link loop";
    web.wait_for(testkit::failed(why));
    svscan.wait_for_errors(&format!("supervise: warning: unable to start web: {why}\n"));
    let Some(their_svscan) = theirs("svscan") else { return };
    let tree = TestTree::new();
    tree.folder("web", build);
    let mut svscan = tree.launch(&their_svscan).arg(tree.services()).start();
    svscan.wait_for_errors("svscan: warning: unable to stat web/log: symbolic link loop\n");
    svscan.signal(Signal::SIGKILL);
    let _ = svscan.wait();
    assert!(!tree.service("web").file("supervise").exists());
}
