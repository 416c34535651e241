//! The file of a unix socket: made where nobody else could exchange it, with its mode and owner from the first moment, and removed
//! only while it is the one that was made.
//!
//! | what is at the path | what happens |
//! |---|---|
//! | nothing | it is made |
//! | a socket that nobody is behind any more | it is removed, and made anew |
//! | a socket that somebody is behind | the address is in use |
//! | anything else | it is left alone, and the socket is not opened |

use super::ids::Wanted;
use super::way::{self, Blocked, Folder};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, unlinkat};
use protocol::file::{is_trusted, kind, look};
use protocol::identity::FolderId;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};

/// Why there is no socket at a path.
#[derive(Debug)]
pub(super) enum Fault {
    System(Errno),
    /// The whole reason, with the cure.
    Other(String),
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

impl From<Blocked> for Fault {
    fn from(blocked: Blocked) -> Self {
        Self::Other(blocked.0)
    }
}

/// Makes a socket at a path; EADDRINUSE where somebody is there. It does not take connections yet. Says also which file it is.
pub(super) fn bind(path: &str, kind: SockType, wanted: Wanted) -> Result<(OwnedFd, FolderId), Fault> {
    let (folder, name) = way::folder(path, true)?;
    clear(path, &folder, &name, wanted.uid)?;
    let socket = socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC, None)?;
    let address = UnixAddr::new(path)?;
    // Its file gets these, less those of the umask: never more than it is to have.
    fchmod(&socket, Mode::from_bits_truncate(wanted.mode))?;
    nix::sys::socket::bind(socket.as_raw_fd(), &address)?;
    let Some(file) = File::open(&folder, &name)? else { return Err(Errno::ENOENT.into()) };
    file.set(wanted).inspect_err(|_| remove_at(&folder, &name, file.id()))?;
    Ok((socket, file.id()))
}

/// Sets mode and owner of the file that was made for a socket; false where it is not there any more.
pub(super) fn renew(path: &str, made: FolderId, wanted: Wanted) -> Result<bool, Errno> {
    let Ok((folder, name)) = way::folder(path, false) else { return Ok(false) };
    match File::open(&folder, &name)?.filter(|file| file.id() == made) {
        None => Ok(false),
        Some(file) => file.set(wanted).map(|()| true),
    }
}

/// Removes the file that was made for a socket, if it is still there.
pub(super) fn remove(path: &str, made: FolderId) {
    if let Ok((folder, name)) = way::folder(path, false) {
        remove_at(&folder, &name, made);
    }
}

fn remove_at(folder: &Folder, name: &CStr, made: FolderId) {
    let is_it = |stat: &FileStat| FolderId::from(stat) == made;
    if look(&folder.opened, name).ok().flatten().is_some_and(|stat| is_it(&stat)) {
        let _ = unlinkat(&folder.opened, name, UnlinkatFlags::NoRemoveDir);
    }
}

/// Removes what an earlier life has left there.
fn clear(path: &str, folder: &Folder, name: &CStr, owner: Uid) -> Result<(), Fault> {
    let Some(stat) = look(&folder.opened, name)? else { return Ok(()) };
    if kind(&stat) != SFlag::S_IFSOCK {
        return Err(Fault::Other(format!("{path} is there already, and is no socket: move it away")));
    }
    // Where others can make files, it may be one of theirs.
    if !folder.is_ours && !is_trusted(stat.st_uid) && stat.st_uid != owner.as_raw() {
        return Err(Fault::Other(format!(
            "{path} is there already, and belongs to uid {}: remove it",
            stat.st_uid
        )));
    }
    if is_anybody_behind(path) {
        return Err(Errno::EADDRINUSE.into());
    }
    remove_at(folder, name, FolderId::from(&stat));
    Ok(())
}

