//! In each phase: the wish, the pause, the spacing and the next start come back.

use super::{Succession, gate, phase, signal, stubborn};
use nix::sys::signal::Signal;
use protocol::status::{Phase, Want};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use testkit::{Invariants, TestTree, Tool, down, ours, process, resting, status, up, wait_until};

/// Begins to watch a service that is up.
#[track_caller]
fn watched(succession: &Succession) -> (Invariants, u32) {
    let invariants = Invariants::watch(&succession.tree);
    succession.web.wait_for(up());
    invariants.at_rest();
    (invariants, succession.web.pid())
}

#[test]
fn while_it_is_paused() {
    let mut succession = Succession::new(|f| f.alone("exec sleep 1000"));
    let web = succession.web.clone();
    let (invariants, pid) = watched(&succession);
    succession.tree.svc(["-p", "web"]);
    web.wait_for(status("paused", |status| status.paused));
    succession.adopt(pid);
    assert!(web.status().unwrap().paused);
    wait_until("it is stopped", &[], || (process::state(pid) == Some('T')).then_some(()));
    invariants.hold();
    succession.tree.svc(["-c", "web"]);
    web.wait_for(status("not paused", |status| !status.paused));
    wait_until("it goes on", &[], || (process::state(pid) == Some('S')).then_some(()));
    invariants.end(succession.end());
}

#[test]
fn while_it_is_down_by_command() {
    let mut succession = Succession::new(|f| f.alone("exec sleep 1000"));
    let web = succession.web.clone();
    let (invariants, _) = watched(&succession);
    succession.tree.svc(["-d", "web"]);
    web.wait_for(down());
    let since = web.status().unwrap().since;
    for _ in 0..3 {
        succession.succeed();
        let status = web.status().unwrap();
        assert_eq!((status.want, status.pid, status.since), (Want::Down, None, since));
    }
    invariants.hold();
    succession.tree.svc(["-u", "web"]);
    web.wait_for(up());
    invariants.end(succession.end());
}

#[test]
fn while_it_is_wanted_down_and_has_not_gone() {
    let tree = TestTree::new();
    let (beacon, run) = stubborn(&tree);
    let mut succession = Succession::in_tree(tree, |f| f.alone(&run).fifo("gate"));
    let web = succession.web.clone();
    let mut gate = gate(&web);
    let (invariants, pid) = watched(&succession);
    assert_eq!(beacon.hear(), "it ignores TERM");
    succession.tree.svc(["-d", "web"]);
    web.wait_for(status("wanted down", |status| status.want == Want::Down));
    succession.adopt(pid);
    assert_eq!(web.status().unwrap().want, Want::Down);
    gate.write_all(b"go\n").unwrap();
    web.wait_for(down());
    invariants.end(succession.end());
}

#[test]
fn while_it_runs_once() {
    let mut succession = Succession::new(|f| f.alone("read line <gate").fifo("gate").down());
    let web = succession.web.clone();
    let mut gate = gate(&web);
    let invariants = Invariants::watch(&succession.tree);
    web.wait_for(down());
    succession.tree.svc(["-o", "web"]);
    web.wait_for(up());
    invariants.at_rest();
    let pid = web.pid();
    succession.adopt(pid);
    assert_eq!(web.status().unwrap().want, Want::Once);
    gate.write_all(b"go\n").unwrap();
    web.wait_for(down());
    succession.succeed();
    web.wait_for(down());
    invariants.end(succession.end());
}

