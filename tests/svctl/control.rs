//! Commands for services: what is waited for, what is said, and with which exit code it ends.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::status::Want;
use std::fs;
use std::io::Write;
use std::path::Path;
use testkit::{
    Folder, Running, Service, TestTree, down, needs_root, ours, process, status, supervised, theirs, up,
    wait_until,
};

/// Says that it is ready at once, and so is not watched for a second.
fn ready(f: Folder) -> Folder {
    f.file("notification-fd", "3\n").run("echo >&3; exec sleep 1000")
}

/// A service that is down until it is asked for.
fn asked_for(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> (Service, Running) {
    let service = tree.folder(name, |f| build(f.down()));
    let supervise = tree.supervise(name);
    service.wait_for(supervised());
    (service, supervise)
}

/// Starts svctl, which goes on beside the test.
#[track_caller]
fn begin<const N: usize>(tree: &TestTree, arguments: [&str; N]) -> Running {
    let launch = tree.launch(&ours("svctl")).env("SVDIR", tree.services());
    arguments.into_iter().fold(launch, |launch, argument| launch.arg(argument)).start()
}

/// Waits until it ends well, and has said that.
#[track_caller]
fn ends_well(mut svctl: Running, tree: &TestTree, said: &str) {
    assert_eq!(svctl.wait(), Ok(0), "{}", svctl.errors());
    let what = format!("it says {said:?}");
    wait_until(&what, &[tree.root()], || (svctl.output() == said).then_some(()));
    assert_eq!(svctl.errors(), "");
}

/// Starts svctl on a terminal.
#[track_caller]
fn on_terminal(tree: &TestTree, arguments: &str) -> Running {
    let call = format!("SVDIR='{}' '{}' {arguments}", tree.services().display(), ours("svctl").display());
    let script = tree.launch(Path::new("/usr/bin/script")).env("TERM", "xterm");
    script.arg("-qec").arg(call).arg("/dev/null").start()
}

/// Waits until that is shown.
#[track_caller]
fn shows(tree: &TestTree, terminal: &Running, text: &str) {
    let what = format!("{text:?} is shown");
    wait_until(&what, &[tree.root()], || terminal.output().contains(text).then_some(()));
}

/// Waits until the svctl that was begun has given its order.
#[track_caller]
fn is_wanted(service: &Service, want: Want) {
    service.wait_for(status(&format!("wanted {want:?}"), move |status| status.want == want));
}

#[test]
fn a_start_waits_until_it_is_ready_and_a_second_one_says_that_it_is() {
    let tree = TestTree::new();
    let gated = |f: Folder| f.fifo("gate").file("notification-fd", "3\n");
    let (web, _supervise) =
        asked_for(&tree, "web", |f| gated(f).run("read line <gate; echo >&3; exec sleep 1000"));
    let mut starting = begin(&tree, ["start", "web"]);
    web.wait_for(up());
    assert!(!starting.has_ended(), "{}", starting.output());
    fs::write(web.file("gate"), "\n").unwrap();
    ends_well(starting, &tree, &format!("web: ready (pid {})\n", web.pid()));
    let pid = web.pid();
    tree.svctl(["start", "web"]).exits(0).prints(format!("web: ready already (pid {pid})\n")).errors("");
}

/// Nothing says when it is ready: so it has to live for a second.
#[test]
fn what_ends_within_a_second_was_never_up() {
    let tree = TestTree::new();
    let (_short, _one) = asked_for(&tree, "short", |f| f.run("echo broken; sleep 0.2; exit 3"));
    let (long, _other) = asked_for(&tree, "long", |f| f.run("exec sleep 1000"));
    let ran = tree.svctl(["start", "short", "long"]);
    ran.exits(98).prints(format!("long: up (pid {})\n", long.pid()));
    let said = ran.complaints();
    assert!(said.starts_with("svctl: short: it ended at once (exit 3); the next try is in "), "{said}");
}

#[test]
fn a_start_that_cannot_be_made_is_told_with_its_reason() {
    let tree = TestTree::new();
    let (_web, _supervise) = asked_for(&tree, "web", |f| f.script("run", "#!/nosuch/shell"));
    let said = tree.svctl(["start", "web"]).exits(98).prints("").complaints();
    assert!(said.starts_with("svctl: web: it cannot be started: unable to run ./run: "), "{said}");
    assert!(said.contains("/nosuch/shell") && said.contains("; the next try is in "), "{said}");
}

#[test]
fn finish_may_say_that_it_stays_down() {
    let tree = TestTree::new();
    let (_web, _supervise) = asked_for(&tree, "web", |f| f.run("exit 4").script("finish", "exit 125"));
    let said = tree.svctl(["start", "web"]).exits(98).prints("").complaints();
    let whole = "svctl: web: it has ended (exit 4), and its finish says that it is to stay down\n";
    assert!(said.starts_with(whole), "{said}");
}

#[test]
fn what_waits_for_another_times_out_with_the_reason() {
    let tree = TestTree::new();
    let (_web, _supervise) = asked_for(&tree, "web", |f| ready(f).file("needs", "nosuch\n"));
    tree.svctl(["start", "--timeout", "200ms", "web"])
        .exits(99)
        .prints("")
        .errors("svctl: web: not up after 200ms: it needs nosuch, which does not exist\n");
}

/// Each finish waits until the other one runs: one after the other they would never be over.
#[test]
fn all_are_told_before_any_is_waited_for() {
    let tree = TestTree::new();
    let meets = |other: &str| format!("echo >'../{other}/gate' & read line <gate; wait");
    let folder = |other: &'static str| {
        move |f: Folder| ready(f).fifo("gate").script("finish", &meets(other)).file("timeout-finish", "0\n")
    };
    let (a, _one) = asked_for(&tree, "a", folder("b"));
    let (b, _other) = asked_for(&tree, "b", folder("a"));
    tree.svctl(["start", "a", "b"]).exits(0);
    tree.svctl(["stop", "?"]).exits(0).prints("a: down\nb: down\n").errors("");
    a.wait_for(down());
    b.wait_for(down());
    tree.svctl(["stop", "a"]).exits(0).prints("a: down already\n");
}

