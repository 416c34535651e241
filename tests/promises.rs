//! What docs/when-things-die.md promises: the tests that it names are there, and its commands print what it says.

use crate::house::{blocks, read, repository};
use nix::sys::signal::Signal;
use protocol::process::Boot;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use testkit::{TestTree, Tool, down, not_supervised, ours, skip, up, wait_until};

const PAGE: &str = "docs/when-things-die.md";

/// All code of the tests.
fn code(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                code(&entry.path())
            } else {
                fs::read_to_string(entry.path()).unwrap()
            }
        })
        .collect()
}

#[test]
fn the_page_names_tests_that_exist() {
    let code = code(&repository("tests"));
    let page = read(PAGE);
    let names = page.split('`').skip(1).step_by(2).filter(|quoted| {
        quoted.matches('_').count() > 1 && quoted.chars().all(|c| c == '_' || c.is_ascii_lowercase())
    });
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(code.contains(&format!("fn {name}()")), "{PAGE}: no test {name}");
    }
}

/// The commands of a session, each with the lines that it prints.
fn session(block: &str) -> Vec<(String, Vec<String>)> {
    let mut session: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => session.push((command.to_owned(), Vec::new())),
            None => session.last_mut().unwrap().1.push(line.to_owned()),
        }
    }
    session
}

/// A shell whose commands are given one by one.
struct Shell {
    child: Child,
    said: std::path::PathBuf,
}

impl Shell {
    fn start(tree: &TestTree) -> Self {
        let said = tree.root().join("said");
        let to = || fs::File::options().create(true).append(true).open(&said).unwrap();
        let path = format!("{}:/usr/bin:/bin", ours("svscan").parent().unwrap().display());
        let mut command = Command::new("sh");
        command.current_dir(tree.root()).env("PATH", path).env_remove("SUPERVISEDIR");
        let child = command.stdin(Stdio::piped()).stdout(to()).stderr(to()).spawn().unwrap();
        Self { child, said }
    }

    /// Gives it a command, and waits until as many lines are there as it is to print; these, in their order.
    #[track_caller]
    fn play(&mut self, command: &str, count: usize) -> Vec<String> {
        let before = fs::read_to_string(&self.said).unwrap().len();
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{command}").unwrap();
        let said = || {
            let said = fs::read_to_string(&self.said).unwrap();
            // What the shell says of a job that was killed; it may say it in any place.
            let lines = said[before..].lines().filter(|line| !line.contains("Killed"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let folder = self.said.parent().unwrap();
        wait_until(&format!("{command} has printed {count} lines"), &[folder], || {
            (said().len() >= count).then_some(())
        });
        said()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Where the test has failed half way: its last svscan, if it runs.
        if std::thread::panicking() {
            let _ = writeln!(self.child.stdin.as_mut().unwrap(), "kill $!");
        }
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Numbers of seconds are not compared; pids are, with each other.
fn without_seconds(line: &str) -> &str {
    line.split_once(") ").map_or(line, |(before, _)| before)
}

#[test]
fn the_commands_of_the_page_print_what_it_says() {
    for program in ["python3", "pgrep", "awk"] {
        if !Path::new("/usr/bin").join(program).exists() {
            return skip(&format!("it needs {program}"));
        }
    }
    let [prepare, play, check] = &blocks(&read(PAGE), "Try it")[..] else { panic!("three blocks") };
    let tree = TestTree::new();
    fs::remove_dir(tree.services()).unwrap();
    Tool::new(Path::new("/bin/sh")).dir(tree.root()).args(["-ec", prepare]).run().exits(0).errors("");
    let mut shell = Shell::start(&tree);
    let mut pids: Vec<(String, String)> = Vec::new();
    for (command, expected) in session(play) {
        // A reader waits for a time, we for what he waits for.
        let ready = "until svup service/web && svup service/web/log; do sleep 0.05; done";
        let said = shell.play(&command.replace("sleep 3", ready), expected.len());
        // Two services say what they say at once.
        let [mut said, mut expected] = [said, expected];
        said.sort();
        expected.sort();
        assert_eq!(said.len(), expected.len(), "{command}: {said:#?}");
        for (said, expected) in said.iter().zip(&expected) {
            let [said, expected] = [without_seconds(said), without_seconds(expected)];
            let [one, other] = [said, expected].map(|line| line.rsplit_once("pid ").unwrap_or((line, "")));
            assert_eq!(one.0, other.0, "{command}");
            match pids.iter().find(|(_, example)| example == other.1) {
                Some((pid, _)) => assert_eq!(pid, one.1, "{command}: the same pid as before"),
                None => pids.push((one.1.to_owned(), other.1.to_owned())),
            }
        }
    }
    Tool::new(Path::new("/bin/sh"))
        .dir(tree.root())
        .args(["-ec", check])
        .run()
        .exits(0)
        .prints("")
        .errors("");
    let log = fs::read_to_string(tree.root().join("service/web/log/main/current")).unwrap();
    assert!(log.lines().count() > 5, "{log}");
}

/// The machine is not; but the record says that it has been.
#[test]
fn after_a_restart_of_the_machine_nothing_on_record_is_believed() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let mut first = tree.supervise("web");
    let _ = beacon.next();
    web.wait_for(up());
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    first.signal(Signal::SIGQUIT);
    assert_eq!(first.wait(), Ok(0));
    let mut status = web.status().unwrap();
    let detail = status.detail.as_mut().unwrap();
    let boot = detail.boot.unwrap();
    detail.boot = Some(Boot { id: boot.id.map(|byte| !byte), ..boot });
    fs::write(web.file("supervise/status"), status.encode()).unwrap();
    let second = tree.supervise("web");
    let _ = beacon.next();
    web.wait_for(up());
    second.stop();
    web.wait_for(not_supervised());
}
