//! Killed at each system call in turn: whatever was done by then and whatever was not, the next one goes on from there.

use protocol::status::Want;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::panic::resume_unwind;
use std::sync::Mutex;
use testkit::{
    Folder, Invariants, Service, Stop, TestTree, Traced, down, ours, process, supervised, up, wait_until,
};

/// So many at once: most of the time each waits for a second to pass.
const AT_ONCE: usize = 16;

/// Calls `round` with 1, 2, 3 and so on, until it says that there is no such system call; that number.
#[track_caller]
fn each_call(round: impl Fn(usize) -> Stop + Sync) -> usize {
    let mut first = 1;
    let over = Mutex::new(BTreeSet::new());
    loop {
        std::thread::scope(|scope| {
            let work = |number| {
                if !matches!(round(number), Stop::At(_)) {
                    over.lock().expect("nobody panics there").insert(number);
                }
            };
            let threads: Vec<_> = (first..first + AT_ONCE)
                .map(|number| {
                    // The name is what a panic shows.
                    let thread = std::thread::Builder::new().name(format!("killed at call {number}"));
                    thread.spawn_scoped(scope, move || work(number)).expect("a thread")
                })
                .collect();
            let ends: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
            if let Some(panic) = ends.into_iter().find_map(Result::err) {
                resume_unwind(panic);
            }
        });
        if let Some(number) = over.lock().expect("nobody panics there").first() {
            return *number;
        }
        first += AT_ONCE;
    }
}

fn steady(f: Folder) -> Folder {
    f.alone("exec sleep 1000")
}

fn is_up(service: &Service) -> bool {
    up_as(service).is_some()
}

/// Its pid while it is up.
fn up_as(service: &Service) -> Option<u32> {
    let status = service.status()?;
    let pid = status.pid.filter(|pid| process::name(pid.get()).is_some_and(|name| name == "sleep"))?;
    (status.detail?.phase == protocol::status::Phase::Up).then_some(pid.get())
}

#[test]
fn supervise_at_each_call_of_its_start() {
    let calls = each_call(|number| {
        let tree = TestTree::new();
        let web = tree.folder("web", steady);
        let invariants = Invariants::watch(&tree);
        let mut traced = Traced::start(&tree, &ours("supervise"), [OsStr::new("web")]);
        let stop = traced.go_to(number, || is_up(&web));
        traced.kill();
        let supervise = tree.supervise("web");
        web.wait_for(supervised());
        web.wait_for(up());
        invariants.end([supervise]);
        stop
    });
    assert!(calls > 30, "{calls} system calls");
}

#[test]
fn supervise_at_each_call_from_the_end_of_its_service_to_the_next_start() {
    let calls = each_call(|number| {
        let tree = TestTree::new();
        let web = tree.folder("web", steady);
        let invariants = Invariants::watch(&tree);
        let mut traced = Traced::later(&tree, &ours("supervise"), [OsStr::new("web")]);
        let first = web.wait_until("it is up", up_as);
        traced.seize();
        super::killed::signal(first, nix::sys::signal::Signal::SIGKILL);
        let stop = traced.go_to(number, || up_as(&web).is_some_and(|pid| pid != first));
        traced.kill();
        let supervise = tree.supervise("web");
        web.wait_for(supervised());
        web.wait_until("another is up", |web| up_as(web).filter(|pid| *pid != first));
        invariants.end([supervise]);
        stop
    });
    assert!(calls > 15, "{calls} system calls");
}

#[test]
fn supervise_at_each_call_of_a_stop() {
    let calls = each_call(|number| {
        let tree = TestTree::new();
        let web = tree.folder("web", steady);
        let invariants = Invariants::watch(&tree);
        let mut traced = Traced::later(&tree, &ours("supervise"), [OsStr::new("web")]);
        web.wait_until("it is up", up_as);
        traced.seize();
        tree.svc(["-d", "web"]);
        let is_down = || web.status().is_some_and(|status| status.want == Want::Down && status.pid.is_none());
        let stop = traced.go_to(number, is_down);
        traced.kill();
        let supervise = tree.supervise("web");
        web.wait_for(supervised());
        // Whether it had read the command or not.
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        tree.svc(["-u", "web"]);
        web.wait_for(up());
        invariants.end([supervise]);
        stop
    });
    assert!(calls > 5, "{calls} system calls");
}

#[test]
fn svc_at_each_call() {
    let tree = TestTree::new();
    let web = tree.folder("web", steady);
    let supervise = tree.supervise("web");
    let invariants = Invariants::watch(&tree);
    web.wait_for(up());
    invariants.at_rest();
    for number in 1.. {
        let mut traced = Traced::start(&tree, &ours("svc"), ["-d", "web"].map(OsStr::new));
        let stop = traced.go_to(number, || false);
        traced.kill();
        if stop == Stop::Ended {
            assert!(number > 5, "{number} system calls");
            break;
        }
        tree.svc(["-u", "web"]);
        web.wait_for(up());
    }
    tree.svc(["-u", "web"]);
    web.wait_for(up());
    invariants.end([supervise]);
}

/// Kills svscan when it is about to make a call of its start, and lets another one go on.
fn svscan_at(number: usize) -> Stop {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| steady(f).log("exec sleep 1000"));
    let both = [web.clone(), web.log()];
    let invariants = Invariants::watch(&tree);
    let directory = tree.services();
    let mut traced = Traced::start(&tree, &ours("svscan"), [directory.as_os_str()]);
    let stop = traced.go_to(number, || both.iter().all(is_up));
    traced.kill();
    let svscan = tree.svscan();
    for service in &both {
        service.wait_for(supervised());
        service.wait_for(up());
    }
    wait_until("one supervise each", &[], || (process::children(svscan.pid()).len() <= 2).then_some(()));
    invariants.end([svscan]);
    stop
}

#[test]
fn svscan_at_many_calls_of_its_start() {
    // Every tenth, from another one on each time: the test below takes all of them.
    let first = usize::try_from(std::process::id()).expect("a pid") % 10;
    let calls = each_call(|number| svscan_at(number * 10 - first));
    assert!(calls > 5, "{calls} times ten system calls");
}

#[test]
#[ignore = "it takes a minute: the test above takes every tenth call"]
fn svscan_at_each_call_of_its_start() {
    let calls = each_call(svscan_at);
    assert!(calls > 30, "{calls} system calls");
}
