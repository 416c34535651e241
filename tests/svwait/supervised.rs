//! With services that our supervise keeps.

use super::*;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{supervised as is_supervised, theirs};

/// A service that is ready when the test says so, through a FIFO of its own.
fn gated(f: Folder) -> Folder {
    f.fifo("gate").file("notification-fd", "3\n").run("read line <gate; echo >&3; exec sleep 1000")
}

fn open_gate(service: &Service) {
    fs::write(service.file("gate"), "open\n").unwrap();
}

#[test]
fn ready_is_more_than_up() {
    let tree = TestTree::new();
    let web = tree.folder("web", gated);
    let _supervise = tree.supervise("web");
    call(&tree, ["-u", "web"]).run().exits(0);
    let mut waiting = svwait(&tree, ["-U", "web"]);
    until_waiting(&web, 1);
    still_waits(&waiting, &web);
    open_gate(&web);
    assert_eq!(waiting.wait(), Ok(0));
    assert_eq!(waiting.errors(), "");
}

#[test]
fn really_down_is_after_finish() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| {
        f.run("exec sleep 1000")
            .fifo("gate")
            .script("finish", "read line <gate")
            .file("timeout-finish", "0\n")
    });
    let _supervise = tree.supervise("web");
    call(&tree, ["-u", "web"]).run().exits(0);
    let (mut down, mut really) = (svwait(&tree, ["-d", "web"]), svwait(&tree, ["-D", "web"]));
    until_waiting(&web, 2);
    tree.svc(["-d", "web"]);
    assert_eq!(down.wait(), Ok(0));
    still_waits(&really, &web);
    open_gate(&web);
    assert_eq!(really.wait(), Ok(0));
}

#[test]
fn restarted_is_another_run_and_ready_is_said_anew() {
    let tree = TestTree::new();
    let web = tree.folder("web", gated);
    let _supervise = tree.supervise("web");
    open_gate(&web);
    call(&tree, ["-U", "web"]).run().exits(0);
    let first = web.pid();
    let (mut restarted, mut and_ready) = (svwait(&tree, ["-r", "web"]), svwait(&tree, ["-R", "web"]));
    until_waiting(&web, 2);
    tree.svc(["-t", "web"]);
    assert_eq!(restarted.wait(), Ok(0));
    assert_ne!(web.pid(), first);
    still_waits(&and_ready, &web);
    open_gate(&web);
    assert_eq!(and_ready.wait(), Ok(0));
}

#[test]
fn a_finish_that_keeps_it_down_is_a_permanent_failure() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exit 1").script("finish", "exit 125").down());
    let _supervise = tree.supervise("web");
    web.wait_for(is_supervised());
    let mut waiting = svwait(&tree, ["-R", "web"]);
    until_waiting(&web, 1);
    fs::write(web.file("notification-fd"), "3\n").unwrap();
    tree.svc(["-u", "web"]);
    assert_eq!(waiting.wait(), Ok(1));
}

#[test]
fn one_that_is_told_to_leave_is_not_waited_for() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").down());
    let _supervise = tree.supervise("web");
    web.wait_for(is_supervised());
    let mut waiting = svwait(&tree, ["-u", "web"]);
    until_waiting(&web, 1);
    tree.svc(["-x", "web"]);
    assert_eq!(waiting.wait(), Ok(102));
}

#[test]
fn a_supervise_that_comes_later_is_waited_for() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let mut waiting = svwait(&tree, ["web"]);
    until_waiting(&web, 1);
    let _supervise = tree.supervise("web");
    assert_eq!(waiting.wait(), Ok(0));
    assert_eq!(waiting.errors(), "svwait: warning: no supervise runs for web yet\n");
}

/// The next one takes over what runs: that it is up is neither an end of the waiting for its restart nor a fault.
#[test]
fn a_supervise_that_is_killed_comes_back_and_is_waited_for() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let _svscan = tree.svscan();
    web.wait_for(testkit::up());
    let run = web.pid();
    let mut again = svwait(&tree, ["-r", "web"]);
    let mut gone = svwait(&tree, ["-d", "web"]);
    until_waiting(&web, 2);
    let supervise = || web.status().unwrap().detail.unwrap().supervise.unwrap().pid.get();
    let first = supervise();
    kill(Pid::from_raw(first.try_into().unwrap()), Signal::SIGKILL).unwrap();
    web.wait_until("there is another one", |_| (supervise() != first).then_some(()));
    web.wait_for(testkit::up());
    still_waits(&again, &web);
    still_waits(&gone, &web);
    assert_eq!(web.pid(), run);
    tree.svc(["-t", "web"]);
    assert_eq!((again.wait(), gone.wait()), (Ok(0), Ok(0)));
    assert_ne!(web.pid(), run);
}

