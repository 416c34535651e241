//! The folders that the system goes through on its way to a path.

use nix::errno::Errno;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// The most links that are followed, as in the kernel.
const MOST_LINKS: usize = 40;

/// A way, links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Those that must be searched, from the root on, each once.
    pub(super) folders: Vec<PathBuf>,
    /// Where it leads.
    pub(super) end: PathBuf,
}

/// Finds the way to an absolute path. It is gone with the caller's rights.
///
/// # Errors
///
/// What the system says on the way.
pub(super) fn walk(path: &Path) -> Result<Way, Errno> {
    let mut ahead = parts(path);
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut here = PathBuf::from("/");
    let mut links = 0_usize;
    while let Some(part) = ahead.pop_front() {
        if !folders.contains(&here) {
            folders.push(here.clone());
        }
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&part);
        let found = next.symlink_metadata().map_err(errno)?;
        if !found.is_symlink() {
            here = next;
            continue;
        }
        links = links.saturating_add(1);
        if links > MOST_LINKS {
            return Err(Errno::ELOOP);
        }
        let target = next.read_link().map_err(errno)?;
        if target.is_absolute() {
            here = PathBuf::from("/");
        }
        for part in parts(&target).into_iter().rev() {
            ahead.push_front(part);
        }
    }
    Ok(Way { folders, end: here })
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    parts.collect()
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_and_the_folders_that_they_lie_in_count() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("a/b")).unwrap();
        std::fs::create_dir(base.join("links")).unwrap();
        std::fs::write(base.join("a/b/file"), "").unwrap();
        symlink("../a/b", base.join("links/relative")).unwrap();
        symlink(base.join("links/relative/file"), base.join("absolute")).unwrap();
        let way = walk(&base.join("absolute")).unwrap();
        assert_eq!(way.end, base.join("a/b/file"));
        for folder in ["", "links", "a", "a/b"] {
            assert!(way.folders.contains(&base.join(folder)) || folder.is_empty(), "{folder}");
        }
        assert_eq!(way.folders[0], Path::new("/"));
        assert_eq!(walk(&base.join("nothing")), Err(Errno::ENOENT));
        symlink("loop", base.join("loop")).unwrap();
        assert_eq!(walk(&base.join("loop")), Err(Errno::ELOOP));
    }
}
