//! Who controls whom: Debian's svc, svstat, svok and runit's sv our supervise, and ours Debian's supervise and
//! runit's runsv. What is the same for all of them is one story, told to each pair.

use crate::asked::same;
use std::path::{Path, PathBuf};
use testkit::{
    Running, Service, TestTree, down, not_supervised, ours, process, status, supervised, theirs, up,
};

/// The supervises, and how each is asked to end when a test does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supervise {
    Ours,
    Debians,
    Runsv,
}

impl Supervise {
    /// Starts it on a folder, unless its package is not installed.
    fn start(self, tree: &TestTree, service: &Service) -> Option<Running> {
        let launch = match self {
            Self::Ours => tree.launch(&ours("supervise")),
            Self::Debians => tree.launch(&theirs("supervise")?).stop_by_control(service.path()),
            Self::Runsv => tree.launch(&theirs("runsv")?),
        };
        let running = launch.arg(service.path().file_name().expect("a name")).start();
        service.wait_for(supervised());
        Some(running)
    }
}

/// The program of that name in both versions, theirs where it is installed.
fn both(name: &str) -> Vec<PathBuf> {
    [Some(ours(name)), theirs(name)].into_iter().flatten().collect()
}

/// Both svstats say the same, and it contains `text`.
#[track_caller]
fn svstats_say(tree: &TestTree, text: &str) {
    let [ours, theirs] = &both("svstat")[..] else { return };
    let call = |program: &Path| tree.tool(program).arg("web");
    let said = same(|| call(ours), || call(theirs));
    let said = String::from_utf8(said.exits(0).errors("").stdout.clone()).expect("plain text");
    assert!(said.starts_with("web: ") && said.contains(text), "{said}");
}

/// A service from its first start to the end of its supervise, by one svc.
fn whole_life(supervise: Supervise, svc: &Path) {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")).down());
    let Some(mut running) = supervise.start(&tree, &web) else { return };
    let send = |letters: &str| {
        tree.tool(svc).args([letters, "web"]).run().exits(0).prints("").errors("");
    };
    svstats_say(&tree, "down ");
    for svok in both("svok") {
        tree.tool(&svok).arg("web").run().exits(0);
    }

    send("-u");
    let first = beacon.next().pid;
    web.wait_for(up());
    assert_eq!(web.pid(), first);
    svstats_say(&tree, &format!("up (pid {first}) "));
    svstats_say(&tree, ", normally down\n");

    send("-t");
    let second = beacon.next().pid;
    web.wait_for(status("up again", move |status| status.pid.is_some_and(|pid| pid.get() == second)));
    assert!(second != first && !process::is_alive(first));

    send("-p");
    web.wait_for(status("paused", |status| status.paused));
    web.wait_until("the process has stopped", |_| (process::state(second) == Some('T')).then_some(()));
    svstats_say(&tree, ", normally down, paused\n");
    send("-c");
    web.wait_for(status("not paused", |status| !status.paused));
    web.wait_until("the process goes on", |_| (process::state(second) == Some('S')).then_some(()));

    send("-d");
    web.wait_for(down());
    assert!(!process::is_alive(second));
    svstats_say(&tree, "web: down ");

    send("-o");
    let third = beacon.next().pid;
    web.wait_for(up());
    send("-k");
    web.wait_for(down());
    assert!(!process::is_alive(third));

    send("-u");
    let fourth = beacon.next().pid;
    web.wait_for(up());
    send("-dx");
    web.wait_for(not_supervised());
    assert_eq!(running.wait(), Ok(0));
    svstats_say(&tree, "web: supervise not running\n");
    for svok in both("svok") {
        tree.tool(&svok).arg("web").run().exits(100);
    }
    assert!(!process::is_alive(fourth) && beacon.told().is_none(), "four starts, and no more");
}

#[test]
fn our_svc_controls_our_supervise() {
    whole_life(Supervise::Ours, &ours("svc"));
}

#[test]
fn our_svc_controls_debians_supervise() {
    whole_life(Supervise::Debians, &ours("svc"));
}

#[test]
fn our_svc_controls_runsv() {
    whole_life(Supervise::Runsv, &ours("svc"));
}

#[test]
fn debians_svc_controls_our_supervise() {
    let Some(svc) = theirs("svc") else { return };
    whole_life(Supervise::Ours, &svc);
}

/// The tests' own footing: what holds for ours is what holds for the original.
#[test]
fn debians_svc_controls_debians_supervise() {
    let Some(svc) = theirs("svc") else { return };
    whole_life(Supervise::Debians, &svc);
}

/// A run that says which signals it gets, and ends at none of them.
fn listening(beacon: &testkit::Beacon, signals: &[&str]) -> String {
    let traps: String =
        signals.iter().map(|signal| format!("trap \"{}\" {signal}\n", beacon.say(signal))).collect();
    // A shell misses no signal while it waits for a child. This child ends with the shell, which holds the other
    // end of its FIFO, and at no signal before that.
    format!(
        "(trap '' {}; exec cat hold) &\nexec 3>hold\n{traps}{}\nwhile :; do wait; done",
        signals.join(" "),
        beacon.say("ready")
    )
}

