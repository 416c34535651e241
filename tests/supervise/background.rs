//! A run that puts its program into the background: watched there, named in the log, and not started a second time.

use super::{Doomed, detail, gone, send};
use nix::sys::signal::Signal;
use protocol::status::{Phase, Want};
use std::fs;
use testkit::{Beacon, Folder, Running, Service, TestTree, down, process, status, theirs, up};

/// Ways in which a run leaves the foreground.
const WAYS: [&str; 4] = [
    "./daemon &",
    "setsid -f ./daemon",
    "setsid sh -c './daemon &'",
    "nohup ./daemon </dev/null >/dev/null 2>&1 &",
];

/// A run that starts a daemon in such a way, and ends like that when it is let.
struct Daemon {
    service: Service,
    run: Beacon,
    daemon: Beacon,
    supervise: Running,
}

impl Daemon {
    fn new(tree: &TestTree, way: &str, end: &str, build: impl FnOnce(Folder) -> Folder) -> Self {
        let [run, daemon] = ["run", "daemon"].map(|name| tree.beacon(name));
        let service = tree.folder("web", |f| {
            let f = f.run(&format!("{run}\n{way}\nread -r line <gate\n{end}")).fifo("gate");
            let f = f.script("daemon", &format!("{daemon}\nexec ./nginx 1000"));
            fs::copy("/bin/sleep", f.path().join("nginx")).unwrap();
            build(f)
        });
        let supervise = tree.supervise("web");
        Self { service, run, daemon, supervise }
    }

    /// The pids of run and of the daemon, when both are what they are to be.
    #[track_caller]
    fn started(&self) -> [u32; 2] {
        let [run, daemon] = [self.run.next().pid, self.daemon.next().pid];
        self.service.wait_for(up());
        self.service.wait_until("it is there", |_| (process::name(daemon)? == "nginx").then_some(()));
        [run, daemon]
    }

    /// Lets run end, and waits until that is seen.
    #[track_caller]
    fn in_background(&self, run: u32) {
        self.let_end();
        self.service.wait_for(watching());
        assert!(!process::is_alive(run));
    }

    fn let_end(&self) {
        fs::write(self.service.file("gate"), "go\n").unwrap();
    }
}

fn watching() -> testkit::Condition {
    status("watching what is in the background", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Clearing)
    })
}

#[test]
fn what_is_in_the_background_is_named_with_its_cure_and_started_again_when_it_has_ended() {
    for way in WAYS {
        let tree = TestTree::new();
        let web = Daemon::new(&tree, way, "exit 0", |f| f);
        let mut doomed = Doomed(Vec::new());
        let mut first = None;
        for starts in 1..=2 {
            let [run, daemon] = web.started();
            doomed.0.push(daemon);
            web.in_background(run);
            // Once for each program.
            let first = *first.get_or_insert(daemon);
            let said = web.supervise.errors();
            let begin = format!(
                "supervise: warning: web: run has put itself into the background (pid {first}: ./nginx 1000), \
                 and is started again when that has ended: "
            );
            assert!(
                said.starts_with(&begin) && said.ends_with(": nginx -g 'daemon off;'\n"),
                "{way}: {said}"
            );
            assert_eq!(said.lines().count(), 1, "{way}: {said}");
            assert_eq!((detail(&web.service).starts, detail(&web.service).leftovers), (starts, 1));
            assert!(process::is_alive(daemon) && web.run.told().is_none());
            send(daemon, [libc::SIGKILL]);
        }
        doomed.0.push(web.started()[1]);
    }
}

/// It would be started every second: as many copies as it has lived for seconds.
#[test]
fn there_is_one_copy_however_long_it_lives() {
    let tree = TestTree::new();
    let web = Daemon::new(&tree, "setsid -f ./daemon", "exit 0", |f| f.file("restart-max", "1s"));
    let [run, daemon] = web.started();
    let _doomed = Doomed(vec![daemon]);
    web.in_background(run);
    // Nothing is due, ever; and that it is asked for again is no reason for a second one.
    assert_eq!(detail(&web.service).next_start, None);
    for letter in ["-u", "-o", "-u"] {
        tree.svc([letter, "web"]);
    }
    tree.svc(["-p", "web"]);
    web.service.wait_until("all is obeyed", |_| (process::state(daemon) == Some('T')).then_some(()));
    let record = detail(&web.service);
    assert_eq!(
        (record.phase, record.starts, web.service.status().unwrap().want),
        (Phase::Clearing, 1, Want::Up)
    );
    assert!(web.run.told().is_none());
}

#[test]
fn down_ends_what_is_in_the_background_and_letters_reach_it() {
    for (signal, content) in [(15, None), (1, Some("HUP"))] {
        let tree = TestTree::new();
        let web = Daemon::new(&tree, "setsid -f ./daemon", "exit 0", |f| {
            content.into_iter().fold(f, |f, content| f.file("down-signal", content))
        });
        let [run, daemon] = web.started();
        let _doomed = Doomed(vec![daemon]);
        web.in_background(run);
        for (letter, state) in [("-p", 'T'), ("-c", 'S'), ("-p", 'T')] {
            tree.svc([letter, "web"]);
            web.service.wait_until("it obeys", |_| (process::state(daemon) == Some(state)).then_some(()));
        }
        // A paused one, too.
        tree.svc(["-d", "web"]);
        gone(daemon);
        web.service.wait_for(down());
        assert!(web.run.told().is_none(), "{signal}");
        tree.svc(["-u", "web"]);
        let [_, daemon] = web.started();
        let _doomed = Doomed(vec![daemon]);
    }
}

