//! The two stories that Upkeep is for, with the real programs: a Tornado program on two ports as its user, and a Node
//! service that root starts by npm. All of them tell over HTTP who they are, a line each: a name, and what it is.
//! And a third: clients that are not to notice that a service is restarted.

mod npm;
pub(crate) mod obtain;
pub(crate) mod owner;
mod sockets;
mod tornado;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{DEADLINE, Running, TestTree, ours, wait_until};

/// Where the programs of the machine are, whatever the path of who runs the tests.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What a program tells of itself.
pub(crate) type Report = BTreeMap<String, String>;

/// root's home, which no service of somebody else may touch: the one that svscan is told of, and the real one.
struct RootsHome {
    told: PathBuf,
    before: Vec<Seen>,
}

/// A file or folder, and when it was changed last.
type Seen = (PathBuf, i64, i64);

impl RootsHome {
    fn new(tree: &TestTree) -> Self {
        let told = tree.root().join("root");
        fs::create_dir(&told).unwrap();
        fs::set_permissions(&told, fs::Permissions::from_mode(0o700)).unwrap();
        let before = Self::look(&told);
        Self { told, before }
    }

    /// Starts svscan with root's variables, as from a login of root's.
    fn svscan(&self, tree: &TestTree) -> Running {
        let svscan = tree.launch(&ours("svscan")).arg(tree.services()).env("HOME", &self.told);
        svscan.env("USER", "root").env("LOGNAME", "root").env("SHELL", "/bin/bash").env("PATH", PATH).start()
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(Self::look(&self.told), self.before);
    }

    /// All that is in the one, and what npm and pm2 would make in the other.
    fn look(told: &Path) -> Vec<Seen> {
        let mut seen = Vec::new();
        look(told, 3, &mut seen);
        for name in [".pm2", ".npm", ".local"] {
            look(&Path::new("/root").join(name), 2, &mut seen);
        }
        seen
    }
}

fn look(path: &Path, depth: u32, seen: &mut Vec<Seen>) {
    let Ok(found) = path.symlink_metadata() else { return };
    seen.push((path.to_owned(), found.mtime(), found.mtime_nsec()));
    if depth > 0 && found.is_dir() {
        let mut names: Vec<PathBuf> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().for_each(|name| look(name, depth - 1, seen));
    }
}

/// Ports that nobody listens on, other than those of services.example.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let free: Vec<u16> = (6101..).filter(is_free).take(N).collect();
    free.try_into().unwrap()
}

/// What answers on that port, once it does.
#[track_caller]
pub(crate) fn answer(port: u16) -> Report {
    wait_until(&format!("port {port} answers"), &[], || get(port).ok())
}

/// Whether nobody listens there.
fn is_refused(port: u16) -> bool {
    let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn get(port: u16) -> io::Result<Report> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let body = text.split_once("\r\n\r\n").filter(|_| text.contains(" 200 OK\r\n"));
    let (_, body) = body.ok_or_else(|| io::Error::other(text.clone()))?;
    let lines = body.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
    Ok(lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
