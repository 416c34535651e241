//! svscan dies or leaves, and the next one finds everything running.

use super::{Flow, all_end, killed, pids, send};
use crate::svscan::watching;
use nix::sys::signal::Signal;
use std::fs;
use std::path::PathBuf;
use testkit::{
    Service, TestTree, down, needs_root, not_supervised, process, resting, status, up, wait_until,
};

const ONE: &str = "svscan: info: took over 1 running service\n";

#[test]
fn after_a_kill_or_a_quit_everything_goes_on_and_the_next_one_says_one_line() {
    for signal in [Signal::SIGKILL, Signal::SIGQUIT] {
        let tree = TestTree::new();
        let mut flow = Flow::new(&tree, "web");
        let others: Vec<Service> = ["a", "b", "c"]
            .map(|name| tree.folder(name, |f| f.run("exec sleep 1000").log("exec cat")))
            .into();
        let waiting = tree.folder("down", |f| f.run("exit 1").down());
        let failing = tree.folder("fails", |f| f.run("exit 1"));
        let mut first = watching(tree.svscan());
        let before = (flow.pids(), others.iter().map(pids).collect::<Vec<_>>());
        waiting.wait_for(down());
        failing.wait_for(resting());
        flow.begin();
        first.signal(signal);
        let end = first.wait();
        assert_eq!(end, if signal == Signal::SIGQUIT { Ok(0) } else { Err(9) });
        flow.comes();
        let second = watching(tree.svscan());
        flow.comes();
        assert_eq!((flow.pids(), others.iter().map(pids).collect::<Vec<_>>()), before, "{signal}");
        flow.arrives();
        // Nothing runs twice, and none of those that it found is its own.
        assert!(process::children(second.pid()).is_empty());
        let pipe = flow.web.log().file("supervise/pipe").canonicalize().unwrap();
        let held = process::descriptors(second.pid()).into_iter().filter(|(_, file)| *file == pipe).count();
        assert_eq!(held, 2, "the log pipe is held again");
        assert_eq!(second.errors(), "svscan: info: took over 6 running services\n");
        second.stop();
        assert!(others.iter().all(|service| !service.is_supervised() && !service.log().is_supervised()));
        assert!(!flow.web.is_supervised() && !waiting.is_supervised());
        assert_eq!(first.errors(), "");
    }
}

#[test]
fn one_that_ends_afterwards_is_started_again() {
    let tree = TestTree::new();
    let mut flow = Flow::new(&tree, "web");
    let first = watching(tree.svscan());
    let [service, logger] = flow.pids();
    let _first = killed(first);
    let second = watching(tree.svscan());
    for (ended, part) in [(service, flow.web.clone()), (logger, flow.web.log())] {
        flow.feed();
        flow.arrives();
        ended.into_iter().for_each(|pid| send(pid, Signal::SIGKILL));
        all_end(&ended);
        flow.feed();
        flow.arrives();
        let [supervise, _] = pids(&part);
        assert_eq!(process::parent(supervise), Some(second.pid()));
    }
    // And one that was told to leave.
    let [left, _] = flow.pids();
    tree.svc(["-dx", "web"]);
    all_end(&left);
    flow.feed();
    flow.arrives();
    let said = second.errors();
    assert_eq!(said.lines().filter(|line| line.starts_with("svscan")).count(), 1, "{said}");
}

#[test]
fn a_third_and_a_fourth_find_what_was_found_and_what_was_started() {
    let tree = TestTree::new();
    let mut flow = Flow::new(&tree, "web");
    let first = watching(tree.svscan());
    let [service, _] = flow.pids();
    let _first = killed(first);
    let second = watching(tree.svscan());
    service.into_iter().for_each(|pid| send(pid, Signal::SIGKILL));
    all_end(&service);
    flow.feed();
    flow.arrives();
    let before = flow.pids();
    let _second = killed(second);
    let third = killed(watching(tree.svscan()));
    let fourth = watching(tree.svscan());
    flow.feed();
    flow.arrives();
    assert_eq!(flow.pids(), before);
    assert_eq!(fourth.errors(), ONE);
    fourth.stop();
    third.stop();
}

