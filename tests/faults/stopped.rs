//! Services that do not run and have not ended: stopped by themselves, held by a debugger, or stuck in a file system that does
//! not answer. supervise obeys meanwhile, and says what is.

use super::hanging::Hanging;
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use testkit::{Invariants, TestTree, down, needs_root, process, status, up, wait_until};

fn raw(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap())
}

#[test]
fn one_that_stops_itself_is_told_to_end_and_does() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let invariants = Invariants::watch(&tree);
    for letter in ["-d", "-k"] {
        let name = format!("web{letter}");
        let web = tree.folder(&name, |f| f.run("kill -STOP $$\nexec sleep 1000"));
        web.wait_for(up());
        let pid = web.pid();
        web.wait_until("it has stopped", |_| (process::state(pid) == Some('T')).then_some(()));
        assert!(tree.svstat(&name).starts_with(&format!("{name}: up (pid {pid}) ")));
        // It goes on when it is told to.
        tree.svc(["-c", &name]);
        web.wait_until("it goes on", |_| (process::state(pid) == Some('S')).then_some(()));
        tree.svc(["-p", &name]);
        web.wait_until("it stops", |_| (process::state(pid) == Some('T')).then_some(()));
        tree.svc([letter, &name]);
        wait_until("it has ended", &[], || (!process::is_alive(pid)).then_some(()));
        tree.svc(["-d", &name]);
        web.wait_for(down());
    }
    invariants.hold();
}

#[test]
fn one_that_a_debugger_holds_keeps_nobody_from_being_obeyed() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    web.wait_for(up());
    other.wait_for(up());
    let pid = web.pid();
    let invariants = Invariants::watch(&tree);
    ptrace::attach(raw(pid)).unwrap();
    assert!(matches!(waitpid(raw(pid), None), Ok(WaitStatus::Stopped(..))));
    // TERM waits for the debugger.
    tree.svc(["-d", "web"]);
    assert_eq!(process::state(pid), Some('t'));
    web.wait_for(status("wanted down", |status| status.want == protocol::status::Want::Down));
    assert!(tree.svstat("web").starts_with(&format!("web: up (pid {pid}) ")));
    tree.svc(["-u", "web"]);
    web.wait_for(status("wanted up", |status| status.want == protocol::status::Want::Up));
    assert!(other.status().is_some_and(|status| status.pid.is_some()));
    // KILL does not; but its end is the debugger's to see first.
    tree.svc(["-k", "web"]);
    assert!(matches!(waitpid(raw(pid), None), Ok(WaitStatus::Signaled(..))));
    web.wait_for(status("another", move |status| status.pid.is_some_and(|other| other.get() != pid)));
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}

/// Not even KILL ends a process that waits for such a file system, once its question has been taken.
#[test]
fn one_that_waits_for_a_dead_file_system_is_up_until_it_ends_and_commands_are_obeyed() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let Some(hanging) = Hanging::mount(&tree.root().join("dead")) else { return };
    let web = tree.folder("web", |f| f.run(&format!("exec stat '{}'", hanging.path().display())));
    web.wait_for(up());
    let pid = web.pid();
    let invariants = Invariants::watch(&tree);
    hanging.is_asked();
    tree.svc(["-d", "web"]);
    web.wait_for(status("wanted down", |status| status.want == protocol::status::Want::Down));
    tree.svc(["-k", "web"]);
    web.wait_until("it is stuck", |_| (process::state(pid) == Some('D')).then_some(()));
    // It is there, and that is what is said; no second one is started beside it.
    assert!(tree.svstat("web").starts_with(&format!("web: up (pid {pid}) ")));
    tree.svc(["-u", "web"]);
    web.wait_for(status("wanted up", |status| status.want == protocol::status::Want::Up));
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    other.wait_for(up());
    assert_eq!((web.pid(), process::state(pid)), (pid, Some('D')));
    tree.svc(["-d", "web"]);
    drop(hanging);
    web.wait_for(down());
    let last = web.status().unwrap().detail.unwrap().last;
    assert!(matches!(last, Some(sys::process::Ending::Killed(_))), "{last:?}");
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}

/// The start itself hangs: run leads into such a file system.
#[test]
fn a_start_that_waits_for_a_dead_file_system_can_be_given_up() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let Some(hanging) = Hanging::mount(&tree.root().join("dead")) else { return };
    let web = tree.folder("web", |f| f.link("run", hanging.path().join("run")));
    let starting = |status: &protocol::status::Status| {
        status.detail.as_ref().is_some_and(|detail| detail.phase == protocol::status::Phase::Starting)
    };
    web.wait_for(status("starting", starting));
    let pid = web.pid();
    let invariants = Invariants::watch(&tree);
    hanging.is_asked();
    assert!(tree.svstat("web").starts_with(&format!("web: up (pid {pid}) ")));
    tree.svc(["-dk", "web"]);
    web.wait_for(status("wanted down", |status| status.want == protocol::status::Want::Down));
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    other.wait_for(up());
    drop(hanging);
    web.wait_for(down());
    assert!(!process::is_alive(pid));
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}

/// What has begun it is killed meanwhile: it holds nothing that the next supervise needs.
#[test]
fn a_start_that_hangs_keeps_nothing_from_the_next_supervise() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let Some(hanging) = Hanging::mount(&tree.root().join("dead")) else { return };
    let web = tree.folder("web", |f| f.link("run", hanging.path().join("run")).file("notify-socket", ""));
    let keeper = |status: &protocol::status::Status| {
        status.detail.as_ref().and_then(|detail| detail.supervise).map(|supervise| supervise.pid)
    };
    web.wait_for(status("starting", |status| status.pid.is_some()));
    hanging.is_asked();
    let (pid, first) = (web.pid(), keeper(&web.status().unwrap()));
    let invariants = Invariants::watch(&tree);
    let number = first.map(|pid| pid.get().try_into().unwrap()).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGKILL).unwrap();
    web.wait_for(status("another supervise keeps it", move |status| keeper(status) != first));
    assert_eq!(web.pid(), pid);
    tree.svc(["-dk", "web"]);
    drop(hanging);
    web.wait_for(down());
    assert!(!process::is_alive(pid));
    assert_eq!(svscan.errors(), format!("supervise: info: web: adopted pid {pid}\n"));
    invariants.hold();
}
