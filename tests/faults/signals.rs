//! Signals that mean nothing to our programs, in every state that they can be in: none of them ends one, or does anything else.

use super::hanging::Hanging;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::status::{Phase, Status, Want};
use std::path::Path;
use testkit::{Service, TestTree, Tool, is_root, ours, process, status, up, wait_until};

/// Sends all but those that mean something to supervise and svscan, and those that nobody can catch.
fn all_but(pid: u32, meant: &[i32]) {
    let numbers = (1..=64).filter(|number| ![9, 19, 32, 33].contains(number) && !meant.contains(number));
    let shell = Tool::new(Path::new("/bin/sh")).args(["-c", "for n; do kill -$n $0 || exit; done"]);
    shell.arg(pid.to_string()).args(numbers.map(|number| number.to_string())).run().exits(0);
}

/// What the record says, without its label.
fn state(service: &Service) -> (Phase, Option<u32>, bool, bool, u64) {
    let Status { pid, paused, terminated, detail, .. } = service.status().unwrap();
    let detail = detail.unwrap();
    (detail.phase, pid.map(u32::from), paused, terminated, detail.starts)
}

#[test]
fn none_matters_to_supervise_whatever_it_is_doing() {
    let tree = TestTree::new();
    let is = |phase: Phase| {
        status("in that phase", move |status| {
            status.detail.as_ref().is_some_and(|detail| detail.phase == phase)
        })
    };
    let hanging = is_root().then(|| Hanging::mount(&tree.root().join("dead"))).flatten();
    let deaf = "trap '' TERM\n: >ready\nexec sleep 1000";
    let mut services = vec![
        (tree.folder("up", |f| f.run("exec sleep 1000")), Phase::Up, ""),
        (tree.folder("down", |f| f.run("exec sleep 1000").down()), Phase::Down, ""),
        (tree.folder("paused", |f| f.run("exec sleep 1000")), Phase::Up, "-p"),
        (tree.folder("ending", |f| f.run(deaf)), Phase::Up, "-dx"),
        (tree.folder("failing", |f| f), Phase::Resting, ""),
        (tree.folder("resting", |f| f.run("exit 1")), Phase::Resting, ""),
    ];
    if let Some(hanging) = &hanging {
        let starting = tree.folder("starting", |f| f.link("run", hanging.path().join("run")));
        services.push((starting, Phase::Starting, ""));
    }
    let supervises: Vec<_> = services
        .iter()
        .map(|(service, phase, letters)| {
            let name = service.path().file_name().unwrap().to_str().unwrap();
            let mut supervise = tree.supervise(name);
            service.wait_for(is(*phase));
            if *letters == "-dx" {
                service.wait_until("it is deaf", |service| service.file("ready").exists().then_some(()));
            }
            if !letters.is_empty() {
                tree.svc([*letters, name]);
                service.wait_for(status("told", |status| status.paused || status.terminated));
            }
            let before = state(service);
            all_but(supervise.pid(), &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM]);
            // A command comes behind them: they have all been taken.
            tree.svc(["-o", name]);
            service.wait_for(status("asked", |status| status.want == Want::Once));
            assert!(!supervise.has_ended(), "{name}");
            // By the command, what was down or rested has been started.
            if matches!(phase, Phase::Up | Phase::Starting) {
                assert_eq!(state(service), before, "{name}");
                assert!(before.1.is_some_and(process::is_alive), "{name}");
            }
            if *letters == "-dx" {
                tree.svc(["-k", name]);
                assert_eq!(supervise.wait(), Ok(0));
            }
            supervise
        })
        .collect();
    drop(hanging);
    drop(supervises);
}

#[test]
fn none_matters_to_svscan_while_it_starts_and_while_it_stops() {
    let tree = TestTree::new();
    let deaf = tree.folder("deaf", |f| f.run("trap '' TERM\n: >ready\nexec sleep 1000").log("exec cat"));
    let others: Vec<Service> =
        (0..20).map(|number| tree.folder(&format!("s{number}"), |f| f.run("exec sleep 1000"))).collect();
    let mut svscan = tree.svscan();
    let meant = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];
    deaf.wait_for(up());
    all_but(svscan.pid(), &meant);
    others.iter().for_each(|service| service.wait_for(up()));
    deaf.wait_until("it is deaf", |service| service.file("ready").exists().then_some(()));
    svscan.signal(Signal::SIGTERM);
    wait_until("the others have ended", &[], || (!others.iter().any(Service::is_supervised)).then_some(()));
    all_but(svscan.pid(), &meant);
    // It goes on waiting for the one, whose supervise gets them too.
    let supervise = process::parent(deaf.pid()).unwrap();
    all_but(supervise, &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM]);
    assert!(!svscan.has_ended() && process::is_alive(deaf.pid()) && deaf.log().is_supervised());
    kill(Pid::from_raw(i32::try_from(deaf.pid()).unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(svscan.wait(), Ok(0));
    assert_eq!(svscan.errors(), "");
}

/// Of these, HUP, INT, QUIT and TERM end it as the end of its input does, and ALRM ends the file.
#[test]
fn none_matters_to_a_logger_while_it_waits_for_lines() {
    let tree = TestTree::new();
    let feed = tree.root().join("feed");
    nix::unistd::mkfifo(&feed, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let multilog = ours("multilog");
    let web = tree.folder("web", |f| {
        f.run(&format!("exec cat <>'{}'", feed.display()))
            .log(&format!("exec '{}' ./main", multilog.display()))
    });
    let svscan = tree.svscan();
    web.wait_for(up());
    web.log().wait_for(up());
    let logger = web.log().pid();
    let current = web.log().file("main/current");
    // Between two lines, and within one: of a long one, what has come is written.
    let mut whole = String::new();
    for piece in ["one\n", &"x".repeat(2000), "\ntwo\n"] {
        std::fs::write(&feed, piece).unwrap();
        whole += piece;
        wait_until("it is logged", &[web.log().path()], || {
            (std::fs::read_to_string(&current).is_ok_and(|said| said == whole)).then_some(())
        });
        let meant = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGALRM];
        all_but(logger, &meant);
    }
    assert_eq!(web.log().pid(), logger);
    assert!(process::is_alive(logger));
    assert_eq!(svscan.errors(), "");
}
