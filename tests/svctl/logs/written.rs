//! Logs as multilog and svlogd write them, at full speed and while one looks.

use super::{Kept, follow, logs, wait_for};
use nix::sys::signal::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use testkit::{Running, TestTree, ours, skip, wait_until};

/// So many lines are less than a file of 4096 bytes, which may end 2000 bytes earlier.
const LESS_THAN_A_FILE: usize = 40;

/// A logger that the test feeds.
struct Fed {
    kept: Kept,
    logger: Child,
    written: usize,
}

impl Fed {
    fn new(tree: &TestTree, program: &Path, script: &[&str]) -> Self {
        let kept = Kept::new(tree, "web");
        let logger = Command::new(program)
            .args(script)
            .current_dir(kept.0.parent().unwrap())
            .stdin(Stdio::piped())
            .spawn();
        Self { kept, logger: logger.unwrap(), written: 0 }
    }

    /// So many more numbered lines.
    fn write(&mut self, count: usize) {
        let lines: String = (1..=count).map(|number| format!("line {}\n", self.written + number)).collect();
        self.written += count;
        self.logger.stdin.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// The names of old files.
    fn old(&self) -> BTreeSet<String> {
        let names = fs::read_dir(&self.kept.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('@') && name.ends_with(".s")).collect()
    }

    /// Writes until another file is full, and its rotation is over. What is written at once is less than a file.
    fn rotate(&mut self) {
        let before = self.old();
        while self.old() == before {
            self.write(LESS_THAN_A_FILE);
            let last = format!(" line {}\n", self.written);
            let previous = self.kept.0.join("previous");
            wait_until("it is logged", &[&self.kept.0], || {
                let files = self.old().into_iter().chain(["current".to_owned()]);
                let is_there = |file: String| {
                    fs::read_to_string(self.kept.0.join(file)).is_ok_and(|text| text.ends_with(&last))
                };
                (files.into_iter().any(is_there) && !previous.exists()).then_some(())
            });
        }
    }

    /// All lines have been shown, each once and in order.
    #[track_caller]
    fn all_are_shown(&self, tree: &TestTree, running: &Running) {
        wait_for(tree, running, &format!(" line {}\n", self.written));
        is_whole(&running.output(), self.written);
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        drop(self.logger.stdin.take());
        let _ = self.logger.wait();
    }
}

#[track_caller]
fn is_whole(text: &str, count: usize) {
    let numbers: Vec<usize> =
        text.lines().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    let first = numbers.iter().zip(1..).find(|(number, wanted)| *number != wanted);
    assert_eq!((first, numbers.len()), (None, count));
}

#[test]
fn rotations_at_full_speed_neither_lose_nor_double_a_line() {
    let tree = TestTree::new();
    let mut fed = Fed::new(&tree, &ours("multilog"), &["t", "s4096", "n1000", "./main"]);
    let running = follow(&tree, ["web", "-n", "100000"]);
    fed.write(1);
    wait_for(&tree, &running, " line 1\n");
    fed.write(30_000);
    fed.all_are_shown(&tree, &running);
    assert!(fed.old().len() > 200, "{}", fed.old().len());
    is_whole(&String::from_utf8(logs(&tree, ["web"]).stdout).unwrap(), fed.written);
    let last = logs(&tree, ["web", "-n", "12345"]);
    assert_eq!(String::from_utf8(last.stdout).unwrap().lines().count(), 12_345);
}

#[test]
fn files_that_are_removed_at_once_are_read_to_their_end() {
    let tree = TestTree::new();
    let mut fed = Fed::new(&tree, &ours("multilog"), &["t", "s4096", "n2", "./main"]);
    let mut running = follow(&tree, ["web", "-n", "100000"]);
    for _ in 0..8 {
        fed.write(LESS_THAN_A_FILE);
        fed.all_are_shown(&tree, &running);
    }
    // It sleeps while the file that it reads is removed.
    running.signal(Signal::SIGSTOP);
    fed.rotate();
    fed.rotate();
    running.signal(Signal::SIGCONT);
    fed.all_are_shown(&tree, &running);
}

#[test]
fn what_a_processor_rewrites_is_not_shown_again() {
    let tree = TestTree::new();
    let mut fed = Fed::new(&tree, &ours("multilog"), &["t", "s4096", "n100", "!cat", "./main"]);
    let mut running = follow(&tree, ["web", "-n", "100000"]);
    fed.write(1);
    fed.all_are_shown(&tree, &running);
    for _ in 0..3 {
        fed.write(300);
        fed.all_are_shown(&tree, &running);
    }
    running.signal(Signal::SIGSTOP);
    for _ in 0..3 {
        fed.rotate();
    }
    running.signal(Signal::SIGCONT);
    fed.all_are_shown(&tree, &running);
}

#[test]
fn svlogds_directories_are_read_and_followed() {
    let svlogd = Path::new("/usr/bin/svlogd");
    if !svlogd.exists() {
        return skip("it needs svlogd of Debian's package runit");
    }
    for stamp in ["-t", "-tt"] {
        let tree = TestTree::new();
        fs::create_dir_all(tree.root().join("kept")).unwrap();
        let config = tree.root().join("kept/config");
        fs::write(&config, "s3000\nn100\n").unwrap();
        let folder = tree.folder("other", |f| f.log("exec svlogd -b 100 main"));
        fs::rename(tree.root().join("kept"), folder.file("log/main")).unwrap();
        let mut logger = Command::new(svlogd);
        let logger = logger
            .args([stamp, "main"])
            .current_dir(folder.file("log"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut fed = Fed { kept: Kept(folder.file("log/main")), logger, written: 0 };
        let running = follow(&tree, ["other", "-n", "100000"]);
        for _ in 0..5 {
            fed.write(400);
            fed.all_are_shown(&tree, &running);
        }
        assert!(fed.old().len() > 5);
        let first = running.output().lines().next().unwrap().to_owned();
        assert!(first.starts_with("20") && first.ends_with(" line 1") && first.len() == 30, "{first}");
        is_whole(&String::from_utf8(logs(&tree, ["other"]).stdout).unwrap(), fed.written);
    }
}
