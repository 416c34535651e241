//! `-m`: a folder for the account, in one where the account itself may make nothing: where a logger writes, in a `log/`
//! of root's.
//!
//! Whoever can write in the current folder can put anything in the place of a name at any moment. So no link is followed,
//! and what is given to the account is what has been opened and looked at: nothing but an empty folder that was root's alone.

use super::target::Target;
use anyhow::{Context, bail};
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstat, mkdirat};
use nix::unistd::{Gid, Uid, fchown};
use protocol::file::{names, open_folder};
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

/// Makes sure that the account has a folder of that name in the current one. What is there already and is the account's is
/// left as it is.
///
/// # Errors
///
/// Where something else is there, or it cannot be made.
pub(crate) fn make(name: &CStr, target: &Target) -> anyhow::Result<()> {
    let name_shown = shown(name.to_bytes());
    let (uid, gid) = (target.uid(), target.gid());
    let mine = Uid::effective();
    if uid != mine && !mine.is_root() {
        // The switch would fail as well; nothing is left behind for it.
        return Err(Errno::EPERM)
            .with_context(|| format!("unable to make {name_shown} for uid {uid}: only root can"));
    }
    match mkdirat(AT_FDCWD, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(error) => return Err(error).with_context(|| format!("unable to make {name_shown}")),
    }
    open(name)
        .and_then(|(folder, found)| give(&folder, &found, uid, gid))
        .with_context(|| format!("unable to use {name_shown}"))
}

fn open(name: &CStr) -> anyhow::Result<(OwnedFd, FileStat)> {
    // To be looked at, no right to read it is needed.
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let folder = match openat(AT_FDCWD, name, flags, Mode::empty()) {
        Err(Errno::ENOTDIR) => bail!("it is not a folder, and a link is not followed: remove it"),
        opened => opened?,
    };
    let found = fstat(&folder)?;
    Ok((folder, found))
}

/// Gives the account what was made just now, or by a start that was interrupted.
fn give(folder: impl AsFd, found: &FileStat, uid: Uid, gid: Gid) -> anyhow::Result<()> {
    let owner = Uid::from_raw(found.st_uid);
    if owner == uid {
        return Ok(());
    }
    let is_ours_alone = owner == Uid::effective() && found.st_mode & 0o077 == 0;
    // Nobody else can put anything into it after it has been seen empty.
    if !is_ours_alone || !names(&folder)?.is_empty() {
        bail!("it belongs to uid {owner}, not to uid {uid}: give it to that account, or remove it");
    }
    fchown(open_folder(&folder, c".")?, Some(uid), Some(gid))?;
    Ok(())
}
