//! The sockets that supervise holds, and where it notes which they are: so that the next supervise has them too, over an upgrade as
//! they are, after a death from the running service.

use super::path;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};
use protocol::file::{open_regular, read_all};
use protocol::folder::SOCKETS;
use protocol::listen::noted::Noted;
use protocol::listen::{MOST, parse};
use std::ffi::CStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// The file that is made before it takes the name of the one that is read.
const NEW: &CStr = c"sockets.new";

/// The longest file that is read: a line has an address, four words and three numbers.
const LONGEST: usize = MOST * 256;

/// A socket that is held.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) noted: Noted,
    pub(super) opened: OwnedFd,
}

/// All that are held, in no order.
#[derive(Debug, Default)]
pub(in super::super) struct Sockets {
    pub(super) held: Vec<Socket>,
}

impl Sockets {
    /// What begins the names under which they are kept over an upgrade.
    pub(in super::super) const KEPT: &str = "socket:";

    /// Takes one that a start has opened, in the place of one that is no good any more. What is not the socket that the line says
    /// is closed.
    pub(in super::super) fn taken(&mut self, line: &str, opened: OwnedFd) {
        let noted = Noted::parse(line).filter(|noted| sys::socket::cookie(&opened) == Ok(noted.cookie));
        if let Some(noted) = noted {
            self.held.retain(|other| other.noted.socket != noted.socket);
            self.held.push(Socket { noted, opened });
        }
    }

    /// Closes all but these, and removes their files.
    pub(in super::super) fn retain(&mut self, wanted: &[String]) {
        self.held.retain(|one| {
            let is_wanted = wanted.contains(&one.noted.socket);
            if !is_wanted {
                remove_file(&one.noted);
            }
            is_wanted
        });
    }

    /// Closes all, and removes their files.
    pub(in super::super) fn close_all(&mut self) {
        self.retain(&[]);
    }

    /// All of them, to be kept over an upgrade, under names without spaces and equals signs.
    pub(in super::super) fn to_keep(&self) -> impl Iterator<Item = (String, BorrowedFd<'_>)> {
        self.held.iter().map(|one| (format!("{}{}", Self::KEPT, one.noted.to_word()), one.opened.as_fd()))
    }

    /// What an earlier version of this program has kept, by name and number. What is not what its name says is closed.
    pub(in super::super) fn kept(entries: impl IntoIterator<Item = (String, RawFd)>) -> Self {
        let mut sockets = Self::default();
        for (name, number) in entries {
            let noted = name.strip_prefix(Self::KEPT).and_then(Noted::from_word);
            if let (Ok(opened), Some(noted)) = (sys::descriptor::adopt(number), noted) {
                sockets.taken(&noted.to_string(), opened);
            }
        }
        sockets
    }

