//! The folders on the way to the file of a unix socket. Each must be one in which nobody but root and we could exchange the next
//! part of the way: then its path leads where it led when it was looked at, also for the system call that only takes a path.

use cli::errno::text;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, fchmodat, fstat, mkdirat};
use protocol::file::{is_trusted, is_trusted_folder, link};
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// The most links that are followed, as in the kernel.
const MOST_LINKS: usize = 40;

/// Others may make files in a folder, but not touch each other's.
const STICKY: u32 = 0o1000;

/// The mode of a folder that is made: everybody can go through.
const MADE: u32 = 0o755;

/// Why the way is not gone, in a sentence.
#[derive(Debug)]
pub struct Blocked(pub String);

/// A folder that a socket's file is in.
#[derive(Debug)]
pub struct Folder {
    /// Held, not to be read.
    pub opened: OwnedFd,
    /// Nobody but root and we can make anything in it.
    pub is_ours: bool,
}

/// Opens the folder that the last part of an absolute path is in, and says what that part is. What misses of the way is made,
/// mode 0755, if it is to be.
///
/// # Errors
///
/// What is in the way.
pub fn folder(path: &str, is_made: bool) -> Result<(Folder, CString), Blocked> {
    let (above, name) = path.rsplit_once('/').unwrap_or_default();
    let mut way = Way { at: root()?, shown: String::new(), links: 0 };
    let mut ahead = parts(above.as_bytes());
    while let Some(part) = ahead.pop() {
        way.step(&part, &mut ahead, is_made)?;
    }
    let stat = fstat(&way.at).map_err(|error| way.unable(error))?;
    let folder = Folder { opened: way.at, is_ours: is_trusted_folder(&stat) };
    Ok((folder, CString::new(name).unwrap_or_default()))
}

/// The parts of a path, the first one last.
fn parts(path: &[u8]) -> Vec<CString> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    parts.rev().filter_map(|part| CString::new(part).ok()).collect()
}

/// Where one is, from the root on.
struct Way {
    at: OwnedFd,
    shown: String,
    links: usize,
}

impl Way {
    /// Goes on by one part. Where that is a link, its parts come next.
    fn step(&mut self, part: &CString, ahead: &mut Vec<CString>, is_made: bool) -> Result<(), Blocked> {
        let above = fstat(&self.at).map_err(|error| self.unable(error))?;
        let called = format!("{}/{}", self.shown, shown(part.to_bytes()));
        let unable = |error: Errno| Blocked(format!("unable to use {called}: {}", text(error)));
        if part.to_bytes() != b".." {
            match link(&self.at, part) {
                Ok(None) | Err(Errno::ENOENT) => {}
                Ok(Some(link)) if is_trusted(link.uid) && is_trusted_folder(&above) => {
                    self.links = self.links.saturating_add(1);
                    if self.links > MOST_LINKS {
                        return Err(unable(Errno::ELOOP));
                    }
                    ahead.extend(parts(link.target.as_bytes()));
                    if link.target.as_bytes().starts_with(b"/") {
                        self.at = root()?;
                        self.shown.clear();
                    }
                    return Ok(());
                }
                Ok(Some(_)) => {
                    let reason = format!(
                        "{called} is a link that somebody else made or can exchange: use another folder"
                    );
                    return Err(Blocked(reason));
                }
                Err(error) => return Err(unable(error)),
            }
        }
        let open = || {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            openat(&self.at, &**part, flags, Mode::empty())
        };
        let opened = match open() {
            Err(Errno::ENOENT) if is_made => {
                let mode = Mode::from_bits_truncate(MADE);
                match mkdirat(&self.at, &**part, mode) {
                    // Whatever the umask is.
                    Ok(()) => open().and_then(|made| change_mode(&made, MADE).map(|()| made)),
                    // Somebody else was faster; it is judged like any other.
                    Err(Errno::EEXIST) => open(),
                    Err(error) => Err(error),
                }
            }
            opened => opened,
        };
        let opened = opened.map_err(unable)?;
        let stat = fstat(&opened).map_err(unable)?;
        judge(&stat).map_err(|why| Blocked(format!("{called} {why}")))?;
        (self.at, self.shown) = (opened, called);
        Ok(())
    }

    fn unable(&self, error: Errno) -> Blocked {
        let called = if self.shown.is_empty() { "/" } else { &self.shown };
        Blocked(format!("unable to use {called}: {}", text(error)))
    }
}

/// Changes the mode of what is held without being opened, whatever it is called by now.
pub(super) fn change_mode(held: &OwnedFd, mode: u32) -> Result<(), Errno> {
    let path = format!("/proc/self/fd/{}", held.as_raw_fd());
    fchmodat(AT_FDCWD, path.as_str(), Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink)
}

fn root() -> Result<OwnedFd, Blocked> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    openat(AT_FDCWD, "/", flags, Mode::empty())
        .map_err(|error| Blocked(format!("unable to use /: {}", text(error))))
}

/// Whether nobody but root and we can exchange a folder on the way, or what belongs to us in it. That what is in it does belong to
/// us, the next step sees.
fn judge(stat: &FileStat) -> Result<(), String> {
    if !is_trusted(stat.st_uid) {
        return Err(format!("belongs to uid {}: use a folder that only root can change", stat.st_uid));
    }
    if !is_trusted_folder(stat) && stat.st_mode & STICKY == 0 {
        return Err("can be written by others: chmod go-w, or use another folder".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::file::look;
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_way_is_made_and_found_through_our_links() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path();
        let path = |end: &str| format!("{}/{end}", base.display());
        assert!(folder(&path("a/b/x.sock"), false).is_err());
        let (made, name) = folder(&path("a/b/x.sock"), true).unwrap();
        assert!(made.is_ours && &*name == c"x.sock");
        assert_eq!(base.join("a/b").metadata().unwrap().permissions().mode() & 0o7777, 0o755);
        let id = |folder: &Folder| fstat(&folder.opened).unwrap().st_ino;
        symlink("a/../a", base.join("relative")).unwrap();
        symlink(base.join("relative/b"), base.join("absolute")).unwrap();
        let (found, _) = folder(&path("absolute/x.sock"), false).unwrap();
        assert_eq!(id(&found), id(&made));
        symlink("loop", base.join("loop")).unwrap();
        assert!(folder(&path("loop/x.sock"), true).unwrap_err().0.ends_with("symbolic link loop"));
        std::fs::write(base.join("file"), "").unwrap();
        assert!(folder(&path("file/x.sock"), true).unwrap_err().0.ends_with("file: not a directory"));
    }

    #[test]
    fn a_folder_that_others_can_change_is_refused_unless_it_is_sticky() {
        let base = tempfile::tempdir().unwrap();
        let open = base.path().join("open");
        create_dir(&open).unwrap();
        create_dir(open.join("inner")).unwrap();
        symlink("inner", open.join("link")).unwrap();
        let path = |end: &str| format!("{}/{end}", open.display());
        set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        let why = folder(&path("inner/x"), true).unwrap_err().0;
        assert!(why.ends_with("open can be written by others: chmod go-w, or use another folder"), "{why}");
        set_permissions(&open, Permissions::from_mode(0o1777)).unwrap();
        assert!(folder(&path("inner/x"), true).unwrap().0.is_ours);
        assert!(!folder(&path("x"), true).unwrap().0.is_ours);
        let why = folder(&path("link/x"), true).unwrap_err().0;
        assert!(why.contains("is a link that somebody else made or can exchange"), "{why}");
        assert!(look(&folder(&path("new/x"), true).unwrap().0.opened, c"x").unwrap().is_none());
    }
}
