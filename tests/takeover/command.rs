//! `svscan dir -- command`: the main process of a container, with services beside it.

use super::{all_end, pids, send};
use nix::sys::signal::Signal;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use testkit::{Launch, Running, TestTree, not_supervised, ours, process, up, wait_until};

fn with_command(tree: &TestTree, command: &[&str]) -> Launch {
    let svscan = tree.launch(&ours("svscan")).arg(tree.services()).arg("--");
    command.iter().fold(svscan, |svscan, word| svscan.arg(word))
}

/// The command's pid.
#[track_caller]
fn child(svscan: &Running, name: &str) -> u32 {
    wait_until(&format!("{name} runs"), &[], || {
        process::children(svscan.pid()).into_iter().find(|pid| process::name(*pid).as_deref() == Some(name))
    })
}

#[test]
fn its_end_is_the_end_of_everything_and_its_exit_code_svscans() {
    for (script, code) in
        [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137), ("kill $$", 143)]
    {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
        let script = format!("while ! {} web; do :; done; {script}", ours("svok").display());
        let mut svscan = with_command(&tree, &["sh", "-c", &script]).start();
        assert_eq!(svscan.wait(), Ok(code), "{script}");
        web.wait_for(not_supervised());
        web.log().wait_for(not_supervised());
        assert_eq!(svscan.errors().replace("Killed", ""), "");
        svscan.stop();
    }
}

#[test]
fn one_that_ends_at_once_or_has_no_service_beside_it_does_not_hang() {
    let tree = TestTree::new();
    for _ in 0..10 {
        assert_eq!(with_command(&tree, &["true"]).start().wait(), Ok(0));
    }
    tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
    for _ in 0..10 {
        assert_eq!(with_command(&tree, &["false"]).start().wait(), Ok(1));
    }
}

#[test]
fn one_that_is_not_there_or_cannot_be_executed_is_told_as_a_shell_tells_it() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let file = tree.root().join("file");
    std::fs::write(&file, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    for (command, code, why) in
        [("no-such-command", 127, "file does not exist"), (file.to_str().unwrap(), 126, "access denied")]
    {
        let mut svscan = with_command(&tree, &[command]).start();
        assert_eq!(svscan.wait(), Ok(code));
        assert_eq!(svscan.errors(), format!("svscan: warning: unable to run {command}: {why}\n"));
        assert!(!web.is_supervised());
    }
}

#[test]
fn it_is_in_the_foreground_and_inherits_what_svscan_was_given() {
    let tree = TestTree::new();
    let beacon = tree.beacon("command");
    let out = tree.root().join("found");
    let script = format!(
        "{beacon}; (grep -E '^(SigBlk|SigIgn)' /proc/self/status; ulimit -n; ls /proc/$$/fd) >'{}'; \
         echo said; exec sleep 1000",
        out.display()
    );
    let shell = tree.launch(Path::new("/usr/bin/prlimit")).arg("--nofile=99:4000").arg(ours("svscan"));
    let mut svscan = ["sh", "-c", &script, "zero", "one two"]
        .iter()
        .fold(shell.arg(tree.services()).arg("--"), |launch, word| launch.arg(word))
        .env("LEFT", "over")
        .start();
    let start = beacon.next();
    assert_eq!(start.arguments, ["zero", "one two"]);
    assert_eq!(start.environment["LEFT"], "over");
    assert!(!start.environment.keys().any(|name| ["UPKEEP_KEPT", "UPKEEP_COMMAND"].contains(&name.as_str())));
    wait_until("it has said so", &[tree.root()], || (svscan.output() == "said\n").then_some(()));
    let found = std::fs::read_to_string(out).unwrap();
    let zero = "\t0000000000000000\n";
    assert!(found.starts_with(&format!("SigBlk:{zero}SigIgn:{zero}")), "{found}");
    assert!(found.ends_with("\n99\n0\n1\n2\n"), "{found}");
    let same = |number: usize| {
        let field = |pid: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            stat.rsplit_once(") ").unwrap().1.split(' ').nth(number).unwrap().to_owned()
        };
        field(start.pid) == field(svscan.pid())
    };
    assert!(same(2) && same(3), "its group and its session are svscan's");
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(143), "TERM is for the command as well");
}

#[test]
fn told_to_stop_it_stops_with_the_services_and_the_second_time_it_is_killed() {
    let tree = TestTree::new();
    let beacon = tree.beacon("command");
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let polite = format!(
        "trap '{}; kill $!; exit 3' TERM; {beacon}; sleep 1000 & wait",
        beacon.say("TERM").replace('\'', "\"")
    );
    let mut svscan = with_command(&tree, &["sh", "-c", &polite]).start();
    let _ = beacon.next();
    web.wait_for(up());
    svscan.signal(Signal::SIGINT);
    assert_eq!(beacon.hear(), "TERM");
    assert_eq!(svscan.wait(), Ok(3));
    svscan.stop();

    let stubborn = format!("trap '' TERM; {beacon}; exec sleep 1000");
    let mut svscan = with_command(&tree, &["sh", "-c", &stubborn]).start();
    let command = beacon.next().pid;
    web.wait_for(up());
    let [_, service] = pids(&web);
    svscan.signal(Signal::SIGTERM);
    all_end(&[service]);
    assert!(process::is_alive(command) && !svscan.has_ended());
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(137));
}

#[test]
fn it_goes_on_through_an_upgrade_of_svscan() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let mut svscan = with_command(&tree, &["sleep", "1000"]).start();
    let command = child(&svscan, "sleep");
    let before = pids(&web);
    svscan.signal(Signal::SIGUSR2);
    svscan.wait_for_errors("took over 1 running service\n");
    assert!(process::is_alive(command) && pids(&web) == before);
    let sleeping = process::children(svscan.pid())
        .into_iter()
        .filter(|pid| process::name(*pid).as_deref() == Some("sleep"));
    assert_eq!(sleeping.collect::<Vec<_>>(), [command], "it is not started twice");
    send(command, Signal::SIGKILL);
    assert_eq!(svscan.wait(), Ok(137));
    assert!(!web.is_supervised());
}
