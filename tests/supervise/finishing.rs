//! finish: what it is told, whom it runs as, and what a command means while it runs.

use super::{detail, gone, send};
use protocol::status::{Leaving, Phase, Want};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use testkit::{
    Beacon, Folder, Running, Service, TestTree, Tool, account, down, failed, needs_root, not_supervised,
    ours, process, skip, status, theirs, up,
};

/// A service that is down, and ends like that when it is started; its run and its finish tell of themselves.
fn ends(tree: &TestTree, name: &str, how: &str) -> (Service, [Beacon; 2]) {
    let beacons = [tree.beacon(&format!("{name}-run")), tree.beacon(&format!("{name}-finish"))];
    let [run, finish] = &beacons;
    let run = format!("ulimit -c 0\n{run}\n{how}");
    let service = tree.folder(name, |f| f.run(&run).script("finish", &finish.to_string()).down());
    (service, beacons)
}

/// A service whose finish lasts until it is killed.
struct Lasting {
    service: Service,
    run: Beacon,
    supervise: Running,
    /// The process of finish.
    finish: u32,
}

impl Lasting {
    /// In the middle of its first finish.
    #[track_caller]
    fn begin(tree: &TestTree, build: impl FnOnce(Folder) -> Folder) -> Self {
        let (run, finish) = (tree.beacon("run"), tree.beacon("finish"));
        let service = tree.folder("web", |f| {
            build(f.run(&format!("{run}\nexit 1")).script("finish", &format!("{finish}\nexec sleep 1000")))
        });
        let supervise = tree.supervise("web");
        let _ = run.next();
        let finish = finish.next().pid;
        service.wait_for(finishing());
        Self { service, run, supervise, finish }
    }

    /// The wish is that now, and the finish goes on.
    #[track_caller]
    fn goes_on(&self, want: Want, leaving: Leaving) {
        let wanted = status("as wished", move |status| {
            status.want == want && status.detail.as_ref().is_some_and(|detail| detail.leaving == leaving)
        });
        self.service.wait_for(wanted);
        assert_eq!(detail(&self.service).phase, Phase::Finishing);
        assert!(process::is_alive(self.finish) && self.run.told().is_none());
    }
}

fn finishing() -> testkit::Condition {
    status("finishing", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Finishing)
    })
}

/// How runs end, and the first two arguments of finish then.
const ENDS: [(&str, [&str; 2]); 6] = [
    ("exit 0", ["0", "0"]),
    ("exit 3", ["3", "0"]),
    ("exit 255", ["255", "0"]),
    ("kill -9 $$", ["256", "9"]),
    ("kill -15 $$", ["256", "15"]),
    ("kill -64 $$", ["256", "64"]),
];

#[test]
fn finish_is_told_how_run_ended_and_which_it_was() {
    let tree = TestTree::new();
    for (number, (how, [code, signal])) in ENDS.into_iter().enumerate() {
        let name = format!("web{number}");
        let (service, [run, finish]) = ends(&tree, &name, how);
        let _supervise = tree.supervise(&name);
        service.wait_for(down());
        tree.svc(["-o", &name]);
        let pid = run.next().pid.to_string();
        let told = finish.next();
        assert_eq!(told.arguments, ["./finish", code, signal, &name, &pid], "{how}");
        service.wait_for(down());
        assert_eq!(detail(&service).finish, None);
    }
}

#[test]
fn finish_is_told_of_a_death_by_command() {
    let tree = TestTree::new();
    let (web, [run, finish]) = ends(&tree, "web", "exec sleep 1000");
    let _supervise = tree.supervise("web");
    for (letter, signal) in [("-d", "15"), ("-k", "9"), ("-i", "2")] {
        web.wait_for(down());
        tree.svc(["-o", "web"]);
        let pid = run.next().pid.to_string();
        web.wait_for(up());
        tree.svc([letter, "web"]);
        assert_eq!(finish.next().arguments, ["./finish", "256", signal, "web", &pid]);
    }
}