#[test]
fn a_restart_is_another_run_and_no_wait_does_not_wait_for_it() {
    let tree = TestTree::new();
    let (web, _supervise) = asked_for(&tree, "web", ready);
    tree.svctl(["start", "web"]).exits(0);
    let first = web.pid();
    let ran = tree.svctl(["restart", "web"]);
    assert_ne!(web.pid(), first);
    ran.exits(0).prints(format!("web: restarted (pid {})\n", web.pid())).errors("");
    tree.svctl(["stop", "--no-wait", "web"]).exits(0).prints("web: told to stop\n").errors("");
    web.wait_for(down());
}

#[test]
fn a_single_run_is_not_started_again() {
    let tree = TestTree::new();
    let (web, _supervise) = asked_for(&tree, "web", |f| f.run("exit 0"));
    tree.svctl(["once", "web"]).exits(0).prints("web: has run to its end (exit 0)\n").errors("");
    web.wait_for(down());
}

#[test]
fn pause_continue_kill_and_signals_do_what_they_say() {
    let tree = TestTree::new();
    let (web, _supervise) = asked_for(&tree, "web", ready);
    let not_up = "svctl: web: it is not up\n";
    for command in ["pause", "continue", "reload"] {
        tree.svctl([command, "web"]).exits(98).prints("").errors(not_up);
    }
    tree.svctl(["signal", "HUP", "web"]).exits(98).errors(not_up);
    tree.svctl(["kill", "web"]).exits(0).prints("web: nothing of it runs\n");
    tree.svctl(["start", "web"]).exits(0);
    let pid = web.pid();
    tree.svctl(["pause", "web"]).exits(0).prints(format!("web: paused (pid {pid})\n"));
    wait_until("it is stopped", &[], || (process::state(pid) == Some('T')).then_some(()));
    tree.svctl(["continue", "web"]).exits(0).prints(format!("web: going on (pid {pid})\n"));
    tree.svctl(["kill", "web"]).exits(0).prints(format!("web: killed (pid {pid}); it starts again\n"));
    assert!(!process::is_alive(pid));
    web.wait_for(up());
    let pid = web.pid();
    tree.svctl(["signal", "sigterm", "web"]).exits(0).prints(format!("web: TERM sent (pid {pid})\n"));
    wait_until("it has ended", &[], || (!process::is_alive(pid)).then_some(()));
    for odd in ["15", "SEGV"] {
        let names = "STOP, CONT, HUP, ALRM, INT, TERM, KILL, QUIT, USR1, USR2, WINCH";
        let said = format!("svctl: {odd}: no such signal: there are {names}\n");
        tree.svctl(["signal", odd, "web"]).exits(100).prints("").errors(said);
    }
}

