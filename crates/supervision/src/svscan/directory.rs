//! The service directory: the path that svscan was given, and the folder that it leads to, which is the current one and has
//! svscan's lock in it. When the path leads elsewhere (the directory was replaced, a link to it changed, a file system came
//! over it), svscan follows it; where it leads nowhere, or into a folder that cannot be used, svscan stays where it is.

use crate::neighbour::path_of_svscan;
use crate::private_folder;
use anyhow::{Context, bail};
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::stat;
use nix::unistd::{chdir, fchdir};
use protocol::event;
use protocol::folder::LOCK;
use protocol::identity::FolderId;
use protocol::lock::{self, Lock};
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long its lock is tried for: a child of a svscan that has just died has it for a moment, until it has become supervise.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// The directory that svscan is in.
#[derive(Debug)]
pub(super) struct Directory {
    /// Where it is to be, absolute: links in it are followed each time.
    path: CString,
    /// Where it is, without links.
    here: PathBuf,
    /// Where its own files are, and that folder.
    own: PathBuf,
    opened: OwnedFd,
    lock: Lock,
}

impl Directory {
    /// Goes into the directory of that path, or stays in the current one, and takes its lock. Where that was kept over an
    /// upgrade, svscan is there already, and a relative path does not lead there twice.
    ///
    /// # Errors
    ///
    /// Where it cannot be entered, or another svscan has it.
    pub(super) fn enter(given: Option<&CStr>, kept: Option<Lock>) -> anyhow::Result<Self> {
        let start = std::env::current_dir();
        if let Some(given) = given.filter(|_| kept.is_none()) {
            chdir(given).with_context(|| format!("unable to chdir to {}", shown(given.to_bytes())))?;
        }
        let here = std::env::current_dir().context("unable to find the path of the current directory")?;
        let given = given.map(|given| Path::new(OsStr::from_bytes(given.to_bytes())));
        let path = match (given, start) {
            (Some(given), _) if given.is_absolute() => given.to_owned(),
            (Some(given), Ok(start)) if kept.is_none() => start.join(given),
            _ => here.clone(),
        };
        let own = path_of_svscan(|| anyhow::Ok(here.clone()))?;
        let opened = open(AT_FDCWD, &own)?;
        let lock = kept.map_or_else(|| take(&opened, &own, &here, LOCK_PATIENCE), Ok)?;
        Ok(Self { path: CString::new(path.into_os_string().as_bytes())?, here, own, opened, lock })
    }

    /// Where svscan is, without links.
    pub(super) fn here(&self) -> &Path {
        &self.here
    }

    /// Its lock, held.
    pub(super) fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }

    /// Tells those who wait for a service that is not there yet: services have begun to be kept, or have left.
    pub(super) fn tell(&self, letters: &[u8]) {
        event::tell(&self.opened, letters);
    }

    /// Goes where the path leads now, if that is another folder; says whether it is.
    ///
    /// # Errors
    ///
    /// Where it leads into none that can be used: svscan is where it was then.
    pub(super) fn follow(&mut self) -> anyhow::Result<bool> {
        let id = |path: &CStr| stat(path).map(|stat| FolderId::from(&stat));
        if id(&self.path)? == id(c".")? {
            return Ok(false);
        }
        // Who can exchange a link chooses what runs, so it is followed as the one for a service is.
        let folder = private_folder::open_service(AT_FDCWD, &self.path, false)?;
        let here = Path::new(OsStr::from_bytes(self.path.to_bytes())).canonicalize()?;
        let own = path_of_svscan(|| anyhow::Ok(here.clone()))?;
        // Elsewhere, its place depends on the path alone, which may be the same: then the lock is ours already.
        if !own.is_absolute() || own != self.own {
            let opened = open(&folder, &own)?;
            self.lock = take(&opened, &own, &here, Duration::ZERO)?;
            self.opened = opened;
        }
        fchdir(&folder)?;
        (self.here, self.own) = (here, own);
        Ok(true)
    }
}

fn open(directory: impl AsFd, own: &Path) -> anyhow::Result<OwnedFd> {
    private_folder::open(directory, own).with_context(|| format!("unable to use {}", own.display()))
}

fn take(opened: &OwnedFd, own: &Path, here: &Path, patience: Duration) -> anyhow::Result<Lock> {
    match lock::take_within(opened, LOCK, patience) {
        Err(Errno::EAGAIN) => bail!("another svscan runs on {}", here.display()),
        taken => taken.with_context(|| format!("unable to acquire {}/lock", own.display())),
    }
}
