//! What an earlier run left behind, before the next start and when supervise is to leave: kept, killed or waited for.

use super::{Doomed, detail, gone, send};
use nix::sys::signal::Signal;
use protocol::status::{Leaving, Phase};
use std::fs;
use testkit::{Beacon, Folder, Running, Service, TestTree, down, process, status, up};

/// A service whose run leaves something behind when it dies.
struct Untidy {
    service: Service,
    run: Beacon,
    left: Beacon,
}

/// Makes its folder: run starts `left`, which is in run's session, or in one of its own.
fn folder(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> Untidy {
    let [run, left] = ["run", "left"].map(|what| tree.beacon(&format!("{name}-{what}")));
    let service = tree.folder(name, |f| {
        let f = f.run(&format!("./left &\n{run}\nexec sleep 1000"));
        build(f.script("left", &format!("{left}\nexec sleep 1000")))
    });
    Untidy { service, run, left }
}

impl Untidy {
    /// The pids of both, when run runs.
    #[track_caller]
    fn started(&self) -> [u32; 2] {
        let pids = [self.run.next().pid, self.left.next().pid];
        let [run, left] = pids;
        self.service.wait_for(status("up", move |status| {
            status.pid.is_some_and(|pid| pid.get() == run)
                && status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Up)
        }));
        self.service.wait_until("it sleeps", |_| (process::name(left)? == "sleep").then_some(()));
        pids
    }
}

fn clearing() -> testkit::Condition {
    status("clearing", |status| status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Clearing))
}

fn named(service: &str, pid: u32) -> String {
    format!("supervise: warning: {service}: left behind by an earlier run: pid {pid}: sleep 1000\n")
}

#[test]
fn what_is_kept_is_named_once_and_stays_whether_that_is_written_or_not() {
    for keep in [false, true] {
        let tree = TestTree::new();
        let web = folder(&tree, "web", |f| if keep { f.file("leftovers", "keep\n") } else { f });
        let supervise = tree.supervise("web");
        let mut doomed = Doomed(Vec::new());
        let mut said = String::new();
        for count in 1..=3 {
            let [run, left] = web.started();
            doomed.0.push(left);
            assert_eq!(supervise.errors(), said);
            send(run, [libc::SIGKILL]);
            said += &named("web", left);
            supervise.wait_for_errors(&said);
            web.service.wait_until("they are counted", |web| {
                (web.status()?.detail?.leftovers == count).then_some(())
            });
            tree.svc(["-u", "web"]);
        }
        doomed.0.push(web.started()[1]);
        assert_eq!(supervise.errors(), said);
        assert!(doomed.0.iter().all(|pid| process::is_alive(*pid)));
        // Down is down, whatever else lives.
        tree.svc(["-d", "web"]);
        web.service.wait_for(down());
    }
}

/// Ways in which something outlives run: in its group, its session, or neither.
const WAYS: [&str; 5] =
    ["./left &", "setsid ./left &", "setsid -f ./left", "(./left &)", "nohup ./left >nohup.out 2>&1 &"];

#[test]
fn what_is_killed_is_gone_before_the_next_start() {
    let tree = TestTree::new();
    let services = WAYS.into_iter().enumerate().map(|(number, way)| {
        let name = format!("web{number}");
        let web = folder(&tree, &name, |f| f.file("leftovers", "kill\n"));
        let run = format!("#!/bin/sh\n{way}\n{}\nexec sleep 1000\n", web.run);
        fs::write(web.service.file("run"), run).unwrap();
        let supervise = tree.supervise(&name);
        (name, web, supervise)
    });
    let services: Vec<(String, Untidy, Running)> = services.collect();
    let mut before = [0; WAYS.len()];
    // By command, which is no failure: so the next start is soon.
    for letter in ["-k", "-t", "-d"] {
        for ((name, web, supervise), before) in services.iter().zip(&mut before) {
            let [_, left] = web.started();
            if letter != "-k" {
                assert!(!process::is_alive(*before), "{name}");
                let named = format!(": left behind by an earlier run: pid {before}: sleep 1000\n");
                assert!(supervise.errors().contains(&named), "{}", supervise.errors());
            }
            *before = left;
            // A stopped one as well.
            send(left, [libc::SIGSTOP]);
            tree.svc([letter, name]);
        }
    }
    for ((name, web, supervise), left) in services.iter().zip(before) {
        web.service.wait_for(down());
        assert!(!process::is_alive(left), "{name}");
        assert_eq!(supervise.errors().lines().count(), 3, "{}", supervise.errors());
    }
}