#[test]
fn a_signal_reaches_the_whole_group_if_that_is_asked_for() {
    let tree = TestTree::new();
    let beacon = tree.beacon("child");
    let said = beacon.say("usr1");
    let child = format!("trap '{}; exit' USR1; echo >&3; sleep 1000 & wait", said.replace('\'', "'\\''"));
    let run = format!("trap : USR1\n({child}) &\nwhile :; do wait; done");
    let (web, _supervise) =
        asked_for(&tree, "web", |f| f.file("notification-fd", "3\n").run(&run).file("kill-group", ""));
    tree.svctl(["start", "web"]).exits(0);
    tree.svctl(["signal", "--group", "USR1", "web"]).exits(0);
    assert_eq!(beacon.hear(), "usr1");
    tree.svctl(["stop", "web"]).exits(0);
    web.wait_for(down());
}

/// Says how it goes, and has read its settings when somebody opens the gate.
const RELOADS: &str = r#"import os, signal, socket
said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def say(word):
    said.sendto(word.encode(), os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
def reload(*_):
    say("RELOADING=1")
    open("gate").read()
    say("READY=1")
signal.signal(signal.SIGHUP, reload)
say("READY=1")
while True:
    signal.pause()"#;

/// HUP ends a program that knows nothing of it, and one that does may say when it has read everything.
#[test]
fn a_reload_is_waited_for_where_the_service_says_how_it_goes() {
    let tree = TestTree::new();
    let (deaf, _one) = asked_for(&tree, "deaf", ready);
    tree.svctl(["start", "deaf"]).exits(0);
    let said = tree.svctl(["reload", "deaf"]).exits(98).prints("").complaints();
    assert!(said.starts_with("svctl: deaf: HUP has ended it (SIGHUP): "), "{said}");
    deaf.wait_for(up());

    let python = Path::new("/usr/bin/python3");
    if !python.exists() {
        return testkit::skip("it needs python3");
    }
    let run = format!("#!{}\n{RELOADS}", python.display());
    let (web, _other) =
        asked_for(&tree, "web", |f| f.fifo("gate").file("notify-socket", "").script("run", &run));
    tree.svctl(["start", "web"]).exits(0);
    let mut terminal = on_terminal(&tree, "reload web");
    // It is seen to wait before the service goes on.
    shows(&tree, &terminal, "web: reading its settings anew");
    fs::write(web.file("gate"), "\n").unwrap();
    assert_eq!(terminal.wait(), Ok(0));
    shows(&tree, &terminal, &format!("web: reloaded (pid {})\r\n", web.pid()));
}

#[test]
fn missing_names_are_told_and_the_others_are_done() {
    let tree = TestTree::new();
    let (web, _supervise) = asked_for(&tree, "web", ready);
    let ran = tree.svctl(["start", "nosuch", "web"]);
    ran.exits(97).prints(format!("web: ready (pid {})\n", web.pid()));
    ran.errors("svctl: nosuch: there is no such service (svctl list shows those that there are)\n");
}

#[test]
fn what_no_supervise_keeps_is_told_why() {
    let tree = TestTree::new();
    tree.folder("web", ready);
    tree.folder("empty", |f| f);
    tree.folder("app@", ready);
    tree.folder("app@1", |f| f);
    let why = |name: &str| tree.svctl(["start", name]).exits(96).prints("").complaints();
    let services = tree.services();
    let services = services.display();
    assert_eq!(
        why("web"),
        format!("svctl: web: no svscan runs on {services}, which would start it: svscan {services}\n")
    );
    assert_eq!(why("empty"), "svctl: empty: its folder has no run (svctl check empty tells more)\n");
    assert_eq!(why("app@"), "svctl: app@: a template is never started, its instances are: app@1\n");
}

/// svscan is told nothing: it looks at what was just made by itself. And what is wrong is in the log.
#[test]
fn what_svscan_has_not_taken_up_yet_is_waited_for() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let svscan_is_there = tree.services().join(".svscan/lock");
    wait_until("svscan runs", &[&tree.services()], || svscan_is_there.exists().then_some(()));
    let bad = tree.folder("bad", |f| f.run("echo this is wrong; exit 3").down().directory("log"));
    tree.svctl(["start", "bad"]).exits(98).prints("");
    let log = bad.file("log/main");
    let is_written = || fs::read_to_string(log.join("current")).is_ok_and(|text| text.contains("wrong"));
    wait_until("it is logged", &[&log], || is_written().then_some(()));
    let said = tree.svctl(["restart", "bad"]).exits(98).complaints();
    assert!(said.starts_with("svctl: bad: it ended at once (exit 3)"), "{said}");
    assert!(said.contains("\n  the end of its log:\n    ") && said.contains(" this is wrong\n"), "{said}");
}

