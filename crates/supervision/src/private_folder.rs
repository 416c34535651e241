//! Folders that are ours alone: `supervise/`, `.svscan/`. Whoever could write there could command a service, and have us
//! believe a record; so one that is not ours is not used.

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, mkdirat};
use nix::unistd::mkfifoat;
use protocol::file::{Unusable, is_trusted, kind, link, look, open_folder, open_trusted_folder};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Opens such a folder, made (mode 0700) where it is not there, at `path` relative to `folder`. A link is followed
/// only if it and the folder that it leads into are root's or ours, and nobody else's to write; its target may be
/// missing, as in Debian's daemontools.
///
/// # Errors
///
/// Where it cannot be made or opened, or is not ours alone.
pub(crate) fn open(folder: impl AsFd, path: &Path) -> anyhow::Result<OwnedFd> {
    let (above, name) = split(&folder, path)?;
    let opened = match link(&above, &name) {
        Ok(Some(link)) => {
            if !is_trusted(link.uid) {
                bail!("the link belongs to uid {}", link.uid);
            }
            let (above, name) = split(&above, Path::new(&link.target))?;
            ours_alone(&fstat(&above)?).context("the link leads into a folder that is not safe")?;
            make(&above, &name)?
        }
        Ok(None) | Err(Errno::ENOENT) => make(&above, &name)?,
        Err(error) => return Err(error.into()),
    };
    ours_alone(&fstat(&opened)?)?;
    Ok(opened)
}

/// The folder above a path, opened, and the path's last part.
fn split(from: impl AsFd, path: &Path) -> anyhow::Result<(OwnedFd, CString)> {
    let name = path.file_name().context("it has no name")?;
    let above = path.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
    let above = CString::new(above.as_os_str().as_bytes())?;
    let at = if path.is_absolute() { AT_FDCWD } else { from.as_fd() };
    Ok((open_folder(at, &above)?, CString::new(name.as_bytes())?))
}

fn make(above: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    match mkdirat(above.as_fd(), name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        // Perhaps it is there all the same, and only its folder cannot be written.
        Err(error) if look(above.as_fd(), name) == Ok(None) => return Err(error),
        Err(_) => {}
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(above.as_fd(), name, flags, Mode::empty())
}

/// Opens a service's folder. Whoever makes a link to it chooses what runs, and where files are made for it, so a link is only
/// followed if it can be trusted, or where we are to trust everybody.
///
/// # Errors
///
/// Where the link is not followed, or the system says no.
pub fn open_service(at: impl AsFd, path: &CStr, trusting: bool) -> anyhow::Result<OwnedFd> {
    if trusting { Ok(open_folder(at, path)?) } else { open_trusted_folder(at, path).map_err(told) }
}

/// The error that says it in djb's words where it is the system's.
pub(crate) fn told(why: Unusable) -> anyhow::Error {
    match why {
        Unusable::System(error) => error.into(),
        other => other.into(),
    }
}

fn ours_alone(stat: &FileStat) -> anyhow::Result<()> {
    if !is_trusted(stat.st_uid) {
        bail!("it belongs to uid {}: remove it", stat.st_uid);
    }
    if stat.st_mode & 0o022 != 0 {
        bail!("others can write in it: chmod go-w");
    }
    Ok(())
}

/// Opens a FIFO in such a folder, made (mode 0600) where there is none.
///
/// # Errors
///
/// Where something else has its name, or it cannot be made or opened.
pub(crate) fn open_fifo(folder: impl AsFd, name: &CStr, access: OFlag) -> anyhow::Result<OwnedFd> {
    match mkfifoat(folder.as_fd(), name, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // Looked at first: opening a device can already do something.
    let is_fifo = |stat: &FileStat| kind(stat) == SFlag::S_IFIFO;
    if !look(folder.as_fd(), name)?.is_some_and(|found| is_fifo(&found)) {
        bail!("it is not a FIFO: remove it");
    }
    let flags = access | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let opened = openat(folder.as_fd(), name, flags, Mode::empty())?;
    if !is_fifo(&fstat(&opened)?) {
        bail!("it is not a FIFO: remove it");
    }
    Ok(opened)
}
