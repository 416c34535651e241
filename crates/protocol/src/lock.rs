//! Locks: flock, held as long as the file is open, and so never left behind.

use crate::file::kind;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use sys::clock::Monotonic;

/// How often a lock that somebody holds is tried.
const PAUSE: Duration = Duration::from_millis(20);

/// A lock that is held. No program that is exec'd inherits it.
#[derive(Debug)]
pub struct Lock(Flock<File>);

/// Takes the lock, making the file (mode 0600) where it is not there. Does not wait.
///
/// # Errors
///
/// EAGAIN where somebody holds it; EINVAL where the name is not a regular file's; else what open or flock says.
pub fn take(folder: impl AsFd, name: &CStr) -> Result<Lock, Errno> {
    let flags = OFlag::O_WRONLY
        | OFlag::O_APPEND
        | OFlag::O_CREAT
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let file = openat(folder.as_fd(), name, flags, Mode::from_bits_truncate(0o600))?;
    if kind(&fstat(&file)?) != SFlag::S_IFREG {
        return Err(Errno::EINVAL);
    }
    Flock::lock(File::from(file), FlockArg::LockExclusiveNonblock).map(Lock).map_err(|(_, error)| error)
}

/// As [`take`], but while somebody holds it, who is perhaps just leaving, it is tried for so long.
///
/// # Errors
///
/// As [`take`].
pub fn take_within(folder: impl AsFd, name: &CStr, patience: Duration) -> Result<Lock, Errno> {
    let end = Monotonic::now() + patience;
    loop {
        match take(folder.as_fd(), name) {
            Err(Errno::EAGAIN) if Monotonic::now() < end => std::thread::sleep(PAUSE),
            taken => return taken,
        }
    }
}

impl Lock {
    /// The lock that this open file holds already: it was kept over an exec.
    ///
    /// # Errors
    ///
    /// EAGAIN where it is somebody else's; what else flock says.
    pub fn kept(file: OwnedFd) -> Result<Self, Errno> {
        Flock::lock(File::from(file), FlockArg::LockExclusiveNonblock).map(Self).map_err(|(_, error)| error)
    }
}

impl AsFd for Lock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let opened = File::open(folder.path()).unwrap();
        let held = take(&opened, c"lock").unwrap();
        assert_eq!(take(&opened, c"lock").unwrap_err(), Errno::EAGAIN);
        drop(held);
        take(&opened, c"lock").unwrap();
    }

    #[test]
    fn what_is_not_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("lock")).unwrap();
        nix::unistd::mkfifo(&folder.path().join("fifo"), Mode::S_IRWXU).unwrap();
        let opened = File::open(folder.path()).unwrap();
        assert_eq!(take(&opened, c"lock").unwrap_err(), Errno::ELOOP);
        assert_eq!(take(&opened, c"fifo").unwrap_err(), Errno::ENXIO);
    }
}
