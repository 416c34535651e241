//! Who needs whom: read from the folders when everything is to stop; and told to those who wait for what they need, that
//! something has come or gone.

use super::super::events::Needs;
use super::super::events::Part;
use super::Shell;
use crate::neighbour;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::stat;
use protocol::folder::LOG;
use protocol::identity::FolderId;
use std::collections::HashMap;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

impl Shell {
    /// Whom the services and loggers of this directory need. A folder that is gone needs nobody.
    pub(super) fn needs(&self) -> Needs {
        let ids: HashMap<&OsStr, FolderId> = self.roster.names().map(|(id, name)| (name, id)).collect();
        let mut needs = Needs::new();
        for (id, name) in self.roster.names() {
            if !stat(name).is_ok_and(|found| FolderId::from(&found) == id) {
                continue;
            }
            for (part, path) in [
                (Part::Service, name.as_bytes().to_vec()),
                (Part::Logger, [name.as_bytes(), b"/", LOG.to_bytes()].concat()),
            ] {
                let Ok(path) = CString::new(path) else { continue };
                let named = neighbour::needs_of(AT_FDCWD, &path);
                let found = |name: &CString| ids.get(OsStr::from_bytes(name.to_bytes())).copied();
                needs.insert((id, part), named.iter().filter_map(found).collect());
            }
        }
        needs.retain(|_, needed| !needed.is_empty());
        needs
    }

    /// Tells what there is to tell, once a turn: many may wait, and many come at once.
    pub(super) fn tell_news(&mut self) {
        let mut news = std::mem::take(&mut self.news);
        news.sort_unstable();
        news.dedup();
        if !news.is_empty() {
            self.directory.tell(&news);
        }
    }
}
