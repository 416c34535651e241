//! The parsers, and the rest with processes that are really there.

use super::*;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::stat as stat_of_path;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{getpgrp, getppid, getsid};
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A process that is ended with the test.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn sleep() -> Self {
        Self::start(Command::new("sleep").arg("1000"))
    }

    /// One that has its command line: for a moment of its exec a process has none.
    fn shell(arguments: &[&str]) -> Self {
        let mut shell = Self::start(Command::new("sh").args(["-c", "echo; read line; exit"]).args(arguments));
        assert_eq!(shell.line(), "\n");
        shell
    }

    /// What it writes.
    fn line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line
    }

    /// What it has started: the pid that it writes.
    fn started(&mut self) -> Started {
        Started(Pid::from_raw(self.line().trim().parse().unwrap()))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }

    /// Kills it, and leaves it to be reaped later.
    fn becomes_a_zombie(&mut self) {
        self.0.kill().unwrap();
        waitid(Id::Pid(self.pid()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    }

    fn ends(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that another has started, which is ended with the test, too.
struct Started(Pid);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
    }
}

fn pids(processes: Vec<Stat>) -> Vec<Pid> {
    let mut pids: Vec<Pid> = processes.into_iter().map(|process| process.pid).collect();
    pids.sort();
    pids
}

/// As the kernel writes it, with that name.
fn line(name: &[u8]) -> Vec<u8> {
    let rest = b" S 7 12 11 0 -1 4194560 1 0 0 0 5 4 30 2 20 0 3 0 987654 2596864 233 18446744073709551615\n";
    [b"12 (".as_slice(), name, b")", rest].concat()
}

#[test]
fn a_stat_is_read_whatever_the_program_is_called() {
    let pid = Pid::from_raw;
    for name in ["sleep", "", ") (", "a) Z 1 1 1 (b", "(", ")", "))", "two\nlines", "12 (x) S"] {
        let stat = parse_stat(&line(name.as_bytes()));
        let expected = Stat {
            pid: pid(12),
            parent: pid(7),
            group: pid(12),
            session: pid(11),
            state: b'S',
            threads: 3,
            processor_time: 41,
            start_time: 987_654,
            resident_pages: 233,
        };
        assert_eq!(stat, Some(expected), "{name:?}");
    }
    assert!(parse_stat(&line(b"\xff\xfe")).is_some());
}

#[test]
fn what_is_cut_off_is_no_stat() {
    let whole = line(b"sleep");
    let end = whole.windows(5).position(|part| part == b" 233 ").unwrap() + 5;
    for length in 0..end {
        assert_eq!(parse_stat(&whole[..length]), None, "{length}");
    }
    assert!(parse_stat(&whole[..end]).is_some());
}

#[test]
fn what_is_no_number_is_no_stat() {
    let whole = String::from_utf8(line(b"x")).unwrap();
    for (good, bad) in [
        ("12 (", "-12 ("),
        ("12 (", "12("),
        ("12 (", "("),
        (") S", ")S"),
        (" S ", " SS "),
        (" S ", " "),
        (" 7 12 11 ", " 7 -1 -1 "),
        (" 7 ", " +7 "),
        (" 7 ", " 4294967296 "),
        (" 987654 ", " 18446744073709551616 "),
        (" 987654 ", "  "),
    ] {
        assert!(whole.contains(good), "{good}");
        assert_eq!(parse_stat(whole.replacen(good, bad, 1).as_bytes()), None, "{bad}");
    }
}

#[test]
fn what_still_has_a_thread_is_alive() {
    let stat = |state, threads| Stat { state, threads, ..parse_stat(&line(b"x")).unwrap() };
    assert!(stat(b'S', 1).is_alive() && stat(b'T', 1).is_alive() && stat(b'I', 1).is_alive());
    assert!(!stat(b'Z', 1).is_alive() && !stat(b'X', 0).is_alive());
    assert!(stat(b'Z', 2).is_alive(), "its first thread has ended");
}

#[test]
fn a_process_has_a_user() {
    let proc = Proc::open().unwrap();
    assert_eq!(proc.user(getpid()), Some(nix::unistd::geteuid().as_raw()));
    assert_eq!(proc.user(Pid::from_raw(i32::MAX)), None);
}

/// The kernel lets nobody look into a process whose program its user may run and not read.
#[test]
fn a_process_that_may_not_be_looked_into_has_its_user_too() {
    if !nix::unistd::geteuid().is_root() {
        let _ = std::io::stderr()
            .write_all(b"skipped: a_process_that_may_not_be_looked_into_has_its_user_too: it needs root\n");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("sleep");
    std::fs::copy("/bin/sleep", &program).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o711)).unwrap();
    let running = Running::start(Command::new(&program).arg("1000").uid(65534));
    let file = format!("/proc/{}/stat", running.0.id());
    assert_eq!(stat_of_path(file.as_str()).unwrap().st_uid, 0, "what is in its folder is root's");
    assert_eq!(Proc::open().unwrap().user(Pid::from_raw(running.0.id().try_into().unwrap())), Some(65534));
}

