//! svscan finds what runs already, after its death, beside another supervise, and after it has become a newer one; and it ends
//! all of it.

mod command;
mod foreign;
mod killed;
mod many;
mod stopping;
mod upgrade;

use nix::fcntl::{OFlag, open};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use testkit::{Running, Service, TestTree, process, up, wait_until};

/// Sends a signal to any process.
#[track_caller]
fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
}

/// Kills it, and waits for its end.
#[track_caller]
fn killed(mut svscan: Running) -> Running {
    svscan.signal(Signal::SIGKILL);
    assert_eq!(svscan.wait(), Err(9));
    svscan
}

/// Waits until they have ended.
#[track_caller]
fn all_end(pids: &[u32]) {
    wait_until("they have ended", &[], || (!pids.iter().any(|pid| process::is_alive(*pid))).then_some(()));
}

/// The supervise of a service, and its run.
#[track_caller]
fn pids(service: &Service) -> [u32; 2] {
    service.wait_for(up());
    let pid = service.pid();
    [process::parent(pid).unwrap(), pid]
}

/// A service that writes the numbered lines that it is fed, and a logger that keeps them. Both read byte by byte, so that
/// nothing is in anybody's memory when nothing moves.
struct Flow {
    web: Service,
    out: PathBuf,
    feed: PathBuf,
    fed: usize,
    running: Option<(Arc<AtomicBool>, JoinHandle<usize>)>,
    /// Nobody who reads it sees its end.
    _held: File,
}

const COPY: &str = "while read -r line; do echo \"$line\"; done";

impl Flow {
    fn new(tree: &TestTree, name: &str) -> Self {
        let [feed, out] = ["feed", "out"].map(|file| tree.root().join(format!("{file}-{name}")));
        nix::unistd::mkfifo(&feed, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let held = open(&feed, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
        let run = format!("{COPY} <'{}'", feed.display());
        let logger = format!("{COPY} >>'{}'", out.display());
        let web = tree.folder(name, |f| f.run(&run).log(&logger));
        Self { web, out, feed, fed: 0, running: None, _held: held.into() }
    }

    /// A hundred more lines.
    fn feed(&mut self) {
        let lines: String = (0..100).map(|number| format!("{}\n", self.fed + number)).collect();
        self.fed += 100;
        File::options().write(true).open(&self.feed).unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// From now on, as fast as they are taken.
    fn begin(&mut self) {
        let goes_on = Arc::new(AtomicBool::new(true));
        let (flag, mut feed, mut fed) =
            (Arc::clone(&goes_on), File::options().write(true).open(&self.feed).unwrap(), self.fed);
        let thread = std::thread::spawn(move || {
            while flag.load(Ordering::Relaxed) {
                feed.write_all(format!("{fed}\n").as_bytes()).unwrap();
                fed += 1;
            }
            fed
        });
        self.running = Some((goes_on, thread));
        self.comes();
    }

    /// Waits until more has arrived.
    #[track_caller]
    fn comes(&self) {
        let length = || fs::metadata(&self.out).map_or(0, |file| file.len());
        let before = length();
        wait_until("more lines come", &[self.out.parent().unwrap()], || (length() > before).then_some(()));
    }

    /// Waits until everything has arrived, once and in order.
    #[track_caller]
    fn arrives(&mut self) {
        if let Some((goes_on, thread)) = self.running.take() {
            goes_on.store(false, Ordering::Relaxed);
            self.fed = thread.join().unwrap();
        }
        let expected: String = (0..self.fed).map(|number| format!("{number}\n")).collect();
        let said = wait_until("all lines are logged", &[self.out.parent().unwrap()], || {
            fs::read_to_string(&self.out).ok().filter(|said| said.len() >= expected.len())
        });
        assert!(said == expected, "{} lines were fed, {} arrived", self.fed, said.lines().count());
    }

    /// The supervises and what they run.
    #[track_caller]
    fn pids(&self) -> [[u32; 2]; 2] {
        [pids(&self.web), pids(&self.web.log())]
    }
}
