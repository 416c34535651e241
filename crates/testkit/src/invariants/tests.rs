//! What the invariants say they catch, they catch.

use super::{Invariants, outside, residents, stat, watch::Watch};
use crate::{LEFT_BEHIND, Service, TestTree, process, wait_until};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use protocol::status::{Detail, Phase, Status, Want};
use protocol::tai64n::Tai64n;
use std::fs;
use std::num::NonZeroU32;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::SystemTime;

/// A shell script that runs in a service folder.
fn shell(tree: &TestTree, folder: &Service, script: &str) -> crate::Running {
    tree.launch(Path::new("/bin/sh")).dir(folder.path()).arg("-c").arg(script).start()
}

/// A link to a program, by which it goes under another name.
fn named(tree: &TestTree, name: &str, program: &str) -> String {
    let link = tree.root().join(name);
    std::os::unix::fs::symlink(program, &link).unwrap();
    link.display().to_string()
}

fn has_child(running: &crate::Running, name: &str) -> u32 {
    wait_until("a child runs", &[], || {
        let is_it = |pid: &u32| process::name(*pid).is_some_and(|it| it == name);
        process::children(running.pid()).into_iter().find(is_it)
    })
}

#[test]
fn a_second_copy_is_seen() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run(""));
    let watch = Watch::begin(tree.root());
    let first = shell(&tree, &web, "exec setsid sleep 1000");
    let look = |looks: u64| wait_until("it has looked", &[], || (watch.looks() > looks).then_some(()));
    wait_until("it sleeps", &[], || (process::name(first.pid())? == "sleep").then_some(()));
    look(watch.looks() + 50);
    assert!(watch.seen().is_empty(), "{:?}", watch.seen());
    let second = shell(&tree, &web, "exec setsid sleep 1000");
    wait_until("both are seen", &[], || {
        watch.seen().first().filter(|it| it.contains(" at once in ")).cloned()
    });
    drop((first, second));
}

#[test]
fn one_after_the_other_is_no_second_copy_and_neither_is_what_is_left_behind() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run(""));
    let watch = Watch::begin(tree.root());
    // The first of a session, each of them, and the second beside the first.
    let left = shell(&tree, &web, &format!("exec env {LEFT_BEHIND} setsid sleep 1000"));
    for number in 1..=20 {
        let copy = shell(&tree, &web, "exec setsid sleep 1000");
        wait_until("it sleeps", &[], || (process::name(copy.pid())? == "sleep").then_some(()));
        wait_until("it is seen", &[], || (watch.starts() > number).then_some(()));
        copy.stop();
    }
    assert_eq!(watch.seen(), [""; 0]);
    left.stop();
}

#[test]
fn a_second_copy_tells_that_it_is_one() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.alone("exec sleep 1000"));
    let invariants = Invariants::watch(&tree);
    let run = || tree.launch(&web.file("run")).dir(web.path()).start();
    let first = run();
    wait_until("it sleeps", &[], || (process::name(first.pid())? == "sleep").then_some(()));
    assert!(invariants.services.doubled().is_empty());
    let second = run();
    wait_until("it tells", &[web.path()], || invariants.services.doubled().pop());
    drop((first, second));
}

/// A record, and the FIFOs of a supervise that the test plays.
fn supervised(service: &Service, status: &Status) -> [OwnedFd; 2] {
    fs::create_dir_all(service.file("supervise")).unwrap();
    fs::write(service.file("supervise/status"), status.encode()).unwrap();
    ["supervise/ok", "supervise/control"].map(|name| {
        let path = service.file(name);
        let _ = nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR);
        open(&path, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap()
    })
}

fn record(pid: Option<u32>, want: Want, phase: Phase) -> Status {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let detail = Some(Detail { phase, ..Detail::default() });
    let pid = pid.and_then(NonZeroU32::new);
    Status { since: Tai64n::from_wall(now), pid, paused: false, want, terminated: false, detail }
}

