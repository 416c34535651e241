//! From started to ready: how a service says that it can be used, that it is late or too long silent, and what is known of it
//! when its supervise is not the one that has started it.

mod adopted;
mod called;
mod descriptor;
mod floods;
mod inherited;
mod late;
mod spacing;
mod strangers;
mod upgraded;
mod watchdog;
mod words;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, fchmod};
use protocol::status::{Detail, Phase, Readiness};
use protocol::tai64n::Tai64n;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;
use testkit::{Condition, DEADLINE, Service, TestTree, process, read_line, status};

/// A program that becomes whatever the test wants: it obeys orders, a line each, and says when it has done one.
const ACTOR: &str = r"
import array, os, signal, socket, sys

def answer(text):
    told = os.open(sys.argv[2], os.O_WRONLY)
    os.write(told, (text + '\n').encode())
    os.close(told)

def send(text, files=()):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', files))] if files else []
    sender.sendmsg([text.replace('|', '\n').encode()], rights, 0, address)

def wait_until_taken():
    reader, writer = os.pipe()
    send('BARRIER=1', [writer])
    os.close(writer)
    os.read(reader, 1)

def in_child(text, prepare):
    child = os.fork()
    if child == 0:
        prepare()
        send(text)
        wait_until_taken()
        os._exit(0)
    os.waitpid(child, 0)

sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
address = os.environ.get('NOTIFY_SOCKET', '').replace('@', '\0', 1)
answer('here %d' % os.getpid())
for line in open(sys.argv[1]):
    order, _, rest = line.rstrip('\n').partition(' ')
    if order == 'to':
        address = rest.replace('@', '\0', 1)
    elif order == 'notify':
        send(rest)
    elif order == 'try':
        try:
            send(rest)
        except ConnectionRefusedError:
            pass
    elif order == 'long':
        send('READY=1|X_' + 'x' * (int(rest) - 10))
    elif order == 'child':
        in_child(rest, lambda: None)
    elif order == 'daemon':
        in_child(rest, os.setsid)
    elif order == 'barrier':
        wait_until_taken()
    elif order == 'write':
        number, _, text = rest.partition(' ')
        os.write(int(number), text.replace('|', '\n').encode())
    elif order == 'close':
        os.close(int(rest))
    elif order == 'ignore':
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif order == 'exit':
        sys.exit(int(rest))
    answer('done')
";

/// A service that obeys: its end is the line that its run script ends with.
#[derive(Debug)]
struct Actor {
    script: PathBuf,
    paths: [PathBuf; 2],
    orders: File,
    answers: OwnedFd,
}

impl Actor {
    fn new(tree: &TestTree, name: &str) -> Self {
        let script = tree.root().join("actor.py");
        std::fs::write(&script, ACTOR).unwrap();
        let paths = ["orders", "answers"].map(|what| tree.root().join(format!("{what}-{name}")));
        // Opened for both, so that neither side waits for the other to come.
        let [orders, answers] = paths.each_ref().map(|path| {
            nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
            let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
            let fifo = open(path, flags, Mode::empty()).unwrap();
            // Whoever the service runs as.
            fchmod(&fifo, Mode::from_bits_truncate(0o666)).unwrap();
            fifo
        });
        Self { script, paths, orders: orders.into(), answers }
    }

    /// The line for a run script.
    fn exec(&self) -> String {
        let [orders, answers] = self.paths.each_ref().map(|path| path.display());
        format!("exec /usr/bin/python3 {} {orders} {answers}", self.script.display())
    }

    #[track_caller]
    fn answer(&self) -> String {
        read_line(&self.answers, DEADLINE).expect("an answer of the service")
    }

    /// Waits until the next one has begun, and says its pid. What the one before it was told last it may have done or not.
    #[track_caller]
    fn comes(&self) -> u32 {
        loop {
            if let Some(pid) = self.answer().strip_prefix("here ") {
                return pid.parse().expect("a pid");
            }
        }
    }

    /// Gives an order without waiting for it.
    fn is_told(&self, order: &str) {
        writeln!(&self.orders, "{order}").unwrap();
    }

    /// Has it do something, and waits until it has; that can be the one that comes next, too.
    #[track_caller]
    fn does(&self, order: &str) {
        self.is_told(order);
        while self.answer() != "done" {}
    }
}

/// Where a service finds the socket on which it says how it is.
#[track_caller]
fn socket_of(pid: u32) -> String {
    variable(pid, "NOTIFY_SOCKET").expect("NOTIFY_SOCKET")
}

fn variable(pid: u32, name: &str) -> Option<String> {
    let environment = process::environment(pid);
    environment.iter().find_map(|entry| Some(entry.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

/// What only our supervise says.
#[track_caller]
fn detail(service: &Service) -> Detail {
    service.wait_until("there is a record", Service::status).detail.expect("a record of ours")
}

/// Waits until the spacing is at least so long: it has failed that often.
#[track_caller]
fn spacing_grows_to(service: &Service, least: Duration) -> Detail {
    let is_as_long = |detail: &Detail| u128::from(detail.spacing) >= least.as_nanos();
    service.wait_until("the spacing grows", |service| service.status()?.detail.filter(is_as_long))
}

/// Waits until nothing runs now and the next start is due later, and says what the record says then.
#[track_caller]
fn at_rest(service: &Service) -> Detail {
    let is_resting = |detail: &Detail| detail.phase == Phase::Resting;
    service.wait_until("it rests", |service| service.status()?.detail.filter(is_resting))
}

/// It is up, and this holds of what our supervise says.
fn up_and(what: &str, says: impl Fn(&Detail) -> bool + 'static) -> Condition {
    let is_so = move |detail: &Detail| detail.phase == Phase::Up && says(detail);
    status(what, move |status| status.detail.as_ref().is_some_and(&is_so))
}

/// It is up and has said that it is ready.
fn ready() -> Condition {
    up_and("ready", |detail| matches!(detail.readiness, Readiness::Ready(_)))
}

/// It is up and is to say that it is ready.
fn awaited() -> Condition {
    up_and("not ready", |detail| detail.readiness == Readiness::Awaited)
}

/// It says that of itself.
fn says(text: &str) -> Condition {
    let text = text.to_owned();
    up_and(&format!("saying {text:?}"), move |detail| detail.says == text)
}

/// When it became ready.
#[track_caller]
fn ready_since(service: &Service) -> Tai64n {
    match detail(service).readiness {
        Readiness::Ready(since) => since,
        other => panic!("{other:?}"),
    }
}

/// Has supervise do something else twice: what had been there to be read before has been read then.
#[track_caller]
fn pass_the_time(tree: &TestTree, service: &Service) {
    let name = service.path().file_name().unwrap().to_str().unwrap();
    for (option, paused) in [("-p", true), ("-c", false)] {
        tree.svc([option, name]);
        service.wait_for(status(option, move |status| status.paused == paused));
    }
}