/// The same folder under s6-supervise: all that finish is told is the same. The group is told since s6 2.12.
#[test]
fn finish_is_told_what_s6_tells_it() {
    let [s6_supervise, s6_svc] = ["/usr/bin/s6-supervise", "/usr/bin/s6-svc"].map(Path::new);
    if !s6_supervise.exists() {
        return skip("it compares with the s6-supervise of Debian's package s6, which is not installed");
    }
    let told = |program: &Path, start: &dyn Fn(&TestTree)| {
        ENDS.map(|(how, _)| {
            let tree = TestTree::new();
            let (_, [run, finish]) = ends(&tree, "web", how);
            let _supervise = tree.launch(program).arg("web").start();
            start(&tree);
            let pid = run.next().pid.to_string();
            let mut arguments = finish.next().arguments;
            assert!(arguments.iter().skip(4).all(|group| *group == pid), "{arguments:?}");
            arguments.truncate(4);
            arguments
        })
    };
    let by_s6 = told(s6_supervise, &|tree| {
        let ready = || tree.tool(s6_svc).args(["-o", "web"]).run().end == Ok(0);
        tree.service("web").wait_until("s6-supervise listens", |_| ready().then_some(()));
    });
    let by_us = told(&ours("supervise"), &|tree| {
        tree.service("web").wait_for(down());
        tree.svc(["-o", "web"]);
    });
    assert_eq!(by_us, by_s6);
}

/// Account, variables, arguments, folder and standard streams; and nothing else is open.
#[test]
fn finish_runs_as_run_does_also_that_of_a_template() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    let (run, finish, more) = (tree.beacon("run"), tree.beacon("finish"), tree.beacon("more"));
    let says = more.say("'$(id -u -n) $PWD $(ls /proc/self/fd | tr \"\\n\" \" \")$(readlink /proc/$$/fd/1)'");
    tree.folder("web@", |f| {
        let f = f.run(&format!("{says}\n{run}\nexit 1")).script("finish", &format!("{says}\n{finish}"));
        f.user(&alice.name).env("COLOUR", "green").env("ANIMAL", "cat")
    });
    let web = tree.folder("web@one", |f| f.env("ANIMAL", "dog").down());
    let _supervise = tree.supervise("web@one");
    web.wait_for(down());
    tree.svc(["-o", "web@one"]);
    let (of_run, of_finish) = (run.next(), finish.next());
    let template = tree.services().join("web@");
    let [path_of_run, path_of_finish] =
        ["run", "finish"].map(|name| template.join(name).display().to_string());
    assert_eq!(of_run.arguments, [path_of_run, "one".into()]);
    let pid = of_run.pid.to_string();
    assert_eq!(of_finish.arguments, [path_of_finish, "1".into(), "0".into(), "web@one".into(), pid]);
    assert_eq!(of_finish.environment, of_run.environment);
    let variable = |name: &str| of_finish.environment.get(name).map(String::as_str);
    assert_eq!(variable("INSTANCE"), Some("one"));
    assert_eq!((variable("COLOUR"), variable("ANIMAL")), (Some("green"), Some("dog")));
    assert_eq!(variable("USER"), Some(alice.name.as_str()));
    let said = more.hear();
    assert_eq!(more.hear(), said);
    assert!(said.starts_with(&format!("{} {} 0 1 ", alice.name, web.path().display())), "{said}");
}

#[test]
fn the_finish_of_a_logger_has_its_pipe() {
    let tree = TestTree::new();
    let said = tree.beacon("said");
    let streams = said.say("'$(readlink /proc/$$/fd/0)'");
    tree.folder("web", |f| {
        let f = f.run("exec sleep 1000").log(&format!("{streams}\nexec cat"));
        f.script("log/finish", &said.say("'$3 $(readlink /proc/$$/fd/0)'"))
    });
    let _svscan = tree.svscan();
    let pipe = said.hear();
    assert!(pipe.starts_with("pipe:") || pipe.ends_with("/supervise/pipe"), "{pipe}");
    tree.service("web").log().wait_for(up());
    tree.svc(["-t", "web/log"]);
    assert_eq!(said.hear(), format!("web/log {pipe}"));
}

#[test]
fn no_finish_after_a_start_that_never_became_run() {
    let tree = TestTree::new();
    let finish = tree.beacon("finish");
    let web = tree.folder("web", |f| f.run("#!/no/such/python").script("finish", &finish.to_string()));
    let _supervise = tree.supervise("web");
    web.wait_for(failed("/no/such/python"));
    tree.svc(["-u", "web"]);
    web.wait_for(status("tried twice", |status| {
        status.detail.as_ref().is_some_and(|detail| detail.starts >= 2 && detail.phase == Phase::Resting)
    }));
    assert!(finish.told().is_none());
}