#[test]
fn a_supervise_that_dies_meanwhile_is_followed_by_one_that_does_it() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let web = tree.folder("web", |f| {
        ready(f).fifo("gate").script("finish", "read line <gate").file("timeout-finish", "0\n")
    });
    web.wait_for(up());
    let mut stopping = begin(&tree, ["stop", "web"]);
    is_wanted(&web, Want::Down);
    let supervise = web.status().and_then(|status| status.detail?.supervise).expect("a supervise").pid;
    kill(Pid::from_raw(i32::try_from(supervise.get()).unwrap()), Signal::SIGKILL).unwrap();
    web.wait_for(status("kept by another", move |status| {
        status.detail.as_ref().and_then(|detail| detail.supervise).is_some_and(|it| it.pid != supervise)
    }));
    assert!(!stopping.has_ended(), "{}", stopping.errors());
    // finish may be a child of the one that was killed, or come from the next.
    // The finish of the one that was killed may read it, or that of the next.
    let mut gate = fs::File::options().read(true).write(true).open(web.file("gate")).unwrap();
    gate.write_all(b"\n\n").unwrap();
    ends_well(stopping, &tree, "web: down\n");
}

#[test]
fn who_may_not_is_told_who_may() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let (web, _supervise) = asked_for(&tree, "web", ready);
    let bob = testkit::account("upkeep-a");
    let svctl = || tree.tool(&ours("svctl")).env("SVDIR", tree.services());
    svctl()
        .args(["start", "web"])
        .account(&bob)
        .run()
        .exits(95)
        .prints("")
        .errors("svctl: web: its supervise is root's: it takes root to command it\n");
    web.wait_for(down());

    let own = tree.folder("own", |f| ready(f).down().owner(&bob));
    let supervise = tree.launch(&ours("supervise")).arg("own").account(&bob).start();
    own.wait_for(supervised());
    let ran = svctl().args(["start", "own"]).account(&bob).run();
    let pid = own.pid();
    ran.exits(0).prints(format!("own: ready (pid {pid})\n")).errors("");
    svctl().args(["start", "own"]).run().exits(0).prints(format!("own: ready already (pid {pid})\n"));
    supervise.stop();
}

/// Another program's supervise tells no events, and little of what is.
#[test]
fn services_of_other_supervises_are_started_stopped_and_restarted() {
    std::thread::scope(|scope| {
        for path in ["supervise", "runsv"].into_iter().filter_map(theirs) {
            scope.spawn(move || is_controlled_under(&path));
        }
    });
}

fn is_controlled_under(program: &Path) {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let bad = tree.folder("bad", |f| f.run("exit 3").down());
    let [_web, _bad] = [&web, &bad].map(|service| {
        let name = service.path().file_name().unwrap();
        tree.launch(program).stop_by_control(service.path()).arg(name).start()
    });
    web.wait_for(up());
    bad.wait_for(supervised());
    let first = web.pid();
    let mut restarting = begin(&tree, ["restart", "web"]);
    let said = tree.svctl(["start", "bad"]).exits(98).prints("").complaints();
    assert!(said.starts_with("svctl: bad: it ended at once (how is not known)"), "{program:?}: {said}");
    assert_eq!(restarting.wait(), Ok(0), "{program:?}: {}", restarting.errors());
    assert_ne!(web.pid(), first);
    ends_well(restarting, &tree, &format!("web: restarted (pid {})\n", web.pid()));
    tree.svctl(["stop", "web", "bad"]).exits(0).prints("web: down\nbad: down\n").errors("");
    assert!(!web.file("supervise/event").exists(), "nothing is made in what is theirs");
}

/// On a terminal there is a line while it takes longer, and nothing of it at the end.
#[test]
fn a_terminal_shows_what_is_waited_for() {
    let tree = TestTree::new();
    let (web, _supervise) = asked_for(&tree, "web", |f| {
        ready(f).fifo("gate").script("finish", "read line <gate").file("timeout-finish", "0\n")
    });
    tree.svctl(["start", "web"]).exits(0);
    let mut terminal = on_terminal(&tree, "stop web");
    shows(&tree, &terminal, "\r\u{1b}[?7lweb: its finish runs (0s)\u{1b}[K\u{1b}[?7h");
    fs::write(web.file("gate"), "\n").unwrap();
    assert_eq!(terminal.wait(), Ok(0));
    shows(&tree, &terminal, "\r\u{1b}[Kweb: down\r\n");
}
