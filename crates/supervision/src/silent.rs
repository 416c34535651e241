//! File systems on which others can change a directory without our kernel's knowing: being told of changes is not to be relied on.

use nix::errno::Errno;
use nix::sys::statfs::{FsType, fstatfs};
use std::os::fd::AsFd;

const SILENT: [u32; 8] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xfe53_4d42, // SMB2
    0xff53_4d42, // CIFS
    0x0102_1997, // 9p
    0x6573_5546, // FUSE
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
];

/// Whether the file system of an opened folder is one of them.
///
/// # Errors
///
/// What the system says.
pub fn is_silent(folder: impl AsFd) -> Result<bool, Errno> {
    let FsType(kind) = fstatfs(folder)?.filesystem_type();
    // The C libraries give the number different types; it has 32 bits.
    Ok(SILENT.contains(&(kind as u32)))
}
