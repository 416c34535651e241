//! What `down`, and TERM to supervise, do to a service: which signal, to whom, and KILL after it.

use super::{Doomed, detail, gone};
use nix::sys::signal::Signal;
use std::fs;
use std::time::Duration;
use sys::process::Ending;
use testkit::{Beacon, Folder, Running, Service, TestTree, down, process, status, up};

/// A service that ends at any signal that ends a process, and tells its starts.
fn plain(tree: &TestTree, build: impl FnOnce(Folder) -> Folder) -> (Service, Beacon, Running) {
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| build(f.run(&format!("{beacon}\nexec sleep 1000"))));
    let supervise = tree.supervise("web");
    (web, beacon, supervise)
}

/// How the last run ended.
fn last(service: &Service) -> Option<Ending> {
    detail(service).last
}

#[test]
fn down_sends_the_signal_of_down_signal_and_nothing_else_does() {
    for (content, signal) in [
        ("HUP\n", libc::SIGHUP),
        ("SIGINT", libc::SIGINT),
        ("usr1 \t\n", libc::SIGUSR1),
        ("12\n", libc::SIGUSR2),
        ("64\nand so on", 64),
        ("rtmin+1\n", 35),
        ("9\n", libc::SIGKILL),
    ] {
        let killed = |signal: i32| Some(Ending::Killed(u8::try_from(signal).unwrap()));
        let tree = TestTree::new();
        let (web, beacon, mut supervise) = plain(&tree, |f| f.file("down-signal", content));
        let _ = beacon.next();
        web.wait_for(up());
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        assert_eq!(last(&web), killed(signal), "{content:?}");
        tree.svc(["-u", "web"]);
        let _ = beacon.next();
        web.wait_for(up());
        tree.svc(["-t", "web"]);
        let _ = beacon.next();
        web.wait_for(up());
        assert_eq!(last(&web), killed(libc::SIGTERM), "{content:?}: -t is TERM");
        supervise.signal(Signal::SIGTERM);
        assert_eq!(supervise.wait(), Ok(0));
        assert_eq!(last(&web), killed(signal), "{content:?}: TERM to supervise is as -dx");
        assert_eq!(supervise.errors(), "");
    }
}

#[test]
fn a_service_that_catches_it_gets_it_once_and_may_take_its_time() {
    let tree = TestTree::new();
    let heard = tree.beacon("heard");
    let traps = ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2"]
        .map(|name| format!("trap {} {name}", quoted(&heard.say(name))))
        .join("\n");
    let (begun, end) = (heard.say("up"), heard.say("end"));
    let web = tree.folder("web", |f| {
        // It waits for a child and reads nothing itself: what comes in the moment before a shell reads is only looked at
        // when it has read.
        let run = format!("{traps}\nread -r line <gate &\n{begun}\nuntil wait $!; do :; done\n{end}");
        f.run(&run).fifo("gate").file("down-signal", "USR2\n")
    });
    let supervise = tree.supervise("web");
    assert_eq!(heard.hear(), "up");
    web.wait_for(up());
    tree.svc(["-p", "web"]);
    web.wait_until("it is stopped", |web| (process::state(web.pid()) == Some('T')).then_some(()));
    // CONT comes with it.
    tree.svc(["-d", "web"]);
    assert_eq!(heard.hear(), "USR2");
    tree.svc(["-t", "web"]);
    assert_eq!(heard.hear(), "TERM");
    fs::write(web.file("gate"), "end\n").unwrap();
    assert_eq!(heard.hear(), "end");
    web.wait_for(down());
    assert_eq!((last(&web), supervise.errors().as_str()), (Some(Ending::Exited(0)), ""));
}

/// As one word of the shell's.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[test]
fn what_is_paused_is_killed_and_stopped_as_well() {
    let tree = TestTree::new();
    let build = |f: Folder| f.file("timeout-kill", "200").file("down-signal", "INT");
    let (web, beacon, mut supervise) = plain(&tree, build);
    let pid = beacon.next().pid;
    web.wait_for(up());
    tree.svc(["-p", "web"]);
    web.wait_until("it is stopped", |_| (process::state(pid) == Some('T')).then_some(()));
    supervise.signal(Signal::SIGTERM);
    assert_eq!(supervise.wait(), Ok(0));
    assert_eq!(last(&web), Some(Ending::Killed(2)), "CONT came long before KILL");
    gone(pid);
}

