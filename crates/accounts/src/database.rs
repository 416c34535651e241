//! The choice between the files and NSS, made afresh for each question from what the configuration says. It
//! parses nothing and knows no error numbers.
//!
//! A question about one account or group ends at the first service that knows it, so what is in the files is
//! right even with systemd behind them. Memberships are gathered from all services: there the files are only
//! right if the others have nothing to add.

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{fs, iter};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

use crate::error::{Cause, Subject};
use crate::files::AskNss;
use crate::nsswitch::{Source, Sources};
use crate::{Account, LookupError, NO_ID, files, nss, userdb};

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";

/// The account database of the system whose root folder is `root`. NSS, where it has to be asked, is always
/// that of the running system: another root is for tests of the files.
pub(crate) struct Database {
    root: PathBuf,
    sources: Sources,
}

impl Database {
    /// The database of the running system. Its configuration is read once: our programs ask twice and are
    /// gone.
    pub(crate) fn system() -> &'static Self {
        static SYSTEM: OnceLock<Database> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::open(Path::new("/")))
    }

    pub(crate) fn open(root: &Path) -> Self {
        Self { root: root.to_owned(), sources: sources(root) }
    }

    pub(crate) fn by_name(&self, name: &CStr) -> Result<Option<Account>, LookupError> {
        if !can_be_a_name(name) {
            return Ok(None);
        }
        let in_file = |passwd: &[u8]| files::account_by_name(passwd, name.to_bytes());
        self.ask(self.sources.passwd, PASSWD, in_file, || nss::account_by_name(name))
            .map_err(|cause| LookupError::new(Subject::Account(name.to_owned()), cause))
    }

    pub(crate) fn by_uid(&self, uid: Uid) -> Result<Option<Account>, LookupError> {
        if uid.as_raw() == NO_ID {
            return Ok(None);
        }
        let in_file = |passwd: &[u8]| files::account_by_uid(passwd, uid);
        self.ask(self.sources.passwd, PASSWD, in_file, || nss::account_by_uid(uid))
            .map_err(|cause| LookupError::new(Subject::Uid(uid), cause))
    }

    pub(crate) fn group_by_name(&self, name: &CStr) -> Result<Option<Gid>, LookupError> {
        if !can_be_a_name(name) {
            return Ok(None);
        }
        let in_file = |group: &[u8]| files::group_by_name(group, name.to_bytes());
        self.ask(self.sources.group, GROUP, in_file, || nss::group_by_name(name))
            .map_err(|cause| LookupError::new(Subject::Group(name.to_owned()), cause))
    }

    pub(crate) fn groups_of(&self, account: &Account, primary: Gid) -> Result<Vec<Gid>, LookupError> {
        if !can_be_a_name(&account.name) {
            return Ok(vec![primary]);
        }
        let others = self
            .memberships(&account.name, primary)
            .map_err(|cause| LookupError::new(Subject::GroupsOf(account.name.clone()), cause))?;
        // A set, since an account may be in thousands of groups and each of them may be listed twice.
        let mut seen = BTreeSet::new();
        Ok(iter::once(primary).chain(others).filter(|gid| seen.insert(gid.as_raw())).collect())
    }

    fn memberships(&self, name: &CStr, primary: Gid) -> Result<Vec<Gid>, Cause> {
        let in_files = match self.sources.memberships {
            Source::Files => true,
            Source::FilesWhenFound => !userdb::holds_records(&self.root),
            Source::Nss => false,
        };
        if in_files {
            if let Ok(groups) = files::groups_with(&self.read(GROUP)?, name.to_bytes()) {
                return Ok(groups);
            }
        }
        nss::groups_of(name, primary)
    }

    /// The answer of the file at `path` where that is right, else that of NSS.
    fn ask<T>(
        &self,
        source: Source,
        path: &str,
        in_file: impl FnOnce(&[u8]) -> Result<Option<T>, AskNss>,
        in_nss: impl FnOnce() -> Result<Option<T>, Cause>,
    ) -> Result<Option<T>, Cause> {
        if source == Source::Nss {
            return in_nss();
        }
        match in_file(&self.read(path)?) {
            Err(AskNss) => in_nss(),
            Ok(None) if source == Source::FilesWhenFound => in_nss(),
            Ok(answer) => Ok(answer),
        }
    }

    /// A file's content. A missing file holds nobody (a container may well have none); one that is there and
    /// cannot be read is an error.
    fn read(&self, path: &str) -> Result<Vec<u8>, Cause> {
        let path = self.root.join(path);
        match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Cause::Unreadable(path, errno(&error))),
            Ok(content) => Ok(content),
        }
    }
}

/// The configuration below `root`. openSUSE's glibc reads one in /usr/etc where /etc has none; whether ours
/// is of that kind cannot be seen from here, so a file in that place is left to NSS.
fn sources(root: &Path) -> Sources {
    match fs::read(root.join("etc/nsswitch.conf")) {
        Ok(conf) => Sources::parse(&conf),
        Err(error) if error.kind() != ErrorKind::NotFound => Sources::UNKNOWN,
        Err(_) => match fs::symlink_metadata(root.join("usr/etc/nsswitch.conf")) {
            Err(error) if error.kind() == ErrorKind::NotFound => Sources::DEFAULT,
            _ => Sources::UNKNOWN,
        },
    }
}

/// Whether a line of the files could have this name at all. What could not is no question for NSS either:
/// some services would build a query of it.
fn can_be_a_name(name: &CStr) -> bool {
    let name = name.to_bytes();
    !matches!(name.first(), None | Some(b'+' | b'-')) && !name.iter().any(|byte| matches!(byte, b':' | b'\n'))
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests;
