//! A log without a script: a folder `log/` in which nothing says what to run has a multilog that writes into `log/main`.

mod accounts;
mod stderr;
mod templates;

use crate::svscan::watching;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use testkit::{
    Account, Folder, Service, TestTree, account, down, needs_root, ours, process, resting, theirs, up,
    wait_until,
};

/// A service that writes these words, a line each, and then stays.
fn says(f: Folder, words: &str) -> Folder {
    f.run(&format!("printf '%s\\n' {words}\nexec sleep 1000"))
}

/// Waits until so many lines are in the log, and gives them without their time stamps.
#[track_caller]
fn logged(service: &Service, count: usize) -> Vec<String> {
    let main = service.log().file("main");
    let text = wait_until(&format!("{count} lines are in {}", main.display()), &[&main], || {
        let text = fs::read_to_string(main.join("current")).ok()?;
        (text.lines().count() >= count && text.ends_with('\n')).then_some(text)
    });
    let without_stamp = |line: &str| {
        let (stamp, rest) = line.split_once(' ').expect("a time stamp");
        let label = stamp.strip_prefix('@').expect("a label");
        assert!(label.len() == 24 && label.starts_with("40000000"), "{line}");
        rest.to_owned()
    };
    text.lines().map(without_stamp).collect()
}

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

/// The log is this account's and its alone, and what writes it runs as that account.
#[track_caller]
fn is_kept_by(service: &Service, account: &Account) {
    let log = service.log();
    log.wait_for(up());
    logged(service, 1);
    let main = fs::symlink_metadata(log.file("main")).unwrap();
    assert_eq!(
        (main.uid(), main.gid(), main.permissions().mode() & 0o7777),
        (account.uid, account.gid, 0o700)
    );
    assert_eq!(process::uids(log.pid()), Some([account.uid; 4]), "{}", service.path().display());
    assert_eq!(process::gids(log.pid()), Some([account.gid; 4]));
}

#[test]
fn a_log_without_a_script_is_kept_in_main() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| says(f, "one two").directory("log"));
    let log = web.log();
    assert_eq!(logged(&web, 2), ["one", "two"]);
    log.wait_for(up());
    let multilog = ours("multilog");
    let expected = [multilog.to_str().unwrap(), "t", "s1048576", "n10", "./main"];
    assert_eq!(process::arguments(log.pid()), expected);
    let me = nix::unistd::geteuid().as_raw();
    let main = fs::symlink_metadata(log.file("main")).unwrap();
    assert_eq!((main.uid(), main.permissions().mode() & 0o7777), (me, 0o700));
    assert_eq!(fs::metadata(log.file("main/current")).unwrap().permissions().mode() & 0o7777, 0o644);
    // One process, and nothing else is made.
    let supervise = process::parent(log.pid()).unwrap();
    assert_eq!(process::arguments(supervise), ["supervise", "web/log"]);
    assert!(process::children(log.pid()).is_empty());
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(web.path()), set(&["log", "run", "supervise"]));
    assert_eq!(names(log.path()), set(&["main", "supervise"]));
    // It is a logger as any other.
    assert!(tree.svstat("web/log").starts_with(&format!("web/log: up (pid {}) ", log.pid())));
    let before = log.pid();
    tree.svc(["-t", "web/log"]);
    log.wait_until("it was started again", |log| {
        (log.status()?.pid.is_some_and(|pid| pid.get() != before)).then_some(())
    });
    tree.svc(["-t", "web"]);
    assert_eq!(logged(&web, 4), ["one", "two", "one", "two"]);
    assert_eq!(svscan.errors(), "");
    svscan.stop();
    assert_eq!(fs::metadata(log.file("main/current")).unwrap().permissions().mode() & 0o7777, 0o744);
}

#[test]
fn at_the_end_every_line_is_there() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let run = "trap 'seq 5000; kill $!; exit' TERM\necho first\nsleep 1000 &\nwait";
    let web = tree.folder("web", |f| f.run(run).directory("log"));
    logged(&web, 1);
    svscan.stop();
    let expected = std::iter::once("first".to_owned()).chain((1..=5000).map(|number| number.to_string()));
    assert_eq!(logged(&web, 5001), expected.collect::<Vec<_>>());
}

#[test]
fn it_does_not_grow_without_bound() {
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    const LINE: &str = "a line of some length, as a service writes it";
    const LINES: usize = 80_000;
    let run = format!("yes '{LINE}' | head -n {LINES}\nexec sleep 1000");
    let web = tree.folder("web", |f| f.run(&run).directory("log"));
    let main = web.log().file("main");
    // With the time stamp, a space behind it, and a newline.
    let total = u64::try_from(LINES * (25 + 1 + LINE.len() + 1)).unwrap();
    let files = wait_until("all is there", &[&main], || {
        let files = fs::read_dir(&main).ok()?.flatten();
        let files = files.filter(|entry| {
            entry.file_name() == "current" || entry.file_name().as_encoded_bytes()[0] == b'@'
        });
        let sizes: Vec<u64> = files.map(|entry| entry.metadata().map_or(0, |found| found.len())).collect();
        (sizes.iter().sum::<u64>() >= total).then_some(sizes)
    });
    assert!(files.len() >= 6 && files.iter().all(|size| *size <= 1_048_576), "{files:?}");
}