#[test]
fn folders_that_were_taken_over_can_be_renamed_removed_and_replaced() {
    let tree = TestTree::new();
    let names = ["renamed", "removed", "replaced", "instance@1"];
    tree.folder("instance@", |f| f.run("exec sleep 1000"));
    let services = names.map(|name| {
        let run = |f: testkit::Folder| {
            if name.contains('@') { f } else { f.run("exec sleep 1000").log("exec cat") }
        };
        tree.folder(name, run)
    });
    let _first = killed({
        let first = watching(tree.svscan());
        services.iter().for_each(|service| service.wait_for(up()));
        first
    });
    let [renamed, removed, replaced, instance] = services.each_ref().map(pids);
    let second = watching(tree.svscan());
    let moved = |from: &str, to: &str| {
        fs::rename(tree.service(from).path(), tree.service(to).path()).unwrap();
        tree.service(to)
    };
    let new = moved("renamed", "new-name");
    fs::remove_dir_all(services[1].path()).unwrap();
    moved("replaced", ".old");
    let next = tree.folder("replaced", |f| f.run("exec sleep 2000"));
    let two = moved("instance@1", "instance@2");
    all_end(&removed);
    all_end(&replaced);
    all_end(&instance);
    assert_eq!(pids(&new), renamed, "the same service");
    assert_ne!(pids(&next), replaced);
    assert_eq!(process::arguments(pids(&two)[0])[1..], ["instance@2"]);
    assert_eq!(second.errors(), "svscan: info: took over 4 running services\n");
}

#[test]
fn what_runs_in_a_folder_that_went_meanwhile_is_stopped() {
    let tree = TestTree::new();
    let build = |name: &str| tree.folder(name, |f| f.run("exec sleep 1000").log("exec cat"));
    let [removed, hidden, replaced, kept] = ["removed", "hidden", "replaced", "kept"].map(build);
    let first = watching(tree.svscan());
    let all = [&removed, &hidden, &replaced, &kept].map(|service| [pids(service), pids(&service.log())]);
    let _first = killed(first);
    fs::remove_dir_all(removed.path()).unwrap();
    fs::rename(hidden.path(), tree.services().join(".hidden")).unwrap();
    fs::remove_dir_all(replaced.path()).unwrap();
    let beacon = tree.beacon("anew");
    let anew = tree.folder("replaced", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let second = watching(tree.svscan());
    let [removed, hidden, replaced, kept_pids] = all;
    all_end(&[removed, hidden, replaced].concat().concat());
    anew.wait_for(up());
    assert_eq!(beacon.next().pid, anew.pid());
    assert!(kept_pids.concat().into_iter().all(process::is_alive));
    assert_eq!(second.errors(), "svscan: info: took over 1 running service\n");
}

#[test]
fn what_runs_is_found_before_its_folder_is_at_rest_or_has_a_run() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let other = tree.folder("other", |f| f.run("exec sleep 1000").log("exec cat"));
    let first = watching(tree.svscan());
    let before = [pids(&web), pids(&other)];
    let _first = killed(first);
    fs::remove_file(web.file("run")).unwrap();
    fs::write(other.file("note"), "just changed").unwrap();
    let mut second = tree.svscan();
    second.wait_for_errors("svscan: info: took over 2 running services\n");
    assert_eq!([pids(&web), pids(&other)], before);
    second.signal(Signal::SIGTERM);
    assert_eq!(second.wait(), Ok(0));
    assert!(!web.is_supervised() && !other.is_supervised());
}

#[test]
fn a_stop_in_the_first_moment_ends_what_an_earlier_one_has_left() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
    let first = watching(tree.svscan());
    pids(&web);
    pids(&web.log());
    let _first = killed(first);
    let mut second = tree.svscan();
    wait_until("it is svscan", &[], || {
        process::name(second.pid()).is_some_and(|name| name == "svscan").then_some(())
    });
    second.signal(Signal::SIGTERM);
    let end = second.wait();
    if end == Ok(0) {
        assert!(!web.is_supervised() && !web.log().is_supervised());
    } else {
        // It met the signal before svscan itself did.
        assert_eq!(end, Err(15));
        tree.svscan().stop();
    }
}

