//! From daemontools and runit, and back to them, while a service runs.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use testkit::{
    Running, Service, TestTree, down, not_supervised, ours, process, status, supervised, theirs, up,
};

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// A service that runs under somebody else's supervise, with its pid.
fn under(tree: &TestTree, program: &str) -> Option<(Service, Running, u32)> {
    let program = theirs(program)?;
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let running = tree.launch(&program).stop_by_control(web.path()).arg("web").start();
    web.wait_for(up());
    Some((web.clone(), running, web.pid()))
}

#[test]
fn a_service_whose_other_supervise_was_killed_is_adopted_and_not_started_beside_itself() {
    for program in ["supervise", "runsv"] {
        let tree = TestTree::new();
        let Some((web, mut other, pid)) = under(&tree, program) else { continue };
        other.signal(Signal::SIGKILL);
        assert_eq!(other.wait(), Err(9));
        assert!(process::is_alive(pid));
        let supervise = tree.supervise("web");
        supervise.wait_for_errors(&format!("supervise: info: web: adopted pid {pid}\n"));
        web.wait_for(up());
        assert_eq!((web.pid(), process::is_alive(pid)), (pid, true), "{program}");

        tree.svc(["-p", "web"]);
        web.wait_for(status("paused", |status| status.paused));
        tree.svc(["-c", "web"]);
        tree.svc(["-t", "web"]);
        web.wait_for(status("another", move |status| status.pid.is_some_and(|it| it.get() != pid)));
        web.wait_for(up());
        assert!(!process::is_alive(pid), "{program}");
        supervise.stop();
    }
}

#[test]
fn what_another_supervise_had_paused_or_down_is_so_still() {
    let tree = TestTree::new();
    let Some((web, mut other, pid)) = under(&tree, "supervise") else { return };
    tree.svc(["-p", "web"]);
    web.wait_for(status("paused", |status| status.paused));
    other.signal(Signal::SIGKILL);
    assert_eq!(other.wait(), Err(9));
    let supervise = tree.supervise("web");
    web.wait_for(status("ours", |status| status.detail.is_some()));
    assert!(web.status().unwrap().paused && web.pid() == pid);
    supervise.stop();
}

/// The record names a process that has ended, and another one has its number, as far as can be seen.
#[test]
fn a_stranger_with_the_recorded_number_is_not_adopted() {
    let tree = TestTree::new();
    let web =
        tree.folder("web", |f| f.run("exec sleep 1000").directory("supervise").mode("supervise", 0o700));
    let stranger = tree.launch(Path::new("/bin/sleep")).arg("1000").dir(tree.root()).start();
    // An hour before it began.
    let mut record = Vec::new();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    record.extend((now + (1 << 62) + 10 - 3600).to_be_bytes());
    record.extend([0; 4]);
    record.extend(stranger.pid().to_le_bytes());
    record.extend([0, b'u']);
    fs::write(web.file("supervise/status"), &record).unwrap();
    let supervise = tree.supervise("web");
    web.wait_for(status("ours", |status| status.detail.is_some() && status.pid.is_some()));
    assert_ne!(web.pid(), stranger.pid());
    supervise.stop();
    assert!(process::is_alive(stranger.pid()));
}

#[test]
fn over_a_supervise_that_runs_ours_is_fatal_and_touches_nothing() {
    for program in ["supervise", "runsv"] {
        let tree = TestTree::new();
        let Some((web, _other, pid)) = under(&tree, program) else { continue };
        let seen = || -> Vec<_> {
            let mut names: Vec<_> =
                fs::read_dir(web.file("supervise")).unwrap().map(|entry| entry.unwrap().path()).collect();
            names.push(web.file("supervise"));
            names.sort();
            // Theirs replaces its record by the same one, now and then.
            let about = |path: &PathBuf| {
                let it = fs::symlink_metadata(path).unwrap();
                (path.clone(), it.permissions().mode(), it.len())
            };
            names.iter().map(about).collect()
        };
        let before = (seen(), fs::read(web.file("supervise/status")).unwrap());
        tree.tool(&ours("supervise"))
            .arg("web")
            .run()
            .exits(111)
            .errors("supervise: fatal: unable to acquire web/supervise/lock: temporary failure\n");
        assert_eq!((seen(), fs::read(web.file("supervise/status")).unwrap()), before, "{program}");
        assert!(web.is_supervised() && web.pid() == pid && process::is_alive(pid));
    }
}

#[test]
fn the_way_back_to_daemontools_is_to_tell_supervise_to_go_first() {
    let Some(debians) = theirs("supervise") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.alone("exec sleep 1000"));
    let mut ours = tree.supervise("web");
    web.wait_for(up());
    let invariants = testkit::Invariants::watch(&tree);
    let first = web.pid();
    tree.svc(["-dx", "web"]);
    web.wait_for(not_supervised());
    assert_eq!(ours.wait(), Ok(0));
    assert!(!process::is_alive(first));
    let other = tree.launch(&debians).stop_by_control(web.path()).arg("web").start();
    web.wait_for(status("up", |status| status.pid.is_some() && status.detail.is_none()));
    assert_eq!(fs::read(web.file("supervise/status")).unwrap().len(), 18);
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    other.stop();
    drop(invariants);
}

/// That is how theirs is: it starts a service without a look. What it does not do is to fail on what ours has left.
#[test]
fn debians_supervise_takes_no_notice_of_our_record_nor_of_a_service_that_runs() {
    let Some(debians) = theirs("supervise") else { return };
    for how in [Signal::SIGQUIT, Signal::SIGKILL] {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| f.run("exec sleep 1000"));
        let mut ours = tree.supervise("web");
        web.wait_for(up());
        let first = web.pid();
        ours.signal(how);
        let _ = ours.wait();
        assert!(process::is_alive(first));
        let other = tree.launch(&debians).stop_by_control(web.path()).arg("web").start();
        web.wait_for(supervised());
        web.wait_for(status("a second copy", move |status| {
            status.detail.is_none() && status.pid.is_some_and(|pid| pid.get() != first)
        }));
        assert!(process::is_alive(first));
        signal(first, Signal::SIGTERM);
        other.stop();
        drop(ours);
    }
}

/// And runsv, the same way.
#[test]
fn runsv_takes_up_a_folder_that_ours_has_left_empty() {
    let Some(runsv) = theirs("runsv") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.alone("exec sleep 1000"));
    let mut ours = tree.supervise("web");
    web.wait_for(up());
    tree.svc(["-dx", "web"]);
    assert_eq!(ours.wait(), Ok(0));
    let other = tree.launch(&runsv).arg("web").start();
    web.wait_for(status("up", |status| status.pid.is_some() && status.detail.is_none()));
    other.stop();
}
