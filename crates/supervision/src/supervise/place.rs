//! The files in `supervise/`.

use crate::private_folder::{self, open_fifo};
use anyhow::{Context, bail};
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fstat};
use protocol::event;
use protocol::file::kind;
use protocol::folder::{CONTROL, LOCK, OK, STATUS};
use protocol::identity::FolderId;
use protocol::kept::Kept;
use protocol::lock::{self, Lock};
use protocol::status::SIZE;
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// The files in `supervise/`, all held open.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder itself; none where it could not be had again after an upgrade.
    folder: Option<OwnedFd>,
    /// Both ends of the commands' FIFO, so that it never comes to an end.
    pub(super) control: File,
    /// The record.
    pub(super) status: File,
    /// Has a reader: this is what "supervise is running" means to the others.
    ok: OwnedFd,
    lock: Lock,
}

/// How long the lock of another supervise, which is perhaps just leaving, is tried for.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// The names under which they are kept over an upgrade.
const KEPT: [&str; 4] = ["lock", "control", "status", "ok"];

/// The name of the folder itself, which versions before readiness did not keep.
const FOLDER: &str = "supervise";

impl Place {
    /// Opens all of them; `name` is the service's, for the texts.
    ///
    /// # Errors
    ///
    /// In daemontools' words, what could not be had.
    pub(super) fn take(name: &str, path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let place = if path.is_absolute() { format!("{shown}") } else { format!("{name}/{shown}") };
        let folder =
            private_folder::open(AT_FDCWD, path).with_context(|| format!("unable to use {place}"))?;
        let unable = |what: &str, file: &CStr| format!("unable to {what} {place}/{}", file.to_string_lossy());
        let lock =
            lock::take_within(&folder, LOCK, LOCK_PATIENCE).with_context(|| unable("acquire", LOCK))?;
        let control = open_fifo(&folder, CONTROL, OFlag::O_RDWR).with_context(|| unable("read", CONTROL))?;
        let status = record(&folder).with_context(|| unable("write", STATUS))?;
        let ok = open_fifo(&folder, OK, OFlag::O_RDONLY).with_context(|| unable("read", OK))?;
        Ok(Self { folder: Some(folder), control: File::from(control), status, ok, lock })
    }

    /// The ones that an earlier version of this program has kept open.
    ///
    /// # Errors
    ///
    /// Which of them is not there.
    pub(super) fn kept(kept: &mut Kept) -> anyhow::Result<Self> {
        let [lock, control, status, ok] = KEPT.map(|name| {
            let number = kept.take(name).with_context(|| format!("{name} was not kept"))?;
            sys::descriptor::adopt(number).with_context(|| format!("{name} was not kept"))
        });
        let lock = Lock::kept(lock?).context("the lock was not kept")?;
        let folder = kept.take(FOLDER).and_then(|number| sys::descriptor::adopt(number).ok());
        Ok(Self { folder, control: File::from(control?), status: File::from(status?), ok: ok?, lock })
    }

    /// All of them, to be kept.
    pub(super) fn to_keep(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let [lock, control, status, ok] = KEPT;
        let files = [
            (lock, self.lock.as_fd()),
            (control, self.control.as_fd()),
            (status, self.status.as_fd()),
            (ok, self.ok.as_fd()),
        ];
        files.into_iter().chain(self.folder.as_ref().map(|folder| (FOLDER, folder.as_fd())))
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> Option<BorrowedFd<'_>> {
        self.folder.as_ref().map(AsFd::as_fd)
    }

    /// Tells those who wait for the service what has happened.
    pub(super) fn tell(&self, letters: &[u8]) {
        if let Some(folder) = self.folder.as_ref().filter(|_| !letters.is_empty()) {
            event::tell(folder, letters);
        }
    }

    /// Which file the record is.
    pub(super) fn record_id(&self) -> Option<FolderId> {
        fstat(&self.status).ok().map(|stat| FolderId::from(&stat))
    }

    /// What the record holds: nothing where it has just been made.
    ///
    /// # Errors
    ///
    /// What read says.
    pub(super) fn record(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; SIZE];
        let mut length = 0;
        while let Some(space) = bytes.get_mut(length..).filter(|space| !space.is_empty()) {
            match self.status.read_at(space, u64::try_from(length).unwrap_or(0)) {
                Ok(0) => break,
                Ok(count) => length = length.saturating_add(count),
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Opens the record's file for reading and for writing in place, made where it is not there.
fn record(folder: impl AsFd) -> anyhow::Result<File> {
    let flags = OFlag::O_RDWR
        | OFlag::O_CREAT
        | OFlag::O_NOFOLLOW
        | OFlag::O_NONBLOCK
        | OFlag::O_NOCTTY
        | OFlag::O_CLOEXEC;
    let opened = openat(folder.as_fd(), STATUS, flags, Mode::from_bits_truncate(0o644))?;
    if kind(&fstat(&opened)?) != SFlag::S_IFREG {
        bail!("it is not a regular file: remove it");
    }
    Ok(File::from(opened))
}
