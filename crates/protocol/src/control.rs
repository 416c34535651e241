//! Asking a supervise, from outside: is it there, take these commands, how is the service.

mod glance;

pub use glance::Glance;

use crate::file::{Unusable, kind, open_owners_folder};
use crate::folder::{CONTROL, OK, STATUS, VARIABLE, control_folder};
use crate::status::{NoStatus, SIZE, Status};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::unistd::read;
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// How often a torn record is read again: each takes microseconds, and a write less.
const READS: u32 = 1000;

/// Through no link, without waiting, and not as a controlling terminal.
const SAFELY: OFlag =
    OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// The `supervise/` of a service folder.
#[derive(Clone, Debug)]
pub struct Control<'a> {
    /// The service folder.
    folder: BorrowedFd<'a>,
    /// Absolute, or relative to that.
    path: PathBuf,
}

/// Why there is no status.
#[derive(Debug)]
pub enum Unreadable {
    /// The file cannot be opened.
    Open(Errno),
    /// The file cannot be read.
    Read(Errno),
    /// It holds something else.
    Format(NoStatus),
}

impl Control<'static> {
    /// That of the folder that this process is in.
    ///
    /// # Errors
    ///
    /// Where the current folder has no path any more, and one is needed.
    pub fn here() -> Result<Self, std::io::Error> {
        Ok(Self { folder: AT_FDCWD, path: control_folder(setting(), std::env::current_dir)? })
    }
}

impl<'a> Control<'a> {
    /// That of an opened service folder.
    ///
    /// # Errors
    ///
    /// Where the folder's path is needed, and cannot be found out.
    pub fn of(folder: BorrowedFd<'a>) -> Result<Self, std::io::Error> {
        Ok(Self { folder, path: control_path(folder)? })
    }

    /// Opens it.
    ///
    /// Whoever owns the service folder can put anything there, and it is root who asks: no link leads us to what is not theirs,
    /// and opening waits for nothing.
    ///
    /// # Errors
    ///
    /// What the system says, ENOENT where supervise was never there; EPERM where it is a link that is not followed.
    pub fn open(&self) -> Result<Place, Errno> {
        let path = CString::new(self.path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
        open_owners_folder(self.folder, &path).map(Place).map_err(|why| match why {
            Unusable::System(error) => error,
            _ => Errno::EPERM,
        })
    }

    /// Opens a file in it: in one call where no link is on the way, as in most folders.
    fn open_file(&self, name: &CStr, access: OFlag) -> Result<OwnedFd, Errno> {
        let path = self.path.join(OsStr::from_bytes(name.to_bytes()));
        let how = OpenHow::new().flags(access | SAFELY).resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
        match openat2(self.folder, &path, how) {
            Ok(file) => Ok(file),
            // A link that may be followed; or no such call, before Linux 5.6 and in some containers. What is wrong is told then.
            Err(_) => openat(self.open()?, name, access | SAFELY, Mode::empty()),
        }
    }

    /// Whether supervise is running.
    ///
    /// # Errors
    ///
    /// What opening `ok` says, ENOENT where supervise was never there; EINVAL where it is no FIFO.
    pub fn is_running(&self) -> Result<bool, Errno> {
        fifo(self.open_file(OK, OFlag::O_WRONLY)).map(|fifo| fifo.is_some())
    }

    /// The FIFO for commands; `None` where supervise is not running.
    ///
    /// # Errors
    ///
    /// What opening `control` says; EINVAL where it is no FIFO.
    pub fn commands(&self) -> Result<Option<OwnedFd>, Errno> {
        fifo(self.open_file(CONTROL, OFlag::O_WRONLY))
    }

    /// The status record.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn status(&self) -> Result<Status, Unreadable> {
        read_status(|| self.open_file(STATUS, OFlag::O_RDONLY))
    }
}

/// An opened `supervise/`.
#[derive(Debug)]
pub struct Place(OwnedFd);

impl Place {
    /// As [`Control::is_running`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn is_running(&self) -> Result<bool, Errno> {
        open_fifo(self, OK).map(|fifo| fifo.is_some())
    }

    /// As [`Control::commands`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn commands(&self) -> Result<Option<OwnedFd>, Errno> {
        open_fifo(self, CONTROL)
    }

    /// As [`Control::status`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn status(&self) -> Result<Status, Unreadable> {
        status(self)
    }
}

/// The status record in an opened `supervise/`.
///
/// # Errors
///
/// Why there is none.
pub fn status(place: impl AsFd) -> Result<Status, Unreadable> {
    read_status(|| openat(place.as_fd(), STATUS, OFlag::O_RDONLY | SAFELY, Mode::empty()))
}

/// Reads a status record, again where it is torn.
fn read_status(open: impl Fn() -> Result<OwnedFd, Errno>) -> Result<Status, Unreadable> {
    let mut torn = NoStatus::BadFormat;
    for _ in 0..READS {
        let file = open().map_err(Unreadable::Open)?;
        let mut bytes = [0; SIZE];
        let mut length = 0;
        while let Some(space) = bytes.get_mut(length..).filter(|space| !space.is_empty()) {
            match read(&file, space).map_err(Unreadable::Read)? {
                0 => break,
                count => length = length.saturating_add(count),
            }
        }
        match Status::decode(bytes.get(..length).unwrap_or_default()) {
            Ok(status) => return Ok(status),
            Err(NoStatus::Torn) => torn = NoStatus::Torn,
            Err(other) => return Err(Unreadable::Format(other)),
        }
    }
    Err(Unreadable::Format(torn))
}

/// Opens a FIFO in such a folder for writing; `None` where nobody reads it: supervise is not running.
///
/// # Errors
///
/// What opening it says; EINVAL where it is no FIFO, since letters are written to nothing else.
pub fn open_fifo(place: impl AsFd, name: &CStr) -> Result<Option<OwnedFd>, Errno> {
    fifo(openat(place, name, OFlag::O_WRONLY | SAFELY, Mode::empty()))
}

/// What was opened for writing, if it is a FIFO; `None` where nobody reads it.
fn fifo(opened: Result<OwnedFd, Errno>) -> Result<Option<OwnedFd>, Errno> {
    match opened {
        Ok(fifo) if kind(&fstat(&fifo)?) == SFlag::S_IFIFO => Ok(Some(fifo)),
        Ok(_) => Err(Errno::EINVAL),
        Err(Errno::ENXIO) => Ok(None),
        Err(error) => Err(error),
    }
}

impl AsFd for Place {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The absolute path of an opened folder.
///
/// # Errors
///
/// Where there is no /proc that tells it.
pub fn path_of(folder: impl AsFd) -> std::io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd()))
}

/// Where the files of the supervise of an opened service folder are: absolute, or relative to it.
///
/// # Errors
///
/// Where its path is needed, and cannot be found out.
pub fn control_path(folder: impl AsFd) -> std::io::Result<PathBuf> {
    control_folder(setting(), || path_of(folder))
}

/// Where the environment puts them: asked once, since some ask for a thousand folders.
fn setting() -> Option<&'static [u8]> {
    static SETTING: OnceLock<Option<&[u8]>> = OnceLock::new();
    *SETTING.get_or_init(|| sys::environment::value(VARIABLE))
}
