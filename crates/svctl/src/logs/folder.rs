//! A log directory: its files at a moment that is one moment, and how they are opened. Whoever it belongs to, only regular files in
//! it are read, and no link.

use super::order::{Label, Listing, Next, Old, Order};
use super::stamp;
use anyhow::{Context, Result};
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FileStat, SFlag, fstat};
use protocol::file::{Unusable, kind, look, names, open_owners_folder, open_regular};
use protocol::identity::FolderId;
use protocol::tai64n::LABEL;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

const CURRENT: &CStr = c"current";
const PREVIOUS: &CStr = c"previous";
const PROCESSED: &CStr = c"processed";
const STATE: &CStr = c"state";

/// How often a directory is listed that is rotated meanwhile. After that, what has been found is taken as it is.
const LISTINGS: usize = 100;

/// A log directory.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    opened: OwnedFd,
    order: Order,
    /// Files that may get another name, or lose it, while they are read.
    held: Vec<(FolderId, Rc<File>)>,
}

/// A file of it, to be read.
#[derive(Clone, Debug)]
pub(super) struct Part {
    name: CString,
    opened: Option<Rc<File>>,
    /// When it was finished: what its label says.
    pub(super) finished: Option<Duration>,
    /// Its last line may be cut short, and does not go on in the next file.
    pub(super) is_unfinished: bool,
    /// Only so many bytes of it are read.
    pub(super) length: Option<u64>,
}

/// A file that is there: opened, which it is, and how long.
type Found = Option<(Rc<File>, FolderId, u64)>;

/// The files that have no label.
#[derive(Debug, Default)]
struct Unnamed {
    previous: Found,
    processed: Found,
    current: Found,
}

impl Folder {
    /// Opens one. A link to it is followed if it is root's, ours, or made by whom the directory belongs to.
    ///
    /// # Errors
    ///
    /// What stands in the way.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let unable = || format!("unable to open {}", shown(path.as_os_str().as_bytes()));
        let name = CString::new(path.as_os_str().as_bytes()).with_context(unable)?;
        let opened = open_owners_folder(AT_FDCWD, &name).map_err(plain).with_context(unable)?;
        Ok(Self { path: path.to_owned(), opened, order: Order::default(), held: Vec::new() })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Which one it is.
    pub(super) fn id(&self) -> Option<FolderId> {
        fstat(&self.opened).ok().map(|stat| FolderId::from(&stat))
    }

    /// Whether `current` is still the file that was taken last: then there is no other.
    pub(super) fn is_at_current(&self) -> bool {
        let current = look(&self.opened, CURRENT).ok().flatten();
        self.order.is_at(current.map(|stat| FolderId::from(&stat)))
    }