#[test]
fn with_125_finish_says_that_the_service_stays_down() {
    let tree = TestTree::new();
    let (run, finish) = (tree.beacon("run"), tree.beacon("finish"));
    let web = tree.folder("web", |f| {
        f.run(&format!("{run}\nexec sleep 1000")).script("finish", &format!("{finish}\nexit 125"))
    });
    let supervise = tree.supervise("web");
    for _ in 0..2 {
        let pid = run.next().pid;
        web.wait_for(up());
        send(pid, [libc::SIGKILL]);
        assert_eq!(finish.next().arguments[1..3], ["256", "9"]);
        web.wait_for(down());
        assert_eq!((web.status().unwrap().want, detail(&web).next_start), (Want::Down, None));
        // Asked for, it is started.
        tree.svc(["-u", "web"]);
    }
    let _ = run.next();
    assert_eq!(supervise.errors(), "supervise: info: web: finish says that it stays down\n".repeat(2));
}

/// What was asked for while finish ran is later than what it says.
#[test]
fn a_wish_in_the_meantime_is_worth_more_than_125() {
    let tree = TestTree::new();
    let (run, finish) = (tree.beacon("run"), tree.beacon("finish"));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("{run}\n[ -e again ] && exec sleep 1000\nexit 1")).fifo("gate");
        f.script("finish", &format!("{finish}\nread -r line <gate\nexit 125"))
    });
    let supervise = tree.supervise("web");
    let _ = (run.next(), finish.next());
    web.wait_for(finishing());
    fs::write(web.file("again"), "").unwrap();
    // Another wish first, so that it can be seen when each has been taken.
    tree.svc(["-d", "web"]);
    web.wait_for(status("wanted down", |status| status.want == Want::Down));
    tree.svc(["-u", "web"]);
    web.wait_for(status("wanted up", |status| status.want == Want::Up));
    fs::write(web.file("gate"), "go\n").unwrap();
    let _ = run.next();
    web.wait_for(up());
    assert_eq!(supervise.errors(), "", "it does not stay down, and nothing says so");
    // For the finish that comes when the test ends.
    fs::write(web.file("finish"), "#!/bin/sh\n").unwrap();
}

#[test]
fn what_is_wished_while_finish_runs_comes_true_after_it() {
    for (letters, want, leaving) in [
        ("-u", Want::Up, Leaving::No),
        ("-o", Want::Once, Leaving::No),
        ("-d", Want::Down, Leaving::No),
        ("-x", Want::Up, Leaving::WhenDown),
        ("-dx", Want::Down, Leaving::WhenDown),
    ] {
        let tree = TestTree::new();
        let mut web = Lasting::begin(&tree, |f| f);
        // No letter is for finish, or for what is run next.
        tree.svc(["-pthaik", "web"]);
        tree.svc([letters, "web"]);
        web.goes_on(want, leaving);
        assert_eq!(process::state(web.finish), Some('S'));
        fs::write(web.service.file("finish"), "#!/bin/sh\n").unwrap();
        send(web.finish, [libc::SIGTERM]);
        match letters {
            "-u" => {
                let _ = web.run.next();
            }
            "-o" => {
                let _ = web.run.next();
                web.service.wait_for(down());
            }
            "-d" => web.service.wait_for(down()),
            _ => {
                assert_eq!(web.supervise.wait(), Ok(0), "{letters}");
                web.service.wait_for(not_supervised());
            }
        }
        assert_eq!(detail(&web.service).starts, if matches!(letters, "-u" | "-o") { 2 } else { 1 });
        assert_eq!(web.supervise.errors(), "");
    }
}

#[test]
fn term_waits_for_finish_and_a_second_one_kills_it() {
    use nix::sys::signal::Signal::SIGTERM;
    for twice in [false, true] {
        let tree = TestTree::new();
        let mut web = Lasting::begin(&tree, |f| f.file("timeout-finish", "0\n"));
        web.supervise.signal(SIGTERM);
        web.goes_on(Want::Down, Leaving::Stopping);
        if twice {
            web.supervise.signal(SIGTERM);
        } else {
            send(web.finish, [libc::SIGTERM]);
        }
        assert_eq!(web.supervise.wait(), Ok(0));
        assert!(!process::is_alive(web.finish) && web.run.told().is_none());
        assert_eq!(detail(&web.service).leaving, Leaving::Left);
    }
}

