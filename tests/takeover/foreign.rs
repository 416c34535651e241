//! A tree that daemontools or runit has run, and whose svscan or runsvdir is replaced by ours: what runs is left alone until it
//! ends, and is ours then.

use super::{Flow, all_end, killed, send};
use crate::svscan::watching;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use testkit::{Running, Service, TestTree, process, supervised, theirs, wait_until};

const ONE: &str = "svscan: info: took over 1 running service, 1 of them under another supervise\n";

/// Starts a svscan or runsvdir of theirs on the tree.
fn start(tree: &TestTree, program: &Path) -> Running {
    tree.launch(program).arg(tree.services()).start()
}

/// The pid of a service under whatever supervise it has, and the supervise's.
#[track_caller]
fn pids(service: &Service) -> [u32; 2] {
    let pid = service.wait_until("run runs", |service| {
        let pid = service.status()?.pid?.get();
        (service.is_supervised() && process::is_alive(pid)).then_some(pid)
    });
    [process::parent(pid).unwrap(), pid]
}

/// Waits until a supervise of ours has it, below that svscan; returns its pids.
#[track_caller]
fn ours_has(service: &Service, svscan: &Running) -> [u32; 2] {
    service.wait_until("it runs under ours", |service| {
        let status = service.status()?;
        let supervise = status.detail?.supervise?.pid.get();
        (process::parent(supervise)? == svscan.pid()).then_some([supervise, status.pid?.get()])
    })
}

#[test]
fn services_and_loggers_of_daemontools_go_on_and_become_ours_together() {
    let Some(program) = theirs("svscan") else { return };
    let tree = TestTree::new();
    let mut flow = Flow::new(&tree, "web");
    let first = start(&tree, &program);
    let (service, logger) = (pids(&flow.web), pids(&flow.web.log()));
    flow.feed();
    flow.arrives();
    let _first = killed(first);
    flow.feed();
    let svscan = watching(tree.svscan());
    svscan.wait_for_errors(ONE);
    flow.feed();
    flow.arrives();
    assert_eq!((pids(&flow.web), pids(&flow.web.log())), (service, logger));
    assert!(process::children(svscan.pid()).is_empty());
    // The service ends for good. What it has written is in a pipe that only the old ones know.
    send(logger[1], Signal::SIGSTOP);
    flow.feed();
    wait_until("the old pipe has the lines", &[], || is_fed(logger[1]).then_some(()));
    tree.svc(["-dx", "web"]);
    all_end(&service);
    let ours = ours_has(&flow.web, &svscan);
    flow.feed();
    assert!(process::is_alive(logger[0]), "it is to read its pipe to the end");
    send(logger[1], Signal::SIGCONT);
    all_end(&logger);
    ours_has(&flow.web.log(), &svscan);
    flow.feed();
    flow.arrives();
    assert_eq!(pids(&flow.web), ours);
    assert_eq!(svscan.errors(), ONE);
}

