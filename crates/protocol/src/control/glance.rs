//! Asking many supervises in the fewest calls, and without going into their folders. There is an answer only where nothing is odd:
//! supervise runs, and no link is on the way. What is odd, and why, others find out who look closely.

use super::{SAFELY, fifo, read_status, setting};
use crate::folder::{DOWN, OK, STATUS, SUPERVISE};
use crate::status::Status;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::stat;
use std::ffi::CStr;
use std::os::fd::OwnedFd;

/// One who asks.
#[derive(Debug)]
pub struct Glance {
    /// The path that was asked for last: space that is used again.
    path: Vec<u8>,
    /// The files of a folder, each with a `/` before it and a NUL behind it; `None` where they are elsewhere.
    files: Option<[Vec<u8>; 3]>,
}

impl Glance {
    /// One for all folders.
    #[must_use]
    pub fn new() -> Self {
        let supervise = setting().filter(|setting| !setting.is_empty()).unwrap_or(SUPERVISE.to_bytes());
        let in_it = |name: &CStr| [b"/", supervise, b"/", name.to_bytes_with_nul()].concat();
        let files = || [in_it(OK), in_it(STATUS), [b"/", DOWN.to_bytes_with_nul()].concat()];
        Self { path: Vec::new(), files: (!supervise.starts_with(b"/")).then(files) }
    }

    /// The status of the service in a folder, and whether it is normally up.
    pub fn at(&mut self, folder: &CStr) -> Option<(Status, bool)> {
        let [ok, status, down] = self.files.as_ref().filter(|_| !folder.is_empty())?;
        let folder = folder.to_bytes();
        fifo(open(path(&mut self.path, folder, ok)?, OFlag::O_WRONLY)).ok()??;
        let file = path(&mut self.path, folder, status)?;
        let status = read_status(|| open(file, OFlag::O_RDONLY)).ok()?;
        match stat(path(&mut self.path, folder, down)?) {
            Ok(_) => Some((status, false)),
            Err(Errno::ENOENT) => Some((status, true)),
            Err(_) => None,
        }
    }
}

/// The path of a file in a folder, in that space.
fn path<'a>(space: &'a mut Vec<u8>, folder: &[u8], file: &[u8]) -> Option<&'a CStr> {
    space.clear();
    space.extend_from_slice(folder);
    space.extend_from_slice(file);
    CStr::from_bytes_with_nul(space).ok()
}

fn open(path: &CStr, access: OFlag) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new().flags(access | SAFELY).resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
    openat2(AT_FDCWD, path, how)
}

impl Default for Glance {
    fn default() -> Self {
        Self::new()
    }
}
