//! Whoever dies or is replaced while somebody waits: it starts once, and when it should.

use super::{Gate, slow, supervise, waiters, waiting, waits_for};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use testkit::{Beacon, Service, TestTree, Tool, ours, process, up, wait_until};

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// A database that becomes ready when the gate is opened, and who waits for it.
fn waiting_pair(tree: &TestTree) -> (Gate, Service, Service, Beacon) {
    let (gate, beacon) = (Gate::new(tree, "db"), tree.beacon("web"));
    let db = tree.folder("db", |f| slow(f, &gate, ""));
    let web = tree.folder("web", |f| f.file("needs", "db\n").run(&format!("{beacon}\nexec sleep 1000")));
    (gate, db, web, beacon)
}

#[test]
fn a_supervise_that_is_killed_while_it_waits_is_followed_by_one_that_waits() {
    let tree = TestTree::new();
    let (gate, db, web, beacon) = waiting_pair(&tree);
    let _svscan = tree.svscan();
    waits_for(&tree, &web, "db");
    let first = supervise(&web);
    send(first, Signal::SIGKILL);
    web.wait_until("another one waits", |web| {
        let detail = web.status()?.detail?;
        (detail.supervise?.pid.get() != first && detail.note == "db").then_some(())
    });
    assert!(beacon.told().is_none());
    gate.open();
    let _ = beacon.next();
    web.wait_for(up());
    assert!(beacon.told().is_none(), "once");
    db.wait_until("what the killed one had left is gone", |db| (waiters(db) == 0).then_some(()));
}

#[test]
fn a_supervise_that_is_killed_under_what_is_needed_costs_only_time() {
    let tree = TestTree::new();
    let (gate, db, web, beacon) = waiting_pair(&tree);
    let _svscan = tree.svscan();
    waits_for(&tree, &web, "db");
    let first = supervise(&db);
    let pid = db.pid();
    send(first, Signal::SIGKILL);
    db.wait_until("another one keeps it", |db| {
        let detail = db.status()?.detail?;
        (detail.supervise?.pid.get() != first).then_some(())
    });
    assert_eq!(db.pid(), pid, "adopted");
    web.wait_for(waiting("db"));
    assert!(beacon.told().is_none(), "nobody has said that it is ready");
    // Its own descriptor went with its supervise: it is ready when it is started anew.
    gate.open();
    tree.svc(["-k", "db"]);
    gate.open();
    let _ = beacon.next();
}

/// The programs in a folder of this test's own, which can be replaced.
struct Programs<'a>(&'a TestTree);

impl Programs<'_> {
    fn install(&self, name: &str) {
        let folder = self.0.root().join("programs");
        let new = folder.join(".new");
        Tool::new(Path::new("/usr/bin/install")).arg("-D").args([ours(name), new.clone()]).run().exits(0);
        fs::rename(new, folder.join(name)).unwrap();
    }

    fn is_run_by(&self, pid: u32, name: &str) -> bool {
        let file = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
        let runs = file(Path::new(&format!("/proc/{pid}/exe")));
        runs.is_some() && runs == file(&self.0.root().join("programs").join(name))
    }
}

#[test]
fn it_waits_on_through_upgrades() {
    let tree = TestTree::new();
    let programs = Programs(&tree);
    for name in ["supervise", "svscan", "runas", "multilog"] {
        programs.install(name);
    }
    let (gate, _, web, beacon) = waiting_pair(&tree);
    let svscan = tree.launch(&tree.root().join("programs/svscan")).arg(tree.services()).start();
    waits_for(&tree, &web, "db");
    let pid = supervise(&web);
    for _ in 0..3 {
        programs.install("supervise");
        send(pid, Signal::SIGUSR2);
        wait_until("it has become the installed one", &[], || {
            programs.is_run_by(pid, "supervise").then_some(())
        });
    }
    wait_until("it rests", &[], || (process::state(pid) == Some('S')).then_some(()));
    waits_for(&tree, &web, "db");
    assert!(beacon.told().is_none());
    gate.open();
    let _ = beacon.next();
    web.wait_for(up());
    assert_eq!(supervise(&web), pid);
    svscan.stop();
}

#[test]
fn a_record_that_its_supervise_has_not_written_does_not_count() {
    let tree = TestTree::new();
    let (_gate, db, web, beacon) = waiting_pair(&tree);
    // Up and ready, as another supervise writes it.
    let ready = tree.folder("ready", |f| f.run("exec sleep 1000"));
    let kept = tree.supervise("ready");
    ready.wait_for(up());
    let record = fs::read(ready.file("supervise/status")).unwrap();
    fs::create_dir(db.file("supervise")).unwrap();
    fs::write(db.file("supervise/status"), record).unwrap();
    // A copy of what is kept elsewhere, and then of what nobody keeps.
    let first = tree.supervise("web");
    waits_for(&tree, &web, "db, which is not supervised");
    first.stop();
    kept.stop();
    let second = tree.supervise("web");
    waits_for(&tree, &web, "db, which is not supervised");
    assert!(beacon.told().is_none());
    second.stop();
}
