//! svwait: with services whose supervise the test plays, with ours, and beside s6's.

mod beside;
mod calls;
mod chained;
mod fifos;
mod names;
mod supervised;
mod told;

use crate::asked::Supervised;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use protocol::event::tell;
use protocol::status::{Detail, Phase, Readiness, Status, Want};
use protocol::tai64n::Tai64n;
use std::fs::{self, File};
use std::num::NonZeroU32;
use std::os::fd::AsFd;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{Folder, Running, Service, TestTree, Tool, ours, process, wait_until};

/// A service whose supervise is the test: it writes the record and tells the events.
struct Played {
    supervised: Supervised,
    folder: File,
}

impl Played {
    fn new(tree: &TestTree, name: &str) -> Self {
        Self::built(tree, name, |f| f.run("exit 1"))
    }

    fn built(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> Self {
        let supervised = Supervised::new(tree, name, build);
        let folder = File::open(supervised.service.file("supervise")).unwrap();
        Self { supervised, folder }
    }

    /// Writes a record, and then tells the letters.
    fn becomes(&self, status: &Status, letters: &str) {
        self.supervised.set_status(&status.encode());
        self.tells(letters);
    }

    fn tells(&self, letters: &str) {
        tell(&self.folder, letters.as_bytes());
    }

    fn service(&self) -> &Service {
        &self.supervised.service
    }
}

/// A record of ours: that phase, that pid, after so many starts, with nothing that would say readiness.
fn record(phase: Phase, pid: u32, starts: u64) -> Status {
    Status {
        since: now(),
        pid: NonZeroU32::new(pid),
        paused: false,
        want: Want::Up,
        terminated: false,
        detail: Some(Detail { phase, starts, ..Detail::default() }),
    }
}

fn now() -> Tai64n {
    Tai64n::from_wall(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
}

fn up() -> Status {
    record(Phase::Up, 7, 1)
}

fn up_again() -> Status {
    record(Phase::Up, 8, 2)
}

fn with(mut status: Status, readiness: Readiness) -> Status {
    status.detail.as_mut().unwrap().readiness = readiness;
    status
}

fn ready(status: Status) -> Status {
    with(status, Readiness::Ready(now()))
}

fn not_ready(status: Status) -> Status {
    with(status, Readiness::Awaited)
}

fn finishing() -> Status {
    record(Phase::Finishing, 0, 1)
}

fn down() -> Status {
    record(Phase::Down, 0, 1)
}

/// A call of svwait to which the tree is the machine's service directory.
fn call<const N: usize>(tree: &TestTree, arguments: [&str; N]) -> Tool {
    tree.tool(&ours("svwait")).env("SVDIR", tree.services()).args(arguments)
}

/// Starts one.
#[track_caller]
fn svwait<const N: usize>(tree: &TestTree, arguments: [&str; N]) -> Running {
    let launch = tree.launch(&ours("svwait")).env("SVDIR", tree.services());
    arguments.into_iter().fold(launch, |launch, argument| launch.arg(argument)).start()
}

/// Starts many, with a limit of their own, so that a fault is no hang.
fn many<const N: usize>(tree: &TestTree, count: usize, arguments: [&str; N]) -> Vec<Child> {
    let start = || {
        let mut tool = call(tree, ["-t", "50s"]).args(arguments);
        tool.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    (0..count).map(|_| start()).collect()
}

/// Those that did not end as wished: with which code.
fn failures(children: Vec<Child>) -> Vec<Option<i32>> {
    let codes = children.into_iter().map(|mut child| child.wait().unwrap().code());
    codes.filter(|code| *code != Some(0)).collect()
}

/// The FIFOs of those who wait for a service.
fn waiters(service: &Service) -> Vec<String> {
    let names = fs::read_dir(service.file("supervise/event")).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("ftrig1:@")).collect()
}

/// Waits until so many wait for a service.
#[track_caller]
fn until_waiting(service: &Service, count: usize) {
    let event = service.file("supervise/event");
    let probe = || (waiters(service).len() == count).then_some(());
    wait_until(
        &format!("{count} wait for {:?}", service.path()),
        &[&service.file("supervise"), &event],
        probe,
    );
}

/// Makes sure that it has taken in all that was told, and still waits.
#[track_caller]
fn still_waits(waiting: &Running, service: &Service) {
    let is_asleep = || process::state(waiting.pid()) == Some('S');
    let is_done =
        || !process::is_alive(waiting.pid()) || (is_asleep() && all_is_read(service) && is_asleep());
    wait_until("svwait sleeps again", &[], || is_done().then_some(()));
    assert!(process::is_alive(waiting.pid()), "it has ended: {}", waiting.errors());
}

/// Whether no FIFO has a letter in it.
fn all_is_read(service: &Service) -> bool {
    let is_read = |name: &String| {
        let path = service.file("supervise/event").join(name);
        // For both directions: that waits for nobody, and can be asked whether there is something to read.
        let Ok(fifo) = open(&path, OFlag::O_RDWR | OFlag::O_NONBLOCK, Mode::empty()) else { return true };
        let mut asked = [PollFd::new(fifo.as_fd(), PollFlags::POLLIN)];
        poll(&mut asked, PollTimeout::ZERO) == Ok(0)
    };
    waiters(service).iter().all(is_read)
}
