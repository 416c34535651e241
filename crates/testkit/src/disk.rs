//! A tree on a disk of its own, which is small and can be filled.

use crate::TestTree;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The disk; it goes when this is dropped, before the tree is.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Puts a new, empty service directory on a disk of so many kB, which this thread and what it starts see, and nobody
    /// else. `None` where the right to mount is missing.
    ///
    /// # Panics
    ///
    /// Where something is in the tree already.
    #[must_use]
    pub fn under(tree: &TestTree, kilobytes: u32) -> Option<Self> {
        let no = None::<&str>;
        unshare(CloneFlags::CLONE_NEWNS).ok()?;
        mount(no, "/", no, MsFlags::MS_REC | MsFlags::MS_PRIVATE, no).ok()?;
        let options = format!("size={kilobytes}k,mode=755");
        mount(Some("tmpfs"), tree.root(), Some("tmpfs"), MsFlags::empty(), Some(options.as_str())).ok()?;
        let disk = Self(tree.root().into());
        fs::create_dir(tree.services()).expect("an empty tree");
        fs::set_permissions(tree.services(), fs::Permissions::from_mode(0o755)).expect("chmod");
        Some(disk)
    }

    fn fill(&self) -> PathBuf {
        self.0.join("fill")
    }

    /// Fills it to the last byte.
    pub fn fill_up(&self) {
        // It fails when nothing is left: that is the aim.
        let _ =
            fs::File::create(self.fill()).map(|mut file| std::io::copy(&mut std::io::repeat(0), &mut file));
    }

    /// Makes room again.
    pub fn make_room(&self) {
        // Emptied first: a process that was just being made elsewhere may hold the file for a moment.
        let _ = fs::File::options().write(true).truncate(true).open(self.fill());
        let _ = fs::remove_file(self.fill());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
