//! Where the folder is: its file system, supervise's own files in it, other names that it has, and whether anybody takes it up.

use super::around::{Around, Svscan};
use super::found::Found;
use super::quoted;
use super::reach::account;
use super::subject::Subject;
use cli::text::shown;
use nix::errno::Errno;
use nix::sys::stat::{SFlag, fstat};
use nix::sys::statvfs::{FsFlags, fstatvfs};
use protocol::control::{Control, control_path};
use protocol::file::{kind, look};
use protocol::folder::STATUS;
use std::ffi::{CString, OsStr};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whether supervise could have its own files in it.
pub(super) fn examine(subject: &Subject<'_>, found: &mut Found) {
    let Some(own) = subject.sources.all().next() else { return };
    if !subject.is_template {
        let has_files = supervise(subject, own.folder.as_fd(), found);
        if !has_files {
            disk(subject, own.folder.as_fd(), found);
        }
    }
}

/// A service folder in its directory: whether anybody takes it up, and under this name.
pub(super) fn in_the_directory(
    folder: impl AsFd,
    called: &str,
    is_template: bool,
    around: &Around,
    found: &mut Found,
) {
    let Ok(stat) = fstat(&folder) else { return };
    let others = around.others(&stat, OsStr::new(called));
    if let Some(other) = others.first() {
        let other = shown(other.as_bytes());
        let what = format!("it is the same folder as {other}, and only one supervise can keep it");
        let cure = "copy it, make an instance of a template, or remove one of the links";
        found.fault("same-folder", None, what, cure);
    }
    let is_kept = Control::of(folder.as_fd()).is_ok_and(|control| control.is_running() == Ok(true));
    if !is_template && !is_kept && around.svscan == Svscan::Ended {
        let directory = shown(around.path.as_os_str().as_bytes()).into_owned();
        let what = format!("no svscan runs on {directory}, so nobody starts it");
        found.advice("svscan-not-running", None, what, format!("svscan {}", quoted(&around.path)));
    }
}

/// Whether its files are there; what keeps supervise from using them is told.
fn supervise(subject: &Subject<'_>, folder: impl AsFd, found: &mut Found) -> bool {
    // Elsewhere it is nobody's leftover.
    let path = control_path(&folder).unwrap_or_default();
    let Some(name) = CString::new(path.as_os_str().as_bytes()).ok().filter(|_| !path.is_absolute()) else {
        return true;
    };
    let file = subject.own(&shown(name.to_bytes()));
    let place = subject.path.join(&path);
    let stat = match look(&folder, &name) {
        Ok(None) => return false,
        Ok(Some(stat)) => stat,
        Err(error) => {
            found.system("supervise-unusable", &file, error, "rm -r it: supervise makes it anew");
            return true;
        }
    };
    let me = subject.me.uid;
    let is_others = if me == 0 { stat.st_uid != 0 } else { stat.st_uid != me };
    match kind(&stat) {
        // As in Debian's packages: where it leads is often made at boot.
        SFlag::S_IFLNK => return true,
        SFlag::S_IFDIR if is_others => {
            let (owner, keeper) = (account(stat.st_uid), account(me));
            let what =
                format!("it is {owner}'s, left by a supervise of {owner}'s, and {keeper}'s cannot use it");
            found.fault(
                "supervise-owner",
                file,
                what,
                format!("rm -r {}: supervise makes it anew", quoted(&place)),
            );
        }
        SFlag::S_IFDIR if stat.st_mode & 0o022 != 0 => {
            let what = format!(
                "others can write in it (mode {:04o}), so supervise does not use it",
                stat.st_mode & 0o7777
            );
            found.fault("supervise-writable", file, what, format!("chmod 700 {}", quoted(&place)));
        }
        SFlag::S_IFDIR => {}
        _ => {
            let what = "it is not a folder, and supervise needs one of that name";
            found.fault("supervise-unusable", file, what, format!("rm {}", quoted(&place)));
        }
    }
    let status = Path::new(OsStr::from_bytes(name.to_bytes())).join(OsStr::from_bytes(STATUS.to_bytes()));
    let status = CString::new(status.as_os_str().as_bytes()).unwrap_or_default();
    match look(&folder, &status) {
        Ok(found) => found.is_some(),
        Err(Errno::EACCES) => true,
        Err(_) => false,
    }
}

/// Whether supervise could make its files.
fn disk(subject: &Subject<'_>, folder: impl AsFd, found: &mut Found) {
    let Ok(system) = fstatvfs(&folder) else { return };
    let file = subject.own("supervise");
    if system.flags().contains(FsFlags::ST_RDONLY) {
        let what = "its file system is read-only, so supervise cannot make its files";
        let cure = "make supervise a link into a folder below /run, or set SUPERVISEDIR for svscan";
        found.fault("read-only", file, what, cure);
    } else if system.blocks() > 0 && system.blocks_available() == 0 {
        found.fault("disk-full", file, "the disk is full, so supervise cannot make its files", "make room");
    } else if system.files() > 0 && system.files_available() == 0 {
        let what = "the file system has no inodes left, so supervise cannot make its files";
        found.fault("disk-full", file, what, "remove files that nobody needs");
    }
}
