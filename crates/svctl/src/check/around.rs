//! What is around a folder: the service directory, the svscan that runs there, and so whose supervise keeps it and with which
//! variables.

use super::scene::Environment;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat};
use nix::unistd::{Uid, getegid, geteuid};
use protocol::control::path_of;
use protocol::file::{kind, look, names, open_folder};
use protocol::folder::LOCK;
use protocol::identity::FolderId;
use std::ffi::{CString, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use supervision::neighbour::{path_of_svscan, place};
use supervision::supervise::owner::Me;
use supervision::svscan::locks;

/// Where programs are sought where nobody says it: what Debian and systemd give.
const COMMON_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The svscan of a service directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Svscan {
    /// It runs as that process.
    Runs(u32),
    /// One has been there, and runs no longer.
    Ended,
    /// None of ours ever was there, or it cannot be seen.
    Unknown,
}

/// What services of one directory share.
#[derive(Debug)]
pub(super) struct Around {
    /// The directory, absolute.
    pub(super) path: PathBuf,
    /// Opened.
    pub(super) directory: OwnedFd,
    /// Its svscan.
    pub(super) svscan: Svscan,
    /// A folder runs as it says whoever owns it.
    pub(super) trusting: bool,
    /// What svscan passes on.
    pub(super) environment: Environment,
    /// Who owns svscan's files.
    keeper: Option<u32>,
    /// Who owns the directory.
    owner: u32,
    /// The folders in it, links followed.
    folders: Vec<(FolderId, OsString)>,
}

impl Around {
    /// Looks at a directory; `None` where it cannot be opened.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let named = CString::new(path.as_os_str().as_bytes()).ok()?;
        let directory = open_folder(AT_FDCWD, &named).ok()?;
        let path = path_of(&directory).unwrap_or_else(|_| path.to_owned());
        let owner = fstat(&directory).ok()?.st_uid;
        let place = path_of_svscan(|| path_of(&directory)).ok().and_then(|at| place(&directory, &at));
        let keeper = place.as_ref().and_then(|place| Some(fstat(place).ok()?.st_uid));
        let svscan = place.map_or(Svscan::Unknown, |place| holder(&place));
        let trusting = matches!(svscan, Svscan::Runs(pid) if is_trusting(pid));
        let environment = environment(svscan, keeper.unwrap_or(owner));
        let folders = folders(&directory);
        Some(Self { path, directory, svscan, trusting, environment, keeper, owner, folders })
    }

    /// The other names of a folder of that name.
    pub(super) fn others(&self, stat: &FileStat, name: &OsStr) -> Vec<&OsStr> {
        let id = FolderId::from(stat);
        let same = self.folders.iter().filter(|(other, called)| *other == id && called != name);
        same.map(|(_, called)| called.as_os_str()).collect()
    }

    /// Who runs the supervise of a folder with that owner: who runs svscan; else whoever asks, of a folder of his own, or whose the
    /// directory is.
    pub(super) fn me(&self, folder: u32) -> Me {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let keeper = self.keeper.unwrap_or(if folder == uid { uid } else { self.owner });
        if keeper == uid {
            return Me { uid, gid };
        }
        let account = accounts::by_uid(Uid::from_raw(keeper)).ok().flatten();
        Me { uid: keeper, gid: account.map_or(keeper, |account| account.gid.as_raw()) }
    }
}

/// The folders that services can be.
fn folders(directory: &OwnedFd) -> Vec<(FolderId, OsString)> {
    let names = names(directory).unwrap_or_default();
    let visible = names.iter().filter(|name| !name.to_bytes().starts_with(b"."));
    let mut found: Vec<(FolderId, OsString)> = visible
        .filter_map(|name| {
            let stat = fstatat(directory, name.as_c_str(), AtFlags::empty()).ok()?;
            let name = OsStr::from_bytes(name.to_bytes()).to_owned();
            (kind(&stat) == SFlag::S_IFDIR).then(|| (FolderId::from(&stat), name))
        })
        .collect();
    found.sort();
    found
}

/// Who holds the lock in svscan's place.
fn holder(place: &OwnedFd) -> Svscan {
    let Ok(Some(lock)) = look(place, LOCK) else { return Svscan::Unknown };
    let Ok(text) = std::fs::read("/proc/locks") else { return Svscan::Unknown };
    let holders = locks::parse(&text);
    holders.get(&lock.st_ino).and_then(|pids| pids.first()).map_or(Svscan::Ended, |pid| Svscan::Runs(*pid))
}

fn is_trusting(svscan: u32) -> bool {
    let arguments = std::fs::read(format!("/proc/{svscan}/cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).skip(1).any(|argument| argument == b"-t")
}

/// Those of the svscan that runs. Else, of our own, what a svscan that we start would pass on; of another's, what is common.
fn environment(svscan: Svscan, keeper: u32) -> Environment {
    if let Svscan::Runs(pid) = svscan {
        if let Ok(entries) = std::fs::read(format!("/proc/{pid}/environ")) {
            return Environment { variables: parse(&entries), is_complete: true };
        }
    }
    let is_ours = !geteuid().is_root() && geteuid().as_raw() == keeper;
    let path = std::env::var_os("PATH").filter(|_| is_ours).unwrap_or_else(|| COMMON_PATH.into());
    Environment { variables: [("PATH".into(), path)].into(), is_complete: false }
}

fn parse(entries: &[u8]) -> std::collections::BTreeMap<OsString, OsString> {
    let entries = entries.split(|byte| *byte == 0).filter_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        let (name, value) = entry.split_at_checked(at)?;
        Some((OsStr::from_bytes(name).to_owned(), OsString::from_vec(value.get(1..)?.to_vec())))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_was_started_with_is_read() {
        let read = parse(b"A=1\0B=x=y\0odd\0EMPTY=\0");
        let values: Vec<_> = read.iter().map(|(name, value)| (name.to_str(), value.to_str())).collect();
        assert_eq!(values, [(Some("A"), Some("1")), (Some("B"), Some("x=y")), (Some("EMPTY"), Some(""))]);
    }
}
