//! supervise, with real services in real folders: commands, signals, starts that fail, and its own files.

mod background;
mod capabilities;
mod commands;
mod cured;
mod endings;
mod failed;
mod files;
mod finishing;
mod full;
mod leftovers;
mod signals;
mod spacing;
mod stopping;
mod stuck;

use protocol::status::Detail;
use std::path::Path;
use std::time::Duration;
use testkit::{Beacon, Running, Service, TestTree, Tool, process};

/// A service that runs until it is told to stop and tells its starts, and a supervise for it.
fn steady(tree: &TestTree) -> (Service, Beacon, Running) {
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let supervise = tree.supervise("web");
    (web, beacon, supervise)
}

/// What only our record says.
#[track_caller]
fn detail(service: &Service) -> Detail {
    // Not at the moment of a write.
    service.wait_until("there is a record of ours", |service| service.status()?.detail)
}

/// What the record says after the start of that number has ended, with the time of the next one.
#[track_caller]
fn resting(service: &Service, starts: u64) -> (Detail, Duration) {
    service.wait_until("it rests", |service| {
        let detail = service.status()?.detail.filter(|detail| detail.starts == starts)?;
        let next = Duration::from_nanos(detail.next_start?);
        Some((detail, next))
    })
}

/// Sends signals to a process, one after the other, by their numbers: those that have no name too.
fn send(pid: u32, signals: impl IntoIterator<Item = i32>) {
    let shell = Tool::new(Path::new("/bin/sh")).args(["-c", "for n; do kill -$n $0 || exit; done"]);
    shell.arg(pid.to_string()).args(signals.into_iter().map(|n| n.to_string())).run().exits(0);
}

/// Ends those processes when the test does, before supervise, which would wait for them. They are the test's own.
struct Doomed(Vec<u32>);

impl Drop for Doomed {
    fn drop(&mut self) {
        for pid in self.0.iter().filter(|pid| process::is_alive(**pid)) {
            let _ = nix::sys::signal::kill(pid_of(*pid), nix::sys::signal::Signal::SIGKILL);
        }
    }
}

fn pid_of(number: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(i32::try_from(number).expect("a pid"))
}

/// Waits until nothing of the process is left.
#[track_caller]
fn gone(pid: u32) {
    testkit::wait_until("the process is gone", &[], || (!process::is_alive(pid)).then_some(()));
}
