//! Locks that somebody holds: who waits, what ends the wait, and how long a lock lasts.

use super::calls::in_new_folder;
use crate::asked::Chance;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use testkit::{Running, TestTree, Tool, ours, process, same_as_theirs, wait_until};

/// Holds the lock, as another program would.
fn hold(file: &Path) -> Flock<File> {
    let file = File::options().create(true).append(true).open(file).unwrap();
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| error).unwrap()
}

#[test]
fn every_flag_with_a_lock_that_is_held() {
    let mut chance = Chance::new(11);
    for _ in 0..100 {
        let flags: String = (0..chance.below(5)).map(|_| *chance.pick(&['n', 'N', 'x', 'X'])).collect();
        // One that waits would wait for ever.
        let flags = format!("-{flags}n");
        let args = [
            &*flags,
            *chance.pick(&["l", "l", "free", "no/such", "."]),
            *chance.pick(&["echo", "nosuchprogram"]),
        ];
        same_as_theirs("setlock", |setlock| {
            let folder = tempfile::tempdir().unwrap();
            let held = hold(&folder.path().join("l"));
            let ran = Tool::new(setlock).dir(folder.path()).args(args).run();
            drop(held);
            ran
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let _held = hold(&folder.path().join("l"));
    let run =
        |flags: &str| Tool::new(&ours("setlock")).dir(folder.path()).args([flags, "l", "echo", "x"]).run();
    run("-n").exits(111).prints("").errors("setlock: fatal: unable to lock l: temporary failure\n");
    run("-nx").exits(0).prints("").errors("");
}

#[test]
fn any_flags_with_a_lock_that_is_free() {
    let mut chance = Chance::new(12);
    for _ in 0..100 {
        let mut args = Vec::new();
        for _ in 0..chance.below(4) {
            let flags: String = (0..=chance.below(3)).map(|_| *chance.pick(&['n', 'N', 'x', 'X'])).collect();
            args.push(format!("-{flags}"));
        }
        for word in ["l", "echo", "x"].into_iter().take(1 + chance.below(4)) {
            args.push(if chance.below(12) == 0 {
                (*chance.pick(&["--", "-", "", "-z"])).into()
            } else {
                word.into()
            });
        }
        same_as_theirs("setlock", |setlock| in_new_folder(setlock, |_| (), |tool| tool.args(&args)));
    }
}

/// A setlock that waits for a lock which the test holds.
struct Waiting {
    running: Running,
    held: Flock<File>,
    tree: TestTree,
}

impl Waiting {
    /// `outer` is what it is started through.
    #[track_caller]
    fn new(setlock: &Path, outer: &[&str]) -> Self {
        let tree = TestTree::new();
        let file: PathBuf = tree.root().join("l");
        let held = hold(&file);
        let words = [outer, &[setlock.to_str().unwrap(), file.to_str().unwrap(), "echo", "locked"]].concat();
        let launch =
            words[1..].iter().fold(tree.launch(Path::new(words[0])), |launch, word| launch.arg(word));
        let running = launch.start();
        let pid = format!(" {} ", running.pid());
        wait_until("it waits for the lock", &[], || {
            let locks = fs::read_to_string("/proc/locks").unwrap();
            locks.lines().any(|line| line.contains("-> FLOCK") && line.contains(&pid)).then_some(())
        });
        Self { running, held, tree }
    }

    /// Lets it have the lock. How it ends, and what it says.
    #[track_caller]
    fn end(mut self) -> (Result<i32, i32>, String, String) {
        drop(self.held);
        let end = self.running.wait();
        // What it printed is on its way through a pipe of the kit.
        let folder = self.tree.root();
        let printed = wait_until("the child has printed", &[folder], || {
            Some(self.running.output()).filter(|output| !output.is_empty())
        });
        let said = self.running.errors();
        self.running.stop();
        (end, printed, said)
    }
}

#[test]
fn without_n_it_waits() {
    let ran = same_as_theirs("setlock", |setlock| Waiting::new(setlock, &["env"]).end());
    ran.iter().for_each(|(end, ..)| assert_eq!(*end, Ok(0)));
}

#[test]
fn signals_do_to_it_what_they_do_to_any_program() {
    use Signal::{SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGUSR1, SIGWINCH};
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGUSR1, SIGPIPE] {
        let ran = same_as_theirs("setlock", |setlock| {
            let mut waiting = Waiting::new(setlock, &["env"]);
            waiting.running.signal(signal);
            waiting.running.wait()
        });
        ran.iter().for_each(|end| assert_eq!(*end, Err(signal as i32)));
    }
    // What does nothing, and what the caller has ignored, does not end the wait.
    for (outer, signals) in [
        (&["env"][..], &[SIGCHLD, SIGWINCH, SIGCONT][..]),
        (&["env", "--ignore-signal=TERM,USR1"], &[SIGTERM, SIGUSR1]),
    ] {
        let ran = same_as_theirs("setlock", |setlock| {
            let mut waiting = Waiting::new(setlock, outer);
            signals.iter().for_each(|signal| waiting.running.signal(*signal));
            waiting.end()
        });
        ran.iter().for_each(|(end, ..)| assert_eq!(*end, Ok(0)));
    }
}

#[test]
fn a_wait_goes_on_after_a_stop() {
    let ran = same_as_theirs("setlock", |setlock| {
        let mut waiting = Waiting::new(setlock, &["env"]);
        let pid = waiting.running.pid();
        waiting.running.signal(Signal::SIGSTOP);
        wait_until("it has stopped", &[], || (process::state(pid) == Some('T')).then_some(()));
        waiting.running.signal(Signal::SIGCONT);
        waiting.end()
    });
    ran.iter().for_each(|(end, out, _)| assert_eq!((*end, &**out), (Ok(0), "locked\n")));
}

/// The lock is the open file's: children that go on keep it, and it is gone with the last of them.
#[test]
fn a_lock_lasts_as_long_as_anybody_has_it_open() {
    same_as_theirs("setlock", |setlock| {
        let tree = TestTree::new();
        let [file, fifo] = ["l", "fifo"].map(|name| tree.root().join(name));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let stays = "cat \"$1\" </dev/null >/dev/null 2>&1 & echo left";
        let first = Tool::new(setlock).arg(&file).args(["sh", "-c", stays, "sh"]).arg(&fifo).run();
        let try_again = || Tool::new(setlock).arg("-n").arg(&file).arg("true").run();
        let meanwhile = try_again();
        // Its opening waits until cat has opened it; closed, it ends cat.
        drop(File::options().write(true).open(&fifo).unwrap());
        let last = Tool::new(setlock).arg(&file).args(["echo", "mine"]).run();
        meanwhile.exits(111).prints("");
        last.exits(0).prints("mine\n");
        (first, last, try_again())
    });
    // A child that cannot be run leaves no lock.
    let folder = tempfile::tempdir().unwrap();
    let run = |child: &str| Tool::new(&ours("setlock")).dir(folder.path()).args(["-n", "l", child]).run();
    run("/no/such").exits(111);
    run("/bin/true").exits(0);
}
