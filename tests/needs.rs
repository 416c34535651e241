//! `needs`: services that start when others are ready, and stop before them.

mod circles;
mod foreign;
mod harm;
mod instants;
mod many;
mod order;
mod told;
mod waits;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use protocol::status::Phase;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use testkit::{Condition, Folder, Service, TestTree, process, status, wait_until};

/// Waits in a script until the test lets it go on.
struct Gate {
    path: PathBuf,
    fifo: OwnedFd,
}

impl Gate {
    fn new(tree: &TestTree, name: &str) -> Self {
        let path = tree.root().join(format!("gate-{name}"));
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let fifo = open(&path, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
        Self { path, fifo }
    }

    /// The shell command that waits.
    fn wait(&self) -> String {
        format!("read -r word <'{}'", self.path.display())
    }

    /// Lets one go on, now or when it comes.
    fn open(&self) {
        nix::unistd::write(&self.fifo, b"go\n").unwrap();
    }
}

/// A service that says that it is ready, on descriptor 3, when the gate is opened.
fn slow(f: Folder, gate: &Gate, first: &str) -> Folder {
    f.file("notification-fd", "3\n").run(&format!("{first}\n{}\necho >&3\nexec sleep 1000", gate.wait()))
}

/// It waits, and says for what.
fn waiting(what: &str) -> Condition {
    let what = what.to_owned();
    status(&format!("waiting for {what:?}"), move |status| {
        let detail = status.detail.as_ref();
        detail.is_some_and(|detail| detail.phase == Phase::Waiting && detail.note == what)
    })
}

/// Waits until it does, also for svstat.
#[track_caller]
fn waits_for(tree: &TestTree, service: &Service, what: &str) {
    service.wait_for(waiting(what));
    let name = service.path().strip_prefix(tree.services()).unwrap().to_str().unwrap();
    let said = tree.svstat(name);
    assert!(said.contains(&format!("waiting for {what}")), "{said}");
}

/// The supervise that has written a service's record.
#[track_caller]
fn supervise(service: &Service) -> u32 {
    service.wait_until("a supervise has a record", |service| {
        Some(service.status()?.detail?.supervise?.pid.get()).filter(|pid| process::is_alive(*pid))
    })
}

/// Waits until that process waits without an end: it is not going to look by itself.
#[track_caller]
fn sleeps_until_told(pid: u32) {
    wait_until("it waits for events alone", &[], || {
        let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
        // ppoll: descriptors, their number, the time at most.
        let at_most = call.split(' ').nth(3)?;
        (process::state(pid) == Some('S') && at_most == "0x0").then_some(())
    });
}

/// The FIFOs of those who wait for a service.
fn waiters(service: &Service) -> usize {
    let names = std::fs::read_dir(service.file("supervise/event"));
    names.map_or(0, |names| names.flatten().filter(|entry| entry.file_name().len() == 39).count())
}