#[test]
fn what_ignores_term_is_killed_by_the_second_one() {
    let tree = TestTree::new();
    let beacon = tree.beacon("stubborn");
    let stubborn = tree.folder("stubborn", |f| f.run(&format!("trap '' TERM\n{beacon}\nexec sleep 1000")));
    let first = watching(tree.svscan());
    let pid = beacon.next().pid;
    stubborn.wait_for(up());
    let _first = killed(first);
    let mut second = watching(tree.svscan());
    second.signal(Signal::SIGTERM);
    stubborn.wait_for(status("told to stop", |status| status.terminated));
    assert!(process::is_alive(pid) && !second.has_ended());
    second.signal(Signal::SIGTERM);
    assert_eq!(second.wait(), Ok(0));
    assert!(!process::is_alive(pid));
}

#[test]
fn what_was_told_to_stop_already_is_not_told_again() {
    let tree = TestTree::new();
    let beacon = tree.beacon("slow");
    let said = beacon.say("TERM").replace('\'', "\"");
    let slow = format!("trap '{said}; read -r x <go; exit 5' TERM\n{beacon}\nsleep 1000 & wait");
    let slow = tree.folder("slow", |f| f.fifo("go").run(&slow));
    let mut first = watching(tree.svscan());
    let pid = beacon.next().pid;
    slow.wait_for(up());
    let sleeping = process::children(pid);
    first.signal(Signal::SIGTERM);
    assert_eq!(beacon.hear(), "TERM");
    let _first = killed(first);
    let mut second = watching(tree.svscan());
    second.wait_for_errors(ONE);
    second.signal(Signal::SIGTERM);
    fs::write(slow.file("go"), "\n").unwrap();
    assert_eq!(second.wait(), Ok(0));
    let last = slow.status().unwrap().detail.unwrap().last;
    assert_eq!(format!("{last:?}"), "Some(Exited(5))", "it was given its time");
    sleeping.into_iter().for_each(|pid| send(pid, Signal::SIGKILL));
}

#[test]
fn a_record_that_others_can_write_leads_to_nobody() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let first = watching(tree.svscan());
    let [supervise, _] = pids(&web);
    let _first = killed(first);
    let place = web.file("supervise");
    let mode = |bits| {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&place, fs::Permissions::from_mode(bits)).unwrap();
    };
    mode(0o777);
    let second = watching(tree.svscan());
    second.wait_for_errors("others can write in it: chmod go-w");
    assert!(!second.errors().contains("took over"));
    mode(0o700);
    second.wait_for_errors(ONE);
    assert_eq!(pids(&web)[0], supervise);
}

#[test]
fn a_supervise_that_is_kept_elsewhere_is_found_there() {
    let tree = TestTree::new();
    let elsewhere: PathBuf = tree.root().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let start =
        || tree.launch(&testkit::ours("svscan")).arg(tree.services()).env("SUPERVISEDIR", &elsewhere).start();
    let beacon = tree.beacon("web");
    tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")).log("exec cat"));
    let first = watching(start());
    let run = beacon.next().pid;
    let pipe = |name: &str| name.ends_with(":web:log");
    wait_until("its logger is there", &[&elsewhere], || {
        let names = fs::read_dir(&elsewhere).ok()?.flatten();
        names.filter_map(|entry| entry.file_name().into_string().ok()).find(|name| pipe(name))
    });
    let _first = killed(first);
    let second = watching(start());
    second.wait_for_errors(ONE);
    assert!(process::is_alive(run) && beacon.told().is_none());
    second.stop();
    assert!(!process::is_alive(run));
}

#[test]
fn a_lock_that_somebody_else_holds_is_told_once() {
    let tree = TestTree::new();
    let web =
        tree.folder("web", |f| f.run("exec sleep 1000").directory("supervise").mode("supervise", 0o700));
    let mut holder = tree
        .launch(&testkit::ours("setlock"))
        .arg(web.file("supervise/lock"))
        .arg("sleep")
        .arg("1000")
        .start();
    wait_until("it is held", &[], || {
        process::name(holder.pid()).is_some_and(|name| name == "sleep").then_some(())
    });
    let svscan = watching(tree.svscan());
    let said = "svscan: warning: unable to start supervise web: somebody else holds its lock\n";
    svscan.wait_for_errors(said);
    assert_eq!(svscan.errors(), said);
    holder.signal(Signal::SIGTERM);
    let _ = holder.wait();
    web.wait_for(up());
    assert_eq!(svscan.errors(), said);
    svscan.stop();
    web.wait_for(not_supervised());
}