#[test]
fn what_is_not_as_it_is_wanted_is_told() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let invariants = Invariants::watch(&tree);
    let unwanted = || invariants.services.unwanted(&invariants.processes());
    assert_eq!(unwanted(), [""; 0], "no svscan, no supervise");
    let svscan = named(&tree, "svscan", "/bin/sleep");
    let running = shell(&tree, &web, &format!("exec {svscan} 1000"));
    wait_until("it is missed", &[], || (unwanted() == ["web: has no supervise"]).then_some(()));
    for (want, phase, is_right) in [
        (Want::Up, Phase::Up, true),
        (Want::Up, Phase::Resting, false),
        (Want::Down, Phase::Up, false),
        (Want::Once, Phase::Up, true),
    ] {
        let _fifos = supervised(&web, &record(Some(running.pid()), want, phase));
        assert_eq!(unwanted().is_empty(), is_right, "{want:?} {phase:?}");
    }
    let _fifos = supervised(&web, &record(None, Want::Down, Phase::Down));
    assert_eq!(unwanted(), [""; 0]);
}

#[test]
fn a_record_that_lies_is_told() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run(""));
    let invariants = Invariants::watch(&tree);
    let untrue = |pid, want, phase| {
        let _fifos = supervised(&web, &record(pid, want, phase));
        invariants.services.untrue(&invariants.processes())
    };
    assert_eq!(untrue(None, Want::Down, Phase::Down), [""; 0]);
    let run = shell(&tree, &web, "exec setsid sleep 1000");
    wait_until("it sleeps", &[], || (process::name(run.pid())? == "sleep").then_some(()));
    assert_eq!(untrue(Some(run.pid()), Want::Up, Phase::Up), [""; 0]);
    let first = |pid, want, phase| untrue(pid, want, phase).pop().unwrap();
    assert!(first(None, Want::Down, Phase::Down).contains("it runs: sleep"));
    assert!(first(Some(std::process::id()), Want::Up, Phase::Up).contains("is of the session"));
    let stopped = run.pid();
    drop(run);
    assert!(first(Some(stopped), Want::Up, Phase::Up).contains("does not live"));
}

#[test]
fn who_never_rests_who_grows_and_who_leaves_zombies_is_told() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run(""));
    let look = || residents::among(&stat::processes_in(tree.root()));
    let [busy, idle] =
        [("supervise", "/bin/sh"), ("svscan", "/bin/sleep")].map(|(name, of)| named(&tree, name, of));
    let running = shell(&tree, &web, &format!("{busy} -c 'while :; do :; done' & {idle} 1000 & wait"));
    let (busy, idle) = (has_child(&running, "supervise"), has_child(&running, "svscan"));
    let mut quiet = std::collections::BTreeSet::new();
    let told = residents::busy(look, &mut quiet);
    assert!(told.iter().any(|it| it.starts_with(&format!("supervise {busy} "))), "{told:?}");
    assert!(wait_until("one rests", &[], || {
        let _ = residents::busy(look, &mut quiet);
        quiet.contains(&idle).then_some(true)
    }));
    assert!(!quiet.contains(&busy));
    let kill = |pid: u32| {
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap()),
            nix::sys::signal::Signal::SIGKILL,
        )
    };
    [busy, idle].into_iter().for_each(|pid| kill(pid).unwrap());
    running.stop();

    // It execs what does not know of its child.
    let multilog = named(&tree, "multilog", "/bin/sleep");
    let running = shell(&tree, &web, &format!("true & exec {multilog} 1000"));
    wait_until("a zombie", &[], || residents::zombies(&look()).pop());
    let before = residents::footprints(&look());
    assert_eq!(residents::grown(&before, &before), [""; 0]);
    running.stop();
    let running = shell(&tree, &web, &format!("exec {multilog} 1000 7</dev/null"));
    wait_until("one descriptor more", &[], || {
        residents::grown(&before, &residents::footprints(&look())).pop()
    });
    running.stop();
}

#[test]
fn what_changes_outside_is_told() {
    let tree = TestTree::new();
    let invariants = Invariants::watch(&tree);
    assert_eq!(invariants.outside.changes(), [""; 0]);
    fs::write(tree.root().join("canary"), "touched\n").unwrap();
    assert!(invariants.outside.changes().pop().unwrap().contains("canary"));
}

#[test]
fn what_is_said_on_stderr_is_read() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run(""));
    let script = "for i in 1 2 3 4 5 6 7; do echo again >&2; done; echo thread panicked at x >&2";
    let mut running = shell(&tree, &web, script);
    assert_eq!(running.wait(), Ok(0));
    assert_eq!(outside::repeated(tree.root(), 1), ["7 times: again"]);
    assert_eq!(outside::repeated(tree.root(), 2), [""; 0]);
    assert_eq!(outside::panics(tree.root()), ["thread panicked at x"]);
}
