//! User and groups of this process: what they are to be, and whether they are.
//!
//! How they are set is for each program to say, in its own order and words. That a system call has said yes is not
//! believed here: all of them are read back.

use anyhow::ensure;
use nix::errno::Errno;
use nix::unistd::{Gid, Uid, getresgid, getresuid};
use std::collections::BTreeSet;
use sys::groups::supplementary;

/// Who a process is, as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The user, to be real, effective and saved.
    pub uid: Uid,
    /// The group, to be real, effective and saved.
    pub gid: Gid,
    /// The list of setgroups, which may have the group in it or not.
    pub groups: Vec<Gid>,
}

impl Ids {
    /// Makes sure that this process is exactly that.
    ///
    /// # Errors
    ///
    /// What is not as it should be, and what the system says where it cannot tell.
    pub(crate) fn verify(&self) -> anyhow::Result<()> {
        ensure!(self.has_uids()?, "the system reports no error, but the user is not as asked");
        ensure!(self.has_gids()?, "the system reports no error, but the group is not as asked");
        let same = set(&supplementary()?) == set(&self.groups);
        ensure!(same, "the system reports no error, but the supplementary groups are not as asked");
        Ok(())
    }

    /// Whether this process is that already. Its group gives the same rights in the supplementary list as out of it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) fn are_current(&self) -> Result<bool, Errno> {
        let with_own = |groups: &[Gid]| {
            let mut groups = set(groups);
            groups.insert(self.gid.as_raw());
            groups
        };
        Ok(self.has_uids()? && self.has_gids()? && with_own(&supplementary()?) == with_own(&self.groups))
    }

    fn has_uids(&self) -> Result<bool, Errno> {
        let ids = getresuid()?;
        Ok([ids.real, ids.effective, ids.saved] == [self.uid; 3])
    }

    fn has_gids(&self) -> Result<bool, Errno> {
        let ids = getresgid()?;
        Ok([ids.real, ids.effective, ids.saved] == [self.gid; 3])
    }
}

/// The kernel sorts a list and keeps its repetitions.
fn set(groups: &[Gid]) -> BTreeSet<u32> {
    groups.iter().map(|gid| gid.as_raw()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current() -> Ids {
        Ids { uid: Uid::current(), gid: Gid::current(), groups: supplementary().unwrap() }
    }

    #[test]
    fn this_process_is_itself() {
        assert_eq!(current().are_current(), Ok(true));
        current().verify().unwrap();
    }

    #[test]
    fn the_own_group_may_be_in_the_list_or_not() {
        let mut ids = current();
        ids.groups.retain(|gid| *gid != ids.gid);
        assert_eq!(ids.are_current(), Ok(true));
        ids.groups.extend([ids.gid, ids.gid]);
        assert_eq!(ids.are_current(), Ok(true));
    }

    #[test]
    fn each_difference_counts() {
        let other_user = Ids { uid: Uid::from_raw(4711), ..current() };
        let other_group = Ids { gid: Gid::from_raw(4711), ..current() };
        let mut more_groups = current();
        more_groups.groups.push(Gid::from_raw(4711));
        for (ids, what) in
            [(other_user, "user"), (other_group, "group"), (more_groups, "supplementary groups")]
        {
            assert_eq!(ids.are_current(), Ok(false));
            let error = ids.verify().unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
