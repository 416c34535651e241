//! What a service inherits: nothing that svscan happened to be started with.

use super::watching;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use testkit::{Launch, Service, TestTree, ours, process, up, wait_until};

/// What a process finds: its lines of /proc/self/status, its descriptors, and its limits.
struct Found(String);

impl Found {
    /// A run script that tells what it finds, and goes on.
    fn run(to: &Path, stay: &str) -> String {
        let new = to.with_extension("new");
        let parts =
            "cat /proc/self/status; ls -l /proc/$$/fd; echo soft $(ulimit -Sn); echo hard $(ulimit -Hn)";
        // Not through descriptors of the shell's own: these are what is looked at.
        format!("({parts}) >'{}'\nmv '{}' '{}'\nexec {stay}", new.display(), new.display(), to.display())
    }

    #[track_caller]
    fn read(path: &Path) -> Self {
        let folder = path.parent().unwrap();
        Self(wait_until("the service has told what it found", &[folder], || fs::read_to_string(path).ok()))
    }

    fn field(&self, name: &str) -> &str {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix([':', ' ']));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.0)).trim()
    }

    /// Its descriptors with what is behind each.
    fn descriptors(&self) -> Vec<(u32, String)> {
        let lines = self.0.lines().filter_map(|line| line.split_once(" -> "));
        lines
            .map(|(left, right)| (left.rsplit(' ').next().unwrap().parse().unwrap(), right.to_owned()))
            // The script that the shell reads.
            .filter(|(_, file)| !file.ends_with("/run"))
            .collect()
    }
}

/// Starts svscan through a shell that does `before` first.
fn svscan_after(tree: &TestTree, before: &str) -> Launch {
    let shell = tree.launch(Path::new("/bin/bash"));
    let shell = shell.arg("-c").arg(format!("{before} exec \"$@\"")).arg("bash");
    shell.arg(ours("svscan")).arg(tree.services())
}

/// A service and its logger that tell what they find.
fn telling(tree: &TestTree) -> [PathBuf; 2] {
    let found = ["of-service", "of-logger"].map(|name| tree.root().join(name));
    let service = Found::run(&found[0], "sleep 1000");
    let logger = Found::run(&found[1], "cat >/dev/null");
    tree.folder("web", |f| f.run(&service).log(&logger));
    found
}

#[test]
fn signals_are_at_their_defaults_and_none_is_blocked() {
    let tree = TestTree::new();
    // All of them, the real-time ones included.
    let env = tree.launch(Path::new("/usr/bin/env")).arg("--ignore-signal").arg("--block-signal");
    let _svscan = watching(env.arg(ours("svscan")).arg(tree.services()).start());
    for found in telling(&tree) {
        let found = Found::read(&found);
        for set in ["SigBlk", "SigIgn", "ShdPnd", "SigPnd"] {
            assert_eq!(found.field(set), "0000000000000000", "{set}");
        }
    }
}

#[test]
fn no_descriptor_is_inherited_but_the_standard_three() {
    let tree = TestTree::new();
    let before = "exec 3</etc/passwd 7<>/dev/null 12</etc 250</dev/null 777>/dev/null;";
    let svscan = watching(svscan_after(&tree, before).start());
    let found = telling(&tree);
    let pipe = tree.service("web").log().file("supervise/pipe");
    for (found, own) in found.iter().zip([1, 0]) {
        let descriptors = Found::read(found).descriptors();
        let numbers: Vec<u32> = descriptors.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2], "{descriptors:?}");
        assert_eq!(Path::new(&descriptors[own].1), pipe.canonicalize().unwrap());
    }
    // supervise itself has nothing of them either.
    let web = tree.service("web");
    web.wait_for(up());
    for (number, file) in process::descriptors(process::parent(web.pid()).unwrap()) {
        assert!(number < 20 && !file.starts_with("/etc"), "{number} is {}", file.display());
    }
    assert_eq!(svscan.errors(), "");
}

#[test]
fn what_was_closed_is_dev_null_in_all_eight_combinations() {
    for closed in 0..8 {
        let tree = TestTree::new();
        let is_closed = |number: u32| closed & (1 << number) != 0;
        let words: String = (0..3).filter(|number| is_closed(*number)).map(|n| format!("{n}>&- ")).collect();
        let mut svscan = watching(svscan_after(&tree, &format!("exec {words};")).start());
        let [found, _] = telling(&tree);
        let web = tree.service("web");
        let descriptors = Found::read(&found).descriptors();
        let numbers: Vec<u32> = descriptors.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [0, 1, 2], "{words}: {descriptors:?}");
        for (number, file) in descriptors {
            // stdout is the log pipe always.
            assert_eq!(file == "/dev/null", is_closed(number) && number != 1, "{words}: {number} is {file}");
        }
        // A message goes where stderr is, and into no other file.
        tree.folder("fails", |f| f.run("#!/no/such/interpreter")).wait_for(testkit::failed("does not exist"));
        assert_eq!(svscan.errors().is_empty(), is_closed(2), "{words}");
        for file in ["control", "lock", "ok", "status", "pipe"] {
            let file = web.log().file("supervise").join(file);
            assert!(file.metadata().unwrap().len() == if file.ends_with("status") { 512 } else { 0 });
        }
        // Without stdin and stdout, the kit does not see what survives.
        svscan.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(svscan.wait(), Ok(0));
        assert!(!web.is_supervised() && !web.log().is_supervised());
    }
}

