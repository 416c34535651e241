//! fghack beside Debian's.

use crate::passing::ALONE;
use nix::sys::signal::Signal;
use std::fs::File;
use std::path::{Path, PathBuf};
use testkit::{Running, TestTree, Tool, needs_root, ours, process, same_as_theirs, theirs, wait_until};

const USAGE: &str = "fghack: usage: fghack child\n";

#[test]
fn wrong_calls_and_children_that_cannot_be_run() {
    for args in
        [&[][..], &[""], &["-x"], &["--"], &["--", "true"], &["-"], &["nosuchprogram"], &["/"], &["/no/such"]]
    {
        same_as_theirs("fghack", |fghack| Tool::new(fghack).args(args).run());
    }
    Tool::new(&ours("fghack")).run().exits(100).prints("").errors(USAGE);
    let ran = Tool::new(&ours("fghack")).arg("/no/such").run();
    ran.exits(111).prints("").errors("fghack: fatal: unable to run /no/such: file does not exist\n");
}

#[test]
fn it_ends_as_its_child_does() {
    for code in [0, 1, 7, 99, 100, 111, 126, 127, 128, 255] {
        let script = format!("echo out; echo err >&2; exit {code}");
        let run = |fghack: &Path| Tool::new(fghack).args(["sh", "-c", &script]).run();
        same_as_theirs("fghack", run);
        run(&ours("fghack")).exits(code).prints("out\n").errors("err\n");
    }
    // The last two are real-time signals.
    for signal in ["HUP", "KILL", "SEGV", "TERM", "PIPE", "35", "64"] {
        let script = format!("ulimit -c 0; kill -{signal} $$");
        let run = |fghack: &Path| Tool::new(fghack).args(["bash", "-c", &script]).run();
        same_as_theirs("fghack", run);
        run(&ours("fghack")).exits(111).prints("").errors("fghack: fatal: child crashed\n");
    }
}

/// bash with a script, and nothing open but the standard descriptors.
fn alone(script: &str) -> Tool {
    Tool::new(Path::new("/bin/bash")).args(["-c", &format!("{ALONE}{script}"), "bash"])
}

#[test]
fn the_child_has_31_writing_ends_of_a_pipe_and_what_it_writes_goes_nowhere() {
    const LIST: &str = "cd /proc/self/fd; for fd in *; do \
        [ $fd -gt 9 ] && [ $fd -lt 34 ] || echo $fd $(readlink $fd | sed 's/:.*//'); done";
    let outer = ["exec", "exec 3</dev/null 7</dev/full; exec", "exec 5</etc; ulimit -n 30; exec"];
    for outer in outer {
        same_as_theirs("fghack", |fghack| {
            alone(&format!("{outer} \"$@\"")).arg(fghack).args(["sh", "-c", LIST]).run()
        });
    }
    let count =
        "for fd in /proc/self/fd/*; do readlink $fd; done | sort | uniq -c | sed -n 's/^ *31 pipe:.*/yes/p'";
    alone("exec \"$@\"")
        .arg(ours("fghack"))
        .args(["sh", "-c", count])
        .run()
        .exits(0)
        .errors("")
        .prints("yes\n");
    let write = "head -c 300000 /dev/zero >&9; echo $?";
    let ran = same_as_theirs("fghack", |fghack| Tool::new(fghack).args(["sh", "-c", write]).run());
    ran.iter().for_each(|ran| assert_eq!(ran.stdout, b"0\n"));
}

/// Where 0, 1 or 2 is closed, the pipe of daemontools becomes it, and what the child prints is lost in it.
#[test]
fn the_pipe_is_never_a_standard_descriptor() {
    let printed = |fghack: &Path| {
        let script = "exec \"$0\" sh -c 'echo lost 2>/dev/null || exit 9' >&-";
        Tool::new(Path::new("/bin/sh")).args(["-c", script]).arg(fghack).run().end
    };
    assert_eq!(printed(&ours("fghack")), Ok(9), "closed is closed");
    if let Some(theirs) = theirs("fghack") {
        assert_eq!(printed(&theirs), Ok(0));
    }
}

