//! A service on a port below 1024, as an ordinary user, that is restarted while its clients connect without pause: whoever
//! comes is answered, by nobody of root's.

use crate::apart::{Apart, Network};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use testkit::{DEADLINE, Service, TestTree, account, needs_root, process, status, up, wait_until};

const RESTARTS: usize = 20;

/// The restarts after which its supervise is killed.
const KILLS: [usize; 2] = [6, 13];

/// Who answered a client: user and process.
type Answer = (u32, u32);

/// One that connects again as soon as it was answered.
struct Client {
    thread: JoinHandle<io::Result<BTreeSet<Answer>>>,
    answers: Arc<AtomicUsize>,
}

impl Client {
    fn new(network: Network, address: SocketAddr, enough: Arc<AtomicBool>) -> Self {
        let answers = Arc::new(AtomicUsize::new(0));
        let count = answers.clone();
        let thread = std::thread::spawn(move || {
            network.enter();
            let mut seen = BTreeSet::new();
            while !enough.load(Ordering::Relaxed) {
                seen.insert(ask(address)?);
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(seen)
        });
        Self { thread, answers }
    }
}

/// Connects and asks. Being refused, cut off, or left without an answer are errors.
fn ask(address: SocketAddr) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    let number = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    number("uid").zip(number("pid")).ok_or_else(|| io::Error::other(format!("it said {said:?}")))
}

/// Its clients, at work.
struct Clients {
    all: [Client; 4],
    enough: Arc<AtomicBool>,
}

impl Clients {
    fn new(apart: &Apart, port: u16) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let enough = Arc::new(AtomicBool::new(false));
        Self { all: [(); 4].map(|()| Client::new(apart.network(), address, enough.clone())), enough }
    }

    /// Each has been answered since.
    #[track_caller]
    fn are_answered(&self) {
        let before: Vec<usize> =
            self.all.iter().map(|client| client.answers.load(Ordering::Relaxed)).collect();
        wait_until("each client is answered", &[], || {
            let mut both = self.all.iter().zip(&before);
            both.all(|(client, before)| {
                client.thread.is_finished() || client.answers.load(Ordering::Relaxed) > *before
            })
            .then_some(())
        });
    }

    /// Who has answered.
    #[track_caller]
    fn end(self) -> BTreeSet<Answer> {
        self.enough.store(true, Ordering::Relaxed);
        let ends = self.all.map(|client| client.thread.join().unwrap().unwrap());
        ends.into_iter().flatten().collect()
    }
}

/// The process that supervises it.
fn supervise(service: &Service) -> Option<u32> {
    Some(service.status()?.detail?.supervise?.pid.get())
}

/// TERM, and up again without waiting for the second between two starts.
#[track_caller]
fn restart(tree: &TestTree, web: &Service) {
    let former = web.status().unwrap().pid;
    tree.svc(["-t", "web"]);
    web.wait_for(status("ended", move |status| status.pid != former));
    tree.svc(["-u", "web"]);
    web.wait_for(up());
}

/// svscan starts another one, which adopts the service.
#[track_caller]
fn kill_supervise(web: &Service) {
    let (killed, run) = (supervise(web).unwrap(), web.pid());
    kill(Pid::from_raw(killed.try_into().unwrap()), Signal::SIGKILL).unwrap();
    web.wait_until("there is another supervise", |web| supervise(web).filter(|pid| *pid != killed));
    web.wait_for(up());
    assert_eq!(web.pid(), run, "it was not restarted");
}

#[test]
fn nobody_is_refused_on_443_while_the_service_restarts_and_its_supervise_dies() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let account = account("upkeep-a");
    let Some(apart) = Apart::new(&tree, "") else { return };
    let web = tree.folder("web", |folder| {
        let folder = folder.user(&account.name).file("listen", "127.0.0.1:443\n");
        folder.file("server.py", include_str!("server.py")).run("exec /usr/bin/python3 server.py")
    });
    web.wait_for(up());

    let clients = Clients::new(&apart, 443);
    clients.are_answered();
    let mut runs = BTreeSet::from([web.pid()]);
    for restarts in 1..=RESTARTS {
        restart(&tree, &web);
        runs.insert(web.pid());
        if KILLS.contains(&restarts) {
            kill_supervise(&web);
        }
        clients.are_answered();
    }
    assert_eq!(runs.len(), RESTARTS + 1);
    let answers = clients.end();
    let users: BTreeSet<u32> = answers.iter().map(|(uid, _)| *uid).collect();
    let answered: BTreeSet<u32> = answers.iter().map(|(_, pid)| *pid).collect();
    assert_eq!(users, BTreeSet::from([account.uid]));
    assert_eq!(answered, runs, "each run has answered");
    assert_eq!(process::uids(web.pid()), Some([account.uid; 4]));
}
