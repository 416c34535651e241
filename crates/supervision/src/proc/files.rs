//! Which sockets a process has open, and who has one open.

use super::{Proc, if_there};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

/// A socket among the files of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenSocket {
    /// Under which number it has it.
    pub(crate) number: RawFd,
    /// Which socket it is, as /proc/net names it.
    pub(crate) inode: u64,
}

/// The sockets among the files that a process has open, in no order.
///
/// # Errors
///
/// ENOENT where it has ended; EACCES where we may not know; what else /proc says.
pub(crate) fn sockets(of: Pid) -> Result<Vec<OpenSocket>, Errno> {
    Proc::open()?.sockets(of)
}

/// All processes that have one of these sockets open, as far as we may know.
///
/// # Errors
///
/// Where /proc cannot be asked.
pub(crate) fn holders(inodes: &[u64]) -> Result<Vec<Pid>, Errno> {
    let proc = Proc::open()?;
    let mut holders = Vec::new();
    proc.each_number(".", |pid| {
        let open = if_there(proc.sockets(pid))?.unwrap_or_default();
        holders.extend(open.iter().any(|socket| inodes.contains(&socket.inode)).then_some(pid));
        Ok(())
    })?;
    Ok(holders)
}

impl Proc {
    fn sockets(&self, of: Pid) -> Result<Vec<OpenSocket>, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = openat(&self.0, format!("{of}/fd").as_str(), flags, Mode::empty())?;
        let mut sockets = Vec::new();
        for entry in Dir::openat(&folder, ".", flags, Mode::empty())?.iter() {
            let entry = entry?;
            let Some(number) = super::decimal(entry.file_name().to_bytes()) else { continue };
            let target = match readlinkat(&folder, entry.file_name()) {
                Ok(target) => target,
                // It has been closed in the meantime.
                Err(Errno::ENOENT) => continue,
                Err(error) => return Err(error),
            };
            sockets.extend(inode(target.as_bytes()).map(|inode| OpenSocket { number, inode }));
        }
        Ok(sockets)
    }
}

/// The number in `socket:[4711]`.
fn inode(target: &[u8]) -> Option<u64> {
    super::decimal(target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::fstat;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_socket_of_ours_is_found_and_we_hold_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let expected = OpenSocket { number: listener.as_raw_fd(), inode: fstat(&listener).unwrap().st_ino };
        assert!(sockets(Pid::this()).unwrap().contains(&expected));
        assert_eq!(holders(&[expected.inode]).unwrap(), [Pid::this()]);
        assert_eq!(holders(&[]).unwrap(), []);
        assert!(sockets(Pid::from_raw(i32::MAX)).is_err());
    }

    #[test]
    fn only_a_socket_has_such_a_link() {
        assert_eq!(inode(b"socket:[4711]"), Some(4711));
        for other in [&b"pipe:[4711]"[..], b"/tmp/socket:[1]", b"socket:[]", b"socket:[1", b"anon_inode:[x]"]
        {
            assert_eq!(inode(other), None);
        }
    }
}
