//! Giving up capabilities.

use nix::errno::Errno;

/// The header of capset(2): the version with two words a set, and this process.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

/// Gives up every capability of this process: effective, permitted, inheritable and ambient. A change of uid alone
/// leaves the inheritable ones, and under some secure bits all.
///
/// # Errors
///
/// What capset says. Giving up needs no privilege, so an error means that the system is not what it seems.
pub fn give_up_all() -> Result<(), Errno> {
    let header = Header { version: VERSION, pid: 0 };
    let none = [0_u32; 6];
    // SAFETY: the kernel reads the header and, for this version, six words of data.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    Errno::result(result).map(drop)
    // Ambient capabilities are always within the permitted ones: the kernel has cleared them too.
}