#[test]
fn what_is_in_the_background_and_ignores_term_is_killed_when_its_time_is_over() {
    let tree = TestTree::new();
    let way = "trap '' TERM\nsetsid -f ./daemon";
    let web = Daemon::new(&tree, way, "exit 0", |f| f.file("timeout-kill", "200ms"));
    let [run, daemon] = web.started();
    let _doomed = Doomed(vec![daemon]);
    web.in_background(run);
    tree.svc(["-d", "web"]);
    web.service.wait_for(down());
    assert!(!process::is_alive(daemon));
}

#[test]
fn supervise_ends_what_is_in_the_background_before_it_leaves() {
    for letters in [None, Some("-dx")] {
        let tree = TestTree::new();
        let mut web = Daemon::new(&tree, "setsid -f ./daemon", "exit 0", |f| f);
        let [run, daemon] = web.started();
        let _doomed = Doomed(vec![daemon]);
        web.in_background(run);
        match letters {
            Some(letters) => tree.svc([letters, "web"]),
            None => web.supervise.signal(Signal::SIGTERM),
        }
        assert_eq!(web.supervise.wait(), Ok(0));
        assert!(!process::is_alive(daemon));
    }
}

/// A daemon may fork and make itself a session only when run has ended already.
fn late(tree: &TestTree, build: impl FnOnce(Folder) -> Folder) -> (Service, [Beacon; 3], Running) {
    let beacons = ["run", "middle", "daemon"].map(|name| tree.beacon(name));
    let [run, middle, daemon] = &beacons;
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("./middle &\n{run}\nexit 0")).fifo("gate");
        let f = f.script("middle", &format!("{middle}\nread -r line <gate\nexec setsid -f ./daemon"));
        build(f.script("daemon", &format!("{daemon}\nexec sleep 1000")))
    });
    let supervise = tree.supervise("web");
    (web, beacons, supervise)
}

/// It is the one that obeys; and there is no other.
#[track_caller]
fn is_the_service(tree: &TestTree, web: &Service, [run, middle, _]: &[Beacon; 3], daemon: u32) {
    tree.svc(["-p", "web"]);
    web.wait_until("it stops", |_| (process::state(daemon) == Some('T')).then_some(()));
    assert!(run.told().is_none() && middle.told().is_none());
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    gone(daemon);
}

#[test]
fn a_daemon_that_becomes_one_after_run_has_ended_is_watched_all_the_same() {
    let tree = TestTree::new();
    let (web, beacons, _supervise) = late(&tree, |f| f);
    let [run, middle, daemon] = &beacons;
    let (_, between) = (run.next(), middle.next().pid);
    web.wait_for(watching());
    fs::write(web.file("gate"), "go\n").unwrap();
    gone(between);
    let daemon = daemon.next().pid;
    let _doomed = Doomed(vec![daemon]);
    is_the_service(&tree, &web, &beacons, daemon);
}

#[test]
fn a_daemon_that_becomes_one_while_finish_runs_is_watched_too() {
    let tree = TestTree::new();
    let (web, beacons, supervise) = late(&tree, |f| f.fifo("end").script("finish", "read -r line <end"));
    let [run, middle, daemon] = &beacons;
    let (_, between) = (run.next(), middle.next().pid);
    web.wait_for(status("finishing", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Finishing)
    }));
    fs::write(web.file("gate"), "go\n").unwrap();
    gone(between);
    let daemon = daemon.next().pid;
    let _doomed = Doomed(vec![daemon]);
    web.wait_until("it is there", |_| (process::name(daemon)? == "sleep").then_some(()));
    fs::write(web.file("end"), "go\n").unwrap();
    web.wait_for(watching());
    is_the_service(&tree, &web, &beacons, daemon);
    supervise.wait_for_errors("run has put itself into the background");
}

/// A run that is done, and a finish that leaves something: that is not the service.
#[test]
fn what_finish_leaves_is_no_service_in_the_background() {
    let tree = TestTree::new();
    let [run, left] = ["run", "left"].map(|name| tree.beacon(name));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("{run}\nexit 0")).fifo("end");
        let f = f.script("left", &format!("{left}\nexec sleep 1000"));
        f.script("finish", "[ -e end ] || exit 0\nsetsid ./left &\nread -r line <end\nrm end")
    });
    let supervise = tree.supervise("web");
    let (_, stays) = (run.next(), left.next().pid);
    let _doomed = Doomed(vec![stays]);
    web.wait_until("it sleeps", |_| (process::name(stays)? == "sleep").then_some(()));
    fs::write(web.file("end"), "go\n").unwrap();
    let _ = run.next();
    let named = format!("supervise: warning: web: left behind by an earlier run: pid {stays}: sleep 1000\n");
    assert_eq!(supervise.errors(), named);
}

