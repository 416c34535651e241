//! Opening what somebody else may have put there: never through a link, never waiting, never a device.

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::{getegid, geteuid};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Why a file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is something else than a regular file.
    NotRegular,
    /// It is longer than anything sensible.
    TooLong,
    /// It is a link that is not followed.
    ForeignLink,
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
            Self::ForeignLink => to.write_str("it is a link that somebody else made or can exchange"),
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
    file.take(limit).read_to_end(&mut content).map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory => Errno::ENOMEM,
        _ => Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO as i32)),
    })?;
    if content.len() > longest { Err(Unusable::TooLong) } else { Ok(content) }
}

/// A link: who made it, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its owner.
    pub uid: u32,
    /// What it says.
    pub target: OsString,
}

/// The link of that name; `None` where it is no link. Both answers are about one and the same link, even while somebody
/// exchanges it.
///
/// # Errors
///
/// What the system says, ENOENT where nothing is there.
pub fn link(folder: impl AsFd, name: &CStr) -> Result<Option<Link>, Errno> {
    let held =
        openat(folder.as_fd(), name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    let stat = fstat(&held)?;
    if kind(&stat) != SFlag::S_IFLNK {
        return Ok(None);
    }
    Ok(Some(Link { uid: stat.st_uid, target: readlinkat(&held, c"")? }))
}

/// Whether what belongs to that account cannot be turned against us: it is ours, or root's.
#[must_use]
pub fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

/// Whether nobody but us and root can change what is in a folder. An ordinary user's own group counts as that user: many
/// systems give each a group of that name, and a umask that lets it write.
#[must_use]
pub fn is_trusted_folder(stat: &FileStat) -> bool {
    let own_group = stat.st_gid == 0 || (!geteuid().is_root() && stat.st_gid == getegid().as_raw());
    let others_write = if own_group { 0o002 } else { 0o022 };
    is_trusted(stat.st_uid) && stat.st_mode & others_write == 0
}

/// Opens a folder. A link to it is followed only if it is root's or ours, and in a folder where nobody else could have put
/// it: somebody can give another name to a link of root's.
///
/// # Errors
///
/// [`Unusable::ForeignLink`] for any other link; else what the system says.
pub fn open_trusted_folder(at: impl AsFd, path: &CStr) -> Result<OwnedFd, Unusable> {
    open_folder_if(at, path, OFlag::O_RDONLY, |link, above, _| {
        is_trusted(link.uid) && is_trusted_folder(above)
    })
}

/// Opens a folder. A link to it is followed only if it is root's, ours, or made by the owner of what it leads to: nobody
/// can lead us to what is not theirs. Nothing but names in the folder can be used through the descriptor.
///
/// # Errors
///
/// [`Unusable::ForeignLink`] for any other link; else what the system says.
pub fn open_owners_folder(at: impl AsFd, path: &CStr) -> Result<OwnedFd, Unusable> {
    open_folder_if(at, path, OFlag::O_PATH, |link, _, target| {
        is_trusted(link.uid) || link.uid == target.st_uid
    })
}

/// Opens a folder, and judges a link to it by who made it, what it is in and what it leads to.
fn open_folder_if(
    at: impl AsFd,
    path: &CStr,
    access: OFlag,
    is_followed: impl FnOnce(&Link, &FileStat, &FileStat) -> bool,
) -> Result<OwnedFd, Unusable> {
    let open = |at: &dyn AsFd, path: &CStr, more| {
        openat(at.as_fd(), path, access | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | more, Mode::empty())
    };
    let whole = Path::new(OsStr::from_bytes(path.to_bytes()));
    let (Some(above), Some(name)) = (whole.parent(), whole.file_name()) else {
        // `/`, or one that ends in `..`: no link itself.
        return Ok(open(&at, path, OFlag::empty())?);
    };
    let c_string = |path: &OsStr| CString::new(path.as_bytes()).map_err(|_| Errno::EINVAL);
    let above = if above == Path::new("") { Path::new(".") } else { above };
    let above = openat(
        at,
        &*c_string(above.as_os_str())?,
        OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?;
    let name = c_string(name)?;
    let Some(link) = link(&above, &name)? else {
        return Ok(open(&above, &name, OFlag::O_NOFOLLOW)?);
    };
    let target = open(&above, &c_string(&link.target)?, OFlag::empty())?;
    if is_followed(&link, &fstat(&above)?, &fstat(&target)?) {
        Ok(target)
    } else {
        Err(Unusable::ForeignLink)
    }
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
pub fn names(folder: impl AsFd) -> Result<Vec<CString>, Errno> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn only_what_is_there_as_a_regular_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "x").unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        symlink("file", folder.path().join("link")).unwrap();
        nix::unistd::mkfifo(&folder.path().join("fifo"), Mode::S_IRWXU).unwrap();
        let opened = File::open(folder.path()).unwrap();
        assert!(open_regular(&opened, c"file").unwrap().is_some());
        assert!(open_regular(&opened, c"absent").unwrap().is_none());
        for other in [c"folder", c"link", c"fifo"] {
            assert_eq!(open_regular(&opened, other).map(drop), Err(Unusable::NotRegular), "{other:?}");
        }
        assert_eq!(open_regular(&opened, c"file/x").map(drop), Err(Unusable::System(Errno::ENOTDIR)));
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "12345").unwrap();
        let read = |longest| read_all(&mut File::open(folder.path().join("file")).unwrap(), longest);
        assert_eq!(read(5), Ok(b"12345".to_vec()));
        assert_eq!(read(4), Err(Unusable::TooLong));
    }

    #[test]
    fn our_own_links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        symlink("folder", folder.path().join("link")).unwrap();
        let opened = File::open(folder.path()).unwrap();
        assert_eq!(link(&opened, c"link").unwrap().unwrap().target, "folder");
        assert_eq!(link(&opened, c"folder"), Ok(None));
        assert_eq!(link(&opened, c"absent"), Err(Errno::ENOENT));
        open_trusted_folder(&opened, c"link").unwrap();
        open_trusted_folder(&opened, c"folder").unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        assert_eq!(open_trusted_folder(&opened, c"link").map(drop), Err(Unusable::ForeignLink), "anybody's");
        open_trusted_folder(&opened, c"folder").unwrap();
        assert_eq!(open_trusted_folder(&opened, c"absent").map(drop), Err(Unusable::System(Errno::ENOENT)));
    }
}