    /// Notes which they are in `supervise/`, at once or not at all; where there are none, nothing.
    ///
    /// # Errors
    ///
    /// What the system says: the file is then as it was.
    pub(in super::super) fn save(&self, folder: impl AsFd) -> Result<(), Errno> {
        let folder = folder.as_fd();
        if self.held.is_empty() {
            return match unlinkat(folder, SOCKETS, UnlinkatFlags::NoRemoveDir) {
                Err(error) if error != Errno::ENOENT => Err(error),
                _ => Ok(()),
            };
        }
        let content: String = self.held.iter().map(|one| format!("{}\n", one.noted)).collect();
        let flags = OFlag::O_WRONLY
            | OFlag::O_CREAT
            | OFlag::O_TRUNC
            | OFlag::O_NOFOLLOW
            | OFlag::O_NONBLOCK
            | OFlag::O_CLOEXEC;
        let file = openat(folder, NEW, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let written = File::from(file).write_all(content.as_bytes());
        written.map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
        renameat(folder, NEW, folder, SOCKETS)
    }

    /// Which ones an earlier supervise has noted there: none where that cannot be read, or is anything else.
    pub(in super::super) fn saved(folder: impl AsFd) -> Vec<Noted> {
        let content = open_regular(folder, SOCKETS).ok().flatten();
        let content = content.and_then(|(mut file, _)| read_all(&mut file, LONGEST).ok());
        content.and_then(|content| Noted::parse_all(&content)).unwrap_or_default()
    }

    /// Whether none is held.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The one of that line.
    pub(super) fn find(&self, socket: &str) -> Option<&Socket> {
        self.held.iter().find(|one| one.noted.socket == socket)
    }

    /// In the child: closes its copies of all but these, which would keep the addresses from being free.
    pub(super) fn retain_in_child(&self, wanted: &[String]) {
        for one in self.held.iter().filter(|one| !wanted.contains(&one.noted.socket)) {
            let _ = nix::unistd::close(one.opened.as_raw_fd());
        }
    }

    /// Whether all are among these.
    pub(super) fn are_among(&self, wanted: &[String]) -> bool {
        self.held.iter().all(|one| wanted.contains(&one.noted.socket))
    }
}

fn remove_file(noted: &Noted) {
    let listen = parse(noted.socket.as_bytes(), None).ok();
    let address = listen.as_ref().and_then(|listen| Some(&listen.first()?.address));
    if let (Some(protocol::listen::Address::Path { path, .. }), Some(file)) = (address, noted.file) {
        path::remove(path, file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::fstat;
    use protocol::identity::FolderId;
    use std::net::TcpListener;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixListener;

    fn noted(socket: &str, opened: impl AsFd, file: Option<FolderId>) -> Noted {
        let cookie = sys::socket::cookie(&opened).unwrap();
        Noted { cookie, inode: fstat(&opened).unwrap().st_ino, file, socket: socket.to_owned() }
    }

    fn held(sockets: &Sockets) -> Vec<&str> {
        sockets.held.iter().map(|one| &*one.noted.socket).collect()
    }

    fn two() -> (Sockets, Vec<Noted>) {
        let mut sockets = Sockets::default();
        let mut all = Vec::new();
        for line in [":1", "[::1]:2 type=dgram"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            all.push(noted(line, &listener, None));
            sockets.taken(&all.last().unwrap().to_string(), listener.into());
        }
        (sockets, all)
    }

    #[test]
    fn what_is_noted_is_what_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let opened = File::open(folder.path()).unwrap();
        assert_eq!(Sockets::saved(&opened), []);
        let (mut sockets, all) = two();
        sockets.save(&opened).unwrap();
        assert_eq!(Sockets::saved(&opened), all);
        std::fs::write(folder.path().join("sockets"), "1 2 - :8").unwrap();
        assert_eq!(Sockets::saved(&opened), [], "it has no end");
        sockets.close_all();
        sockets.save(&opened).unwrap();
        sockets.save(&opened).unwrap();
        assert!(protocol::file::names(&opened).unwrap().is_empty());
    }

    #[test]
    fn they_are_kept_over_an_upgrade() {
        let (sockets, _) = two();
        // As after an exec, nobody owns the numbers.
        let entries: Vec<(String, RawFd)> = sockets
            .to_keep()
            .map(|(name, opened)| (name, opened.try_clone_to_owned().unwrap().into_raw_fd()))
            .collect();
        assert_eq!(held(&Sockets::kept(entries)), held(&sockets));
        let [one, other] = sockets.to_keep().collect::<Vec<_>>().try_into().unwrap();
        let exchanged = (one.0, other.1.try_clone_to_owned().unwrap().into_raw_fd());
        assert_eq!(held(&Sockets::kept([exchanged])), Vec::<&str>::new());
    }

    #[test]
    fn only_what_is_wanted_stays_and_a_new_one_takes_the_place_of_the_old() {
        let (mut sockets, _) = two();
        assert!(sockets.are_among(&[":1".to_owned(), "[::1]:2 type=dgram".to_owned(), ":3".to_owned()]));
        assert!(!sockets.are_among(&[":1".to_owned()]));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let new = noted(":1", &listener, None);
        sockets.taken(&new.to_string(), listener.into());
        assert_eq!(held(&sockets), ["[::1]:2 type=dgram", ":1"]);
        assert_eq!(sockets.find(":1").unwrap().noted, new);
        sockets.retain(&[":1".to_owned()]);
        assert_eq!(held(&sockets), [":1"]);
    }

    #[test]
    fn the_file_of_a_closed_one_is_removed_if_it_is_still_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = folder.path().join(name);
            let listener = UnixListener::bind(&path).unwrap();
            let file = FolderId::from(&nix::sys::stat::lstat(&path).unwrap());
            let noted = noted(path.to_str().unwrap(), &listener, Some(file));
            (path, noted, listener)
        };
        let mut sockets = Sockets::default();
        let paths = ["own", "another"].map(|name| {
            let (path, noted, listener) = make(name);
            sockets.taken(&noted.to_string(), listener.into());
            path
        });
        std::fs::rename(&paths[1], folder.path().join("elsewhere")).unwrap();
        let _other = UnixListener::bind(&paths[1]).unwrap();
        sockets.close_all();
        assert_eq!(paths.map(|path| path.exists()), [false, true]);
        assert!(sockets.is_empty());
    }
}
