//! The kit itself: what it says it catches, it catches.

use crate::lifeline::Lifeline;
use crate::{DEADLINE, TestTree, Tool, process, wait_until};
use nix::sys::signal::Signal;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SHELL: &str = "/bin/sh";

fn shell(tree: &TestTree, script: &str) -> crate::Running {
    tree.launch(Path::new(SHELL)).arg("-c").arg(script).start()
}

#[test]
fn a_grandchild_that_survives_holds_the_lifeline() {
    let tree = TestTree::new();
    let (lifeline, stdin, stdout) = Lifeline::new(&tree.root().join("stdout"));
    // The grandchild has none of the two by its old number, but one of them by another.
    let script = "sleep 1000 9>&1 >/dev/null </dev/null & echo $! >pid; echo said";
    let mut command = Command::new(SHELL);
    command.args(["-c", script]).current_dir(tree.root()).stdin(stdin).stdout(stdout);
    assert!(command.status().unwrap().success());
    drop(command);
    assert!(!lifeline.is_cut(Duration::from_millis(20)));
    let pid = std::fs::read_to_string(tree.root().join("pid")).unwrap();
    assert!(Tool::new(Path::new("/bin/kill")).arg(pid.trim()).run().exits(0).stderr.is_empty());
    assert!(lifeline.is_cut(DEADLINE));
    assert_eq!(std::fs::read_to_string(tree.root().join("stdout")).unwrap(), "said\n");
}

#[test]
fn what_is_started_dies_with_its_test() {
    let tree = TestTree::new();
    let beacon = tree.beacon("sh");
    let start_and_end = || {
        let running = shell(&tree, &format!("{beacon}\nexec sleep 1000"));
        // Until it has said so, it may still be on its way to ask for the signal.
        assert_eq!(beacon.next().pid, running.pid());
        running
    };
    // The thread that starts it ends, as it does when a test is over.
    let mut running = std::thread::scope(|scope| scope.spawn(start_and_end).join().unwrap());
    assert_eq!(running.wait(), Err(Signal::SIGTERM as i32));
}

#[test]
fn programs_are_asked_to_end_and_tell_how_they_did() {
    let tree = TestTree::new();
    let beacon = tree.beacon("sh");
    let script = format!(
        "trap 'echo asked >&2; exit 3' TERM; {beacon}\nwhile :; do sleep 1000 & wait $!; kill $!; done"
    );
    let mut running = shell(&tree, &script);
    let start = beacon.next();
    assert_eq!(start.pid, running.pid());
    assert_eq!(process::parent(start.pid), Some(std::process::id()));
    running.signal(Signal::SIGCONT);
    assert!(!running.has_ended());
    let children =
        wait_until("it sleeps", &[], || Some(process::children(start.pid)).filter(|all| !all.is_empty()));
    assert_eq!(process::parent(children[0]), Some(start.pid));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait(), Ok(3));
    assert_eq!(running.errors(), "asked\n");
    let sleep = nix::unistd::Pid::from_raw(i32::try_from(children[0]).unwrap());
    nix::sys::signal::kill(sleep, Signal::SIGKILL).unwrap();
    running.stop();
}

#[test]
fn a_beacon_tells_each_start_whole() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}")));
    assert!(beacon.told().is_none());
    for round in ["first", "second"] {
        let run =
            Tool::new(&web.file("run")).env_clear().env("ROUND", round).env("LINES", "a\nb=c").arg("x y");
        run.env("PATH", "/usr/bin:/bin").run().exits(0).errors("");
        let start = beacon.next();
        assert_eq!(start.arguments[1..], ["x y"]);
        assert_eq!(start.environment["ROUND"], round);
        assert_eq!(start.environment["LINES"], "a b=c");
    }
    assert!(beacon.told().is_none());
}

#[test]
fn a_change_is_seen_when_it_happens() {
    let tree = TestTree::new();
    let path = tree.services().join("later/file");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            tree.folder("later", |f| f);
            std::fs::File::create(&path).unwrap().write_all(b"text").unwrap();
        });
        let folders = [tree.services(), tree.services().join("later")];
        let folders = [folders[0].as_path(), folders[1].as_path()];
        let text = wait_until("there is text", &folders, || {
            std::fs::read_to_string(&path).ok().filter(|text| text == "text")
        });
        assert_eq!(text, "text");
    });
}

#[test]
fn folders_are_made_as_they_are_described() {
    let tree = TestTree::new();
    let web = tree.folder("web@", |f| {
        f.run("exec sleep 1")
            .log("exec cat")
            .user("bob")
            .env("A", "b")
            .down()
            .link("l", "run")
            .mode("user", 0o600)
    });
    let mode = |name: &str| std::fs::metadata(web.file(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        [".", "run", "log", "log/run", "user", "env/A", "down"].map(mode),
        [0o755, 0o755, 0o755, 0o755, 0o600, 0o644, 0o644]
    );
    assert_eq!(std::fs::read_to_string(web.file("l")).unwrap(), "#!/bin/sh\nexec sleep 1\n");
}
