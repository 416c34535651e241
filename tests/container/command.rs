//! `svscan DIR -- COMMAND`: the program that the container is there for, and the services beside it.

use super::{Plan, stays, svscan};
use nix::fcntl::{OFlag, open};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use std::fs;
use std::io::Write;
use testkit::{Beacon, Ran, Service, TestTree, not_supervised, ours, process};

/// `svscan service -- sh -c SCRIPT`, to its end, with that as its input.
fn with_command(tree: &TestTree, script: &str, input: &str) -> Ran {
    let svscan = tree.tool(&ours("svscan")).arg(tree.services());
    svscan.args(["--", "sh", "-c", script]).input(input).run()
}

#[test]
fn it_has_stdin_stdout_and_stderr_and_gives_its_exit_code() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run("exec sleep 1000"));
    let script = "read -r line; echo \"read $line\"; echo said >&2; exit 3";
    with_command(&tree, script, "a line\n").exits(3).prints("read a line\n").errors("said\n");
    with_command(&tree, "", "").exits(0).prints("").errors("");
    tree.service("web").wait_for(not_supervised());
}

#[test]
fn a_signal_that_kills_it_is_told_as_a_shell_tells_it() {
    let tree = TestTree::new();
    for signal in [1, 9, 15, 34] {
        with_command(&tree, &format!("kill -{signal} $$"), "").exits(128 + signal).errors("");
    }
}

/// As if svscan were not there: its terminal, its group and its session are the caller's; and no signal is blocked or ignored.
#[test]
fn it_inherits_what_svscan_was_started_with() {
    let tree = TestTree::new();
    let found = "cut -d' ' -f5-7 /proc/$PPID/stat /proc/$$/stat; grep -E 'SigBlk|SigIgn' /proc/self/status; ls /proc/$$/fd; pwd";
    let ran = with_command(&tree, found, "");
    let said = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
    let [svscan, command, rest @ ..] = &said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert_eq!(svscan, command, "group, session and terminal");
    let here = tree.services().display().to_string();
    let none = ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"];
    assert_eq!(rest, [none[0], none[1], "0", "1", "2", &here]);
}

#[test]
fn one_that_cannot_be_run_ends_everything_with_the_reason() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    fs::write(tree.root().join("plain"), "").unwrap();
    let plain = tree.root().join("plain").display().to_string();
    for (command, code, why) in
        [("no-such-program", 127, "file does not exist"), (&plain, 126, "access denied")]
    {
        // A folder that we may not search, as root's, would leave open whether it is in there.
        let svscan = tree.tool(&ours("svscan")).env("PATH", "/usr/bin:/bin").arg(tree.services());
        let ran = svscan.args(["--", command]).run();
        ran.exits(code).errors(format!("svscan: warning: unable to run {command}: {why}\n"));
    }
    tree.service("web").wait_for(not_supervised());
}

#[test]
fn two_dashes_need_a_directory_and_a_command() {
    let usage = "svscan: usage: svscan [-t] [dir [-- command ...]]\n";
    let tree = TestTree::new();
    for arguments in [&[".", "--"][..], &["--", ".", "true"], &[".", "true"]] {
        tree.tool(&ours("svscan")).args(arguments).run().exits(100).errors(usage);
    }
}

/// A command that waits in a FIFO, and a service with last words and a logger.
struct Play {
    beacon: Beacon,
    gate: std::path::PathBuf,
    web: Service,
}

impl Play {
    fn new(tree: &TestTree) -> Self {
        let beacon = tree.beacon("said");
        let gate = tree.root().join("gate");
        nix::unistd::mkfifo(&gate, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let ends = "ends() { seq 5000; exit; }\ntrap ends TERM\nmkfifo never";
        let run = format!("#!/bin/bash\n{ends}\n{}\n{}", beacon.say("service"), stays("never"));
        let web = tree.folder("web", |f| f.run(&run).log("exec cat >out"));
        Self { beacon, gate, web }
    }

    /// The command, with `before` in front of it.
    fn command(&self, tree: &TestTree, before: &str) -> Vec<String> {
        let says = self.beacon.say("command");
        let gate = self.gate.display();
        let script = format!(
            "exec 9<>'{gate}'\n{before}\n{says}\nuntil read -r -t 0.1 code <&9; do begun=$begun$code; done\nexit $begun$code"
        );
        let command = ["--", "bash", "-c", &script].map(str::to_owned);
        svscan(tree).into_iter().chain(command).collect()
    }

    #[track_caller]
    fn both_run(&self) {
        let mut said = [self.beacon.hear(), self.beacon.hear()];
        said.sort();
        assert_eq!(said, ["command", "service"]);
    }

    #[track_caller]
    fn service_has_ended_in_order(&self) {
        assert!(self.web.status().unwrap().pid.is_none() && self.web.log().status().unwrap().pid.is_none());
        let expected: String = (1..=5000).map(|number| format!("{number}\n")).collect();
        assert!(fs::read_to_string(self.web.log().file("out")).unwrap() == expected, "to the last line");
    }
}

#[test]
fn when_it_ends_so_do_the_services_to_their_last_line_and_the_container() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let play = Play::new(&tree);
    let mut container = plan.start_command(&play.command(&tree, ""));
    play.both_run();
    let gate = open(&play.gate, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
    fs::File::from(gate).write_all(b"5\n").unwrap();
    assert_eq!(container.wait(), Ok(5));
    play.service_has_ended_in_order();
    assert_eq!(container.unshare.errors(), "");
}

#[test]
fn term_and_int_to_process_1_reach_it() {
    // As TERM, whichever it is.
    for (signal, before, code) in [(Signal::SIGTERM, "trap 'exit 7' TERM", 7), (Signal::SIGINT, "", 143)] {
        let tree = TestTree::new();
        let Some(plan) = Plan::new(&tree) else { return };
        let play = Play::new(&tree);
        let mut container = plan.start_command(&play.command(&tree, before));
        play.both_run();
        container.signal(signal);
        assert_eq!(container.wait(), Ok(code), "{signal}");
        play.service_has_ended_in_order();
        assert_eq!(container.unshare.errors(), "");
    }
}

#[test]
fn a_second_term_kills_it() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let play = Play::new(&tree);
    let told = play.beacon.say("told");
    let ignores = format!(
        "told() {{ {told}; }}\ntrap told TERM\n{}\n{}",
        play.beacon.say("command"),
        stays(play.gate.to_str().unwrap())
    );
    let mut command = play.command(&tree, "");
    *command.last_mut().unwrap() = ignores;
    let mut container = plan.start_command(&command);
    play.both_run();
    container.signal(Signal::SIGTERM);
    assert_eq!(play.beacon.hear(), "told");
    assert!(process::is_alive(container.pid()));
    container.signal(Signal::SIGTERM);
    assert_eq!(container.wait(), Ok(137));
}

/// What it leaves behind is nobody's but process 1's.
#[test]
fn its_orphans_are_reaped_and_do_not_keep_the_container() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let play = Play::new(&tree);
    let orphans = "i=0; while [ $i -lt 200 ]; do ( : & ); i=$((i + 1)); done\n(sleep 1000 &)";
    let mut container = plan.start_command(&play.command(&tree, orphans));
    play.both_run();
    testkit::wait_until("no zombie is left", &[], || container.zombies().is_empty().then_some(()));
    let gate = open(&play.gate, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
    fs::File::from(gate).write_all(b"0\n").unwrap();
    assert_eq!(container.wait(), Ok(0));
    play.service_has_ended_in_order();
}