/// A child that leaves something in the background, which lasts until the test lets it end.
struct Background {
    running: Running,
    gate: File,
    tree: TestTree,
}

impl Background {
    /// `before` is done in the background first.
    #[track_caller]
    fn new(fghack: &Path, before: &str) -> Self {
        let tree = TestTree::new();
        let fifo: PathBuf = tree.root().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let script = format!("({before}; read line <'{}'; echo ended) & exit 3", fifo.display());
        let running = tree.launch(fghack).arg("bash").arg("-c").arg(script).start();
        // Opening waits until it is opened for reading.
        let gate = File::options().write(true).open(&fifo).unwrap();
        Self { running, gate, tree }
    }

    /// Waits until the child itself has ended, and is not collected.
    #[track_caller]
    fn wait_for_child(&self) {
        let pid = self.running.pid();
        wait_until("the child has ended", &[self.tree.root()], || {
            process::children(pid).iter().any(|child| process::state(*child) == Some('Z')).then_some(())
        });
    }

    /// Lets the background end. How fghack ends, and what was printed.
    #[track_caller]
    fn end(mut self) -> (Result<i32, i32>, String) {
        drop(self.gate);
        let end = self.running.wait();
        wait_until("the background has ended", &[self.tree.root()], || {
            (!self.running.output().is_empty()).then_some(())
        });
        let said = self.running.output();
        self.running.stop();
        (end, said)
    }
}

#[test]
fn it_waits_for_what_went_into_the_background() {
    // As it is, with descriptors closed one by one, and with a session of its own.
    for before in [":", "exec 0<&- 2>&- 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- 20>&- 33>&-", "trap '' HUP"] {
        let ran = same_as_theirs("fghack", |fghack| {
            let mut background = Background::new(fghack, before);
            background.wait_for_child();
            assert!(!background.running.has_ended(), "{before}");
            background.end()
        });
        ran.iter().for_each(|ran| assert_eq!(*ran, (Ok(3), "ended\n".to_owned())));
    }
}

#[test]
fn what_closes_everything_is_not_waited_for() {
    let ran = same_as_theirs("fghack", |fghack| {
        let close = "for fd in {3..40}; do eval \"exec $fd>&-\"; done";
        let mut background = Background::new(fghack, close);
        assert_eq!(background.running.wait(), Ok(3), "while it goes on");
        background.end()
    });
    ran.iter().for_each(|ran| assert_eq!(*ran, (Ok(3), "ended\n".to_owned())));
}

#[test]
fn a_signal_ends_it_and_nothing_else() {
    same_as_theirs("fghack", |fghack| {
        let mut background = Background::new(fghack, ":");
        background.wait_for_child();
        background.running.signal(Signal::SIGTERM);
        assert_eq!(background.running.wait(), Err(15));
        background.end()
    });
}

#[test]
fn what_the_system_refuses() {
    // Debian's needs one to be loaded.
    for limit in 4..40 {
        let script = format!("ulimit -n {limit}; exec \"$@\"");
        let ran = same_as_theirs("fghack", |fghack| alone(&script).arg(fghack).arg("/no/such").run());
        if limit == 4 {
            let text = "fghack: fatal: unable to create pipe: process cannot open more files\n";
            ran.iter().for_each(|ran| assert_eq!(ran.stderr, text.as_bytes()));
        }
    }
    let ignored = |fghack: &Path| {
        Tool::new(Path::new("/usr/bin/env")).arg("--ignore-signal=CHLD").arg(fghack).arg("true").run()
    };
    same_as_theirs("fghack", ignored);
    ignored(&ours("fghack")).exits(111).errors("fghack: fatal: wait failed: no child processes\n");
    if !needs_root() {
        return;
    }
    let one_process = |fghack: &Path| {
        let outer = ["--nproc=1", "setpriv", "--reuid=61998", "--regid=61998", "--clear-groups"];
        Tool::new(Path::new("/usr/bin/prlimit")).args(outer).arg(fghack).arg("true").run()
    };
    same_as_theirs("fghack", one_process);
    one_process(&ours("fghack")).exits(111).errors("fghack: fatal: unable to fork: temporary failure\n");
}