/// Whether something waits in the stdin of a process.
fn is_fed(pid: u32) -> bool {
    let stdin = fs::File::open(format!("/proc/{pid}/fd/0")).unwrap();
    let mut asked = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    poll(&mut asked, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}

#[test]
fn a_logger_of_daemontools_that_ends_first_is_replaced_at_its_pipe() {
    let Some(program) = theirs("svscan") else { return };
    let tree = TestTree::new();
    let mut flow = Flow::new(&tree, "web");
    let first = start(&tree, &program);
    let (service, logger) = (pids(&flow.web), pids(&flow.web.log()));
    let _first = killed(first);
    let svscan = watching(tree.svscan());
    svscan.wait_for_errors(ONE);
    logger.into_iter().for_each(|pid| send(pid, Signal::SIGKILL));
    all_end(&logger);
    flow.feed();
    flow.arrives();
    assert_eq!(pids(&flow.web), service, "it got no EPIPE");
    // A svscan that comes later finds it so, and another one is not needed to end it.
    let between = ours_has(&flow.web.log(), &svscan);
    let _second = killed(svscan);
    let svscan = watching(tree.svscan());
    svscan.wait_for_errors(ONE);
    flow.feed();
    flow.arrives();
    assert_eq!((pids(&flow.web), pids(&flow.web.log())), (service, between));
    service.into_iter().for_each(|pid| send(pid, Signal::SIGKILL));
    ours_has(&flow.web, &svscan);
    all_end(&between);
    ours_has(&flow.web.log(), &svscan);
    flow.feed();
    flow.arrives();
    assert_eq!(svscan.errors(), ONE);
}

#[test]
fn a_tree_of_daemontools_is_stopped_and_its_last_words_are_logged() {
    let Some(program) = theirs("svscan") else { return };
    let tree = TestTree::new();
    let out = tree.root().join("out");
    let run = "trap 'seq 2000; kill $!; exit' TERM\necho first\nsleep 1000 &\nwait";
    let logger = format!("while read -r line; do echo \"$line\"; done >>'{}'", out.display());
    let web = tree.folder("web", |f| f.run(run).log(&logger));
    let first = start(&tree, &program);
    let before = [pids(&web), pids(&web.log())].concat();
    wait_until("it has begun", &[tree.root()], || {
        (fs::read_to_string(&out).ok()? == "first\n").then_some(())
    });
    let _first = killed(first);
    let mut svscan = watching(tree.svscan());
    svscan.wait_for_errors(ONE);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    assert!(!before.into_iter().any(process::is_alive));
    let expected = (1..=2000).fold("first\n".to_owned(), |text, number| format!("{text}{number}\n"));
    assert_eq!(fs::read_to_string(&out).unwrap(), expected);
}

#[test]
fn what_ignores_term_under_another_supervise_is_killed_by_the_second_one() {
    let Some(program) = theirs("svscan") else { return };
    let tree = TestTree::new();
    let beacon = tree.beacon("stubborn");
    let said = beacon.say("TERM").replace('\'', "\"");
    let run = format!("trap '{said}' TERM\n{beacon}\nsleep 1000 &\nwhile :; do wait; done");
    tree.folder("stubborn", |f| f.run(&run));
    let first = start(&tree, &program);
    let pid = beacon.next().pid;
    let _first = killed(first);
    let mut svscan = watching(tree.svscan());
    svscan.wait_for_errors(ONE);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(beacon.hear(), "TERM");
    assert!(process::is_alive(pid) && !svscan.has_ended());
    let orphans = process::children(pid);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    assert!(!process::is_alive(pid));
    orphans.into_iter().for_each(|sleeping| send(sleeping, Signal::SIGKILL));
}

#[test]
fn runsv_which_has_both_is_left_alone_replaced_and_stopped() {
    let Some(program) = theirs("runsvdir") else { return };
    let tree = TestTree::new();
    let mut flow = Flow::new(&tree, "web");
    let other = tree.folder("other", |f| f.run("exec sleep 1000").log("exec cat"));
    let first = start(&tree, &program);
    let (service, logger) = (pids(&flow.web), pids(&flow.web.log()));
    assert_eq!(service[0], logger[0], "one process for both");
    let others = [pids(&other), pids(&other.log())].concat();
    flow.feed();
    flow.arrives();
    let _first = killed(first);
    let svscan = watching(tree.svscan());
    let said = "svscan: info: took over 2 running services, 2 of them under another supervise\n";
    svscan.wait_for_errors(said);
    flow.feed();
    flow.arrives();
    assert_eq!((pids(&flow.web), pids(&flow.web.log())), (service, logger));
    tree.svc(["-dx", "web"]);
    all_end(&service);
    ours_has(&flow.web, &svscan);
    ours_has(&flow.web.log(), &svscan);
    flow.feed();
    flow.arrives();
    assert_eq!(svscan.errors(), said);
    svscan.stop();
    assert!(!others.into_iter().any(process::is_alive));
}

#[test]
fn a_supervise_of_theirs_whose_process_cannot_be_held_is_known_by_its_ok() {
    let Some(program) = theirs("svscan") else { return };
    let tree = TestTree::new();
    if !testkit::needs_root() {
        return;
    }
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let first = start(&tree, &program);
    let [_, pid] = pids(&web);
    let _first = killed(first);
    // Seen from another pid namespace, nobody has a number.
    let unshare = tree.launch(Path::new("/usr/bin/unshare")).arg("--pid").arg("--fork").arg("--mount-proc");
    let mut svscan = unshare.arg(testkit::ours("svscan")).arg(tree.services()).start();
    svscan.wait_for_errors(ONE);
    assert!(process::is_alive(pid));
    tree.svc(["-dx", "web"]);
    all_end(&[pid]);
    web.wait_for(supervised());
    let inner = process::children(svscan.pid())[0];
    send(inner, Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    assert_eq!(svscan.errors(), ONE);
}
