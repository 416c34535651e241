//! What nobody but root can change: only that may be read with root's rights on behalf of somebody else.

use nix::fcntl::{AT_FDCWD, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use protocol::file::{kind, look, open_folder};
use std::ffi::{CStr, CString, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// The kernel's own limit of links in one path.
const LINKS: usize = 40;

/// Whether nobody but root can write to a file, or in a folder.
pub(crate) fn only_root_writes(stat: &FileStat) -> bool {
    stat.st_uid == 0 && stat.st_mode & 0o022 == 0
}

/// Opens the folder at `path` where nobody but root can change what the path leads to, at any place of it, links
/// included. `None` where somebody can, and where it cannot be opened: it remains to be tried with fewer rights.
pub(crate) fn open_roots_folder(path: &CStr) -> Option<OwnedFd> {
    if path.is_empty() {
        return None;
    }
    let mut here = start_of(path.to_bytes())?;
    let mut parts = Vec::new();
    push_parts(&mut parts, path.to_bytes());
    let mut links = 0_usize;
    while let Some(part) = parts.pop() {
        let found = look(&here, &part).ok()??;
        if !only_root_replaces(&found, &fstat(&here).ok()?) {
            return None;
        }
        if kind(&found) == SFlag::S_IFLNK {
            links = links.checked_add(1).filter(|count| *count <= LINKS)?;
            let target = readlinkat(&here, part.as_c_str()).map(OsString::into_vec).ok()?;
            if target.starts_with(b"/") {
                here = start_of(&target)?;
            }
            push_parts(&mut parts, &target);
        } else {
            here = step(&here, &part)?;
        }
    }
    open_folder(here, c".").ok()
}

/// Whether nobody but root can put something else in the place of what was found in `folder`. In a folder like /tmp
/// everybody can add names, but not remove root's; a link there may still be somebody's hard link to one of root's.
fn only_root_replaces(found: &FileStat, folder: &FileStat) -> bool {
    let sticky = folder.st_uid == 0 && folder.st_mode & Mode::S_ISVTX.bits() != 0;
    only_root_writes(folder) || (sticky && found.st_uid == 0 && kind(found) == SFlag::S_IFDIR)
}

fn start_of(path: &[u8]) -> Option<OwnedFd> {
    step(AT_FDCWD, if path.starts_with(b"/") { c"/" } else { c"." })
}

fn step(folder: impl AsFd, name: &CStr) -> Option<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(folder, name, flags, Mode::empty()).ok()
}

/// Puts the parts of a path on the stack, the first on top.
fn push_parts(stack: &mut Vec<CString>, path: &[u8]) {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    stack.extend(parts.rev().filter_map(|part| CString::new(part).ok()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_folder_is_roots_and_what_is_not_there_is_nobodys() {
        assert!(open_roots_folder(c"/").is_some());
        assert!(open_roots_folder(c"//etc/../etc/.").is_some());
        assert!(open_roots_folder(c"/etc/passwd").is_none(), "not a folder");
        assert!(open_roots_folder(c"/no/such/folder").is_none());
        assert!(open_roots_folder(c"").is_none());
    }
}
