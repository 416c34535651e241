//! A service on its way out: its name is gone, its supervises end, then its folder is deleted.

use super::Outcome;
use crate::directory::{Directory, Service};
use crate::seen::open;
use cli::errno::text;
use cli::text::shown;
use nix::errno::Errno;
use nix::sys::stat::fstat;
use nix::unistd::{UnlinkatFlags, unlinkat};
use protocol::control::{Control, Place};
use protocol::file::{look, open_folder};
use protocol::folder::LOG;
use protocol::identity::FolderId;
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervision::svc::send;
use sys::rename::to_free_name;

/// What is told to a supervise that nobody else stops.
const LEAVE: &[u8] = b"dx";

/// So many names are tried where others have them.
const TRIES: u32 = 1000;

/// A service whose name is gone.
#[derive(Debug)]
pub(super) struct Leaving {
    /// Of the service, then of its logger: those that ran.
    supervises: Vec<Place>,
    /// Nobody but us stops them.
    is_alone: bool,
    /// What is to be done with the folder.
    folder: Folder,
}

#[derive(Debug)]
enum Folder {
    /// It stays there: only a link to it was removed.
    Elsewhere(PathBuf),
    /// It stays, under this name.
    Kept(PathBuf),
    /// It is to be deleted: by this name, in the opened service directory.
    Deleted { directory: OwnedFd, name: CString, path: PathBuf },
}

impl Leaving {
    /// Takes a service's name away; `link` is where it leads if it is a link.
    ///
    /// # Errors
    ///
    /// What the system says: everything is as it was then.
    pub(super) fn begin(
        directory: &Directory,
        service: &Service,
        link: Option<&OsStr>,
        keep: bool,
    ) -> Result<Self, Errno> {
        let opened = open(service)?;
        let log = open_folder(&opened, LOG).ok();
        // Before it is renamed: where the files of a supervise are elsewhere, they are called by its path.
        let supervises = [Some(&opened), log.as_ref()].into_iter().flatten().filter_map(supervise).collect();
        let name = CString::new(service.file_name().as_bytes()).map_err(|_| Errno::EINVAL)?;
        let folder = match link {
            Some(target) => {
                unlinkat(directory, name.as_c_str(), UnlinkatFlags::NoRemoveDir)?;
                Folder::Elsewhere(directory.path().join(Path::new(target)))
            }
            None => {
                let hidden = hide(directory, &name)?;
                let path = directory.path().join(OsStr::from_bytes(hidden.to_bytes()));
                let moved = look(directory, &hidden)?.map(|stat| FolderId::from(&stat));
                if moved != Some(FolderId::from(&fstat(&opened)?)) {
                    return Err(Errno::ESTALE);
                }
                let directory = directory.as_fd().try_clone_to_owned().map_err(|_| Errno::EMFILE)?;
                if keep { Folder::Kept(path) } else { Folder::Deleted { directory, name: hidden, path } }
            }
        };
        Ok(Self { supervises, is_alone: false, folder })
    }

    /// No svscan stops it: its supervises are told one after the other, the service's first.
    pub(super) fn is_alone(&mut self) {
        self.is_alone = true;
        self.tell_next();
    }

    /// How it has ended, if it has.
    pub(super) fn look(&mut self) -> Option<Outcome> {
        let count = self.supervises.len();
        while let Some(first) = self.supervises.first() {
            if matches!(first.is_running(), Ok(true)) {
                break;
            }
            self.supervises.remove(0);
        }
        if !self.supervises.is_empty() {
            if self.is_alone && self.supervises.len() < count {
                self.tell_next();
            }
            return None;
        }
        Some(match &self.folder {
            Folder::Elsewhere(path) => {
                Outcome::Done(format!("removed; its folder stays at {}", quoted(path)))
            }
            Folder::Kept(path) => Outcome::Done(format!("removed; its folder is kept as {}", quoted(path))),
            Folder::Deleted { directory, name, path } => match delete(directory, name) {
                Ok(()) => Outcome::Done("removed".to_owned()),
                Err(error) => {
                    let why = text(cli::errno::of(&error).unwrap_or(Errno::EIO));
                    let path = quoted(path);
                    Outcome::Impossible(format!("it is stopped, but {path} could not be deleted: {why}"))
                }
            },
        })
    }

    /// There is no more time.
    pub(super) fn is_late(&self) -> Outcome {
        let rest = match &self.folder {
            Folder::Elsewhere(_) => String::new(),
            Folder::Kept(path) | Folder::Deleted { path, .. } => {
                format!("; its folder is {} now", quoted(path))
            }
        };
        Outcome::TimedOut(format!("it is still stopping{rest}"))
    }

    fn tell_next(&self) {
        if let Some(Ok(Some(control))) = self.supervises.first().map(|first| first.commands()) {
            let _ = send(&control, LEAVE);
        }
    }
}

/// The supervise of an opened folder, if one runs.
fn supervise(folder: &OwnedFd) -> Option<Place> {
    let place = Control::of(folder.as_fd()).ok()?.open().ok()?;
    matches!(place.is_running(), Ok(true)).then_some(place)
}

/// Renames it to a name that svscan passes over, and gives that.
fn hide(directory: &Directory, name: &CString) -> Result<CString, Errno> {
    for number in 0..TRIES {
        let end = if number == 0 { String::new() } else { format!("-{number}") };
        let hidden = [b".", name.as_bytes(), b".removed", end.as_bytes()].concat();
        let hidden = CString::new(hidden).map_err(|_| Errno::EINVAL)?;
        match to_free_name(directory, name, directory, &hidden) {
            Ok(()) => return Ok(hidden),
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EEXIST)
}

/// Deletes a folder with all that is in it: no link is followed.
fn delete(directory: &OwnedFd, name: &CString) -> std::io::Result<()> {
    let directory = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    std::fs::remove_dir_all(directory.join(OsStr::from_bytes(name.to_bytes())))
}

fn quoted(path: &Path) -> String {
    shown(path.as_os_str().as_bytes()).into_owned()
}
