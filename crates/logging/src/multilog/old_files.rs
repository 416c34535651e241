//! The old files of a directory: how they are called, and which of them have to go.

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::fstatat;
use nix::unistd::{UnlinkatFlags, unlinkat};
use protocol::file::names;
use protocol::tai64n::{LABEL, Tai64n};
use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Whether a file of that name counts as an old one: so it was in 0.76, whoever made it.
fn is_old(name: &[u8]) -> bool {
    name.first() == Some(&b'@') && name.len() >= LABEL
}

/// The names of the old files, the oldest first.
///
/// # Errors
///
/// What the system says.
fn old_files(folder: &OwnedFd) -> Result<Vec<CString>, Errno> {
    let mut old = names(folder)?;
    old.retain(|name| is_old(name.to_bytes()));
    old.sort_unstable();
    Ok(old)
}

/// The label for a file that is finished now: later than that of any other here, although the clock may have gone back, so
/// that the oldest name is that of the oldest file.
///
/// # Errors
///
/// What the system says.
pub(super) fn next_label(folder: &OwnedFd, now: Duration) -> Result<[u8; LABEL], Errno> {
    let now = Tai64n::from_wall(now);
    let last = old_files(folder)?.iter().rev().find_map(|name| Tai64n::from_label(name.to_bytes()));
    Ok(match last.and_then(Tai64n::next) {
        Some(after_last) if after_last > now => after_last.label(),
        _ => now.label(),
    })
}

/// Removes the oldest while there are `count` of them or more, or while they have more than `total` bytes.
///
/// # Errors
///
/// What the system says; what could be removed is.
pub(super) fn prune(folder: &OwnedFd, count: u64, total: Option<u64>) -> Result<(), Errno> {
    let old = old_files(folder)?;
    let mut many = u64::try_from(old.len()).unwrap_or(u64::MAX);
    let mut sizes = Vec::new();
    if total.is_some() {
        let size = |name: &CString| match fstatat(folder, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(u64::try_from(stat.st_size).unwrap_or(0)),
            Err(Errno::ENOENT) => Ok(0),
            Err(error) => Err(error),
        };
        sizes = old.iter().map(size).collect::<Result<_, _>>()?;
    }
    let mut bytes: u64 = sizes.iter().sum();
    for (place, name) in old.iter().enumerate() {
        if many < count && total.is_none_or(|total| bytes <= total) {
            break;
        }
        match unlinkat(folder, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => return Err(error),
        }
        many = many.saturating_sub(1);
        bytes = bytes.saturating_sub(sizes.get(place).copied().unwrap_or(0));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(files: &[(&str, usize)]) -> (tempfile::TempDir, OwnedFd) {
        let folder = tempfile::tempdir().unwrap();
        for (name, size) in files {
            fs::write(folder.path().join(name), vec![b'x'; *size]).unwrap();
        }
        let opened = fs::File::open(folder.path()).unwrap().into();
        (folder, opened)
    }

    fn left(folder: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    const A: &str = "@400000000000000000000001.s";
    const B: &str = "@400000000000000000000002.u";
    const C: &str = "@400000000000000000000003.s";

    #[test]
    fn the_oldest_go_until_there_are_fewer_than_the_count() {
        let (folder, opened) = folder(&[
            (A, 1),
            (B, 1),
            (C, 1),
            ("@short", 1),
            ("current", 1),
            ("notes@4000000000000000000000", 1),
        ]);
        prune(&opened, 3, None).unwrap();
        assert_eq!(left(&folder), [B, C, "@short", "current", "notes@4000000000000000000000"]);
    }

    #[test]
    fn the_oldest_go_until_the_rest_is_small_enough() {
        let (folder, opened) = folder(&[(A, 10), (B, 20), (C, 30)]);
        prune(&opened, 10, Some(60)).unwrap();
        assert_eq!(left(&folder), [A, B, C]);
        prune(&opened, 10, Some(49)).unwrap();
        assert_eq!(left(&folder), [C]);
    }

    #[test]
    fn a_label_is_later_than_all_that_are_there() {
        let early = Duration::from_secs(1);
        let (_folder, opened) = folder(&[(A, 1), (C, 1), ("@zzzzzzzzzzzzzzzzzzzzzzzzzzzz", 1)]);
        assert_eq!(&next_label(&opened, Duration::ZERO).unwrap(), &Tai64n::from_wall(Duration::ZERO).label());
        let future = Tai64n::from_wall(early).label();
        let name = format!("{}.s", String::from_utf8(future.to_vec()).unwrap());
        let (_folder, opened) = self::folder(&[(&name, 1)]);
        assert_eq!(
            next_label(&opened, Duration::ZERO).unwrap(),
            Tai64n::from_wall(early + Duration::from_nanos(1)).label()
        );
    }
}
