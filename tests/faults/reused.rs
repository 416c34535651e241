//! The number of a process that has ended is given to another one. No signal of ours reaches that: not by a command, not by a
//! new supervise that finds the number on record. In a namespace, where the next number can be chosen.

use nix::sys::stat::Mode;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use testkit::{
    Beacon, Running, Service, TestTree, Tool, needs_root, ours, process, skip, status, up, wait_until,
};

/// svscan as process 1 of a namespace: it collects whatever ends.
struct Namespace {
    unshare: Running,
    svscan: u32,
}

impl Namespace {
    fn new(tree: &TestTree) -> Option<Self> {
        let can = Tool::new(Path::new("/usr/bin/unshare")).args(["--pid", "--fork", "--mount-proc"]);
        if !needs_root() {
            return None;
        }
        if can.args(["test", "-w", "/proc/sys/kernel/ns_last_pid"]).run().end != Ok(0) {
            skip("no number of a process can be chosen here");
            return None;
        }
        let unshare = super::through(tree, "unshare", &["--pid", "--fork", "--mount-proc"]);
        let unshare = unshare.arg(ours("svscan")).arg(tree.services()).start();
        let svscan = wait_until("svscan is there", &[], || process::children(unshare.pid()).first().copied());
        Some(Self { unshare, svscan })
    }

    /// What a process there is called here.
    fn outside(&self, inside: u32) -> u32 {
        let namespace = |pid: u32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let ours = namespace(self.svscan);
        let is_it = |pid: &u32| {
            let numbers = process::field(*pid, "NSpid").unwrap_or_default();
            let mut numbers = numbers.split_whitespace().skip(1);
            numbers.next() == Some(&inside.to_string()) && namespace(*pid) == ours
        };
        wait_until("the process is there", &[], || process::all().into_iter().find(is_it))
    }

    fn stop(mut self) {
        let kill = Tool::new(Path::new("/bin/kill")).arg("-TERM").arg(self.svscan.to_string());
        kill.run().exits(0);
        assert_eq!(self.unshare.wait(), Ok(0));
    }
}

/// A process that has nothing to do with us, and tells each signal that it gets.
struct Stranger {
    ask: PathBuf,
    beacon: Beacon,
    outside: u32,
}

impl Stranger {
    /// One of that number, which is free; a session and a group of its own have it too.
    #[track_caller]
    fn of_number(tree: &TestTree, namespace: &Namespace, number: u32) -> Self {
        let name = format!("stranger-{number}");
        let (ask, beacon) = (tree.root().join(format!("ask-{number}")), tree.beacon(&name));
        nix::unistd::mkfifo(&ask, Mode::S_IRWXU).unwrap();
        let (here, hit) = (beacon.say("here '$$'"), beacon.say("hit"));
        let script = format!(
            "trap \"{hit}\" HUP INT QUIT ALRM TERM USR1 USR2 WINCH CONT\n{}\nwhile read -r word; do {}; done <>'{}'",
            here,
            beacon.say("'$word'"),
            ask.display()
        );
        let file = tree.root().join(name);
        fs::write(&file, script).unwrap();
        // A shell forks the next one under that number, which then makes a session; not in our folder, and not our child.
        let fork =
            "echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid; setsid sh \"$2\" </dev/null >/dev/null 2>&1 &";
        let enter = Tool::new(Path::new("/usr/bin/nsenter")).dir(Path::new("/"));
        let enter = enter.args(["--pid", "--mount", "--target"]).arg(namespace.svscan.to_string());
        enter.args(["sh", "-c", fork, "sh"]).arg(number.to_string()).arg(file).run().exits(0);
        assert_eq!(beacon.hear(), format!("here {number}"));
        Self { ask, beacon, outside: namespace.outside(number) }
    }

    /// It lives, and has been told nothing.
    #[track_caller]
    fn is_left_alone(&self) {
        assert!(
            matches!(process::state(self.outside), Some('S' | 'R')),
            "{:?}",
            process::state(self.outside)
        );
        File::options().write(true).open(&self.ask).unwrap().write_all(b"asked\n").unwrap();
        assert_eq!(self.beacon.hear(), "asked");
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // In our tree it would be taken for something that we left.
        let _ = Tool::new(Path::new("/bin/kill")).arg("-KILL").arg(self.outside.to_string()).run();
    }
}

fn ended(service: &Service, starts: u64) {
    service.wait_for(status("ended", move |status| {
        status.detail.as_ref().is_some_and(|detail| detail.starts == starts) && status.pid.is_none()
    }));
}

const LETTERS: [&str; 12] = ["-p", "-c", "-h", "-a", "-i", "-q", "-1", "-2", "-w", "-t", "-k", "-d"];

#[test]
fn no_command_for_a_service_that_crashes_reaches_whoever_has_its_number_now() {
    let tree = TestTree::new();
    let Some(namespace) = Namespace::new(&tree) else { return };
    let beacon = tree.beacon("web");
    let web =
        tree.folder("web", |f| f.run(&format!("{}\nexit 1", beacon.say("'$$'"))).file("kill-group", ""));
    let mut strangers = Vec::new();
    for starts in 1..=4 {
        let number: u32 = beacon.hear().parse().unwrap();
        ended(&web, starts);
        // Wanted down, it is not started meanwhile.
        tree.svc(["-d", "web"]);
        if web.status().unwrap().detail.unwrap().starts > starts {
            break;
        }
        strangers.push(Stranger::of_number(&tree, &namespace, number));
        for letter in LETTERS {
            tree.svc([letter, "web"]);
        }
        web.wait_for(testkit::down());
        strangers.iter().for_each(Stranger::is_left_alone);
        tree.svc(["-u", "web"]);
    }
    assert!(!strangers.is_empty());
    drop(strangers);
    namespace.stop();
}

#[test]
fn a_new_supervise_leaves_alone_whoever_has_the_number_on_record() {
    let tree = TestTree::new();
    let Some(namespace) = Namespace::new(&tree) else { return };
    let beacon = tree.beacon("web");
    let run = format!("{}\nexec sleep 1000", beacon.say("'$$'"));
    let web = tree.folder("web", |f| f.run(&run).file("leftovers", "kill\n").file("kill-group", ""));
    let number: u32 = beacon.hear().parse().unwrap();
    web.wait_for(up());
    let run = namespace.outside(number);
    let supervise = process::parent(run).unwrap();
    // Its supervise does not start again until the number is somebody else's.
    let stop = |signal: &str, pid: u32| {
        Tool::new(Path::new("/bin/kill")).arg(signal).arg(pid.to_string()).run().exits(0);
    };
    stop("-STOP", namespace.svscan);
    stop("-KILL", supervise);
    stop("-KILL", run);
    wait_until("both have ended", &[], || {
        [run, supervise].iter().all(|pid| !process::is_alive(*pid)).then_some(())
    });
    // The orphan is process 1's to collect; so is supervise, and then another is started.
    let at = web.file("run");
    fs::rename(&at, web.file("run.away")).unwrap();
    stop("-CONT", namespace.svscan);
    wait_until("the number is free", &[], || process::state(run).is_none().then_some(()));
    let stranger = Stranger::of_number(&tree, &namespace, number);
    fs::rename(web.file("run.away"), at).unwrap();
    let next: u32 = beacon.hear().parse().unwrap();
    assert_ne!(next, number);
    web.wait_for(up());
    stranger.is_left_alone();
    tree.svc(["-t", "web"]);
    assert_ne!(beacon.hear(), number.to_string());
    tree.svc(["-dx", "web"]);
    stranger.is_left_alone();
    drop(stranger);
    namespace.stop();
}