/// A service with a child in its own group and one in a session of its own, which tell their pids.
fn family(tree: &TestTree, child: &str, build: impl FnOnce(Folder) -> Folder) -> Family {
    let [run, near, far] = ["run", "near", "far"].map(|name| tree.beacon(name));
    let script = |beacon: &Beacon| format!("{child}\n{beacon}\nexec sleep 1000");
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("{child}\n./near &\nsetsid ./far &\n{run}\nexec sleep 1000"));
        build(f.script("near", &script(&near)).script("far", &script(&far)))
    });
    let supervise = tree.supervise("web");
    let pids = [run.next().pid, near.next().pid, far.next().pid];
    web.wait_for(up());
    for pid in pids {
        web.wait_until("it sleeps", |_| (process::name(pid)? == "sleep").then_some(()));
    }
    Family { doomed: Doomed(pids.to_vec()), web, supervise, pids }
}

struct Family {
    /// Dropped first.
    doomed: Doomed,
    web: Service,
    supervise: Running,
    pids: [u32; 3],
}

#[test]
fn kill_group_has_down_for_the_whole_group_and_what_left_it_is_named() {
    let tree = TestTree::new();
    let family = family(&tree, "", |f| f.file("kill-group", ""));
    let [run, near, far] = family.pids;
    tree.svc(["-d", "web"]);
    gone(run);
    gone(near);
    family.web.wait_for(down());
    // near, which may be dying at that moment, could be named as well.
    family.supervise.wait_for_errors(&format!("pid {far}: sleep 1000\n"));
    let said = family.supervise.errors();
    assert!(said.starts_with("supervise: warning: web: left behind by an earlier run: pid "), "{said}");
    assert!(process::is_alive(far) && said.lines().count() == 1);
    drop(family.doomed);
    gone(far);
}

#[test]
fn kill_group_has_the_later_kill_for_the_whole_group_as_well() {
    for by_term in [false, true] {
        let tree = TestTree::new();
        let mut family =
            family(&tree, "trap '' TERM", |f| f.file("kill-group", "").file("timeout-kill", "200ms"));
        let [run, near, far] = family.pids;
        if by_term {
            family.supervise.signal(Signal::SIGTERM);
            assert_eq!(family.supervise.wait(), Ok(0));
        } else {
            tree.svc(["-d", "web"]);
            family.web.wait_for(down());
        }
        gone(run);
        gone(near);
        assert!(process::is_alive(far));
        assert_eq!(last(&family.web), Some(Ending::Killed(9)));
    }
}

#[test]
fn without_kill_group_the_service_is_signalled_alone() {
    let tree = TestTree::new();
    let family = family(&tree, "", |f| f);
    let [run, near, far] = family.pids;
    tree.svc(["-d", "web"]);
    gone(run);
    family.web.wait_for(down());
    assert!(process::is_alive(near) && process::is_alive(far));
    for pid in [near, far] {
        family.supervise.wait_for_errors(&format!("pid {pid}: sleep 1000"));
    }
    assert!(tree.svstat("web").starts_with("web: down "));
}

/// Whoever asks for the group gets it, and whoever sends TERM by hand sends it to the process.
#[test]
fn kill_group_is_about_down_and_the_letters_say_themselves_whom_they_mean() {
    let tree = TestTree::new();
    let family = family(&tree, "", |f| f.file("kill-group", "").file("down-signal", "HUP"));
    let [run, near, _] = family.pids;
    tree.svc(["-o", "web"]);
    tree.svc(["-t", "web"]);
    gone(run);
    family.web.wait_for(down());
    assert!(process::is_alive(near));
    assert_eq!(last(&family.web), Some(Ending::Killed(15)));
}

#[test]
fn a_second_term_does_not_wait_for_the_time() {
    for group in [false, true] {
        let tree = TestTree::new();
        let build = |f: Folder| f.file("timeout-kill", "1h");
        let mut family =
            family(&tree, "trap '' TERM", |f| if group { build(f).file("kill-group", "") } else { build(f) });
        let [run, near, _] = family.pids;
        family.supervise.signal(Signal::SIGTERM);
        family.web.wait_for(status("told to end", |status| status.terminated));
        assert!(process::is_alive(run));
        family.supervise.signal(Signal::SIGTERM);
        assert_eq!(family.supervise.wait(), Ok(0));
        gone(run);
        if group {
            gone(near);
        }
        assert_eq!((process::is_alive(near), last(&family.web)), (!group, Some(Ending::Killed(9))));
    }
}

/// Each file with something in it that is no value, and the words for it.
const BAD: [(&str, &str, &str); 5] = [
    (
        "down-signal",
        "TERMINATE\n",
        "there is no such signal: write a name such as HUP, or a number from 1 to 64",
    ),
    ("timeout-kill", "soon\n", "that is no time: write 5s or 1m 30s, or 5000 for that many milliseconds"),
    (
        "timeout-finish",
        "5s\r\n",
        "its line ends with a carriage return, as in DOS: write 5s or 1m 30s, or 5000 for that many milliseconds",
    ),
    ("leftovers", "\n", "it is empty: write keep, kill or wait"),
    ("restart-max", "3\n", "a time needs a unit: write 30s or 1m 30s"),
];

