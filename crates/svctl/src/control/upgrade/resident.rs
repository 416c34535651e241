//! svscan and supervises, as processes: which they are, and whether the program that they run is the one that is installed.
//!
//! Only what is certain is signalled: who holds svscan's lock, and whom a record names that nobody else could write.

use crate::control::Outcome;
use crate::directory::{Directory, Service};
use crate::seen::{account, open};
use cli::errno::text;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, fstat, fstatat, stat};
use nix::unistd::{AccessFlags, access};
use protocol::command::Target;
use protocol::control::{control_path, path_of};
use protocol::folder::LOCK;
use protocol::identity::FolderId;
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervision::held::Held;
use supervision::neighbour::{is_locked, path_of_svscan, place, record};
use supervision::svscan::locks;

/// What is put behind the path of a program's file that is not there any more.
const DELETED: &[u8] = b" (deleted)";

/// What runs in a place.
#[derive(Debug)]
pub(super) enum Found {
    Ours(Resident),
    /// A supervise of Debian's daemontools, say.
    Foreign,
    Nobody,
    /// Something that we may not, or cannot, upgrade.
    Unusable(Outcome),
}

/// A process of ours that stays.
#[derive(Debug)]
pub(super) struct Resident {
    held: Held,
    /// The file that it was started from, which may be another by now, or none.
    program: PathBuf,
}

/// What it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The program that is installed.
    Installed,
    /// One that was installed before.
    Old,
    /// One that was installed before, and there is no other.
    Missing(String),
    /// Nothing: it has ended.
    Gone,
}

impl Resident {
    fn new(held: Held) -> Result<Self, Errno> {
        let path = std::fs::read_link(exe(&held));
        let path = path.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
        let path = path.as_os_str().as_bytes();
        let program = PathBuf::from(OsStr::from_bytes(path.strip_suffix(DELETED).unwrap_or(path)));
        Ok(Self { held, program })
    }

    /// What it runs now.
    pub(super) fn version(&self) -> Version {
        let id = |path: &Path| stat(path).map(|stat| FolderId::from(&stat));
        let runs = id(&exe(&self.held));
        if self.held.has_ended() {
            return Version::Gone;
        }
        match (runs, id(&self.program), access(&self.program, AccessFlags::X_OK)) {
            (Ok(runs), Ok(installed), _) if runs == installed => Version::Installed,
            (_, Ok(_), Ok(())) => Version::Old,
            (_, Err(error), _) | (_, _, Err(error)) => {
                let program = shown(self.program.as_os_str().as_bytes());
                Version::Missing(format!(
                    "unable to use {program}, which is to take its place: {}",
                    text(error)
                ))
            }
        }
    }

    /// Tells it to become what is installed.
    pub(super) fn tell(&self) {
        self.held.send(Target::Process, Signal::SIGUSR2.into());
    }
}

/// The svscan of a directory.
pub(super) fn find_svscan(directory: &Directory) -> Found {
    let Ok(path) = path_of_svscan(|| path_of(directory)) else { return Found::Nobody };
    let Some(place) = place(directory.as_fd(), &path) else {
        return hidden(directory.as_fd(), &path, "svscan");
    };
    if !is_locked(&place) {
        return Found::Nobody;
    }
    match holder(&place) {
        Some(held) => ours(held),
        None => unusable("who holds its lock cannot be seen from here: it is in another container, perhaps"),
    }
}

/// The supervise of a service.
pub(super) fn find_supervise(service: &Service) -> Found {
    let opened = open(service).and_then(|folder| {
        let path = control_path(&folder).map_err(|_| Errno::ENOENT)?;
        Ok((folder, path))
    });
    let (folder, path) = match opened {
        Ok(opened) => opened,
        Err(error) => return unusable(&format!("unable to open its folder: {}", text(error))),
    };
    let Some(place) = place(&folder, &path) else { return hidden(&folder, &path, "supervise") };
    if !is_locked(&place) {
        return Found::Nobody;
    }
    let Some(status) = record(&place) else { return Found::Nobody };
    let Some(detail) = status.detail else { return Found::Foreign };
    match detail.supervise.map(Held::find) {
        Some(Ok(Some(held))) => ours(held),
        // Somebody else holds the lock, and has not written yet.
        Some(Ok(None)) | None => {
            unusable("its supervise is just beginning, or in another container: try again")
        }
        Some(Err(error)) => unusable(&format!("unable to hold its supervise: {}", text(error))),
    }
}

fn ours(held: Held) -> Found {
    match Resident::new(held) {
        Ok(resident) => Found::Ours(resident),
        Err(error @ (Errno::EACCES | Errno::EPERM)) => {
            let why = format!("unable to see which program it runs: {}", text(error));
            Found::Unusable(Outcome::NotPermitted(why))
        }
        Err(error) => unusable(&format!("unable to see which program it runs: {}", text(error))),
    }
}

/// What is not ours alone says nothing that can be believed.
fn hidden(folder: impl AsFd, path: &Path, what: &str) -> Found {
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return Found::Nobody };
    let Ok(stat) = fstatat(folder, name.as_c_str(), AtFlags::empty()) else { return Found::Nobody };
    let owner = account(stat.st_uid);
    Found::Unusable(Outcome::NotPermitted(format!("its {what} is {owner}'s: {owner} can upgrade it")))
}

fn unusable(why: &str) -> Found {
    Found::Unusable(Outcome::Impossible(why.to_owned()))
}

/// Who holds the lock in a place.
fn holder(place: &OwnedFd) -> Option<Held> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let lock = fstat(openat(place, LOCK, flags, Mode::empty()).ok()?).ok()?;
    locks::holder(&locks::parse(&std::fs::read("/proc/locks").ok()?), FolderId::from(&lock))
}

fn exe(held: &Held) -> PathBuf {
    PathBuf::from(format!("/proc/{}/exe", held.pid()))
}
