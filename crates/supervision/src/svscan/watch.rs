//! Being told that something changed. It is a hint and never the truth: every hint ends in a look or a listing, and where
//! none come (the file system sends none, the system's watches are used up) the directory is listed at intervals.

use crate::silent::is_silent;
use anyhow::{Context, bail};
use nix::sys::eventfd::{EfdFlags, EventFd};
use notify::event::{ModifyKind, RenameMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The hints that have come since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// Folders of the directory in which, or with which, something happened.
    pub(super) changed: Vec<OsString>,
    /// Names that something was renamed to.
    pub(super) moved: Vec<OsString>,
    /// Some were lost.
    pub(super) lost: bool,
}

/// Watches the service directory, and folders in it.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    directory: PathBuf,
    hints: Arc<Mutex<Hints>>,
    wake: Arc<EventFd>,
}

impl Watch {
    /// Watches the current folder, whose path is given.
    ///
    /// # Errors
    ///
    /// Why there will be no hints.
    pub(super) fn begin(directory: &Path) -> anyhow::Result<Self> {
        if is_silent(File::open(".")?)? {
            bail!("its file system does not tell of changes");
        }
        // notify ignores that its thread cannot be started, and panics later: so one is tried first.
        std::thread::Builder::new().spawn(|| {}).context("no thread can be started")?.join().ok();

        let hints = Arc::new(Mutex::new(Hints::default()));
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?);
        let (noted, waker, root) = (Arc::clone(&hints), Arc::clone(&wake), directory.to_owned());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let mut hints = noted.lock().unwrap_or_else(PoisonError::into_inner);
            if note(&mut hints, event, &root) {
                let _ = waker.write(1);
            }
        })?;
        let mut watch = Self { watcher, directory: directory.to_owned(), hints, wake };
        watch.watcher.watch(directory, RecursiveMode::NonRecursive)?;
        Ok(watch)
    }

    /// Watches a folder in the directory as well.
    ///
    /// # Errors
    ///
    /// Where that cannot be: it is then only looked at when the directory is listed.
    pub(super) fn add(&mut self, name: &Path) -> anyhow::Result<()> {
        Ok(self.watcher.watch(&self.directory.join(name), RecursiveMode::NonRecursive)?)
    }

    /// Does not, any more.
    pub(super) fn remove(&mut self, name: &Path) {
        let _ = self.watcher.unwatch(&self.directory.join(name));
    }

    /// What has come.
    pub(super) fn take(&self) -> Hints {
        let _ = self.wake.read();
        std::mem::take(&mut *self.hints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Watch").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Takes note of one event, and says whether it matters.
fn note(hints: &mut Hints, event: notify::Result<notify::Event>, root: &Path) -> bool {
    let Ok(event) = event else {
        hints.lost = true;
        return true;
    };
    if event.need_rescan() {
        hints.lost = true;
        return true;
    }
    // Our own listings come back as accesses.
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    let moved = matches!(event.kind, EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)));
    let mut matters = event.paths.is_empty();
    for (place, path) in event.paths.iter().enumerate() {
        let Ok(inner) = path.strip_prefix(root) else { continue };
        let mut parts = inner.components();
        let name = parts.next().map(|part| part.as_os_str().to_owned()).unwrap_or_default();
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        matters = true;
        // Of both names of a rename, the second is the new one.
        if moved && parts.next().is_none() && place.saturating_add(1) == event.paths.len() {
            hints.moved.push(name.clone());
        }
        hints.changed.push(name);
    }
    matters
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{AccessKind, AccessMode, CreateKind, Flag};

    fn noted(kind: EventKind, paths: &[&str]) -> (bool, Hints) {
        let mut event = notify::Event::new(kind);
        event.paths = paths.iter().map(PathBuf::from).collect();
        let mut hints = Hints::default();
        let matters = note(&mut hints, Ok(event), Path::new("/service"));
        (matters, hints)
    }

    #[test]
    fn our_own_listing_is_no_news() {
        assert!(!noted(EventKind::Access(AccessKind::Open(AccessMode::Any)), &["/service"]).0);
    }

    #[test]
    fn a_rename_tells_the_new_name() {
        let rename = |mode, paths| noted(EventKind::Modify(ModifyKind::Name(mode)), paths).1.moved;
        assert_eq!(rename(RenameMode::To, &["/service/web"]), ["web"]);
        assert_eq!(rename(RenameMode::Both, &["/service/a", "/service/b"]), ["b"]);
        assert!(rename(RenameMode::From, &["/service/web"]).is_empty());
        assert!(rename(RenameMode::To, &["/service/web/run"]).is_empty(), "a file inside");
    }

    #[test]
    fn what_is_hidden_does_not_matter_and_what_is_inside_names_its_folder() {
        assert!(!noted(EventKind::Create(CreateKind::Folder), &["/service/.new"]).0);
        let (matters, hints) = noted(EventKind::Create(CreateKind::File), &["/service/web/run"]);
        assert!(matters && hints.changed == ["web"]);
    }

    #[test]
    fn an_overflow_is_told() {
        let mut hints = Hints::default();
        let event = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(note(&mut hints, Ok(event), Path::new("/service")) && hints.lost);
    }
}
