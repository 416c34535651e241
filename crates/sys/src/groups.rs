//! The supplementary groups of this process.

use nix::errno::Errno;
use nix::unistd::Gid;

/// Reads them. nix's getgroups asks the C library for the largest number of groups first, which opens a file in /proc;
/// here the kernel says how many there are.
///
/// # Errors
///
/// What getgroups says.
pub fn supplementary() -> Result<Vec<Gid>, Errno> {
    // SAFETY: with room for none the kernel writes nothing, and says how many there are.
    let count = Errno::result(unsafe { libc::getgroups(0, std::ptr::null_mut()) })?;
    let mut groups = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: there is room for as many as is said. No other thread of this process changes them in between; and if one
    // did, more would be EINVAL.
    let count = Errno::result(unsafe { libc::getgroups(count, groups.as_mut_ptr()) })?;
    groups.truncate(usize::try_from(count).unwrap_or(0));
    Ok(groups.into_iter().map(Gid::from_raw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_those_that_nix_reads() {
        assert_eq!(supplementary(), nix::unistd::getgroups());
    }
}