/// What a leftover leaves behind itself comes to light when that one has ended.
#[test]
fn what_comes_to_light_later_is_killed_too() {
    let tree = TestTree::new();
    let (run, child, grandchild) = (tree.beacon("run"), tree.beacon("child"), tree.beacon("grandchild"));
    tree.folder("web", |f| {
        let f = f.run(&format!("setsid ./child &\n{run}\nexec sleep 1000")).file("leftovers", "kill");
        // It is TERM that ends them.
        let f = f.file("timeout-kill", "1h");
        let f = f.script("child", &format!("setsid ./grandchild &\n{child}\nexec sleep 1000"));
        f.script("grandchild", &format!("{grandchild}\nexec sleep 1000"))
    });
    let web = tree.service("web");
    let mut supervise = tree.supervise("web");
    let pids = [run.next().pid, child.next().pid, grandchild.next().pid];
    web.wait_for(up());
    send(pids[0], [libc::SIGKILL]);
    let pids = [run.next().pid, pids[1], pids[2]];
    assert!(!process::is_alive(pids[1]) && !process::is_alive(pids[2]));
    // And so when supervise leaves.
    let pids = [child.next().pid, grandchild.next().pid];
    web.wait_for(up());
    supervise.signal(Signal::SIGTERM);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(pids.iter().all(|pid| !process::is_alive(*pid)));
}

/// As npm starts node: a shell in between that dies alone of the signal that it gets.
#[test]
fn a_shell_that_dies_of_term_and_leaves_its_program_behind_is_no_second_copy() {
    let tree = TestTree::new();
    let (shell, node) = (tree.beacon("shell"), tree.beacon("node"));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("{shell}\nsh -c './node; true'\ntrue")).file("leftovers", "kill\n");
        f.script("node", &format!("{node}\nexec sleep 1000"))
    });
    let supervise = tree.supervise("web");
    let _ = shell.next();
    let mut pid = node.next().pid;
    for letter in ["-t", "-k"] {
        web.wait_for(up());
        tree.svc([letter, "web"]);
        let _ = shell.next();
        assert!(!process::is_alive(pid), "{letter}");
        pid = node.next().pid;
    }
    web.wait_for(up());
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert!(!process::is_alive(pid));
    assert!(supervise.errors().contains(": left behind by an earlier run: pid "));
}

#[test]
fn what_is_waited_for_ends_by_itself_and_then_the_service_is_started() {
    let tree = TestTree::new();
    let web = folder(&tree, "web", |f| f.file("leftovers", "wait\n"));
    let supervise = tree.supervise("web");
    let [run, left] = web.started();
    let _doomed = Doomed(vec![left]);
    send(run, [libc::SIGKILL]);
    web.service.wait_for(clearing());
    assert_eq!((detail(&web.service).leftovers, detail(&web.service).kill_at), (1, None));
    let said = tree.svstat("web");
    assert!(
        said.starts_with("web: down ")
            && said.ends_with(", want up, waiting for 1 process of an earlier run"),
        "{said}"
    );
    assert!(process::is_alive(left) && web.run.told().is_none());
    assert_eq!(supervise.errors(), named("web", left));
    send(left, [libc::SIGTERM]);
    let [run, left] = web.started();
    assert_eq!(detail(&web.service).leftovers, 0);
    let _doomed = Doomed(vec![left]);
    // Down is told while it waits, and is so after it.
    send(run, [libc::SIGKILL]);
    web.service.wait_for(clearing());
    tree.svc(["-d", "web"]);
    web.service.wait_for(down());
    gone(left);
    assert!(web.run.told().is_none());
}

#[test]
fn letters_reach_what_is_waited_for() {
    let tree = TestTree::new();
    let web = folder(&tree, "web", |f| f.file("leftovers", "wait\n"));
    let _supervise = tree.supervise("web");
    let [run, left] = web.started();
    let _doomed = Doomed(vec![left]);
    send(run, [libc::SIGKILL]);
    web.service.wait_for(clearing());
    for (letter, state) in [("-p", 'T'), ("-c", 'S')] {
        tree.svc([letter, "web"]);
        web.service.wait_until("it obeys", |_| (process::state(left) == Some(state)).then_some(()));
    }
    tree.svc(["-h", "web"]);
    gone(left);
    let [run, left] = web.started();
    let _doomed = Doomed(vec![left]);
    // One start, at once, however often it is asked for.
    send(run, [libc::SIGKILL]);
    web.service.wait_for(clearing());
    tree.svc(["-d", "web"]);
    tree.svc(["-o", "web"]);
    let [_, left] = web.started();
    let _doomed = Doomed(vec![left]);
    assert_eq!(detail(&web.service).starts, 3);
}