#[test]
fn a_script_wins_from_the_next_start_on() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let script = "exec cat >>scripted";
    let read = |service: &Service| fs::read_to_string(service.log().file("scripted")).unwrap_or_default();
    let with = tree.folder("with", |f| says(f, "one").log(script));
    with.log().wait_until("its line is there", |_| (read(&with) == "one\n").then_some(()));
    assert!(!with.log().file("main").exists());
    // One that gets a script, and loses it again.
    let web = tree.folder("web", |f| says(f, "one").directory("log"));
    assert_eq!(logged(&web, 1), ["one"]);
    let made = tree.folder(".made", |f| f.script("run", script));
    fs::rename(made.file("run"), web.log().file("run")).unwrap();
    let restart = || {
        let before = web.log().pid();
        tree.svc(["-t", "web/log"]);
        web.log().wait_until("it was started again", |log| {
            log.status()?.pid.filter(|pid| pid.get() != before).map(drop)
        });
        web.log().wait_for(up());
        tree.svc(["-t", "web"]);
    };
    restart();
    web.log().wait_until("the script has its line", |_| (read(&web) == "one\n").then_some(()));
    fs::remove_file(web.log().file("run")).unwrap();
    restart();
    assert_eq!(logged(&web, 2), ["one", "one"]);
    assert_eq!(svscan.errors(), "");
}

#[test]
fn what_is_there_and_is_no_script_is_still_tried() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| says(f, "one").directory("log").link("log/run", "nothing"));
    web.log().wait_for(testkit::failed("unable to run ./run: file does not exist"));
    let plain = tree.folder("plain", |f| says(f, "one").directory("log").file("log/run", "#!/bin/sh\n"));
    plain.log().wait_for(testkit::failed("chmod +x"));
    for service in [web, plain] {
        assert!(!service.log().file("main").exists());
    }
    drop(svscan);
}

#[test]
fn it_can_be_down_and_the_service_needs_a_run_of_its_own() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| says(f, "one").directory("log").file("log/down", ""));
    web.log().wait_for(down());
    assert!(!web.log().file("main").exists());
    tree.svc(["-u", "web/log"]);
    assert_eq!(logged(&web, 1), ["one"]);
    let bare = tree.folder("bare", |f| f.directory("log"));
    // A service of that name is no logger.
    let named = tree.folder("log", |f| f);
    for name in ["bare", "log"] {
        svscan.wait_for_errors(&format!("{name} has no run: it starts when it gets one\n"));
    }
    assert!(!bare.log().file("supervise").exists() && !named.file("supervise").exists());
}

#[test]
fn a_main_that_cannot_be_used_is_told_and_left_alone() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let why = "unable to use main: it is not a folder, and a link is not followed: remove it";
    let target = tree.root().join("target");
    fs::create_dir(&target).unwrap();
    let web = tree.folder("web", |f| says(f, "one").directory("log").link("log/main", &target));
    web.log().wait_for(testkit::failed(why));
    svscan.wait_for_errors(&format!("supervise: warning: unable to start web/log: {why}\n"));
    assert_eq!(names(&target).len(), 0);
    // It is tried again by itself, and finds the cure.
    fs::remove_file(web.log().file("main")).unwrap();
    web.log().wait_for(resting());
    assert_eq!(logged(&web, 1), ["one"]);
}

#[test]
fn an_ordinary_user_has_logs_of_its_own() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    alice.own(&tree.services());
    let svscan = watching(tree.launch(&ours("svscan")).arg(tree.services()).account(&alice).start());
    let web = tree.folder("web", |f| says(f, "one").directory("log").owner(&alice));
    is_kept_by(&web, &alice);
    let named = tree.folder("named", |f| says(f, "one").user(".").directory("log").owner(&alice));
    is_kept_by(&named, &alice);
    assert_eq!(svscan.errors(), "");
}

/// A service that runs gets a log by `mkdir`, from the next start of its supervise on.
#[test]
fn a_log_that_is_made_later_counts_when_its_supervise_is_started_again() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| f.run("echo out\necho err >&2\nexec sleep 1000"));
    svscan.wait_for_errors("err\n");
    web.wait_for(up());
    let folder = tree.folder(".made", |f| f.directory("log").file("log/stderr", ""));
    fs::rename(folder.file("log"), web.file("log")).unwrap();
    tree.svc(["-dx", "web"]);
    assert_eq!(logged(&web, 2), ["out", "err"]);
    web.log().wait_for(up());
    assert_eq!((svscan.errors().as_str(), svscan.output().as_str()), ("err\n", "out\n"));
}

/// What is new is new: Debian's supervise starts nothing there, and passes stderr on as it is.
#[test]
fn debians_supervise_does_neither() {
    let Some(their_supervise) = theirs("supervise") else { return };
    let tree = TestTree::new();
    let both = |f: Folder| f.run("echo out\necho err >&2\nexec sleep 1000");
    let web = tree.folder("web", |f| both(f).directory("log").file("log/stderr", ""));
    let start = |folder: &Service, name: &str| {
        tree.launch(&their_supervise).stop_by_control(folder.path()).arg(name).start()
    };
    let logger = start(&web.log(), "web/log");
    logger.wait_for_errors("supervise: fatal: unable to start web/log/run: file does not exist\n");
    assert!(!web.log().file("main").exists());
    let service = start(&web, "web");
    service.wait_for_errors("err\n");
}
