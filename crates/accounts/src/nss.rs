//! The questions to NSS: getpwnam, getpwuid, getgrnam and getgrouplist, by way of nix. Slow, since it loads
//! modules, and it may wait for a directory server; a caller with a deadline has to be in a process that can
//! be killed.
//!
//! What glibc does not tell, we cannot: a service that fails behind another that answers "unknown" counts as
//! unknown, and getgrouplist leaves out the groups of a service that is down. Every other program on the
//! machine sees the same.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

use crate::error::Cause;
use crate::{Account, NO_ID};

/// The account called `name`. Some services ignore case or domains and answer with another name: that is
/// another account.
pub(crate) fn account_by_name(name: &CStr) -> Result<Option<Account>, Cause> {
    let name = name.to_str().map_err(|_| Cause::NotUtf8)?;
    let Some(user) = known(User::from_name(name))? else { return Ok(None) };
    Ok(account(user)?.filter(|account| account.name.to_bytes() == name.as_bytes()))
}

/// The account with the number `uid`.
pub(crate) fn account_by_uid(uid: Uid) -> Result<Option<Account>, Cause> {
    let Some(user) = known(User::from_uid(uid))? else { return Ok(None) };
    Ok(account(user)?.filter(|account| account.uid == uid))
}

/// The number of the group called `name`.
pub(crate) fn group_by_name(name: &CStr) -> Result<Option<Gid>, Cause> {
    let name = name.to_str().map_err(|_| Cause::NotUtf8)?;
    let Some(group) = known(Group::from_name(name))? else { return Ok(None) };
    let found = lossless(group.name)?;
    Ok(Some(group.gid).filter(|gid| found == name && gid.as_raw() != NO_ID))
}

/// The groups of a login of `name`, `primary` among them, in NSS's order, with their repetitions.
pub(crate) fn groups_of(name: &CStr, primary: Gid) -> Result<Vec<Gid>, Cause> {
    let mut groups = getgrouplist(name, primary).map_err(Cause::Nss)?;
    groups.retain(|gid| gid.as_raw() != NO_ID);
    Ok(groups)
}

/// Two errors are another way to say "unknown". getpwnam(3) names EBADF and EPERM too, but for systems other
/// than this one: here they are failures.
fn known<T>(answer: nix::Result<Option<T>>) -> Result<Option<T>, Cause> {
    match answer {
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        answer => answer.map_err(Cause::Nss),
    }
}

/// `None` for an account that has no name, or an id that means "leave as it is".
fn account(user: User) -> Result<Option<Account>, Cause> {
    let account = Account {
        name: c_string(lossless(user.name)?.into_bytes())?,
        uid: user.uid,
        gid: user.gid,
        home: c_string(path(user.dir))?,
        shell: c_string(path(user.shell))?,
    };
    let usable = !account.name.is_empty() && account.uid.as_raw() != NO_ID && account.gid.as_raw() != NO_ID;
    Ok(Some(account).filter(|_| usable))
}

/// nix puts U+FFFD in place of what is not UTF-8, so a name with it may be any of several.
fn lossless(name: String) -> Result<String, Cause> {
    if name.contains(char::REPLACEMENT_CHARACTER) { Err(Cause::NotUtf8) } else { Ok(name) }
}

fn path(path: PathBuf) -> Vec<u8> {
    path.into_os_string().into_vec()
}

/// Cannot fail, since glibc's strings end at their NUL; but it is not for a look-up to panic.
fn c_string(bytes: Vec<u8>) -> Result<CString, Cause> {
    CString::new(bytes).map_err(|_| Cause::Nss(Errno::EINVAL))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn user(name: &str, uid: u32, gid: u32) -> User {
        User {
            name: name.to_owned(),
            passwd: CString::default(),
            uid: Uid::from_raw(uid),
            gid: Gid::from_raw(gid),
            gecos: CString::default(),
            dir: Path::new("/home/bob").to_owned(),
            shell: PathBuf::from(std::ffi::OsString::from_vec(b"/bin/\xff".to_vec())),
        }
    }

    #[test]
    fn only_two_errors_mean_unknown() {
        assert_eq!(known::<()>(Ok(None)), Ok(None));
        assert_eq!(known(Ok(Some(7))), Ok(Some(7)));
        for errno in [Errno::ENOENT, Errno::ESRCH] {
            assert_eq!(known::<()>(Err(errno)), Ok(None));
        }
        for errno in [Errno::EIO, Errno::EMFILE, Errno::ERANGE, Errno::EPERM, Errno::EBADF, Errno::EAGAIN] {
            assert_eq!(known::<()>(Err(errno)), Err(Cause::Nss(errno)));
        }
    }

    #[test]
    fn an_answer_keeps_its_bytes_or_is_refused() {
        let bob = account(user("bob", 7, 8)).unwrap().unwrap();
        assert_eq!((bob.uid.as_raw(), bob.gid.as_raw()), (7, 8));
        assert_eq!(bob.home.as_c_str(), c"/home/bob");
        assert_eq!(bob.shell.as_c_str(), c"/bin/\xff");
        assert_eq!(account(user("b\u{fffd}b", 7, 8)), Err(Cause::NotUtf8));
        for unusable in [user("", 7, 8), user("bob", NO_ID, 8), user("bob", 7, NO_ID)] {
            assert_eq!(account(unusable), Ok(None));
        }
    }

    #[test]
    fn nss_knows_root_and_not_just_anybody() {
        let root = account_by_name(c"root").unwrap().unwrap();
        assert_eq!((root.uid.as_raw(), root.gid.as_raw()), (0, 0));
        assert_eq!(account_by_uid(Uid::from_raw(0)), Ok(Some(root)));
        assert_eq!(account_by_name(c"upkeep-nobody-has-this-name"), Ok(None));
        assert_eq!(group_by_name(c"root"), Ok(Some(Gid::from_raw(0))));
        assert_eq!(group_by_name(c"upkeep-nobody-has-this-name"), Ok(None));
    }

    #[test]
    fn a_name_that_nix_cannot_pass_on_is_an_error_and_not_unknown() {
        assert_eq!(account_by_name(c"b\xff"), Err(Cause::NotUtf8));
        assert_eq!(group_by_name(c"b\xff"), Err(Cause::NotUtf8));
    }
}