/// Whether a connection to it says anything else than that nobody is there. One of another type says that somebody is.
fn is_anybody_behind(path: &str) -> bool {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let connected = socket(AddressFamily::Unix, SockType::Stream, flags, None)
        .and_then(|socket| connect(socket.as_raw_fd(), &UnixAddr::new(path)?));
    connected != Err(Errno::ECONNREFUSED)
}

/// A socket's file, held without being opened.
#[derive(Debug)]
struct File {
    held: OwnedFd,
    stat: FileStat,
}

impl File {
    /// `None` where there is none.
    fn open(folder: &Folder, name: &CStr) -> Result<Option<Self>, Errno> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let held = match openat(&folder.opened, name, flags, Mode::empty()) {
            Ok(held) => held,
            Err(Errno::ENOENT) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stat = fstat(&held)?;
        Ok((kind(&stat) == SFlag::S_IFSOCK).then_some(Self { held, stat }))
    }

    fn id(&self) -> FolderId {
        FolderId::from(&self.stat)
    }

    /// By what is held: the owner could have given its name to another file.
    fn set(&self, wanted: Wanted) -> Result<(), Errno> {
        let Wanted { uid, gid, mode } = wanted;
        if self.stat.st_mode & 0o7777 != mode {
            way::change_mode(&self.held, mode)?;
        }
        if (Uid::from_raw(self.stat.st_uid), Gid::from_raw(self.stat.st_gid)) != (uid, gid) {
            fchownat(&self.held, c"", Some(uid), Some(gid), AtFlags::AT_EMPTY_PATH)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::{UnixDatagram, UnixListener};

    fn wanted(mode: u32) -> Wanted {
        Wanted { uid: Uid::effective(), gid: Gid::effective(), mode }
    }

    fn path(folder: &tempfile::TempDir, name: &str) -> String {
        folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn reason(fault: Fault) -> String {
        match fault {
            Fault::System(error) => error.to_string(),
            Fault::Other(reason) => reason,
        }
    }

    #[test]
    fn it_is_made_with_its_mode_and_removed_while_it_is_the_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder, "new/x");
        let mode = || std::fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777;
        let (_socket, file) = bind(&path, SockType::Stream, wanted(0o620)).unwrap();
        assert_eq!(mode(), 0o620);
        assert_eq!(std::fs::symlink_metadata(&path).unwrap().ino(), file.inode);
        assert_eq!(renew(&path, file, wanted(0o604)), Ok(true));
        assert_eq!(mode(), 0o604);
        remove(&path, FolderId { inode: file.inode + 1, ..file });
        assert_eq!(mode(), 0o604, "another one");
        remove(&path, file);
        assert!(std::fs::symlink_metadata(&path).is_err());
        assert_eq!(renew(&path, file, wanted(0o666)), Ok(false));
        remove(&path, file);
    }

    #[test]
    fn what_nobody_is_behind_is_made_anew_and_what_somebody_has_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["stream", "datagram"] {
            let path = path(&folder, name);
            let datagram = (name == "datagram").then(|| UnixDatagram::bind(&path).unwrap());
            let stream = datagram.is_none().then(|| UnixListener::bind(&path).unwrap());
            let in_use = bind(&path, SockType::Stream, wanted(0o666)).unwrap_err();
            assert!(matches!(in_use, Fault::System(Errno::EADDRINUSE)), "{in_use:?}");
            drop((stream, datagram));
            bind(&path, SockType::Stream, wanted(0o666)).unwrap();
        }
    }

    #[test]
    fn anything_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "precious").unwrap();
        symlink("elsewhere", folder.path().join("link")).unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        for name in ["file", "link", "folder"] {
            let why = reason(bind(&path(&folder, name), SockType::Stream, wanted(0o666)).unwrap_err());
            assert!(
                why.ends_with(&format!("{name} is there already, and is no socket: move it away")),
                "{why}"
            );
        }
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"precious");
        assert!(std::fs::symlink_metadata(folder.path().join("elsewhere")).is_err());
    }
}
