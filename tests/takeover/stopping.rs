//! There is an end to everything: whatever does not do what it is told, and whoever dies meanwhile.

use super::{all_end, killed, pids, send};
use crate::asked::Chance;
use crate::svscan::watching;
use nix::sys::signal::Signal;
use std::path::Path;
use std::time::{Duration, Instant};
use testkit::{TestTree, needs_root, not_supervised, process, skip, status, up, wait_until};

#[test]
fn a_logger_that_never_empties_its_pipe_is_killed_by_the_second_term() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| f.run("echo unread\nexec sleep 1000").log("exec sleep 1000"));
    let logger = pids(&web.log());
    web.wait_for(up());
    svscan.signal(Signal::SIGTERM);
    web.wait_for(not_supervised());
    web.log().wait_for(status("to end with its input", |status| status.want != protocol::status::Want::Up));
    assert!(logger.into_iter().all(process::is_alive) && !svscan.has_ended());
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    assert!(!logger.into_iter().any(process::is_alive));
}

#[test]
fn a_supervise_that_was_stopped_is_waked_to_do_what_it_is_told() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
    let [service, logger] = [pids(&web), pids(&web.log())];
    for [supervise, _] in [service, logger] {
        send(supervise, Signal::SIGSTOP);
    }
    svscan.stop();
    assert!(!service.into_iter().chain(logger).any(process::is_alive));
}

#[test]
fn a_supervise_that_does_nothing_at_all_is_killed_with_its_service() {
    if !Path::new("/usr/bin/strace").exists() {
        return skip("it needs strace");
    }
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let [supervise, service] = pids(&web);
    // Its next wait takes a quarter of an hour, and nothing wakes it from that.
    let mut strace = tree.launch(Path::new("/usr/bin/strace"));
    for argument in ["-p", &supervise.to_string(), "-e", "trace=ppoll", "-e", "inject=ppoll:delay_enter=900s"]
    {
        strace = strace.arg(argument);
    }
    let mut strace = strace.start();
    strace.wait_for_errors("attached");
    send(supervise, Signal::SIGUSR1);
    wait_until("it hangs", &[], || (process::state(supervise) == Some('t')).then_some(()));
    svscan.signal(Signal::SIGTERM);
    svscan.signal(Signal::SIGINT);
    all_end(&[service]);
    // Until then, it has not let go of what is killed.
    strace.signal(Signal::SIGKILL);
    let _ = strace.wait();
    assert_eq!(svscan.wait(), Ok(0));
    assert!(!process::is_alive(supervise));
}

#[test]
fn a_supervise_that_is_killed_while_it_stops_leaves_no_service_behind() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let said = beacon.say("TERM").replace('\'', "\"");
    let run = format!("trap '{said}' TERM\nsleep 1000 &\n{beacon}\nwhile :; do wait; done");
    let web = tree.folder("web", |f| f.run(&run));
    let _ = beacon.next();
    let [supervise, service] = pids(&web);
    let sleeping = process::children(service);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(beacon.hear(), "TERM");
    send(supervise, Signal::SIGKILL);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    assert!(!process::is_alive(service));
    sleeping.into_iter().filter(|pid| process::is_alive(*pid)).for_each(|pid| send(pid, Signal::SIGKILL));
}

/// Wherever it is met, and wherever the supervises are at that moment.
#[test]
fn killed_at_any_instant_and_stopped_by_the_next_one_nothing_is_left() {
    const SEED: u64 = 7;
    let tree = TestTree::new();
    for name in 0..6 {
        tree.folder(&format!("s{name}"), |f| f.run("exec sleep 1000").log("exec cat"));
    }
    let mut chance = Chance::new(SEED);
    for _ in 0..40 {
        let first = tree.svscan();
        let instant = Instant::now() + Duration::from_micros(chance.below(40_000).try_into().unwrap());
        while Instant::now() < instant {
            std::hint::spin_loop();
        }
        let first = killed(first);
        let mut second = watching(tree.svscan());
        second.signal(Signal::SIGTERM);
        assert_eq!(second.wait(), Ok(0), "seed {SEED}");
        second.stop();
        first.stop();
    }
}
