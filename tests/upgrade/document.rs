//! docs/upgrading.md, command by command, in a pid namespace: its commands are for every svscan that they find.

use super::lines;
use super::tree::{NUMBERED, is_logged};
use crate::house::{blocks, read, repository};
use std::path::{Path, PathBuf};
use testkit::{Service, TestTree, Tool, needs_root, ours, ours_next, theirs};

/// The commands of a chapter, a line each.
#[track_caller]
fn commands(chapter: &str) -> Vec<String> {
    blocks(&read("docs/upgrading.md"), chapter).concat().lines().map(str::to_owned).collect()
}

/// A machine with our programs installed, a service directory, and newer programs to install.
struct Machine {
    tree: TestTree,
    newer: PathBuf,
}

impl Machine {
    /// `None` where a test cannot have it.
    fn new() -> Option<Self> {
        let tree = TestTree::new();
        let newer = tree.root().join("newer");
        let [supervise, svscan] = [ours_next("supervise")?, ours_next("svscan")?];
        if !needs_root() {
            return None;
        }
        let copy = |from: &Path, to: &Path| {
            Tool::new(Path::new("/bin/cp")).arg("-RT").args([from, to]).run().exits(0);
        };
        copy(ours("svscan").parent().unwrap(), &newer);
        copy(&supervise, &newer.join("supervise"));
        copy(&svscan, &newer.join("svscan"));
        Some(Self { tree, newer })
    }

    fn service(&self) -> Service {
        let log = "exec multilog t s1000000 n100 ./main";
        self.tree.folder("web", |f| f.alone(NUMBERED).log(log))
    }

    /// Runs a script in which the commands of the document mean this machine. Each must succeed.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        let usr = self.tree.root().join("usr");
        let install = |dist: &Path| {
            format!(
                "command make CARGO=no-cargo-here DIST='{}' PREFIX='{}' DESTDIR= MAKEFLAGS= install >/dev/null",
                dist.display(),
                usr.display()
            )
        };
        let head = format!(
            "OLD_PATH=$PATH\nPATH='{}/bin':$PATH\n{}\nmake() {{ {}; }}\n",
            usr.display(),
            install(ours("svscan").parent().unwrap()),
            install(&self.newer)
        );
        let services = self.tree.services().display().to_string();
        let script = format!("{head}{}", script.replace("/service", &services));
        let launch = self.tree.launch(Path::new("/usr/bin/unshare")).dir(&repository(""));
        let mut words = vec!["--pid", "--fork", "--mount-proc", "--kill-child", "/bin/sh", "-ec"];
        words.push(&script);
        let mut shell = words.into_iter().fold(launch, testkit::Launch::arg).start();
        assert_eq!(shell.wait(), Ok(0), "{script}: {}", shell.errors());
        shell.output()
    }
}

/// What a script is to do when the services are up, after it has started somebody's svscan.
const UP: &str = "until svup /service/web && svup /service/web/log; do sleep 0.05; done\n";

/// The pids that svstat tells.
fn pids(said: &str) -> Vec<&str> {
    said.split("(pid ").skip(1).map(|rest| rest.split(')').next().unwrap()).collect()
}

