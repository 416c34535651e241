//! Every look-up of users and groups: a name or a number in, what the system's account database says out.
//!
//! It decides **where** to look: in `/etc/passwd` and `/etc/group` where these alone are right, since reading
//! them is twice as fast as loading NSS modules and cannot hang, and through NSS where they are not. Either
//! way the answer is the one that `getpwnam`, `getgrnam` and `initgroups` give. It does not decide who
//! anybody may become: what an unknown account, uid 0 or a name of digits means is for the caller to say, and
//! no id is ever guessed from a name.
//!
//! Only programs that are linked dynamically with glibc may use it: NSS from a static program crashes.
//!
//! | file | what is in it |
//! |---|---|
//! | `nsswitch.rs` | which services `/etc/nsswitch.conf` names, and whether the files are among them |
//! | `database.rs` | the choice between the files and NSS, for each question |
//! | `files.rs` | the lines of `/etc/passwd` and `/etc/group` |
//! | `userdb.rs` | whether systemd's user database holds anything |
//! | `nss.rs` | the same questions to NSS |
//! | `error.rs` | a look-up that failed, in words |

mod database;
mod error;
pub mod files;
mod nss;
pub mod nsswitch;
mod userdb;

use std::ffi::{CStr, CString};

use database::Database;
pub use error::LookupError;
use nix::unistd::{Gid, Uid};

/// The number that stands for "leave as it is" in `setresuid` and `setresgid`. Whoever had it as an account's
/// id would stay root, so a line or an answer with it counts as not there.
pub(crate) const NO_ID: u32 = u32::MAX;

/// An account as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name, exactly as it was asked for.
    pub name: CString,
    /// The user.
    pub uid: Uid,
    /// The account's own primary group.
    pub gid: Gid,
    /// The home folder; empty if the database has none.
    pub home: CString,
    /// The login shell; empty if the database has none, which means `/bin/sh`.
    pub shell: CString,
}

impl Account {
    /// Where a login would begin: the home folder, `/` if the database has none.
    #[must_use]
    pub fn home_folder(&self) -> &CStr {
        if self.home.is_empty() { c"/" } else { &self.home }
    }

    /// What a login would run: the shell, `/bin/sh` if the database has none.
    #[must_use]
    pub fn login_shell(&self) -> &CStr {
        if self.shell.is_empty() { c"/bin/sh" } else { &self.shell }
    }
}

/// The account called `name`, byte for byte; `None` if there is none.
///
/// # Errors
///
/// If the database could not be asked: then nobody knows whether the account exists.
pub fn by_name(name: &CStr) -> Result<Option<Account>, LookupError> {
    Database::system().by_name(name)
}

/// The first account that has the number `uid`; `None` if there is none.
///
/// # Errors
///
/// If the database could not be asked.
pub fn by_uid(uid: Uid) -> Result<Option<Account>, LookupError> {
    Database::system().by_uid(uid)
}

/// The number of the group called `name`, byte for byte; `None` if there is none.
///
/// # Errors
///
/// If the database could not be asked.
pub fn group_by_name(name: &CStr) -> Result<Option<Gid>, LookupError> {
    Database::system().group_by_name(name)
}

/// The groups of a login of `account`, with `primary` in place of the account's own group: what `initgroups`
/// would set. `primary` comes first, then the others in the order of the database, none of them twice.
///
/// # Errors
///
/// If the database could not be asked. A missing group can be a gained right (a file may deny something to a
/// group), so there is no shortened list.
pub fn groups_of(account: &Account, primary: Gid) -> Result<Vec<Gid>, LookupError> {
    Database::system().groups_of(account, primary)
}
