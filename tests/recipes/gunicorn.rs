//! gunicorn and uvicorn, from PyPI, on sockets that supervise holds.

use super::page::{Page, make};
use super::{end, has, ready, restart, says, take_down};
use crate::apart::{Apart, Network};
use crate::stories::obtain;
use crate::stories::owner::Owner;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use sys::process::Ending;
use testkit::{DEADLINE, Service, TestTree, process, wait_until};

/// bob and his program; `None` where it cannot be had.
fn program() -> Option<(Owner, Page)> {
    let owner = Owner::new()?;
    let home = owner.home.to_str().unwrap();
    let user = format!("    {}\n", owner.name);
    let page = Page::read("gunicorn").with(&[("/home/bob", home), ("    bob\n", &user)]);
    let before = "Before the first start";
    let programs = ["gunicorn", "uvicorn"].map(|name| owner.home.join("web/venv/bin").join(name));
    if !obtain::environment(&owner, &page.commands(before), &programs) {
        return None;
    }
    for (path, content) in page.files(before) {
        std::fs::write(&path, content).unwrap();
        owner.own(path.as_ref());
    }
    Some((owner, page))
}

/// Both of gunicorn's workers take signals as workers do: one that still begins loses a TERM, and gunicorn waits for it
/// half a minute then.
#[track_caller]
fn has_its_workers(gunicorn: &Service) {
    let catches_abort = |pid: &u32| {
        let caught = process::field(*pid, "SigCgt").and_then(|set| u64::from_str_radix(&set, 16).ok());
        caught.is_some_and(|set| set & (1 << (libc::SIGABRT - 1)) != 0)
    };
    wait_until("gunicorn has two workers", &[], || {
        let workers = process::children(gunicorn.pid());
        (workers.len() == 2 && workers.iter().all(catches_abort)).then_some(())
    });
}

#[test]
fn gunicorn_and_uvicorn_take_their_sockets_from_listen() {
    if !has("curl", &["/usr/bin/curl"]) {
        return;
    }
    let Some((owner, page)) = program() else { return };
    let tree = TestTree::new();
    let Some(apart) = Apart::new(&tree, "") else { return };
    for (name, port, ends) in [("gunicorn", 8000, Ending::Exited(0)), ("uvicorn", 8001, Ending::Killed(15))] {
        let service = make(&tree, name, &page.files(name));
        let answers =
            || says(&apart, "curl", &["--silent", "--fail", &format!("http://127.0.0.1:{port}/")], "hello");
        let settle = || {
            if name == "gunicorn" {
                has_its_workers(&service)
            }
        };
        service.wait_for(ready());
        owner.has_become(service.pid());
        answers();
        settle();
        assert_eq!(restart(&tree, &service, "-t"), Some(ends));
        answers();
        settle();
        assert_eq!(take_down(&tree, &service), Some(ends));
    }
    assert_eq!(apart.svscan.errors(), "");
}

/// What became of requests, and of how many.
type Outcome = BTreeMap<String, usize>;

/// Requests at a steady rate, whatever becomes of those before.
struct Load {
    enough: Sender<()>,
    asking: JoinHandle<usize>,
    reading: JoinHandle<Outcome>,
}

impl Load {
    fn new(network: Network, address: SocketAddr, a_second: u32) -> Self {
        let (enough, stop) = channel();
        let (asked, answers) = channel();
        let asking = std::thread::spawn(move || {
            network.enter();
            ask_steadily(address, a_second, &stop, &asked)
        });
        Self { enough, asking, reading: std::thread::spawn(move || read_all(&answers)) }
    }

    /// How many requests there were, and what became of them.
    fn end(self) -> (usize, Outcome) {
        drop(self.enough);
        (self.asking.join().unwrap(), self.reading.join().unwrap())
    }
}

/// Asks until it is told to stop, each time at its time; after a delay it catches up.
fn ask_steadily(
    address: SocketAddr,
    a_second: u32,
    stop: &Receiver<()>,
    asked: &Sender<io::Result<TcpStream>>,
) -> usize {
    let pause = Duration::from_secs(1) / a_second;
    let mut due = Instant::now();
    let mut count = 0;
    while stop.recv_timeout(due.saturating_duration_since(Instant::now())) == Err(RecvTimeoutError::Timeout) {
        let _ = asked.send(ask(address));
        due += pause;
        count += 1;
    }
    count
}

fn ask(address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    Ok(stream)
}

/// Reads the answers, in the order of the requests.
fn read_all(answers: &Receiver<io::Result<TcpStream>>) -> Outcome {
    let mut outcome = Outcome::new();
    for stream in answers {
        let mut said = String::new();
        let result = match stream.and_then(|mut stream| stream.read_to_string(&mut said)) {
            Ok(_) if said.contains(" 200 OK\r\n") && said.ends_with("\r\n\r\nhello\n") => {
                "answered".to_owned()
            }
            Ok(_) => said,
            Err(error) => error.to_string(),
        };
        *outcome.entry(result).or_default() += 1;
    }
    outcome
}

#[test]
fn two_hundred_requests_a_second_see_no_error_while_gunicorn_restarts() {
    let Some((_owner, page)) = program() else { return };
    let tree = TestTree::new();
    let Some(apart) = Apart::new(&tree, "") else { return };
    let gunicorn = make(&tree, "gunicorn", &page.files("gunicorn"));
    gunicorn.wait_for(ready());
    let load = Load::new(apart.network(), SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)), 200);
    for _ in 0..10 {
        has_its_workers(&gunicorn);
        assert_eq!(restart(&tree, &gunicorn, "-t"), Some(Ending::Exited(0)));
    }
    has_its_workers(&gunicorn);
    let (asked, outcome) = load.end();
    assert_eq!(outcome, Outcome::from([("answered".to_owned(), asked)]));
    assert_eq!(end(&gunicorn), Some(Ending::Exited(0)));
}