/// A supervise that dies while a service dies: what its record says was true once.
#[test]
fn one_that_was_killed_with_its_service_is_not_believed() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let mut supervise = tree.supervise("web");
    web.wait_for(testkit::up());
    let run = web.pid();
    supervise.signal(Signal::SIGKILL);
    let _ = supervise.wait();
    kill(Pid::from_raw(run.try_into().unwrap()), Signal::SIGKILL).unwrap();
    let mut waiting = svwait(&tree, ["-u", "web"]);
    until_waiting(&web, 1);
    still_waits(&waiting, &web);
    let _next = tree.supervise("web");
    assert_eq!(waiting.wait(), Ok(0));
    assert_ne!(web.pid(), run);
}

/// The event comes before, while and after each of them looks.
#[test]
fn an_event_is_never_missed_however_it_meets_with_the_look() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let _supervise = tree.supervise("web");
    call(&tree, ["-u", "web"]).run().exits(0);
    for _ in 0..30 {
        for option in ["-d", "-u"] {
            let early = many(&tree, 3, [option, "web"]);
            let mut svc = tree.tool(&ours("svc")).args([option, "web"]);
            let mut svc = svc.command().spawn().unwrap();
            let late = many(&tree, 3, [option, "web"]);
            assert_eq!(failures([early, late].into_iter().flatten().collect()), []);
            assert!(svc.wait().unwrap().success());
        }
    }
    assert_eq!(waiters(&web), [""; 0]);
}

#[test]
fn three_hundred_end_at_one_event_of_a_supervise() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").down());
    let _supervise = tree.supervise("web");
    web.wait_for(is_supervised());
    let waiting = many(&tree, 300, ["web"]);
    until_waiting(&web, 300);
    tree.svc(["-u", "web"]);
    assert_eq!(failures(waiting), []);
}

#[test]
fn the_fifo_of_one_that_was_killed_is_removed_by_the_next_event_of_a_supervise() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let _supervise = tree.supervise("web");
    web.wait_for(testkit::up());
    let mut killed = svwait(&tree, ["-d", "web"]);
    until_waiting(&web, 1);
    killed.signal(Signal::SIGKILL);
    let _ = killed.wait();
    assert_eq!(waiters(&web).len(), 1);
    tree.svc(["-d", "web"]);
    until_waiting(&web, 0);
}

/// As a run script orders itself: what is behind `--` is started when the other one is ready, and is the service then.
#[test]
fn a_run_script_waits_for_another_service_and_becomes_the_program() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let db = tree.folder("db", gated);
    // Or svwait would say that nobody keeps it yet.
    db.wait_for(testkit::supervised());
    let beacon = tree.beacon("web");
    let svwait = ours("svwait");
    let web = tree.folder("web", |f| {
        let real = format!("{beacon}\nexec sleep 1000");
        f.script("real", &real)
            .run(&format!("exec {} -U -t 30s db -- ./real with arguments", svwait.display()))
    });
    until_waiting(&db, 1);
    web.wait_for(testkit::up());
    assert!(beacon.told().is_none());
    let run = web.pid();
    open_gate(&db);
    let start = beacon.next();
    assert_eq!(start.pid, run);
    assert_eq!(start.arguments, ["./real", "with", "arguments"]);
    assert_eq!(waiters(&db), [""; 0]);
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_run_script_whose_wait_fails_fails() {
    let tree = TestTree::new();
    let svwait = ours("svwait");
    let web = tree.folder("web", |f| {
        f.run(&format!("exec {} nosuch -- ./real", svwait.display()))
            .script("real", "touch started; exec sleep 1000")
            .script("finish", "echo \"$1\" >code; exit 125")
    });
    let svscan = tree.svscan();
    web.wait_until("finish was told how it ended", |web| {
        fs::read_to_string(web.file("code")).ok().filter(|code| code.ends_with('\n'))
    });
    assert_eq!(fs::read_to_string(web.file("code")).unwrap(), "111\n");
    assert!(!web.file("started").exists());
    svscan
        .wait_for_errors("svwait: fatal: unable to find nosuch, sought as ../nosuch: file does not exist\n");
}

#[test]
fn debians_supervise_tells_no_events() {
    let Some(theirs) = theirs("supervise") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let _supervise = tree.launch(&theirs).arg("web").stop_by_control(web.path()).start();
    web.wait_for(testkit::up());
    call(&tree, ["web"]).run().exits(111).errors(
        "svwait: fatal: unable to wait for web: its supervise is another program's, which tells no events\n",
    );
}
