//! What is kept, in each phase: the process, the wish, the pause, the spacing and what is due.

use super::{Site, Version, Way, lines};
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use protocol::status::{Leaving, Phase, Want};
use std::fs;
use sys::process::Ending;
use testkit::{Invariants, down, process, resting, status, up, wait_until};

fn watched(site: &Site) -> (Invariants, u32) {
    let invariants = Invariants::watch(&site.tree);
    site.web.wait_for(up());
    invariants.at_rest();
    (invariants, site.web.pid())
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// Ends by the gate, with the exit code that is written to it.
const GATED: &str = "read code <gate\nexit $code";

#[test]
fn a_service_runs_on_and_its_true_exit_status_is_told() {
    let mut site =
        Site::new(|f| f.alone(GATED).script("finish", "echo \"$1 $2 $4\" >>finished").fifo("gate"));
    let (invariants, pid) = watched(&site);
    for version in [Version::Next, Version::This] {
        site.change(Way::Upgrade, version);
    }
    assert_eq!(site.web.pid(), pid);
    fs::write(site.web.file("gate"), "7\n").unwrap();
    assert_eq!(lines(&site.web.file("finished"), 1), [format!("7 0 {pid}")]);
    site.web.wait_for(status("told", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.last == Some(Ending::Exited(7)))
    }));
    fs::remove_file(site.web.file("finish")).unwrap();
    invariants.end(site.end());
}

#[test]
fn a_child_stays_a_child_and_is_reaped() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    let (invariants, pid) = watched(&site);
    for version in [Version::Next, Version::This] {
        site.change(Way::Upgrade, version);
        assert_eq!(process::parent(pid), Some(site.supervise().pid()));
    }
    assert_eq!(site.supervise().errors(), "", "nothing was adopted: it never was anybody else's");
    signal(pid, Signal::SIGSEGV);
    site.web.wait_for(status("another", move |status| status.pid.is_some_and(|it| it.get() != pid)));
    let last = site.status().detail.unwrap().last;
    assert_eq!(last, Some(Ending::Killed(11)));
    invariants.end(site.end());
}

/// Both signals wait while supervise is stopped, and it is told to become another first.
#[test]
fn a_service_that_ends_during_the_exec_is_started_again() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    let (invariants, pid) = watched(&site);
    let supervise = site.supervise().pid();
    site.supervise().signal(Signal::SIGSTOP);
    signal(pid, Signal::SIGKILL);
    site.supervise().signal(Signal::SIGUSR2);
    wait_until("it has ended", &[], || (process::state(pid) == Some('Z')).then_some(()));
    signal(supervise, Signal::SIGCONT);
    site.web.wait_for(status("another", move |status| status.pid.is_some_and(|it| it.get() != pid)));
    assert_eq!(site.status().detail.unwrap().last, Some(Ending::Killed(9)));
    invariants.end(site.end());
}

#[test]
fn while_it_runs() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    let (invariants, pid) = watched(&site);
    site.change_to_and_fro();
    assert_eq!(site.web.pid(), pid);
    invariants.end(site.end());
}

#[test]
fn while_it_is_paused() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    let (invariants, pid) = watched(&site);
    site.tree.svc(["-p", "web"]);
    site.web.wait_for(status("paused", |status| status.paused));
    site.change_to_and_fro();
    wait_until("it is stopped", &[], || (process::state(pid) == Some('T')).then_some(()));
    site.tree.svc(["-c", "web"]);
    wait_until("it goes on", &[], || (process::state(pid) == Some('S')).then_some(()));
    invariants.end(site.end());
}

#[test]
fn while_it_is_down() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    let (invariants, _) = watched(&site);
    site.tree.svc(["-d", "web"]);
    site.web.wait_for(down());
    site.change_to_and_fro();
    site.tree.svc(["-u", "web"]);
    site.web.wait_for(up());
    invariants.end(site.end());
}

#[test]
fn while_it_runs_once() {
    let mut site = Site::new(|f| f.alone(GATED).fifo("gate").down());
    let invariants = Invariants::watch(&site.tree);
    site.web.wait_for(down());
    site.tree.svc(["-o", "web"]);
    site.web.wait_for(up());
    site.change_to_and_fro();
    assert_eq!(site.status().want, Want::Once);
    fs::write(site.web.file("gate"), "0\n").unwrap();
    site.web.wait_for(down());
    invariants.end(site.end());
}

