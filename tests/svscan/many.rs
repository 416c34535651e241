//! More services than there were places for in daemontools, and a large directory in which they come and go.

use super::watching;
use crate::asked::Chance;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use testkit::{Running, Service, TestTree, process, up, wait_until};

#[test]
fn eleven_hundred_services_run() {
    const COUNT: usize = 1100;
    let tree = TestTree::new();
    let services: Vec<_> =
        (0..COUNT).map(|number| tree.folder(&format!("s{number}"), |f| f.run("exec sleep 10000"))).collect();
    let svscan = tree.svscan();
    for some in services.chunks(100) {
        let is_up = |service: &Service| service.status().is_some_and(|status| status.pid.is_some());
        wait_until("a hundred are up", &[], || some.iter().all(is_up).then_some(()));
    }
    assert_eq!(process::children(svscan.pid()).len(), COUNT);
    assert!(process::descriptors(svscan.pid()).len() < 30, "a service without a logger needs none");
    assert_eq!(svscan.errors(), "");
}

/// Folders of which each has a number of its own, whatever it is called, and tells it at each start.
struct Churn {
    tree: TestTree,
    svscan: Running,
    chance: Chance,
    /// Every start, a line each.
    starts: PathBuf,
    /// In the directory, by name.
    live: BTreeMap<String, usize>,
    /// Renamed away.
    away: BTreeSet<usize>,
    /// How often each may have been started.
    times: Vec<usize>,
}

const SEED: u64 = 4;

impl Churn {
    fn new() -> Self {
        let tree = TestTree::new();
        fill(&tree.services());
        let starts = tree.root().join("starts");
        File::create(&starts).unwrap();
        let svscan = watching(tree.svscan());
        Self {
            tree,
            svscan,
            chance: Chance::new(SEED),
            starts,
            live: BTreeMap::new(),
            away: BTreeSet::new(),
            times: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.tree.services().join(name)
    }

    fn path_away(&self, number: usize) -> PathBuf {
        self.tree.root().join(format!("away{number}"))
    }

    /// A name that is free.
    fn new_name(&mut self) -> String {
        loop {
            let name = format!("service-{}", self.chance.below(300));
            if !self.live.contains_key(&name) {
                return name;
            }
        }
    }

    fn make(&mut self) -> usize {
        let number = self.times.len();
        self.times.push(0);
        self.away.insert(number);
        let folder = self.path_away(number);
        fs::create_dir(&folder).unwrap();
        let run = format!("#!/bin/sh\necho {number} >>'{}'\nexec sleep 10000\n", self.starts.display());
        write_run(&folder, &run);
        number
    }

    fn picked(&mut self) -> Option<String> {
        let names: Vec<&String> = self.live.keys().collect();
        (!names.is_empty()).then(|| (*self.chance.pick(&names)).clone())
    }

    fn comes(&mut self, number: usize, name: String) {
        self.times[number] += 1;
        self.away.remove(&number);
        self.live.insert(name, number);
    }

    fn rename_in(&mut self) {
        let back = self.away.first().copied().filter(|_| self.chance.below(2) == 0);
        let number = back.unwrap_or_else(|| self.make());
        let name = self.new_name();
        fs::rename(self.path_away(number), self.path(&name)).unwrap();
        self.comes(number, name);
    }

    fn copy_in(&mut self) {
        let number = self.make();
        let name = self.new_name();
        let folder = self.path(&name);
        fs::create_dir(&folder).unwrap();
        write_run(&folder, "");
        let run = fs::read_to_string(self.path_away(number).join("run")).unwrap();
        fs::write(folder.join("run"), run).unwrap();
        fs::remove_dir_all(self.path_away(number)).unwrap();
        self.comes(number, name);
    }

    /// One thing that can happen to a directory.
    fn happens(&mut self) {
        let what = if self.live.len() > 40 { 2 + self.chance.below(5) } else { self.chance.below(7) };
        let Some(name) = self.picked().filter(|_| what > 1) else {
            return if what == 0 { self.copy_in() } else { self.rename_in() };
        };
        let number = self.live[&name];
        match what {
            2 => {
                self.live.remove(&name);
                // svscan or supervise may be writing in it.
                while fs::remove_dir_all(self.path(&name)).is_err() {}
            }
            3 => {
                self.live.remove(&name);
                fs::rename(self.path(&name), self.path_away(number)).unwrap();
                self.away.insert(number);
            }
            4 => {
                let new = self.new_name();
                fs::rename(self.path(&name), self.path(&new)).unwrap();
                self.live.remove(&name);
                self.live.insert(new, number);
            }
            5 => {
                let other = self.picked().unwrap();
                if other != name {
                    exchange(&self.path(&name), &self.path(&other));
                    let others = self.live.insert(other, number).unwrap();
                    self.live.insert(name, others);
                }
            }
            _ => {
                let new = self.make();
                exchange(&self.path_away(new), &self.path(&name));
                fs::rename(self.path_away(new), self.path_away(number)).unwrap();
                self.away.insert(number);
                self.comes(new, name);
            }
        }
    }

    /// The folders in which something runs below svscan, as they are called now.
    fn running(&self) -> Vec<PathBuf> {
        let supervises = process::children(self.svscan.pid()).into_iter();
        let services = supervises.flat_map(process::children);
        let mut folders: Vec<PathBuf> = services.filter_map(process::folder).collect();
        folders.sort();
        folders
    }

    /// How often each has been started.
    fn started(&self) -> Vec<usize> {
        let mut counts = vec![0; self.times.len()];
        for line in fs::read_to_string(&self.starts).unwrap().lines() {
            counts[line.parse::<usize>().unwrap()] += 1;
        }
        counts
    }
}

/// Ten thousand names: files, and folders that are no services.
fn fill(directory: &Path) {
    for number in 0..9000 {
        File::create(directory.join(format!("file-{number}"))).unwrap();
    }
    for number in 0..500 {
        fs::create_dir(directory.join(format!(".hidden-{number}"))).unwrap();
        fs::create_dir(directory.join(format!("template-{number}@"))).unwrap();
    }
}

fn write_run(folder: &Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    let run = folder.join("run");
    fs::write(&run, content).unwrap();
    fs::set_permissions(run, fs::Permissions::from_mode(0o755)).unwrap();
}

fn exchange(one: &Path, other: &Path) {
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).unwrap();
}