#[test]
fn this_process_is_as_the_system_says() {
    let found = stat(getpid()).unwrap().unwrap();
    assert_eq!((found.pid, found.parent, found.group), (getpid(), getppid(), getpgrp()));
    assert_eq!(found.session, getsid(None).unwrap());
    assert!(found.is_alive() && found.threads > 1);
    assert_eq!(pids(find(|process| process.pid == getpid()).unwrap()), [getpid()]);
}

#[test]
fn a_zombie_is_there_but_not_alive_and_what_is_reaped_is_gone() {
    let mut child = Running::shell(&[]);
    let pid = child.pid();
    let before = stat(pid).unwrap().unwrap();
    assert!(before.is_alive());
    child.becomes_a_zombie();
    let zombie = stat(pid).unwrap().unwrap();
    assert!(!zombie.is_alive());
    assert_eq!(zombie.start_time, before.start_time);
    assert_eq!(command_line(pid), "[sh]");
    assert_eq!(arguments(pid), b"");
    assert_eq!(working_folder(pid), None);
    child.ends();
    assert_eq!(stat(pid), Ok(None));
    assert_eq!(command_line(pid), "(gone)");
}

#[test]
fn children_are_those_of_every_thread_that_live() {
    let mut zombie = Running::sleep();
    zombie.becomes_a_zombie();
    let child = Running::sleep();
    let mut shell = Running::start(Command::new("sh").args(["-c", "sleep 1000 & echo $!; wait"]));
    let grandchild = shell.started();
    let ours = pids(children(getpid()).unwrap());
    let among = |pid: Pid| ours.contains(&pid);
    assert!(among(child.pid()) && among(shell.pid()));
    assert!(!among(zombie.pid()) && !among(grandchild.0));
    assert_eq!(pids(children(shell.pid()).unwrap()), [grandchild.0]);
    assert_eq!(pids(children(child.pid()).unwrap()), []);
    assert_eq!(pids(children(zombie.pid()).unwrap()), []);
    // And as a kernel without the list has it.
    let walked = find(|process| process.parent == shell.pid() && process.is_alive()).unwrap();
    assert_eq!(pids(walked), [grandchild.0]);
}

#[test]
fn a_session_is_its_members_with_or_without_the_leader() {
    let mut leader = Running::start(Command::new("setsid").args(["sh", "-c", "sleep 1000 & echo $!; wait"]));
    let session = leader.pid();
    let member = leader.started();
    let mut both = [session, member.0];
    both.sort();
    let is_leader = |stat: &Stat| stat.pid == session && stat.session == session;
    assert_eq!(pids(in_session(session, is_leader).unwrap()), both);
    assert_eq!(in_session(session, |_| false), Ok(Vec::new()), "a stranger has the number");
    leader.becomes_a_zombie();
    assert_eq!(pids(in_session(session, is_leader).unwrap()), [member.0]);
    assert_eq!(in_session(session, |_| false), Ok(Vec::new()), "a stranger's zombie");
    leader.ends();
    assert_eq!(pids(in_session(session, |_| panic!("there is no leader")).unwrap()), [member.0]);
    let mut alone = Running::start(Command::new("setsid").args(["sleep", "1000"]));
    alone.ends();
    assert_eq!(in_session(alone.pid(), |_| true), Ok(Vec::new()));
}

#[test]
fn kernel_threads_are_nobodys_session() {
    for number in [0, -1] {
        assert_eq!(in_session(Pid::from_raw(number), |_| true), Ok(Vec::new()));
    }
}

