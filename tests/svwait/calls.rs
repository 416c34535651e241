//! How it is called, and what it says where there is nothing to wait for.

use super::*;
use nix::sys::signal::Signal;
use protocol::status::Leaving;
use std::os::unix::fs::PermissionsExt;
use testkit::{Account, needs_root};

const USAGE: &str = "svwait: usage: svwait [-u|-U|-d|-D|-r|-R] [-a|-o] [-t time] service ... [-- child]\n";

#[test]
fn wrong_calls_are_told_how() {
    let tree = TestTree::new();
    let call = |arguments: &[&str]| call(&tree, []).args(arguments).run();
    for wrong in [&[][..], &["-u"], &["-t", "5s"], &["web", "--"], &["--", "--", "true"]] {
        call(wrong).exits(100).prints("").errors(USAGE);
    }
    call(&["-z", "web"]).exits(100).errors(format!("svwait: illegal option -- z\n{USAGE}"));
    call(&["-t"]).exits(100).errors(format!("svwait: option requires an argument -- t\n{USAGE}"));
    call(&["-t", "soon", "web"]).exits(100).errors(format!(
        "svwait: soon is no time: that is no time: write 5s or 1m 30s, or 5000 for that many milliseconds\n{USAGE}"
    ));
}

#[test]
fn when_its_time_is_over_it_says_what_it_waited_for() {
    let tree = TestTree::new();
    let [web, db, mail] = ["web", "db", "mail"].map(|name| Played::new(&tree, name));
    web.becomes(&down(), "");
    db.becomes(&up(), "");
    mail.becomes(&down(), "");
    for time in ["10", "10ms", "0.01 s"] {
        let ran = call(&tree, ["-t", time, "web", "db", "mail"]).run();
        ran.exits(99).prints("").errors("svwait: fatal: timed out waiting for web, mail\n");
    }
    for service in [&web, &db, &mail] {
        assert_eq!(waiters(service.service()), [""; 0]);
    }
}

#[test]
fn a_supervise_that_does_not_run_yet_is_told_once_and_waited_for() {
    let tree = TestTree::new();
    // Nobody was there yet; or somebody was, who left a record.
    let new = tree.folder("new", |f| f.run("exit 1"));
    let old = Played::new(&tree, "old");
    let Played { supervised, folder } = old;
    supervised.set_status(&up().encode());
    let service = supervised.service.clone();
    drop(supervised);
    for (name, service) in [("new", &new), ("old", &service)] {
        let mut waiting = svwait(&tree, [name]);
        until_waiting(service, 1);
        let mode = fs::metadata(service.file("supervise/event")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o700);
        tell(File::open(service.file("supervise")).unwrap(), b"s");
        still_waits(&waiting, service);
        waiting.signal(Signal::SIGTERM);
        let _ = waiting.wait();
        assert_eq!(waiting.errors(), format!("svwait: warning: no supervise runs for {name} yet\n"));
    }
    assert_eq!(fs::metadata(new.file("supervise")).unwrap().permissions().mode() & 0o7777, 0o700);
    drop(folder);
}

/// What it left says how the service is, until somebody comes.
#[test]
fn a_service_whose_supervise_has_left_is_down() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    let mut left = down();
    left.detail.as_mut().unwrap().leaving = Leaving::Left;
    web.becomes(&left, "");
    let name = web.service().clone();
    drop(web);
    let call = |option| call(&tree, ["-t", "10", option, "web"]).run();
    for option in ["-d", "-D"] {
        call(option).exits(0).errors("svwait: warning: no supervise runs for web yet\n");
    }
    call("-u").exits(99);
    assert_eq!(waiters(&name), [""; 0]);
}

#[test]
fn what_is_no_service_is_fatal_at_once_and_left_as_it_is() {
    let tree = TestTree::new();
    let plain = tree.folder("plain", |f| f.file("data", ""));
    tree.folder("web@", |f| f.run("exit 1"));
    let file = tree.folder("file", |f| f.run("exit 1").file("supervise", ""));
    let call = |name: &str| call(&tree, [name]).run();
    call("./plain")
        .exits(111)
        .errors("svwait: fatal: ./plain is no service: there is nothing to run in it\n");
    assert!(!plain.file("supervise").exists());
    call("./web@")
        .exits(111)
        .errors("svwait: fatal: unable to wait for ./web@: a template is never started, its instances are\n");
    call("./file").exits(111).errors("svwait: fatal: unable to open ./file/supervise: not a directory\n");
    call("./plain/data").exits(111).errors("svwait: fatal: unable to open ./plain/data: not a directory\n");
    assert!(file.file("supervise").is_file());
}

/// Instances and loggers have nothing to run of their own.
#[test]
fn what_gets_its_run_from_elsewhere_is_a_service() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exit 1").directory("log"));
    let instance = tree.folder("web@1", |f| f);
    for (name, service) in [("./web/log", web.log()), ("./web@1", instance)] {
        call(&tree, ["-t", "1", name]).run().exits(99);
        assert!(service.file("supervise").is_dir());
    }
}

#[test]
fn a_supervise_of_another_program_tells_no_events() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    for length in [18, 20] {
        web.supervised.set_status(&up().encode()[..length]);
        call(&tree, ["web"]).run().exits(111).errors(
            "svwait: fatal: unable to wait for web: its supervise is another program's, which tells no events\n",
        );
    }
    assert!(!web.service().file("supervise/event").exists());
}

#[test]
fn who_may_not_enter_is_told_so() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let nobody = Account::find("nobody").unwrap();
    for mode in [0o700, 0o755] {
        let name = format!("web{mode:o}");
        let web = Played::built(&tree, &name, |f| f.run("exit 1").mode("supervise", mode));
        web.becomes(&up(), "");
        let ran = call(&tree, [&name]).account(&nobody).run();
        ran.exits(111).errors(format!("svwait: fatal: unable to open {name}/supervise/ok: access denied\n"));
    }
}

/// Root waits for a service that its owner keeps: that supervise must be able to tell.
#[test]
fn an_owners_supervise_can_tell_root() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let nobody = Account::find("nobody").unwrap();
    let web = Played::built(&tree, "web", |f| f.run("exit 1").owner(&nobody));
    web.becomes(&down(), "");
    let mut waiting = svwait(&tree, ["web"]);
    until_waiting(web.service(), 1);
    let event = web.service().file("supervise/event");
    let [name] = waiters(web.service()).try_into().unwrap();
    web.becomes(&up(), "");
    let told = "for fifo in \"$1\"/*; do printf u >\"$fifo\"; done";
    tree.tool("/bin/sh".as_ref())
        .args(["-c", told, "sh"])
        .arg(&event)
        .account(&nobody)
        .run()
        .exits(0)
        .errors("");
    assert_eq!(waiting.wait(), Ok(0), "{name}");
}