#[test]
fn a_stopped_service_is_finished_before_supervise_leaves() {
    let tree = TestTree::new();
    let (web, [run, finish]) = ends(&tree, "web", "exec sleep 1000");
    let mut supervise = tree.supervise("web");
    web.wait_for(down());
    tree.svc(["-u", "web"]);
    let _ = run.next();
    web.wait_for(up());
    supervise.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(finish.next().arguments[1..3], ["256", "15"]);
    assert_eq!(supervise.wait(), Ok(0));
}

#[test]
fn everybody_is_told_that_finish_runs() {
    let tree = TestTree::new();
    let web = Lasting::begin(&tree, |f| f);
    let record = fs::read(web.service.file("supervise/status")).unwrap();
    assert_eq!((&record[12..16], record[19]), (&[0; 4][..], 2), "no pid of run, and runit's byte");
    assert_eq!(detail(&web.service).finish.map(|finish| finish.pid.get()), Some(web.finish));
    let said = tree.svstat("web");
    assert!(
        said.starts_with("web: down ") && said.ends_with(" seconds, normally up, want up, finish runs"),
        "{said}"
    );
    if let Some(sv) = theirs("sv") {
        let ran = tree.tool(&sv).arg("status").arg(web.service.path()).run();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(said.starts_with("finish: "), "{ran:?}");
    }
    tree.svc(["-d", "web"]);
    send(web.finish, [libc::SIGTERM]);
    web.service.wait_for(down());
    assert_eq!(fs::read(web.service.file("supervise/status")).unwrap()[19], 0);
    gone(web.finish);
}

#[test]
fn a_finish_that_cannot_be_executed_is_told_once_and_left_out() {
    let tree = TestTree::new();
    let mut services = Vec::new();
    for (name, mode, content, why) in [
        ("mode", 0o644, "#!/bin/sh\n", "access denied: it is not executable: chmod +x"),
        (
            "interpreter",
            0o755,
            "#!/no/such/python\n",
            "file does not exist: its interpreter /no/such/python does not exist",
        ),
    ] {
        let service = tree.folder(name, |f| f.run("exit 0").file("finish", content).mode("finish", mode));
        services.push((name, service, tree.supervise(name), why));
    }
    for (name, service, supervise, why) in services {
        service.wait_for(status("started again and again", |status| {
            status.detail.as_ref().is_some_and(|detail| detail.starts >= 3)
        }));
        let why = format!("unable to start finish: unable to run ./finish: {why}");
        assert_eq!(supervise.errors(), format!("supervise: warning: {name}: {why}\n"));
        assert_eq!(detail(&service).failed, None, "run itself has not failed");
    }
}

/// Who can write finish decides what runs, as with run.
#[test]
fn a_finish_of_another_account_does_not_run() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    let (run, finish) = (tree.beacon("run"), tree.beacon("finish"));
    let web = tree
        .folder("web", |f| f.run(&format!("{run}\nexec sleep 1000")).script("finish", &finish.to_string()));
    let supervise = tree.supervise("web");
    let pid = run.next().pid;
    web.wait_for(up());
    alice.own(&web.file("finish"));
    send(pid, [libc::SIGKILL]);
    supervise.wait_for_errors("supervise: warning: web: unable to start finish: finish belongs to ");
    // As long as it is there, run does not run either.
    web.wait_for(failed("finish belongs to "));
    assert!(finish.told().is_none() && run.told().is_none());
    // And what everybody can write is nobody's.
    fs::remove_file(web.file("finish")).unwrap();
    fs::write(web.file("finish"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(web.file("finish"), fs::Permissions::from_mode(0o777)).unwrap();
    tree.svc(["-u", "web"]);
    web.wait_for(failed("finish"));
    Tool::new(Path::new("/bin/chmod")).arg("755").arg(web.file("finish")).run().exits(0);
    tree.svc(["-u", "web"]);
    let _ = run.next();
}