    /// What there is to be read that has not been taken yet, in its order. What is to be read at once is opened now, so that it can
    /// be read although it is removed meanwhile.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn look(&mut self, at_once: bool) -> Result<Vec<Part>> {
        let unable = || format!("unable to read {}", shown(self.path.as_os_str().as_bytes()));
        let (seen, found, state) = self.listing().with_context(unable)?;
        let held = std::mem::take(&mut self.held);
        let was_rewritten = |id: FolderId| {
            let file = held.iter().find(|(held, _)| *held == id);
            let gone = file.and_then(|(_, file)| fstat(file).ok()).filter(|stat| stat.st_nlink == 0);
            gone.zip(state).is_some_and(|(gone, state)| changed(&state) >= changed(&gone))
        };
        let next: Vec<Next> = self.order.next(&seen, was_rewritten).collect();
        let mut parts = Vec::new();
        for next in next {
            let (name, found) = match next {
                Next::Old(name) => (name, None),
                Next::Previous => (PREVIOUS.to_owned(), found.previous.clone()),
                Next::Processed => (PROCESSED.to_owned(), found.processed.clone()),
                Next::Current => (CURRENT.to_owned(), found.current.clone()),
            };
            let mut part = Part::new(name, found.map(|(file, _, length)| (file, length)));
            if at_once && part.opened.is_none() {
                // Where too many files are open, it is opened when its turn comes.
                part.opened = self.opened(&part).ok().flatten();
            }
            parts.push(part);
        }
        let found = [found.previous, found.processed, found.current].into_iter().flatten();
        self.held = held;
        self.held.extend(found.map(|(file, id, _)| (id, file)));
        self.held.retain(|(id, _)| self.order.is_looked_for(*id));
        self.held.sort_unstable_by_key(|(id, _)| *id);
        self.held.dedup_by_key(|(id, _)| *id);
        Ok(parts)
    }

    /// Opens a file; `None` where it has been removed meanwhile, or is no regular file.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn opened(&self, part: &Part) -> Result<Option<Rc<File>>> {
        if let Some(opened) = &part.opened {
            return Ok(Some(Rc::clone(opened)));
        }
        self.regular(&part.name).map(|found| found.map(|(file, ..)| file)).with_context(|| {
            format!(
                "unable to open {}/{}",
                shown(self.path.as_os_str().as_bytes()),
                shown(part.name.to_bytes())
            )
        })
    }

    fn regular(&self, name: &CStr) -> Result<Found, Errno> {
        match open_regular(&self.opened, name) {
            Ok(found) => Ok(found.map(|(file, stat)| {
                let length = u64::try_from(stat.st_size).unwrap_or(0);
                (Rc::new(file), FolderId::from(&stat), length)
            })),
            Err(Unusable::System(error)) => Err(error),
            // Something else of that name is no log.
            Err(_) => Ok(None),
        }
    }

    /// All files at one moment: nothing was renamed between the first look and the last.
    fn listing(&self) -> Result<(Listing, Unnamed, Option<FileStat>), Errno> {
        let is_same = |name, found: &Found| {
            let now = look(&self.opened, name).ok().flatten();
            now.filter(|stat| kind(stat) == SFlag::S_IFREG).map(|stat| FolderId::from(&stat))
                == found.as_ref().map(|(_, id, _)| *id)
        };
        let mut round = 0_usize;
        loop {
            round = round.saturating_add(1);
            let (current, previous) = (self.regular(CURRENT)?, self.regular(PREVIOUS)?);
            // Before the listing: once it is gone, its label is there.
            let processed = self.regular(PROCESSED)?;
            let old = self.old()?;
            let state = look(&self.opened, STATE)?;
            if round < LISTINGS && !(is_same(CURRENT, &current) && is_same(PREVIOUS, &previous)) {
                continue;
            }
            let id = |found: &Found| found.as_ref().map(|(_, id, _)| *id);
            let seen =
                Listing { old, previous: id(&previous), processed: id(&processed), current: id(&current) };
            return Ok((seen, Unnamed { previous, processed, current }, state));
        }
    }

    fn old(&self) -> Result<Vec<Old>, Errno> {
        let mut old = Vec::new();
        for name in names(&self.opened)? {
            let Some(label) = label(name.to_bytes()) else { continue };
            let Some(stat) = look(&self.opened, &name)?.filter(|stat| kind(stat) == SFlag::S_IFREG) else {
                continue;
            };
            old.push(Old { label, name, id: FolderId::from(&stat) });
        }
        old.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(old)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.opened.as_fd()
    }
}

impl Part {
    fn new(name: CString, found: Option<(Rc<File>, u64)>) -> Self {
        let finished = stamp::label(name.to_bytes());
        let is_unfinished = name.to_bytes().ends_with(b".u");
        let length = found.as_ref().map(|(_, length)| *length);
        Self { name, opened: found.map(|(file, _)| file), finished, is_unfinished, length }
    }
}

/// The label of an old file. In `.t` is what svlogd's processor is just writing.
fn label(name: &[u8]) -> Option<Label> {
    stamp::label(name)?;
    if name.get(LABEL) != Some(&b'.') || name.ends_with(b".t") {
        return None;
    }
    name.first_chunk().copied()
}

/// When the system last noted a change of it: of a file that is gone, when it went.
fn changed(stat: &FileStat) -> (i64, i64) {
    (stat.st_ctime, stat.st_ctime_nsec)
}

/// The system's error is told in the words of the others.
fn plain(error: Unusable) -> anyhow::Error {
    match error {
        Unusable::System(error) => error.into(),
        other => other.into(),
    }
}