#[test]
fn svstat_and_sv_say_that_it_waits() {
    let tree = TestTree::new();
    let web = Daemon::new(&tree, "setsid -f ./daemon", "exit 0", |f| f);
    let [run, daemon] = web.started();
    let _doomed = Doomed(vec![daemon]);
    web.in_background(run);
    let said = tree.svstat("web");
    assert!(
        said.starts_with("web: down ")
            && said.ends_with("normally up, want up, waiting for 1 process of an earlier run"),
        "{said}"
    );
    let Some(sv) = theirs("sv") else { return };
    let ran = tree.tool(&sv).arg("status").arg(web.service.path()).run();
    assert!(ran.stdout.starts_with(b"down: "), "{ran:?}");
}

#[test]
fn with_keep_it_is_started_again_as_ever() {
    let tree = TestTree::new();
    let web = Daemon::new(&tree, "setsid -f ./daemon", "exit 0", |f| f.file("leftovers", "keep\n"));
    let mut doomed = Doomed(Vec::new());
    for _ in 0..2 {
        let [_, daemon] = web.started();
        web.let_end();
        web.supervise
            .wait_for_errors(&format!("left behind by an earlier run: pid {daemon}: ./nginx 1000\n"));
        doomed.0.push(daemon);
    }
    doomed.0.push(web.started()[1]);
    assert!(doomed.0.iter().all(|pid| process::is_alive(*pid)));
    assert!(!web.supervise.errors().contains("background"), "{}", web.supervise.errors());
}

#[test]
fn with_kill_and_wait_it_is_a_leftover_as_any() {
    for wish in ["kill", "wait"] {
        let tree = TestTree::new();
        let web = Daemon::new(&tree, "setsid -f ./daemon", "exit 0", |f| f.file("leftovers", wish));
        let [_, daemon] = web.started();
        let doomed = Doomed(vec![daemon]);
        web.let_end();
        web.supervise
            .wait_for_errors(&format!("left behind by an earlier run: pid {daemon}: ./nginx 1000\n"));
        if wish == "wait" {
            web.service.wait_for(watching());
            drop(doomed);
        }
        let [_, next] = web.started();
        assert!(!process::is_alive(daemon) && !web.supervise.errors().contains("background"));
        let _doomed = Doomed(vec![next]);
    }
}

#[test]
fn a_service_that_fails_is_not_called_one_in_the_background() {
    for end in ["exit 1", "kill -9 $$", "kill -15 $$"] {
        let tree = TestTree::new();
        let web = Daemon::new(&tree, "setsid -f ./daemon", end, |f| f);
        let [_, daemon] = web.started();
        web.let_end();
        web.supervise
            .wait_for_errors(&format!("left behind by an earlier run: pid {daemon}: ./nginx 1000\n"));
        let [_, next] = web.started();
        let _doomed = Doomed(vec![daemon, next]);
        assert!(!web.supervise.errors().contains("background"), "{end}");
    }
}

/// What a stopped service leaves is none: it would keep supervise from leaving.
#[test]
fn a_service_that_was_told_to_end_is_not_called_one_in_the_background() {
    for letters in [None, Some("-d"), Some("-t")] {
        let tree = TestTree::new();
        let [run, left] = ["run", "left"].map(|name| tree.beacon(name));
        let web = tree.folder("web", |f| {
            let run = format!(
                "trap 'kill $!; wait; exit 0' TERM\nsetsid -f ./left\nread -r line <never &\n{run}\nwait"
            );
            f.run(&run).fifo("never").script("left", &format!("{left}\nexec sleep 1000"))
        });
        let mut supervise = tree.supervise("web");
        let (_, stays) = (run.next(), left.next().pid);
        let mut doomed = Doomed(vec![stays]);
        web.wait_for(up());
        web.wait_until("it sleeps", |_| (process::name(stays)? == "sleep").then_some(()));
        match letters {
            Some(letters) => tree.svc([letters, "web"]),
            None => supervise.signal(Signal::SIGTERM),
        }
        let named =
            format!("supervise: warning: web: left behind by an earlier run: pid {stays}: sleep 1000\n");
        supervise.wait_for_errors(&named);
        match letters {
            None => assert_eq!(supervise.wait(), Ok(0)),
            Some("-d") => web.wait_for(down()),
            _ => {
                let _ = run.next();
                doomed.0.push(left.next().pid);
            }
        }
        assert!(process::is_alive(stays));
    }
}

#[test]
#[ignore = "it takes more than ten seconds: a service must have lived that long"]
fn a_service_that_has_lived_is_not_called_one_in_the_background() {
    let tree = TestTree::new();
    let web = Daemon::new(&tree, "setsid -f ./daemon", "sleep 11", |f| f);
    let [_, daemon] = web.started();
    web.let_end();
    web.supervise.wait_for_errors(&format!("left behind by an earlier run: pid {daemon}: ./nginx 1000\n"));
    let [_, next] = web.started();
    let _doomed = Doomed(vec![daemon, next]);
    assert!(!web.supervise.errors().contains("background"));
}