#[test]
fn the_limit_of_open_files_is_the_one_that_svscan_was_given() {
    let tree = TestTree::new();
    let prlimit = tree.launch(Path::new("/usr/bin/prlimit")).arg("--nofile=77:4000");
    let svscan = watching(prlimit.arg(ours("svscan")).arg(tree.services()).start());
    for found in telling(&tree) {
        let found = Found::read(&found);
        assert_eq!([found.field("soft"), found.field("hard")], ["77", "4000"]);
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", svscan.pid())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().collect::<Vec<_>>()[3..5], ["4000", "4000"], "its own is raised");
    // Two descriptors a logger: more than 77 would allow.
    let logged: Vec<Service> = (0..50)
        .map(|number| tree.folder(&format!("s{number}"), |f| f.run("exec sleep 1000").log("exec cat")))
        .collect();
    for service in logged {
        service.wait_for(up());
        service.log().wait_for(up());
    }
    assert_eq!(svscan.errors(), "");
}

/// The fields of /proc/PID/stat after the name, from the third.
fn stat(pid: u32) -> Vec<i64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(1);
    fields.map(|field| field.trim().parse().unwrap_or(0)).collect()
}

const GROUP: usize = 1;
const SESSION: usize = 2;
const TERMINAL: usize = 3;

#[test]
fn on_a_terminal_services_have_sessions_of_their_own_and_ctrl_c_is_for_svscan_alone() {
    let tree = TestTree::new();
    let terminal = nix::pty::openpty(None, None).unwrap();
    let name = nix::unistd::ttyname(&terminal.slave).unwrap();
    let beacon = tree.beacon("terminal");
    let traps = ["INT", "HUP", "QUIT", "TERM"].map(|signal| {
        let said = beacon.say(signal).replace('\'', "\"");
        format!("trap '{said}; kill $!; exit' {signal}")
    });
    let open = format!("if (: </dev/tty) 2>/dev/null; then {}; fi", beacon.say("it has a terminal"));
    let body = format!("{}\n{open}\n{}\nsleep 1000 & wait", traps.join("\n"), beacon.say("runs"));
    // Its controlling terminal, and so its group is the one in the foreground.
    let before = format!("exec setsid --ctty \"$@\" <{};", name.display());
    let mut svscan = watching(svscan_after(&tree, &before).start());
    let web = tree.folder("web", |f| f.run(&body));
    assert_eq!(beacon.hear(), "runs");
    web.wait_for(up());
    let service = stat(web.pid());
    let supervise = process::parent(web.pid()).unwrap();
    assert_eq!(service[SESSION], i64::from(web.pid()));
    assert_eq!(service[GROUP], i64::from(web.pid()));
    assert_eq!(service[TERMINAL], 0);
    assert_eq!(stat(supervise)[GROUP], i64::from(supervise));
    assert_ne!(stat(svscan.pid())[TERMINAL], 0, "as opposed to svscan");
    let keyboard: OwnedFd = terminal.master;
    nix::unistd::write(&keyboard, &[3]).unwrap();
    // svscan stops everything; the service was told so, and nothing else before.
    assert_eq!(svscan.wait(), Ok(0));
    assert_eq!(beacon.hear(), "TERM");
    assert!(beacon.told().is_none());
    drop(File::from(keyboard));
}

#[test]
fn a_signal_to_svscans_group_reaches_no_service() {
    let tree = TestTree::new();
    let mut svscan = watching(svscan_after(&tree, "exec setsid \"$@\";").start());
    let beacon = tree.beacon("group");
    let body = format!("trap '{}' USR1\n{beacon}\nexec sleep 1000", beacon.say("USR1").replace('\'', "\""));
    let web = tree.folder("web", |f| f.run(&body));
    let pid = beacon.next().pid;
    web.wait_for(up());
    let group = nix::unistd::Pid::from_raw(i32::try_from(svscan.pid()).unwrap());
    for signal in [nix::sys::signal::Signal::SIGUSR1, nix::sys::signal::Signal::SIGQUIT] {
        nix::sys::signal::killpg(group, signal).unwrap();
    }
    assert_eq!(svscan.wait(), Ok(0), "it leaves");
    assert!(web.is_supervised() && web.pid() == pid && process::is_alive(pid));
    tree.svc(["-dx", "web"]);
    web.wait_for(testkit::not_supervised());
    assert!(beacon.told().is_none());
}