#[test]
fn every_signal_of_svc_arrives() {
    let daemontools = [("-h", "HUP"), ("-a", "ALRM"), ("-i", "INT"), ("-t", "TERM")];
    let runit = [("-q", "QUIT"), ("-1", "USR1"), ("-2", "USR2")];
    let encore = [("-w", "WINCH")];
    let cases = [
        (Supervise::Ours, [&daemontools[..], &runit, &encore].concat()),
        (Supervise::Debians, daemontools.to_vec()),
        (Supervise::Runsv, [&daemontools[..], &runit].concat()),
    ];
    for (supervise, signals) in cases {
        let tree = TestTree::new();
        let beacon = tree.beacon("web");
        let names: Vec<&str> = signals.iter().map(|(_, name)| *name).collect();
        let web = tree.folder("web", |f| f.run(&listening(&beacon, &names)).fifo("hold"));
        let Some(running) = supervise.start(&tree, &web) else { continue };
        assert_eq!(beacon.hear(), "ready");
        for (option, name) in signals {
            tree.svc([option, "web"]);
            assert_eq!(beacon.hear(), name, "{supervise:?}");
        }
        // It ends at no TERM.
        tree.svc(["-dkx", "web"]);
        drop(running);
    }
}

#[test]
fn a_signal_for_the_group_reaches_the_children_too() {
    let tree = TestTree::new();
    let [beacon, its_childs] = ["web", "child"].map(|name| tree.beacon(name));
    let [this, child] = [&beacon, &its_childs].map(|beacon| listening(beacon, &["HUP", "ALRM"]));
    let child = child.replace("hold", "hold-too");
    let web =
        tree.folder("web", |f| f.run(&format!("(\n{child}\n) &\n{this}")).fifo("hold").fifo("hold-too"));
    let _running = Supervise::Ours.start(&tree, &web);
    assert_eq!([beacon.hear(), its_childs.hear()], ["ready"; 2]);
    tree.svc(["-+h=a", "web"]);
    assert_eq!([beacon.hear(), its_childs.hear()], ["HUP"; 2]);
    assert_eq!(beacon.hear(), "ALRM");
    // What comes later is for the process alone again.
    tree.svc(["-h", "web"]);
    assert_eq!(beacon.hear(), "HUP");
    tree.svc(["-+h", "web"]);
    assert_eq!([beacon.hear(), its_childs.hear()], ["HUP"; 2], "no ALRM and no HUP reached the child");
    tree.svc(["-+dkx", "web"]);
}

#[test]
fn runits_sv_controls_our_supervise() {
    let Some(sv) = theirs("sv") else { return };
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let _running = Supervise::Ours.start(&tree, &web);
    let call = |command: &str| {
        let ran = tree.tool(&sv).args(["-w", "15", command]).arg(web.path()).run();
        String::from_utf8(ran.exits(0).errors("").stdout.clone()).expect("plain text")
    };
    let name = web.path().display().to_string();
    #[track_caller]
    fn starts(said: &str, start: &str) {
        assert!(said.starts_with(start), "{said} does not start with {start}");
    }

    let first = beacon.next().pid;
    web.wait_for(up());
    starts(&call("status"), &format!("run: {name}: (pid {first}) "));
    starts(&call("down"), &format!("ok: down: {name}: "));
    let said = call("status");
    starts(&said, &format!("down: {name}: "));
    assert!(said.ends_with("s, normally up\n"), "{said}");

    starts(&call("up"), &format!("ok: run: {name}: (pid "));
    let second = beacon.next().pid;
    call("term");
    let third = beacon.next().pid;
    assert!(first != second && second != third);
    web.wait_for(up());

    call("pause");
    web.wait_for(status("paused", |status| status.paused));
    let said = call("status");
    assert!(said.ends_with(", paused\n"), "{said}");
    call("cont");
    web.wait_for(status("not paused", |status| !status.paused));

    // runsv writes `d` for a service that runs once, and sv waits for that. daemontools writes 0, and so do we:
    // what was asked for is done, but sv does not see it.
    let call_in_vain = |command: &str| {
        let ran = tree.tool(&sv).args(["-w", "1", command]).arg(web.path()).run();
        starts(&String::from_utf8(ran.exits(1).stdout.clone()).expect("plain text"), "timeout: ");
    };
    call_in_vain("once");
    web.wait_for(status("wanted once", |status| status.want == protocol::status::Want::Once));
    call_in_vain("kill");
    web.wait_for(down());
    call_in_vain("once");
    assert_ne!(beacon.next().pid, third);
    call("hup");
    web.wait_for(down());
    assert!(beacon.told().is_none());
}

#[test]
fn every_signal_of_runits_sv_arrives() {
    let Some(sv) = theirs("sv") else { return };
    let signals = [
        ("hup", "HUP"),
        ("alarm", "ALRM"),
        ("interrupt", "INT"),
        ("quit", "QUIT"),
        ("1", "USR1"),
        ("2", "USR2"),
        ("term", "TERM"),
    ];
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let names: Vec<&str> = signals.iter().map(|(_, name)| *name).collect();
    let web = tree.folder("web", |f| f.run(&listening(&beacon, &names)).fifo("hold"));
    let _running = Supervise::Ours.start(&tree, &web);
    assert_eq!(beacon.hear(), "ready");
    for (command, name) in signals {
        tree.tool(&sv).arg(command).arg(web.path()).run().exits(0);
        assert_eq!(beacon.hear(), name);
    }
    tree.svc(["-dk", "web"]);
    web.wait_for(down());
}

#[test]
fn runits_sv_reads_the_logger_of_a_service_of_ours() {
    let Some(sv) = theirs("sv") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat >/dev/null"));
    let _svscan = tree.svscan();
    web.wait_for(up());
    web.log().wait_for(up());
    let ran = tree.tool(&sv).arg("status").arg(web.path()).run();
    let said = String::from_utf8(ran.exits(0).stdout.clone()).expect("plain text");
    let [service, log] = [&web, &web.log()].map(Service::pid);
    assert!(said.contains(&format!("(pid {service}) ")), "{said}");
    assert!(said.contains(&format!("; run: log: (pid {log}) ")), "{said}");
}