/// While something is left, supervise does not leave: with it would go all that is known of it.
#[test]
fn supervise_leaves_when_what_is_waited_for_has_ended() {
    for by_term in [false, true] {
        let tree = TestTree::new();
        let web = folder(&tree, "web", |f| f.file("leftovers", "wait\n"));
        let mut supervise = tree.supervise("web");
        let [run, left] = web.started();
        let _doomed = Doomed(vec![left]);
        if by_term {
            supervise.signal(Signal::SIGTERM);
        } else {
            tree.svc(["-x", "web"]);
            web.service.wait_for(status("leaving", |status| {
                status.detail.as_ref().is_some_and(|detail| detail.leaving == Leaving::WhenDown)
            }));
            send(run, [libc::SIGKILL]);
        }
        web.service.wait_for(clearing());
        gone(run);
        assert!(process::is_alive(left) && !supervise.has_ended());
        send(left, [libc::SIGTERM]);
        assert_eq!(supervise.wait(), Ok(0));
        assert!(web.run.told().is_none());
    }
}

#[test]
fn a_second_term_kills_what_is_waited_for() {
    let tree = TestTree::new();
    let web = folder(&tree, "web", |f| f.file("leftovers", "wait\n"));
    let mut supervise = tree.supervise("web");
    let [run, left] = web.started();
    let _doomed = Doomed(vec![left]);
    supervise.signal(Signal::SIGTERM);
    web.service.wait_for(clearing());
    gone(run);
    assert!(process::is_alive(left));
    supervise.signal(Signal::SIGTERM);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(!process::is_alive(left));
}

#[test]
fn what_is_killed_is_gone_when_supervise_leaves() {
    for by_term in [false, true] {
        let tree = TestTree::new();
        let web = folder(&tree, "web", |f| f.file("leftovers", "kill\n"));
        let mut supervise = tree.supervise("web");
        let [run, left] = web.started();
        let _doomed = Doomed(vec![left]);
        if by_term {
            supervise.signal(Signal::SIGTERM);
        } else {
            tree.svc(["-dx", "web"]);
        }
        assert_eq!(supervise.wait(), Ok(0));
        assert!(!process::is_alive(run) && !process::is_alive(left));
        assert_eq!(detail(&web.service).leaving, Leaving::Left);
    }
}

/// A supervise that was killed was the parent of all that a run leaves; its successor finds them by the session of that run.
#[test]
fn what_a_run_leaves_that_was_taken_up_is_found_by_its_session() {
    for wish in ["kill\n", "wait\n"] {
        let tree = TestTree::new();
        let web = folder(&tree, "web", |f| f.file("leftovers", wish));
        let mut first = tree.supervise("web");
        let [run, left] = web.started();
        first.signal(Signal::SIGKILL);
        assert_eq!(first.wait(), Err(libc::SIGKILL));
        let second = tree.supervise("web");
        second.wait_for_errors(&format!("supervise: info: web: adopted pid {run}\n"));
        let doomed = Doomed(vec![run, left]);
        send(run, [libc::SIGKILL]);
        if wish == "wait\n" {
            web.service.wait_for(clearing());
            assert!(process::is_alive(left) && web.run.told().is_none());
            send(left, [libc::SIGTERM]);
        }
        let [_, left] = web.started();
        assert!(doomed.0.iter().all(|pid| !process::is_alive(*pid)), "{wish}");
        second.wait_for_errors(&format!("left behind by an earlier run: pid {}: sleep 1000", doomed.0[1]));
        let _doomed = Doomed(vec![left]);
    }
}

/// Run died while nobody was there: what it left is found all the same.
#[test]
fn what_a_run_left_while_no_supervise_was_there_is_found_too() {
    let tree = TestTree::new();
    let web = folder(&tree, "web", |f| f.file("leftovers", "kill\n"));
    let mut first = tree.supervise("web");
    let [run, left] = web.started();
    first.signal(Signal::SIGKILL);
    assert_eq!(first.wait(), Err(libc::SIGKILL));
    let doomed = Doomed(vec![run, left]);
    send(run, [libc::SIGKILL]);
    gone(run);
    let second = tree.supervise("web");
    let [_, next] = web.started();
    assert!(!process::is_alive(left));
    assert!(
        second.errors().contains(&format!("left behind by an earlier run: pid {left}: ")),
        "{}",
        second.errors()
    );
    drop(doomed);
    let _doomed = Doomed(vec![next]);
}
