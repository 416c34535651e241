//! Which folder is meant: svscan knows it by its device and inode, and supervise is only given a name, which may be another
//! folder's by the time it gets there.

use nix::sys::stat::FileStat;
use std::fmt;

/// The variable in which svscan tells supervise which folder it means. It is removed before run begins.
pub const VARIABLE: &str = "UPKEEP_FOLDER";

/// Which folder it is, whatever it is called. As text it is `DEVICE:INODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderId {
    /// The number of the file system.
    pub device: u64,
    /// The number that the file system gives it.
    pub inode: u64,
}

impl FolderId {
    /// Reads the text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (device, inode) = std::str::from_utf8(text).ok()?.split_once(':')?;
        Some(Self { device: device.parse().ok()?, inode: inode.parse().ok()? })
    }
}

impl From<&FileStat> for FolderId {
    fn from(stat: &FileStat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

impl fmt::Display for FolderId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:{}", self.device, self.inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_comes_back_from_its_text() {
        let id = FolderId { device: 2049, inode: u64::MAX };
        assert_eq!(FolderId::parse(id.to_string().as_bytes()), Some(id));
        for odd in ["", "1", "1:", ":1", "1:-1", "1:2:3"] {
            assert_eq!(FolderId::parse(odd.as_bytes()), None, "{odd}");
        }
    }
}
