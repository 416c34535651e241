//! Opening what somebody else may have put there: never through a link, never waiting, never a device.

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use std::ffi::CStr;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

/// Why a file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is something else than a regular file.
    NotRegular,
    /// It is longer than anything sensible.
    TooLong,
    /// The system's error.
    System(Errno),
}

impl From<Errno> for Unusable {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegular => to.write_str("not a regular file"),
            Self::TooLong => to.write_str("the file is too long"),
            Self::System(errno) => to.write_str(errno.desc()),
        }
    }
}

impl std::error::Error for Unusable {}

/// What a stat says a thing is.
#[must_use]
pub fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

/// What is there under that name, a link not followed; `None` only where nothing is.
///
/// # Errors
///
/// Every other answer than "it is there" and "it is not": nobody may take those for absence.
pub fn look(folder: impl AsFd, name: &CStr) -> Result<Option<FileStat>, Errno> {
    match fstatat(folder.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a regular file for reading; `None` where nothing is there.
///
/// # Errors
///
/// Where something else is there (a link, a FIFO, a device, a folder), or it cannot be opened.
pub fn open_regular(folder: impl AsFd, name: &CStr) -> Result<Option<(File, FileStat)>, Unusable> {
    // Looked at first: opening a device can already do something.
    match look(folder.as_fd(), name)? {
        None => return Ok(None),
        Some(stat) if kind(&stat) != SFlag::S_IFREG => return Err(Unusable::NotRegular),
        Some(_) => {}
    }
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = match openat(folder.as_fd(), name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::ENOENT) => return Ok(None),
        Err(Errno::ELOOP) => return Err(Unusable::NotRegular),
        Err(error) => return Err(error.into()),
    };
    let stat = fstat(&file)?;
    if kind(&stat) != SFlag::S_IFREG {
        return Err(Unusable::NotRegular);
    }
    Ok(Some((File::from(file), stat)))
}

/// Reads a file that is at most `longest` bytes.
///
/// # Errors
///
/// Where it is longer, or cannot be read.
pub fn read_all(file: &mut File, longest: usize) -> Result<Vec<u8>, Unusable> {
    let mut content = Vec::new();
    let limit = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut content)
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO as i32)))?;
    if content.len() > longest { Err(Unusable::TooLong) } else { Ok(content) }
}

/// Opens a folder, following a link to it.
///
/// # Errors
///
/// What the system says.
pub fn open_folder(at: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    openat(at.as_fd(), name, flags, Mode::empty())
}

/// The names in a folder, in no order, without `.` and `..`.
///
/// # Errors
///
/// What the system says: half a listing is none.
pub fn names(folder: impl AsFd) -> Result<Vec<std::ffi::CString>, Errno> {
    let mut dir = Dir::from_fd(open_folder(folder, c".")?)?;
    let mut names = Vec::new();
    for entry in dir.iter() {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}
