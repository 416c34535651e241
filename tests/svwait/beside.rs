//! Beside s6-svwait: the same services, one kept by ours and one by s6's, the same options and commands, the same exit codes.

use super::fifos::s6;
use super::*;
use std::path::PathBuf;

/// A supervise and what goes with it.
struct Side {
    supervise: PathBuf,
    svc: PathBuf,
    svwait: PathBuf,
    /// Where those who wait have their FIFOs, in a service folder.
    event: &'static str,
    /// The option that ends a service that is to be up.
    again: &'static str,
}

fn sides() -> Option<[Side; 2]> {
    let ours = Side {
        supervise: ours("supervise"),
        svc: ours("svc"),
        svwait: ours("svwait"),
        event: "supervise/event",
        again: "-t",
    };
    let theirs = Side {
        supervise: s6("s6-supervise")?,
        svc: s6("s6-svc")?,
        svwait: s6("s6-svwait")?,
        event: "event",
        again: "-r",
    };
    Some([ours, theirs])
}

impl Side {
    /// Waits for the services after having set them going by the options of svc; then comes the command, for the first one.
    fn exit(&self, run: &str, set: &[(&str, &str)], wait: &[&str], command: &str) -> Result<i32, i32> {
        let tree = TestTree::new();
        let _supervises: Vec<Running> = set
            .iter()
            .map(|(name, wish)| {
                let service = tree.folder(name, |f| {
                    f.run(run).script("finish", "exit 125").file("notification-fd", "3\n").down()
                });
                if !run.contains("exit 1") {
                    fs::remove_file(service.file("finish")).unwrap();
                }
                let running = tree.launch(&self.supervise).arg(name).start();
                // Both know their commands only when they are there.
                wait_until("it takes commands", &[&service.file("supervise")], || {
                    (self.svc(&tree, wish, name) == Ok(0)).then_some(())
                });
                let state = if *wish == "-u" { "-U" } else { "-D" };
                if !run.contains("exit 1") {
                    let path = format!("./{name}");
                    assert_eq!(
                        tree.tool(&self.svwait).args([state, &path]).run().end,
                        Ok(0),
                        "{name} {wish}"
                    );
                }
                running
            })
            .collect();
        let mut waiting = tree.launch(&self.svwait);
        for argument in wait {
            waiting = waiting.arg(argument);
        }
        let mut waiting = waiting.start();
        if let ("-", _) | ("", _) = (command, ()) {
            return waiting.wait();
        }
        let (name, _) = set[0];
        let event = tree.services().join(name).join(self.event);
        wait_until("it waits", &[&event], || {
            let mut names = fs::read_dir(&event).ok()?.flatten();
            names.any(|entry| entry.file_name().to_string_lossy().starts_with("ftrig1:@")).then_some(())
        });
        let command = if command == "again" { self.again } else { command };
        assert_eq!(self.svc(&tree, command, name), Ok(0));
        waiting.wait()
    }

    fn svc(&self, tree: &TestTree, option: &str, name: &str) -> Result<i32, i32> {
        let ran = tree.tool(&self.svc).args([option, name]).run();
        if ran.stderr.is_empty() { ran.end } else { Err(0) }
    }
}

/// Both end with that exit code.
#[track_caller]
fn both(run: &str, set: &[(&str, &str)], wait: &[&str], command: &str, code: i32) {
    let Some(sides) = sides() else { return };
    let ends = sides.map(|side| side.exit(run, set, wait, command));
    assert_eq!(ends, [Ok(code); 2], "ours, theirs: {set:?} {wait:?} {command:?}");
}

/// Ready at once.
const RUN: &str = "echo >&3; exec sleep 1000";

#[test]
fn what_is_so_already_or_never_ends_with_the_same_code() {
    let up = [("web", "-u")];
    for option in ["-u", "-U", "-dDrRuU"] {
        both(RUN, &up, &[option, "./web"], "", 0);
    }
    for option in ["-d", "-D", "-r", "-R", "-uUd"] {
        both(RUN, &up, &[option, "-t", "100", "./web"], "", 99);
    }
    let down = [("web", "-d")];
    for option in ["-d", "-D"] {
        both(RUN, &down, &[option, "./web"], "", 0);
    }
    for option in ["-u", "-U", "-r", "-R"] {
        both(RUN, &down, &[option, "-t", "100", "./web"], "", 99);
    }
}

#[test]
fn the_same_command_ends_it_with_the_same_code() {
    let (up, down) = ([("web", "-u")], [("web", "-d")]);
    for (option, set, command) in [
        ("-d", up, "-d"),
        ("-D", up, "-d"),
        ("-d", up, "again"),
        ("-r", up, "again"),
        ("-R", up, "again"),
        ("-u", down, "-u"),
        ("-U", down, "-u"),
        ("-r", down, "-u"),
        ("-R", down, "-o"),
    ] {
        both(RUN, &set, &[option, "-t", "50000", "./web"], command, 0);
    }
}

#[test]
fn of_several_all_or_one() {
    let set = [("web", "-d"), ("db", "-u")];
    both(RUN, &set, &["-o", "-U", "./web", "./db"], "", 0);
    both(RUN, &set, &["-a", "-U", "-t", "100", "./web", "./db"], "", 99);
    both(RUN, &set, &["-U", "-t", "50000", "./web", "./db"], "-u", 0);
    both(RUN, &set, &["-o", "-d", "./web", "./db"], "", 0);
}

#[test]
fn a_permanent_failure_is_counted() {
    both("exit 1", &[("web", "-d")], &["-U", "-t", "50000", "./web"], "-u", 1);
}

#[test]
fn wrong_calls_end_with_the_same_code() {
    let Some(sides) = sides() else { return };
    let tree = TestTree::new();
    let folder = tree.folder("plain", |f| f);
    for arguments in
        [&[][..], &["-z", "./plain"], &["-t", "x", "./plain"], &["-t"], &["./nosuch"], &["./plain"]]
    {
        let ends = [&sides[0], &sides[1]].map(|side| tree.tool(&side.svwait).args(arguments).run().end);
        assert_eq!(ends[0], ends[1], "{arguments:?}");
        assert_ne!(ends[0], Ok(0));
        let _ = fs::remove_dir_all(folder.file("event"));
    }
}