#[test]
fn the_whole_tree_is_upgraded_by_the_command_of_the_document_and_taken_up_after_a_death() {
    let Some(machine) = Machine::new() else { return };
    let web = machine.service();
    let upgrade = commands("The whole tree in one command").join("\n");
    let look = commands("To see that it has happened");
    let [old, svstat] = &look[..] else { panic!("{look:?}") };
    let document = read("docs/upgrading.md");
    let [alone, death] =
        ["pkill -USR2 -x supervise", "pkill -KILL -x svscan; pkill -KILL -x supervise"].map(|command| {
            assert!(document.contains(&format!("`{command}`")), "{command}");
            command
        });
    let svstat = format!("{svstat} /service/web/log");
    let script = format!(
        "svscan /service &\n{UP}{svstat}\nold() {{ {old}; }}\necho now:; old\n\
         make install\necho replaced:; old\n\
         {upgrade}\nuntil [ $(old | grep -c deleted) = 0 ]; do sleep 0.05; done\necho after:; old\n{svstat}\n\
         make install; {alone}\n\
         {death}\nsvscan /service &\n\
         until svstat /service/web | grep -q up && [ $(pgrep -c -x supervise) = 2 ]; do sleep 0.05; done\n{UP}{svstat}\n\
         touch /service/web/enough\nuntil [ -s /service/web/last ]; do sleep 0.05; done\n\
         svc -t /service/web/log\n{UP}\
         pkill -x svscan\nwait\n"
    );
    let said = machine.run(&script);
    let parts: Vec<&str> = said.split(['\n']).collect();
    let programs = |title: &str| -> Vec<&str> {
        let rest = parts.iter().skip_while(|line| **line != title).skip(1);
        rest.take_while(|line| line.starts_with('/') && !line.contains(": ")).copied().collect()
    };
    let (now, replaced, after) = (programs("now:"), programs("replaced:"), programs("after:"));
    assert_eq!((now.len(), replaced.len(), after.len()), (3, 3, 3), "{said}");
    assert!(now.iter().all(|name| !name.ends_with("(deleted)")), "{said}");
    assert!(replaced.iter().all(|name| name.ends_with(" (deleted)")), "{said}");
    assert_eq!(after, now, "{said}");
    let pids = pids(&said);
    assert_eq!(pids.len(), 6, "{said}");
    assert_eq!((&pids[2..4], &pids[4..]), (&pids[..2], &pids[..2]), "{said}");
    is_logged(&web.file("log/main"), lines(&web.file("last"), 1)[0].parse().unwrap());
}

/// `theirs` and what it starts: from them, without stopping, and back.
#[track_caller]
fn there_and_back(scanner: &str, supervise: &str) {
    let (Some(scanner_path), Some(machine)) = (theirs(scanner), Machine::new()) else { return };
    let web = machine.service();
    let there = commands("From daemontools, without stopping anything");
    let [kill, kill_supervises, start] = &there[..] else { panic!("{there:?}") };
    let kill = kill.replace("svscan", scanner);
    let kill_supervises = kill_supervises.replace("supervise", supervise);
    let back = commands("Back to daemontools or runit").join("\n");
    let svstat = "svstat /service/web /service/web/log";
    let script = format!(
        "PATH=$OLD_PATH '{}' /service &\n{UP}{svstat}\n\
         {kill}\n{kill_supervises}\n{start}\n\
         until [ $(pgrep -c -x supervise) = 2 ] && svup /service/web && svup /service/web/log; do sleep 0.05; done\n\
         {svstat}\n\
         touch /service/web/enough\nuntil [ -s /service/web/last ]; do sleep 0.05; done\n\
         web() {{ svstat /service/web | grep -o 'pid [0-9]*' || true; }}\nbefore=$(web)\nsvc -t /service/web\n\
         while [ \"$(web)\" = \"$before\" ]; do sleep 0.05; done\n{UP}\
         {back}\nwhile pgrep -x svscan; do sleep 0.05; done\n\
         ! pgrep -x supervise\n! pgrep -x multilog\n\
         PATH=$OLD_PATH '{}' /service &\n{UP}",
        scanner_path.display(),
        scanner_path.display()
    );
    let said = machine.run(&script);
    let pids = pids(&said);
    assert_eq!(pids.len(), 4, "{said}");
    assert_eq!(pids[2..], pids[..2], "{said}");
    is_logged(&web.file("log/main"), lines(&web.file("last"), 1)[0].parse().unwrap());
}

#[test]
fn from_daemontools_and_back_by_the_commands_of_the_document() {
    there_and_back("svscan", "supervise");
}

#[test]
fn from_runit_and_back_by_the_commands_of_the_document() {
    there_and_back("runsvdir", "runsv");
}
