//! The sockets of a service: opened by supervise, handed to run, and never closed while somebody may connect.

mod back;
mod busy;
mod handed;
mod kept;
mod paths;
mod wrong;

use nix::sys::signal::Signal;
use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use testkit::{
    DEADLINE, Folder, Launch, Running, Service, TestTree, down, ours, process, skip, up, wait_until,
};

/// What each test's services are on: an address that nobody else has, so that no port is in use by chance.
fn host() -> Ipv4Addr {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, high | 1, low, COUNT.fetch_add(1, Relaxed))
}

const PYTHON: &str = "/usr/bin/python3";

/// Whether there is the Python that the services are written in.
fn needs_python() -> bool {
    let is_there = Path::new(PYTHON).exists();
    if !is_there {
        skip("its service needs python3, which is not installed");
    }
    is_there
}

/// The service that tells what it was given; more of its folder is built by `more`.
fn serving(folder: Folder, listen: &str) -> Folder {
    folder
        .run(&format!("exec {PYTHON} -I ./serve.py"))
        .file("serve.py", include_str!("listen/serve.py"))
        .file("listen", listen)
}

/// Where somebody connects to.
#[derive(Clone, Debug)]
enum To {
    Tcp(SocketAddr),
    Path(PathBuf),
    Abstract(String),
}

impl To {
    fn tcp(host: impl Into<IpAddr>, port: u16) -> Self {
        Self::Tcp(SocketAddr::new(host.into(), port))
    }

    /// Connects, and reads all that comes.
    fn read(&self) -> io::Result<String> {
        use std::os::linux::net::SocketAddrExt;
        let mut said = String::new();
        match self {
            Self::Tcp(address) => {
                let mut stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(DEADLINE))?;
                stream.read_to_string(&mut said)?;
            }
            Self::Path(path) => read_unix(UnixStream::connect(path)?, &mut said)?,
            Self::Abstract(name) => {
                let address = UnixAddr::from_abstract_name(name)?;
                read_unix(UnixStream::connect_addr(&address)?, &mut said)?;
            }
        }
        Ok(said)
    }

    /// What the service was given.
    #[track_caller]
    fn ask(&self) -> Told {
        Told::new(&self.read().unwrap_or_else(|error| panic!("{self:?}: {error}")))
    }

    /// Why nobody is there.
    #[track_caller]
    fn refused(&self) -> io::ErrorKind {
        match self.read() {
            Ok(said) => panic!("{self:?} says {said}"),
            Err(error) => error.kind(),
        }
    }
}

fn read_unix(mut stream: UnixStream, said: &mut String) -> io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.read_to_string(said).map(drop)
}

/// What the service says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    facts: HashMap<String, String>,
    sockets: Vec<HashMap<String, String>>,
}

impl Told {
    fn new(said: &str) -> Self {
        let mut told = Self { facts: HashMap::new(), sockets: Vec::new() };
        let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        for line in said.lines() {
            if line.starts_with("socket=") {
                told.sockets.push(line.split(' ').filter_map(pair).collect());
            } else {
                told.facts.extend(pair(line));
            }
        }
        assert!(told.facts.contains_key("pid"), "{said:?}");
        told
    }

    fn pid(&self) -> u32 {
        self.facts["pid"].parse().unwrap()
    }

    /// Which sockets they are, whoever has them.
    fn cookies(&self) -> Vec<&str> {
        self.sockets.iter().map(|socket| &*socket["cookie"]).collect()
    }

    /// One property of each.
    fn each(&self, property: &str) -> Vec<&str> {
        self.sockets.iter().map(|socket| &*socket[property]).collect()
    }
}

/// Somebody who connects without pause, until asked how it went.
struct Client {
    ends: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    thread: JoinHandle<Result<(), String>>,
}

impl Client {
    fn new(to: To) -> Self {
        let (ends, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (is_over, count) = (Arc::clone(&ends), Arc::clone(&answers));
        let thread = std::thread::spawn(move || {
            while !is_over.load(Relaxed) {
                let said = to.read().map_err(|error| format!("{to:?}: {error}"))?;
                if !said.contains("pid=") {
                    return Err(format!("{to:?} is cut off: {said:?}"));
                }
                count.fetch_add(1, Relaxed);
            }
            Ok(())
        });
        Self { ends, answers, thread }
    }

    /// Waits for one more answer.
    #[track_caller]
    fn is_answered(&self) {
        let before = self.answers.load(Relaxed);
        wait_until("a client is answered", &[], || {
            (self.answers.load(Relaxed) > before || self.thread.is_finished()).then_some(())
        });
    }

    /// It was never refused, and never left without its answer.
    #[track_caller]
    fn ends_content(self) {
        self.is_answered();
        self.ends.store(true, Relaxed);
        assert_eq!(self.thread.join().unwrap(), Ok(()));
    }
}

/// A service under a supervise of its own.
struct Site {
    supervise: Running,
    /// Those that were killed: what they have started has gone on.
    killed: Vec<Running>,
    tree: TestTree,
    web: Service,
}

impl Site {
    /// Starts it, and waits until run runs.
    #[track_caller]
    fn new(listen: &str, more: impl FnOnce(Folder) -> Folder) -> Self {
        let site = Self::begun(TestTree::new(), listen, more);
        site.web.wait_for(up());
        site
    }

    /// Starts it.
    fn begun(tree: TestTree, listen: &str, more: impl FnOnce(Folder) -> Folder) -> Self {
        let web = tree.folder("web", |f| more(serving(f, listen)));
        Self::of(tree, web)
    }

    /// Starts a supervise on a folder that is there.
    fn of(tree: TestTree, web: Service) -> Self {
        Self { supervise: tree.supervise("web"), killed: Vec::new(), tree, web }
    }

    /// A restart: it is down, and up again.
    #[track_caller]
    fn restart(&self) {
        self.go_down();
        self.tree.svc(["-u", "web"]);
        self.web.wait_for(up());
    }

    #[track_caller]
    fn go_down(&self) {
        self.tree.svc(["-d", "web"]);
        self.web.wait_for(down());
    }

    fn listen(&self, content: &str) {
        std::fs::write(self.web.file("listen"), content).unwrap();
    }

    /// Kills supervise. The service runs on, and another supervise comes.
    #[track_caller]
    fn kill_supervise(&mut self) {
        let next = self.tree.launch(&ours("supervise")).arg("web");
        self.kill_supervise_and(|| (), next);
    }

    /// Has supervise become the installed one.
    #[track_caller]
    fn upgrade(&mut self) {
        self.supervise.signal(Signal::SIGUSR2);
        let supervise = self.supervise.pid();
        wait_until("supervise has become the installed one", &[], || {
            let is_kept = |variable: &String| variable.starts_with("UPKEEP_KEPT=");
            process::environment(supervise).iter().any(is_kept).then_some(())
        });
    }

    /// Kills supervise, does something, and starts another one.
    #[track_caller]
    fn kill_supervise_and(&mut self, meanwhile: impl FnOnce(), next: Launch) {
        self.supervise.signal(Signal::SIGKILL);
        assert_eq!(self.supervise.wait(), Err(9));
        meanwhile();
        self.killed.push(std::mem::replace(&mut self.supervise, next.start()));
    }
}
