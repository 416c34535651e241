//! Reading the service directory.

use super::events::{Arrival, Found};
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{SFlag, fstatat};
use protocol::file::{kind, open_folder};
use protocol::identity::FolderId;
use std::collections::HashSet;
use std::ffi::{CStr, OsStr, OsString};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::ffi::OsStrExt;

/// Reads listings, and remembers enough of the last to ask the system only about what is new.
#[derive(Debug, Default)]
pub(super) struct Lister {
    /// Ordinary folders, in order: what the directory says of each, and what a stat said.
    known: Vec<(Mark, FolderId)>,
    hasher: RandomState,
}

/// An entry of a directory: the number that it has there, and of its name only so much that no other has the same.
type Mark = (u64, u64);

/// A complete listing.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Every folder and every link to one whose name does not begin with a dot.
    pub(super) folders: Vec<Found>,
    /// What could not be looked at.
    pub(super) unreadable: Vec<(OsString, Errno)>,
}

impl Lister {
    /// Lists the current folder. `moved` are the names that are known to have been renamed in; `fresh` asks the system about
    /// everything, as a mount over a folder is not seen otherwise.
    ///
    /// # Errors
    ///
    /// Where it could not be read to its end: half a listing is none.
    pub(super) fn list(&mut self, moved: &HashSet<OsString>, fresh: bool) -> Result<Listing, Errno> {
        let mut dir = Dir::from_fd(open_folder(AT_FDCWD, c".")?)?;
        let mut listing = Listing::default();
        let mut known = Vec::with_capacity(self.known.len());
        for entry in dir.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let linked = match entry.file_type() {
                Some(Type::Directory) => false,
                Some(Type::Symlink) | None => true,
                Some(_) => continue,
            };
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            let mark = (entry.ino(), self.hasher.hash_one(name));
            let remembered = if fresh || linked { None } else { self.remembered(mark) };
            let id = match remembered.map_or_else(|| look(entry.file_name()), |id| Ok(Some(id))) {
                Ok(Some(id)) => id,
                Ok(None) => continue,
                Err(error) => {
                    listing.unreadable.push((name.to_owned(), error));
                    continue;
                }
            };
            if !linked {
                known.push((mark, id));
            }
            let arrival = match (linked, moved.contains(name)) {
                (true, _) => Arrival::Linked,
                (false, true) => Arrival::Moved,
                (false, false) => Arrival::Made,
            };
            listing.folders.push(Found { name: name.to_owned(), id, arrival });
        }
        known.sort_unstable();
        known.shrink_to_fit();
        self.known = known;
        Ok(listing)
    }

    fn remembered(&self, mark: Mark) -> Option<FolderId> {
        let place = self.known.binary_search_by_key(&mark, |(mark, _)| *mark).ok()?;
        self.known.get(place).map(|(_, id)| *id)
    }
}

/// Which folder has that name, a link followed; `None` where it is no folder, or not there any more.
fn look(name: &CStr) -> Result<Option<FolderId>, Errno> {
    match fstatat(AT_FDCWD, name, AtFlags::empty()) {
        Ok(stat) if kind(&stat) == SFlag::S_IFDIR => Ok(Some(FolderId::from(&stat))),
        Ok(_) => Ok(None),
        // Removed since it was listed, if it was not a link that leads nowhere.
        Err(Errno::ENOENT) if fstatat(AT_FDCWD, name, AtFlags::AT_SYMLINK_NOFOLLOW).is_err() => Ok(None),
        Err(error) => Err(error),
    }
}