#[test]
fn a_command_line_is_one_line_that_a_terminal_can_show() {
    let odd = Running::shell(&["a\x1b[2J\nb"]);
    assert_eq!(command_line(odd.pid()), "sh -c echo; read line; exit a\\x1b[2J\\x0ab");
    assert_eq!(arguments(odd.pid()), b"sh\0-c\0echo; read line; exit\0a\x1b[2J\nb\0");
    let long = Running::shell(&[&"x".repeat(5000)]);
    assert_eq!(command_line(long.pid()), format!("sh -c echo; read line; exit {}...", "x".repeat(72)));
    assert_eq!(arguments(long.pid()).len(), 512);
}

#[test]
fn a_command_is_cut_between_characters() {
    let command = |head: usize| format!("{}{}", "x".repeat(head), "\u{e9}".repeat(20));
    assert_eq!(shown_command(command(60).as_bytes()), command(60), "100 bytes");
    let of_98 = format!("{}\u{e9}...", "x".repeat(98));
    assert_eq!(shown_command(command(98).as_bytes()), of_98);
    assert_eq!(shown_command(command(99).as_bytes()), format!("{}...", "x".repeat(99)));
    let crab = format!("{}\u{1f980}", "x".repeat(97));
    assert_eq!(shown_command(crab.as_bytes()), format!("{}...", "x".repeat(97)));
    assert_eq!(shown_command(&[0x80; 200]), format!("{}...", "\\x80".repeat(100)), "no text at all");
    assert_eq!(shown_command(b"a\0\0b\0\0"), "a  b");
    assert_eq!(shown_command(b""), "");
}

#[test]
fn the_folder_that_a_process_works_in_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let child = Running::start(Command::new("sleep").arg("1000").current_dir(folder.path()));
    let id = FolderId::from(&stat_of_path(folder.path()).unwrap());
    assert_eq!(working_folder(child.pid()), Some(id));
    let elsewhere = Running::sleep();
    assert_ne!(working_folder(elsewhere.pid()), Some(id));
}

#[test]
fn the_start_of_a_process_is_a_time_of_the_wall_clock() {
    let before = sys::clock::wall();
    let child = Running::sleep();
    let after = sys::clock::wall();
    let start = started(&stat(child.pid()).unwrap().unwrap()).unwrap();
    let tick = Duration::from_millis(20);
    assert!(start + tick >= before && start <= after + tick, "{before:?} {start:?} {after:?}");
}

#[test]
fn ticks_are_counted_from_the_start_of_the_machine() {
    let seconds = Duration::from_secs;
    let now = seconds(1_700_000_000);
    assert_eq!(wall_time(0, 100, seconds(50), now), Some(now - seconds(50)));
    assert_eq!(wall_time(1234, 100, seconds(50), now), Some(now - Duration::from_millis(37_660)));
    assert_eq!(
        wall_time(u64::MAX, 100, seconds(50), now),
        Some(now + Duration::new(184_467_440_737_095_466, 150_000_000))
    );
    assert_eq!(wall_time(u64::MAX, 1, seconds(50), now), None);
    assert_eq!(wall_time(5, 0, seconds(50), now), None);
    assert_eq!(wall_time(0, 100, seconds(50), seconds(10)), None, "a clock that stands at 1970");
}

/// Once more by itself, in a pid namespace without a /proc of its own.
#[test]
fn another_namespaces_proc_is_not_believed() {
    const INSIDE: &str = "UPKEEP_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        assert_eq!(stat(getpid()), Err(Errno::ESRCH));
        assert_eq!(children(getpid()), Err(Errno::ESRCH));
        assert_eq!(in_session(getpid(), |_| true), Err(Errno::ESRCH));
        assert_eq!(command_line(getpid()), "(unknown)");
        assert_eq!(working_folder(getpid()), None);
        return;
    }
    let unshare = |command: &[&std::ffi::OsStr]| {
        let options = ["--user", "--map-root-user", "--pid", "--fork", "--"];
        Command::new("unshare").args(options).args(command).env(INSIDE, "1").output()
    };
    if !unshare(&["true".as_ref()]).is_ok_and(|output| output.status.success()) {
        // Nothing of a test's own output is shown when it passes.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no namespaces here\n");
        return;
    }
    let this = std::env::current_exe().unwrap();
    let name = "proc::tests::another_namespaces_proc_is_not_believed";
    let output = unshare(&[this.as_os_str(), "--exact".as_ref(), name.as_ref()]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