#[test]
fn while_it_rests() {
    let mut succession = Succession::new(|f| f.alone("exit 1"));
    let web = succession.web.clone();
    let invariants = Invariants::watch(&succession.tree).may_rest(["web"]);
    // Each start at once doubles the spacing, up to 16 s: then nothing is due while this test looks.
    for starts in 1..=6 {
        web.wait_for(status("resting after a start", move |status| {
            status.detail.as_ref().is_some_and(|it| it.starts >= starts && it.phase == Phase::Resting)
        }));
        succession.tree.svc(["-u", "web"]);
    }
    web.wait_until("it rests for long", |web| {
        web.status()?.detail.filter(|it| it.starts == 7 && it.phase == Phase::Resting)
    });
    let before = web.status().unwrap().detail.unwrap();
    assert_eq!(before.spacing, 16_000_000_000);
    succession.succeed();
    web.wait_for(resting());
    let after = web.status().unwrap().detail.unwrap();
    assert_eq!((after.next_start, after.spacing), (before.next_start, before.spacing));
    assert_eq!((after.starts, after.last), (before.starts, before.last));
    succession.tree.svc(["-u", "web"]);
    web.wait_for(status("started at once", move |status| {
        status.detail.as_ref().is_some_and(|it| it.starts > before.starts)
    }));
    invariants.end(succession.end());
}

#[test]
fn while_finish_runs() {
    let mut succession = Succession::new(|f| {
        let finish = "echo \"$@\" >>finished\nread line <gate";
        f.alone("exec sleep 1000").script("finish", finish).fifo("gate").file("timeout-finish", "0\n")
    });
    let web = succession.web.clone();
    let mut gate = gate(&web);
    let (invariants, pid) = watched(&succession);
    signal(pid, Signal::SIGKILL);
    let finished = wait_until("finish runs", &[web.path()], || {
        fs::read_to_string(web.file("finished")).ok().filter(|line| line.ends_with('\n'))
    });
    assert_eq!(finished, format!("256 9 web {pid}\n"));
    web.wait_for(phase(Phase::Finishing));
    for _ in 0..3 {
        succession.succeed();
        assert_eq!(web.status().unwrap().pid, None);
        web.wait_for(phase(Phase::Finishing));
    }
    gate.write_all(b"go\n").unwrap();
    web.wait_for(up());
    assert_eq!(fs::read_to_string(web.file("finished")).unwrap(), finished);
    // The next end, which comes with the end of the test, needs no gate.
    fs::remove_file(web.file("finish")).unwrap();
    invariants.end(succession.end());
}

/// Our programs, with a runas that waits until `gate` is written to.
fn slow_programs(tree: &TestTree) -> PathBuf {
    let programs = tree.root().join("programs");
    fs::create_dir(&programs).unwrap();
    fs::copy(ours("supervise"), programs.join("supervise")).unwrap();
    let runas = ours("runas");
    let script = format!("#!/bin/sh\nread line <gate\nexec '{}' \"$@\"\n", runas.display());
    fs::write(programs.join("runas"), script).unwrap();
    let run = |arguments: &[&str]| Tool::new(Path::new("/bin/chmod")).args(arguments).dir(&programs).run();
    run(&["755", "runas", "."]).exits(0);
    programs.join("supervise")
}

#[test]
fn while_it_starts() {
    let tree = TestTree::new();
    let supervise = slow_programs(&tree);
    let web = tree.folder("web", |f| f.alone("exec sleep 1000").user("-").fifo("gate"));
    let mut gate = gate(&web);
    let invariants = Invariants::watch(&tree);
    let start = || tree.launch(&supervise).arg("web").start();
    let mut supervises = vec![start()];
    web.wait_for(phase(Phase::Starting));
    let pid = web.status().unwrap().pid.unwrap().get();
    wait_until("runas waits", &[], || (process::name(pid)? == "runas").then_some(()));
    for _ in 0..3 {
        let last = supervises.last_mut().unwrap();
        last.signal(Signal::SIGKILL);
        assert_eq!(last.wait(), Err(9));
        supervises.push(start());
        let last = supervises.last().unwrap();
        web.wait_for(super::kept_by(last.pid()));
        assert_eq!(web.pid(), pid);
    }
    gate.write_all(b"go\n").unwrap();
    wait_until("run runs", &[], || (process::name(pid)? == "sleep").then_some(()));
    web.wait_for(up());
    assert_eq!(web.pid(), pid);
    invariants.end(supervises.into_iter().rev());
}
