//! The demo, as a newcomer sees it: in a terminal, until Ctrl-C; and without one.

use super::repository;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, read, write};
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use testkit::{Account, DEADLINE, TestTree, account, in_time, is_root, ours, skip};

/// The examples have fixed ports: one demo at a time.
static PORTS: Mutex<()> = Mutex::new(());

/// Whether the ports are free, or become so; on a machine where they do not, there is nothing to be seen.
fn ports_are_free() -> bool {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let free = in_time(&[], || [6001, 6002].iter().all(is_free).then_some(()));
    if free.is_none() {
        skip("the ports 6001 and 6002 are in use");
    }
    free.is_some()
}

/// The demo, copied to where every account can reach it, and its argument.
fn demo(tree: &TestTree) -> [PathBuf; 2] {
    let copy = tree.root().join("services.example");
    let copied = Command::new("cp").arg("-R").args([&repository("services.example"), &copy]).status();
    assert!(copied.unwrap().success());
    [copy.join("demo"), ours("svscan").parent().unwrap().to_owned()]
}

/// A program with a terminal of its own.
struct Terminal {
    master: PtyMaster,
    child: Child,
    said: String,
}

impl Terminal {
    fn start(program: &[PathBuf], account: Option<&Account>) -> Self {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = open(Path::new(&ptsname_r(&master).unwrap()), flags, Mode::empty()).unwrap();
        let mut command = Command::new("setsid");
        // Whoever runs the tests in the background ignores INT, and a shell cannot catch what it began with ignored.
        command.args(["--ctty", "env", "--default-signal=INT"]);
        if let Some(account) = account {
            command.args(["setpriv", "--init-groups"]);
            command.args([format!("--reuid={}", account.uid), format!("--regid={}", account.gid)]);
            command.env("HOME", &account.home).env("USER", &account.name);
        }
        let copy = || Stdio::from(slave.try_clone().unwrap());
        let child = command.args(program).stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
        Self { master, child, said: String::new() }
    }

    /// Reads until it has said `text`, or, where that is `None`, until nobody is left who could say anything.
    #[track_caller]
    fn read_until(&mut self, text: Option<&str>) {
        let end = Instant::now() + DEADLINE;
        let mut block = [0; 4096];
        while text.is_none_or(|text| !self.said.contains(text)) {
            let left = end.saturating_duration_since(Instant::now());
            let mut asked = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            let answers = poll(&mut asked, PollTimeout::try_from(left).unwrap()).unwrap();
            let tree = || testkit::process::tree(self.child.id()).join("\n");
            assert!(answers > 0, "waited in vain for {text:?}: {}\n{}", self.said, tree());
            match read(&self.master, &mut block) {
                Ok(count) => self.said.push_str(&String::from_utf8_lossy(&block[..count])),
                Err(Errno::EIO) if text.is_none() => return,
                Err(error) => panic!("{error} instead of {text:?}: {}", self.said),
            }
        }
    }

    /// What stands between two texts in what it has said.
    #[track_caller]
    fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) = self.said.split_once(before).unwrap_or_else(|| panic!("{before:?}: {}", self.said));
        rest.split_once(after).unwrap_or_else(|| panic!("{after:?}: {}", self.said)).0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Where a test has failed before the end: the demo itself, which then ends the others.
        if let Ok(None) = self.child.try_wait() {
            terminate(&self.child);
        }
    }
}

fn terminate(child: &Child) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
}