#[test]
fn while_it_is_told_to_end_and_will_be_killed_later() {
    let mut site =
        Site::new(|f| f.alone("trap '' TERM\nread line <gate").fifo("gate").file("timeout-kill", "1000s\n"));
    let (invariants, _) = watched(&site);
    site.tree.svc(["-d", "web"]);
    site.web.wait_for(status("told", |status| status.terminated));
    assert!(site.status().detail.unwrap().kill_at.is_some());
    site.change_to_and_fro();
    fs::write(site.web.file("gate"), "go\n").unwrap();
    site.web.wait_for(down());
    fs::write(site.web.file("run"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    site.tree.svc(["-u", "web"]);
    invariants.end(site.end());
}

#[test]
fn while_supervise_is_to_leave() {
    let mut site = Site::new(|f| f.alone("trap '' TERM\nread line <gate").fifo("gate"));
    let (invariants, pid) = watched(&site);
    site.supervise().signal(Signal::SIGTERM);
    site.web.wait_for(status("told", |status| status.terminated));
    for (way, version) in super::CHANGES {
        site.change(way, version);
        // It leaves when the service is down; that TERM said again would kill is for the one that was told.
        assert_ne!(site.status().detail.unwrap().leaving, Leaving::No);
        assert_eq!((site.web.pid(), site.status().want), (pid, Want::Down));
    }
    fs::write(site.web.file("gate"), "go\n").unwrap();
    assert_eq!(site.supervise().wait(), Ok(0));
    assert!(!process::is_alive(pid) && site.status().detail.unwrap().leaving == Leaving::Left);
    drop(invariants);
}

#[test]
fn while_it_rests() {
    let mut site = Site::new(|f| f.alone("exit 1"));
    let invariants = Invariants::watch(&site.tree).may_rest(["web"]);
    // Each start at once doubles the spacing, up to 16 s: then nothing is due while this test looks.
    for starts in 1..=6 {
        site.web.wait_for(status("resting after a start", move |status| {
            status.detail.as_ref().is_some_and(|it| it.starts >= starts && it.phase == Phase::Resting)
        }));
        site.tree.svc(["-u", "web"]);
    }
    site.web.wait_for(status("resting for long", |status| {
        status.detail.as_ref().is_some_and(|it| it.starts == 7 && it.phase == Phase::Resting)
    }));
    assert_eq!(site.status().detail.unwrap().spacing, 16_000_000_000);
    site.change_to_and_fro();
    site.web.wait_for(resting());
    invariants.end(site.end());
}

#[test]
fn while_finish_runs() {
    let finish = "echo \"$@\" >>finished\nread code <gate";
    let mut site = Site::new(|f| {
        let f = f.alone("exec sleep 1000").script("finish", finish).fifo("gate");
        f.file("timeout-finish", "1000s\n")
    });
    let (invariants, pid) = watched(&site);
    signal(pid, Signal::SIGKILL);
    let finished = lines(&site.web.file("finished"), 1);
    assert_eq!(finished, [format!("256 9 web {pid}")]);
    site.wait_for_phase(Phase::Finishing);
    site.change_to_and_fro();
    fs::remove_file(site.web.file("finish")).unwrap();
    fs::write(site.web.file("gate"), "0\n").unwrap();
    site.web.wait_for(up());
    assert_eq!(lines(&site.web.file("finished"), 1), finished);
    invariants.end(site.end());
}

/// What run leaves behind, whose pid it writes down. It does not keep the lock of [`testkit::Folder::alone`].
fn leaving(how: &str) -> String {
    format!("{} {how} sleep 1000 8>&- &\necho $! >>left\nexit 0", testkit::invariants::LEFT_BEHIND.trim())
}

/// Whether nothing was started, and the one that is waited for lives.
#[track_caller]
fn is_waited_for(site: &Site, left: u32) {
    site.wait_for_phase(Phase::Clearing);
    assert!(process::is_alive(left));
    assert_eq!(lines(&site.web.file("left"), 1).len(), 1, "it was not started again");
}

#[test]
fn while_what_was_left_behind_is_waited_for() {
    let mut site = Site::new(|f| f.alone(&leaving("")).file("leftovers", "wait\n"));
    let left = lines(&site.web.file("left"), 1)[0].parse().unwrap();
    site.wait_for_phase(Phase::Clearing);
    for (way, version) in super::CHANGES {
        site.change(way, version);
        is_waited_for(&site, left);
    }
    fs::write(site.web.file("run"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    signal(left, Signal::SIGKILL);
    site.web.wait_for(up());
    site.end().for_each(drop);
}

#[test]
fn a_service_in_the_background_is_not_started_beside_itself() {
    let mut site = Site::new(|f| f.alone(&leaving("setsid")));
    let left = lines(&site.web.file("left"), 1)[0].parse().unwrap();
    site.wait_for_phase(Phase::Clearing);
    for version in [Version::Next, Version::This] {
        site.change(Way::Upgrade, version);
        is_waited_for(&site, left);
    }
    site.tree.svc(["-d", "web"]);
    site.web.wait_for(down());
    wait_until("it was told to end", &[], || (!process::is_alive(left)).then_some(()));
    site.end().for_each(drop);
}

#[test]
fn the_reason_of_a_start_that_failed_is_kept() {
    let mut site = Site::new(|f| f.run("exec sleep 1000").user("nobody-of-that-name"));
    site.web.wait_for(testkit::failed("nobody-of-that-name"));
    site.tree.svc(["-d", "web"]);
    site.web.wait_for(down());
    site.change_to_and_fro();
    assert!(site.tree.svstat("web").contains("nobody-of-that-name"));
    site.end().for_each(drop);
}
