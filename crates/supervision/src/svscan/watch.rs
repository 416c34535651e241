//! Being told that something changed. It is a hint and never the truth: every hint ends in a look or a listing, and where
//! none come (the file system sends none, the system's watches are used up) the directory is listed at intervals.
//!
//! Only changes are asked for. Who only reads, we first of all when we list, wakes nobody.

use crate::silent::is_silent;
use anyhow::bail;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What happens to names, permissions, and the folder itself.
const CHANGES: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVE)
    .union(AddWatchFlags::IN_ATTRIB)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_ONLYDIR);

/// The hints that have come since they were last taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    /// Folders of the directory in which, or with which, something happened; an empty name for the directory itself.
    pub(super) changed: Vec<OsString>,
    /// Names that something was renamed to.
    pub(super) moved: Vec<OsString>,
    /// Some were lost.
    pub(super) lost: bool,
}

/// Watches the service directory, and folders in it.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Inotify,
    directory: PathBuf,
    root: WatchDescriptor,
    /// The folders in it that are watched, by what they are called.
    folders: HashMap<OsString, WatchDescriptor>,
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
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let root = inotify.add_watch(directory, CHANGES)?;
        Ok(Self { inotify, directory: directory.to_owned(), root, folders: HashMap::new() })
    }

    /// Watches a folder in the directory as well: the one that has that name now.
    ///
    /// # Errors
    ///
    /// Where that cannot be: it is then only looked at when the directory is listed.
    pub(super) fn add(&mut self, name: &OsStr) -> anyhow::Result<()> {
        let watched = self.inotify.add_watch(&self.directory.join(name), CHANGES)?;
        let before = self.folders.insert(name.to_owned(), watched);
        self.forget(before.filter(|before| *before != watched));
        Ok(())
    }

    /// Does not, any more.
    pub(super) fn remove(&mut self, name: &OsStr) {
        let before = self.folders.remove(name);
        self.forget(before);
    }

    /// Ends a watch that is nobody's any more: two names can lead to one folder.
    fn forget(&self, watched: Option<WatchDescriptor>) {
        let is_used = |watched: &WatchDescriptor| self.folders.values().any(|other| other == watched);
        if let Some(watched) = watched.filter(|watched| !is_used(watched)) {
            // The kernel has ended it itself where the folder is gone.
            let _ = self.inotify.rm_watch(watched);
        }
    }

    /// What has come.
    pub(super) fn take(&mut self) -> Hints {
        let mut hints = Hints::default();
        while let Ok(events) = self.inotify.read_events() {
            for event in events {
                if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                    self.folders.retain(|_, watched| *watched != event.wd);
                }
                note(&mut hints, event, self.root, &self.folders);
            }
        }
        hints
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// Takes note of one event.
fn note(
    hints: &mut Hints,
    event: InotifyEvent,
    root: WatchDescriptor,
    folders: &HashMap<OsString, WatchDescriptor>,
) {
    if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
        hints.lost = true;
    } else if event.wd == root {
        let name = event.name.unwrap_or_default();
        if name.as_bytes().starts_with(b".") {
            return;
        }
        if event.mask.contains(AddWatchFlags::IN_MOVED_TO) {
            hints.moved.push(name.clone());
        }
        hints.changed.push(name);
    } else {
        let concerned = folders.iter().filter(|(_, watched)| **watched == event.wd);
        hints.changed.extend(concerned.map(|(name, _)| name.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Watched {
        directory: tempfile::TempDir,
        watch: Watch,
    }

    fn watched(folders: &[&str]) -> Watched {
        let directory = tempfile::tempdir().unwrap();
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).unwrap();
        let root = inotify.add_watch(directory.path(), CHANGES).unwrap();
        let here = directory.path().to_owned();
        let mut watch = Watch { inotify, directory: here, root, folders: HashMap::new() };
        for name in folders {
            std::fs::create_dir(directory.path().join(name)).unwrap();
            watch.add(OsStr::new(name)).unwrap();
        }
        watch.take();
        Watched { directory, watch }
    }

    impl Watched {
        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }
    }

    #[test]
    fn our_own_listing_is_no_news() {
        let mut it = watched(&["web"]);
        for entry in std::fs::read_dir(it.directory.path()).unwrap() {
            let _ = std::fs::read_dir(entry.unwrap().path()).unwrap().count();
        }
        assert_eq!(it.watch.take(), Hints::default());
    }

    #[test]
    fn a_rename_tells_the_new_name() {
        let mut it = watched(&["web"]);
        std::fs::rename(it.path("web"), it.path("new")).unwrap();
        let hints = it.watch.take();
        assert_eq!(hints.moved, ["new"]);
        assert!(["web", "new"].iter().all(|name| hints.changed.iter().any(|changed| changed == name)));
        std::fs::write(it.path("new/run"), "").unwrap();
        assert!(it.watch.take().moved.is_empty(), "a file inside");
    }

    #[test]
    fn what_is_hidden_does_not_matter_and_what_is_inside_names_its_folder() {
        let mut it = watched(&["web"]);
        std::fs::create_dir(it.path(".new")).unwrap();
        assert_eq!(it.watch.take(), Hints::default());
        std::fs::write(it.path("web/run"), "").unwrap();
        assert_eq!(it.watch.take().changed, ["web"]);
        it.watch.remove(OsStr::new("web"));
        it.watch.take();
        std::fs::write(it.path("web/finish"), "").unwrap();
        assert_eq!(it.watch.take(), Hints::default());
    }

    #[test]
    fn a_name_is_watched_where_it_leads_now() {
        let mut it = watched(&["web", ".other"]);
        std::fs::rename(it.path("web"), it.path(".old")).unwrap();
        std::fs::rename(it.path(".other"), it.path("web")).unwrap();
        it.watch.add(OsStr::new("web")).unwrap();
        it.watch.take();
        std::fs::write(it.path(".old/run"), "").unwrap();
        assert_eq!(it.watch.take(), Hints::default());
        std::fs::write(it.path("web/run"), "").unwrap();
        assert!(it.watch.take().changed.contains(&"web".into()));
    }

    #[test]
    fn the_end_of_the_directory_and_an_overflow_are_told() {
        let mut it = watched(&[]);
        std::fs::remove_dir(it.directory.path()).unwrap();
        assert!(it.watch.take().changed.contains(&OsString::new()));
        let mut hints = Hints::default();
        let mask = AddWatchFlags::IN_Q_OVERFLOW;
        let event = InotifyEvent { wd: it.watch.root, mask, cookie: 0, name: None };
        note(&mut hints, event, it.watch.root, &HashMap::new());
        assert_eq!(hints, Hints { lost: true, ..Hints::default() });
    }
}