fn succeeds(ended: std::io::Result<ExitStatus>) {
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[test]
fn it_shows_a_killed_service_coming_back_and_leaves_nothing_at_ctrl_c() {
    let _held = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    if !ports_are_free() {
        return;
    }
    if is_root() {
        whole_demo(None, "nobody");
        let ordinary = account("upkeep-a");
        whole_demo(Some(&ordinary), &ordinary.name);
    } else {
        whole_demo(None, "");
    }
}

fn whole_demo(account: Option<&Account>, runs_as: &str) {
    let tree = TestTree::new();
    let mut terminal = Terminal::start(&demo(&tree), account);
    terminal.read_until(Some("Ctrl-C here stops everything."));
    let folder = PathBuf::from(terminal.between("svscan runs on ", ","));
    assert!(folder.join("web@6001").is_dir());
    let killed: u32 = terminal.between("Now process ", " of web@6001 is killed.").parse().unwrap();
    let after = terminal.between("is killed.", "It is back.");
    let (_, next) = after.split_once("Good morning from port 6001: process ").expect("its answer");
    assert_ne!(next.split(',').next().unwrap().parse::<u32>().unwrap(), killed);
    assert!(next.contains(&format!("running as {runs_as}")), "{next}");
    try_what_it_says(&terminal, account);

    write(&terminal.master, b"\x03").unwrap();
    terminal.read_until(None);
    succeeds(terminal.child.wait());
    assert!(!folder.exists());
}

/// The commands are those lines that are indented.
fn try_what_it_says(terminal: &Terminal, account: Option<&Account>) {
    let commands = terminal.between("It is back.", "Ctrl-C here").lines();
    let commands: Vec<&str> = commands.filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let mut tool = testkit::Tool::new(Path::new("/bin/sh")).args(["-c", command]);
        if let Some(account) = account {
            tool = tool.account(account);
        }
        let ran = tool.run();
        ran.exits(0).errors("");
        assert!(!String::from_utf8_lossy(&ran.stdout).contains("unable"), "{command}: {ran:?}");
    }
}

/// As in a job of some other program: TERM is what ends it then.
#[test]
fn without_a_terminal_it_ends_on_term() {
    let _held = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    if !ports_are_free() {
        return;
    }
    let tree = TestTree::new();
    let [program, argument] = demo(&tree);
    let mut command = Command::new(program);
    let command = command.arg(argument).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let mut said = Vec::new();
    let mut stdout = child.stdout.take().unwrap();
    let mut block = [0; 4096];
    while !String::from_utf8_lossy(&said).contains("Ctrl-C") {
        match stdout.read(&mut block) {
            Ok(0) => panic!("it ended: {}", String::from_utf8_lossy(&said)),
            Ok(count) => said.extend(&block[..count]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
    }
    terminate(&child);
    // The end of its output: nobody is left who has it.
    stdout.read_to_end(&mut said).unwrap();
    succeeds(child.wait());
    let said = String::from_utf8(said).unwrap();
    let (folder, _) = said.split_once("svscan runs on ").unwrap().1.split_once(',').unwrap();
    assert!(!Path::new(folder).exists());
}

#[test]
fn a_port_in_use_is_told_in_clear_words() {
    let _held = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    if !ports_are_free() {
        return;
    }
    let _taken = TcpListener::bind(("127.0.0.1", 6002)).unwrap();
    let tree = TestTree::new();
    let [program, argument] = demo(&tree);
    let ran = testkit::Tool::new(&program).arg(argument).run();
    let said =
        "demo: port 6002 of 127.0.0.1 is in use, and the examples need it: end what has it, then try again\n";
    ran.exits(1).prints("").errors(said);
}

#[test]
fn without_programs_it_says_what_to_do() {
    let tree = TestTree::new();
    let [program, _] = demo(&tree);
    let ran = testkit::Tool::new(&program).arg(tree.root()).run();
    let root = tree.root().display();
    ran.exits(1).prints("").errors(format!("demo: {root} has no svscan in it: run make first\n"));
}

/// A demo of a given length, for whoever wants one.
#[test]
fn it_ends_by_itself_after_a_time() {
    let _held = PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    if !ports_are_free() {
        return;
    }
    let tree = TestTree::new();
    let [program, argument] = demo(&tree);
    testkit::Tool::new(&program).arg(argument).env("DEMO_SECONDS", "0").run().exits(0);
}
