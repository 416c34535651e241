//! While one upgrade follows another: commands are obeyed, and the folder is never without its supervise.

use super::{Installation, Site, Version, Way};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use testkit::{Beacon, Invariants, TestTree, ours, status, up, wait_until};

/// Says which signals it gets, and ends at none of them. A shell misses no signal while it waits for a child, which here
/// ends with the shell: that holds the other end of its FIFO.
fn listening(beacon: &Beacon) -> String {
    let traps: String =
        ["HUP", "ALRM", "INT"].map(|name| format!("trap \"{}\" {name}\n", beacon.say(name))).concat();
    format!(
        "(trap '' HUP ALRM INT; exec cat hold) &\nexec 3>hold\n{traps}{}\nwhile :; do wait; done",
        beacon.say("ready")
    )
}

/// Becomes another file so many times, each time from the one before.
fn upgrade_often(programs: &Installation, supervise: u32, times: usize) {
    for _ in 0..times {
        programs.install("supervise", &ours("supervise"));
        kill(Pid::from_raw(i32::try_from(supervise).unwrap()), Signal::SIGUSR2).unwrap();
        wait_until("it has become the installed one", &[], || {
            programs.is_run_by(supervise, "supervise").then_some(())
        });
    }
}

#[test]
fn commands_during_fifty_upgrades_are_obeyed_one_by_one_and_the_lock_is_never_free() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let mut site = Site::in_tree(tree, |f| f.alone(&listening(&beacon)).fifo("hold"));
    assert_eq!(beacon.hear(), "ready");
    site.web.wait_for(up());
    let invariants = Invariants::watch(&site.tree);
    let (pid, supervise, since) = (site.web.pid(), site.supervise().pid(), site.status().since);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            upgrade_often(&site.programs, supervise, 50);
            done.store(true, Relaxed);
        });
        scope.spawn(|| {
            let another = site.tree.tool(&ours("supervise")).arg("web").run();
            another
                .exits(111)
                .errors("supervise: fatal: unable to acquire web/supervise/lock: temporary failure\n");
        });
        scope.spawn(|| {
            while !done.load(Relaxed) {
                let file = File::open(site.web.file("supervise/lock")).unwrap();
                let taken = Flock::lock(file, FlockArg::LockExclusiveNonblock);
                assert_eq!(taken.err().map(|(_, error)| error), Some(Errno::EAGAIN));
                assert!(site.web.is_supervised(), "svok would have said no");
            }
        });
        while !done.load(Relaxed) {
            for (option, name) in [("-h", "HUP"), ("-a", "ALRM"), ("-i", "INT")] {
                site.tree.svc([option, "web"]);
                assert_eq!(beacon.hear(), name);
            }
        }
    });
    assert!(!site.supervise().has_ended());
    assert_eq!((site.web.pid(), site.status().since), (pid, since));
    assert_eq!(site.supervise().errors(), "");
    // It ends at no TERM.
    site.tree.svc(["-dkx", "web"]);
    assert_eq!(site.supervise().wait(), Ok(0));
    drop(invariants);
}

/// What was written while nobody read is there for the next one.
#[test]
fn commands_that_wait_in_the_fifo_are_obeyed_by_the_next_program() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    site.web.wait_for(up());
    let (pid, supervise) = (site.web.pid(), site.supervise().pid());
    site.supervise().signal(Signal::SIGSTOP);
    site.supervise().signal(Signal::SIGUSR2);
    for letters in ["-o", "-p", "-c", "-p"] {
        site.tree.svc([letters, "web"]);
    }
    kill(Pid::from_raw(i32::try_from(supervise).unwrap()), Signal::SIGCONT).unwrap();
    site.web.wait_for(status("wanted once, and paused", |status| {
        status.paused && status.want == protocol::status::Want::Once
    }));
    assert_eq!(site.web.pid(), pid);
    site.end().for_each(drop);
}

#[test]
fn twenty_upgrades_need_nothing_more_and_the_service_learns_nothing_of_them() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let finished = tree.beacon("finish");
    let mut site = Site::in_tree(tree, |f| {
        f.run(&format!("{beacon}\nexec sleep 1000")).script("finish", &finished.to_string())
    });
    let _ = beacon.next();
    site.web.wait_for(up());
    let invariants = Invariants::watch(&site.tree);
    // Once before what is needed is noted: an upgraded one holds what it was given, at other numbers.
    site.change(Way::Upgrade, Version::This);
    invariants.at_rest();
    let supervise = site.supervise().pid();
    upgrade_often(&site.programs, supervise, 20);
    invariants.hold();
    let is_kept = |variable: &String| variable.starts_with("UPKEEP_KEPT=");
    let own = testkit::process::environment(supervise);
    assert_eq!(own.iter().filter(|variable| is_kept(variable)).count(), 1, "it does not pile up");
    site.tree.svc(["-t", "web"]);
    for start in [finished.next(), beacon.next()] {
        assert!(!start.environment.contains_key("UPKEEP_KEPT"), "{start:?}");
    }
    site.web.wait_for(up());
    // Its shell has others for a moment, while it tells of itself.
    site.web.wait_until("it has the standard three alone", |web| {
        let open = testkit::process::descriptors(web.pid());
        open.into_iter().map(|(number, _)| number).eq([0, 1, 2]).then_some(())
    });
    assert_eq!(site.supervise().errors(), "");
    site.end().for_each(drop);
}
