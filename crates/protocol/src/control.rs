//! Asking a supervise, from outside: is it there, take these commands, how is the service.

use crate::file::{Unusable, kind, open_owners_folder};
use crate::folder::{CONTROL, OK, STATUS, control_folder_here};
use crate::status::{NoStatus, SIZE, Status};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// How often a torn record is read again: each takes microseconds, and a write less.
const READS: u32 = 1000;

/// Through no link, without waiting, and not as a controlling terminal.
const SAFELY: OFlag =
    OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// The `supervise/` of the folder that this process is in.
#[derive(Clone, Debug)]
pub struct Control(PathBuf);

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

impl Control {
    /// Finds it.
    ///
    /// # Errors
    ///
    /// Where the current folder has no path any more, and one is needed.
    pub fn here() -> Result<Self, std::io::Error> {
        control_folder_here().map(Self)
    }

    /// Opens a file of supervise's.
    ///
    /// Whoever owns the service folder can put anything there, and it is root who asks: no link leads us to what is not theirs,
    /// and opening waits for nothing.
    fn open(&self, name: &CStr, access: OFlag) -> Result<OwnedFd, Errno> {
        let path = CString::new(self.0.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
        let folder = open_owners_folder(AT_FDCWD, &path).map_err(|why| match why {
            Unusable::System(error) => error,
            _ => Errno::EPERM,
        })?;
        openat(folder, name, access | SAFELY, Mode::empty())
    }

    /// Opens a FIFO of supervise's for writing; `None` where nobody reads it: supervise is not running.
    /// Letters are written to nothing but a FIFO (else EINVAL).
    fn open_fifo(&self, name: &CStr) -> Result<Option<OwnedFd>, Errno> {
        match self.open(name, OFlag::O_WRONLY) {
            Ok(fifo) if kind(&fstat(&fifo)?) == SFlag::S_IFIFO => Ok(Some(fifo)),
            Ok(_) => Err(Errno::EINVAL),
            Err(Errno::ENXIO) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether supervise is running.
    ///
    /// # Errors
    ///
    /// What opening `ok` says, ENOENT where supervise was never there; EINVAL where it is no FIFO.
    pub fn is_running(&self) -> Result<bool, Errno> {
        self.open_fifo(OK).map(|fifo| fifo.is_some())
    }

    /// The FIFO for commands; `None` where supervise is not running.
    ///
    /// # Errors
    ///
    /// What opening `control` says; EINVAL where it is no FIFO.
    pub fn commands(&self) -> Result<Option<OwnedFd>, Errno> {
        self.open_fifo(CONTROL)
    }

    /// The status record.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn status(&self) -> Result<Status, Unreadable> {
        let mut torn = NoStatus::BadFormat;
        for _ in 0..READS {
            let mut file = File::from(self.open(STATUS, OFlag::O_RDONLY).map_err(Unreadable::Open)?);
            let mut bytes = [0; SIZE];
            let mut length = 0;
            while let Some(space) = bytes.get_mut(length..).filter(|space| !space.is_empty()) {
                match file.read(space) {
                    Ok(0) => break,
                    Ok(count) => length = length.saturating_add(count),
                    Err(error) => {
                        return Err(Unreadable::Read(Errno::from_raw(error.raw_os_error().unwrap_or(0))));
                    }
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
}
