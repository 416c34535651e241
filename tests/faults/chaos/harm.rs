//! What is done, as chance has it.

use super::services::steady;
use crate::asked::Chance;
use nix::sys::signal::Signal::{self, *};
use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::fs;
use std::time::Duration;
use testkit::{Running, Service, SmallDisk, TestTree, not_supervised, ours, process, supervised};

/// Between two deeds, at most.
const PAUSE: usize = 30_000;

/// So many folders come at most, or about so many.
const MANY: usize = 8;

/// What ends a service, or does not.
const SIGNALS: [Signal; 6] = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV, SIGUSR1];

const LETTERS: [&str; 12] = ["-d", "-u", "-o", "-t", "-k", "-h", "-a", "-i", "-p", "-c", "-1", "-2"];

/// Who does harm to a tree.
pub(super) struct Harm<'a> {
    tree: &'a TestTree,
    disk: Option<&'a SmallDisk>,
    is_full: bool,
    chance: Chance,
    names: &'a [&'static str],
    /// The last one lives, or is to be started again.
    svscans: Vec<Running>,
    /// Stopped by signal.
    stopped: Vec<u32>,
    /// Folders that came.
    more: Vec<String>,
    count: usize,
}

impl<'a> Harm<'a> {
    pub(super) fn new(
        tree: &'a TestTree,
        disk: Option<&'a SmallDisk>,
        chance: Chance,
        names: &'a [&'static str],
    ) -> Self {
        let (svscans, stopped, more) = (Vec::new(), Vec::new(), Vec::new());
        Self { tree, disk, is_full: false, chance, names, svscans, stopped, more, count: 0 }
    }

    /// One deed, in words.
    pub(super) fn act(&mut self) -> String {
        if self.svscans.last_mut().is_none_or(Running::has_ended) && self.chance.below(3) == 0 {
            return self.start_svscan();
        }
        match self.chance.below(100) {
            0..45 => self.kill_somebody(),
            45..52 => self.stop_somebody(),
            52..62 => self.go_on_with_somebody(),
            62..80 => self.command(),
            80..86 => self.add_folder(),
            86..90 => self.remove_folder(),
            90..94 => self.replace_folder(),
            _ => self.fill_or_not(),
        }
    }

    /// Not a wait for anything.
    pub(super) fn pause(&mut self) {
        std::thread::park_timeout(Duration::from_micros(self.chance.below(PAUSE) as u64));
    }

    pub(super) fn start_svscan(&mut self) -> String {
        self.svscans.push(self.tree.svscan());
        format!("svscan {}", self.svscans.last().map_or(0, Running::pid))
    }

    /// Undoes what must not stay, and has a svscan that knows nothing of what was.
    pub(super) fn leave_off(&mut self) {
        self.settle();
        for name in std::mem::take(&mut self.more) {
            self.take_away(&name, |_| {});
        }
        let svscan = self.svscans.last_mut().expect("just started");
        svscan.signal(SIGKILL);
        assert_eq!(svscan.wait(), Err(9), "{}", svscan.errors());
        self.start_svscan();
    }

    /// The svscans, the living one first.
    pub(super) fn end(self) -> impl Iterator<Item = Running> {
        self.svscans.into_iter().rev()
    }

    /// Somebody who works in the tree, with the name of the program.
    fn somebody(&mut self) -> Option<(u32, String)> {
        let here =
            |pid: &u32| process::folder(*pid).is_some_and(|folder| folder.starts_with(self.tree.root()));
        let mut all: Vec<u32> = process::all().into_iter().filter(here).collect();
        all.sort_unstable();
        let pid = *all.get(self.chance.below(all.len().max(1)))?;
        Some((pid, process::name(pid)?))
    }

    fn kill_somebody(&mut self) -> String {
        let Some((pid, name)) = self.somebody() else { return "nobody to kill".to_owned() };
        let is_ours = ["svscan", "supervise"].contains(&name.as_str());
        let signal = if is_ours || self.chance.below(2) == 0 { SIGKILL } else { *self.chance.pick(&SIGNALS) };
        let shown = format!("{signal} to {name} {pid} in {:?}", process::folder(pid));
        send(pid, signal);
        if let Some(svscan) = self.svscans.last_mut().filter(|svscan| svscan.pid() == pid) {
            // Or it would be taken for one that still runs.
            let _ = svscan.wait();
        }
        shown
    }

    fn stop_somebody(&mut self) -> String {
        match self.somebody() {
            // A service that is stopped by somebody else is paused, and no record says so.
            Some((pid, name)) if ["svscan", "supervise", "multilog"].contains(&name.as_str()) => {
                send(pid, SIGSTOP);
                self.stopped.push(pid);
                format!("STOP to {name} {pid}")
            }
            _ => "nobody to stop".to_owned(),
        }
    }

    fn go_on_with_somebody(&mut self) -> String {
        if self.stopped.is_empty() {
            return "nobody to go on with".to_owned();
        }
        let pid = self.stopped.swap_remove(self.chance.below(self.stopped.len()));
        send(pid, SIGCONT);
        format!("CONT to {pid}")
    }

    fn command(&mut self) -> String {
        let (letter, name) = (*self.chance.pick(&LETTERS), *self.chance.pick(self.names));
        // Its supervise may be dead, or stopped.
        let ran = self.tree.tool(&ours("svc")).args([letter, name]).run();
        format!("svc {letter} {name}: {:?}", ran.end)
    }

    fn add_folder(&mut self) -> String {
        if self.is_full {
            return self.make_room();
        }
        self.count += 1;
        let name = format!("more-{}", self.count);
        self.tree.folder(&name, steady);
        self.more.push(name.clone());
        format!("add {name}")
    }

    /// Nobody is stopped, and svscan is there and knows all folders: a new one, too. One that begins when a folder has
    /// gone knows nothing of it.
    fn settle(&mut self) {
        self.make_room();
        self.stopped.drain(..).for_each(|pid| send(pid, SIGCONT));
        if self.svscans.last_mut().is_none_or(Running::has_ended) {
            self.start_svscan();
        }
        self.add_folder();
        let last = self.more.last().expect("just added");
        self.tree.service(last).wait_for(supervised());
        if self.more.len() > MANY {
            let first = self.more.remove(0);
            self.take_away(&first, |_| {});
        }
    }

    fn remove_folder(&mut self) -> String {
        self.settle();
        let name = self.more.swap_remove(self.chance.below(self.more.len()));
        self.take_away(&name, |_| {});
        format!("remove {name}")
    }

    fn replace_folder(&mut self) -> String {
        self.settle();
        let name = self.chance.pick(&self.more).clone();
        self.take_away(&name, |tree| {
            tree.folder(&name, steady);
        });
        format!("replace {name}")
    }

    /// Waits until svscan has seen it.
    fn take_away(&mut self, name: &str, and_then: impl FnOnce(&TestTree)) {
        let service = self.tree.service(name);
        service.wait_for(supervised());
        self.count += 1;
        let gone = Service::at(self.tree.root().join(format!("gone-{}", self.count)));
        fs::rename(service.path(), gone.path()).expect("a folder of ours");
        and_then(self.tree);
        gone.wait_for(not_supervised());
        fs::remove_dir_all(gone.path()).expect("a folder of ours");
    }

    fn fill_or_not(&mut self) -> String {
        let Some(disk) = self.disk.filter(|_| !self.is_full) else { return self.make_room() };
        disk.fill_up();
        self.is_full = true;
        "fill the disk".to_owned()
    }

    fn make_room(&mut self) -> String {
        self.disk.into_iter().for_each(SmallDisk::make_room);
        self.is_full = false;
        "make room".to_owned()
    }
}

/// One that is gone meanwhile is no trouble.
fn send(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), signal);
}