#[test]
fn a_thousand_comings_and_goings_in_a_directory_of_ten_thousand_stop_no_live_one() {
    let mut churn = Churn::new();
    for round in 0..1000 {
        churn.happens();
        if round % 25 == 0 {
            // Now and then svscan gets to see what is there before it changes again.
            churn.rename_in();
            let newest = churn.times.len() - 1;
            let live = churn.live.values().any(|number| *number == newest);
            wait_until("the newest has started", &[churn.tree.root()], || {
                (!live || churn.started()[newest] > 0).then_some(())
            });
        }
    }
    let directory = churn.tree.services().canonicalize().unwrap();
    let mut expected: Vec<PathBuf> = churn.live.keys().map(|name| directory.join(name)).collect();
    expected.sort();
    wait_until("exactly the right ones run", &[], || (churn.running() == expected).then_some(()));
    for (number, count) in churn.started().into_iter().enumerate() {
        let is_live = churn.live.values().any(|live| *live == number);
        let may = if is_live { 1..=churn.times[number] } else { 0..=churn.times[number] };
        assert!(may.contains(&count), "{number} of seed {SEED} was started {count} times, and not {may:?}");
    }
    let said = churn.svscan.errors();
    // What changes while svscan looks at it is told, and tried again; a shell may lose its folder before it has begun.
    let passing = [
        "has no run: it starts when it gets one",
        "file does not exist",
        "just got its name",
        "getcwd() failed",
        "cannot open ./run",
    ];
    let unexpected = said.lines().find(|line| !passing.iter().any(|text| line.contains(text)));
    assert_eq!(unexpected, None, "{said}");
}

#[test]
fn thousands_of_folders_without_run_take_no_descriptors_and_hold_up_nobody() {
    const COUNT: usize = 2000;
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let before = process::descriptors(svscan.pid());
    for number in 0..COUNT {
        fs::create_dir(tree.services().join(format!("empty-{number}"))).unwrap();
    }
    // They come to rest; what is whole does not wait for them.
    tree.folder("web", |f| f.run("exec sleep 1000")).wait_for(up());
    wait_until("all are told", &[tree.root()], || {
        (svscan.errors().matches("has no run").count() == COUNT).then_some(())
    });
    tree.folder("last", |f| f.run("exec sleep 1000")).wait_for(up());
    assert_eq!(process::descriptors(svscan.pid()).len(), before.len());
}