#[test]
fn a_bad_value_is_told_once_and_counts_as_absent() {
    let tree = TestTree::new();
    let (beacon, left) = (tree.beacon("web"), tree.beacon("left"));
    let web = tree.folder("web", |f| {
        let f = f.run(&format!("setsid ./left &\n{beacon}\nexec sleep 1000"));
        let f = f.script("left", &format!("{left}\nexec sleep 1000")).script("finish", "exit 0");
        BAD.into_iter().fold(f, |f, (name, content, _)| f.file(name, content))
    });
    let supervise = tree.supervise("web");
    let mut doomed = Doomed(Vec::new());
    for _ in 0..3 {
        let _ = beacon.next();
        web.wait_for(up());
        doomed.0.push(left.next().pid);
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        assert_eq!((last(&web), detail(&web).kill_at), (Some(Ending::Killed(15)), None));
        tree.svc(["-u", "web"]);
    }
    let _ = beacon.next();
    doomed.0.push(left.next().pid);
    let said = supervise.errors();
    for (name, _, words) in BAD {
        let line = format!("supervise: warning: web: {name}: {words}\n");
        assert_eq!(said.matches(&line).count(), 1, "{line}{said}");
    }
    let others = said.lines().filter(|line| !line.contains(": left behind by an earlier run: ")).count();
    assert_eq!(others, BAD.len(), "{said}");
    assert!(doomed.0.iter().all(|pid| process::is_alive(*pid)), "they are kept, as without the file");
}

/// One that is no file is not read, and does not hold up anything.
#[test]
fn a_value_that_is_no_regular_file_is_told_and_counts_as_absent() {
    let tree = TestTree::new();
    let build = |f: Folder| f.fifo("down-signal").directory("timeout-kill").link("leftovers", "/etc/passwd");
    let (web, beacon, supervise) = plain(&tree, build);
    for _ in 0..2 {
        let _ = beacon.next();
        web.wait_for(up());
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        assert_eq!(last(&web), Some(Ending::Killed(15)));
        tree.svc(["-u", "web"]);
    }
    let said = supervise.errors();
    for name in ["down-signal", "timeout-kill"] {
        assert_eq!(said.matches(&format!("supervise: warning: web: {name}: ")).count(), 1, "{said}");
    }
    let _ = beacon.next();
}

#[test]
fn an_instance_is_stopped_as_its_template_says() {
    let tree = TestTree::new();
    let [run, near, finish] = ["run", "near", "finish"].map(|name| tree.beacon(name));
    let template = tree.folder("web@", |f| {
        let f = f.run(&format!("../near &\n{run}\nexec sleep 1000")).script("finish", &finish.to_string());
        f.file("down-signal", "HUP")
            .file("kill-group", "")
            .file("timeout-kill", "300")
            .file("leftovers", "kill")
    });
    let deaf = format!("#!/bin/sh\n{near}\ntrap '' HUP TERM\n{}\nexec sleep 1000\n", near.say("deaf"));
    fs::write(tree.services().join("near"), deaf).unwrap();
    testkit::Tool::new(std::path::Path::new("/bin/chmod"))
        .arg("+x")
        .arg(tree.services().join("near"))
        .run()
        .exits(0);
    let web = tree.folder("web@a", |f| f);
    let mut supervise = tree.supervise("web@a");
    let _ = run.next();
    let pid = near.next().pid;
    assert_eq!(near.hear(), "deaf");
    web.wait_for(up());
    tree.svc(["-d", "web@a"]);
    assert_eq!(finish.next().arguments[1..4], ["256", "1", "web@a"]);
    web.wait_for(down());
    assert!(!process::is_alive(pid), "it was left behind, and killed after the template's time");
    // Its own file counts first.
    fs::write(web.file("down-signal"), "INT\n").unwrap();
    tree.svc(["-u", "web@a"]);
    let _ = (run.next(), near.next());
    web.wait_for(up());
    supervise.signal(Signal::SIGTERM);
    assert_eq!(finish.next().arguments[1..4], ["256", "2", "web@a"]);
    assert_eq!(supervise.wait(), Ok(0));
    assert!(template.file("finish").exists());
}

#[test]
fn the_longest_spacing_can_be_another() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exit 1").file("restart-max", "1s\n"));
    let supervise = tree.supervise("web");
    let (detail, _) = super::resting(&web, 3);
    assert_eq!(Duration::from_nanos(detail.spacing), Duration::from_secs(1));
    assert_eq!(supervise.errors(), "");
}
