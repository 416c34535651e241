//! Renaming to a name that must be free: for which the C libraries have a call, or not.

use nix::errno::Errno;
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd};

/// `RENAME_NOREPLACE`.
const TO_FREE_NAME: libc::c_uint = 1;

/// Renames a file or folder, unless there is something of the new name. Paths are relative to the folders.
///
/// # Errors
///
/// EEXIST where there is; EINVAL where the file system cannot make sure of it; what else renameat2(2) says.
pub fn to_free_name(from: impl AsFd, name: &CStr, to: impl AsFd, new_name: &CStr) -> Result<(), Errno> {
    let (from, to) = (from.as_fd().as_raw_fd(), to.as_fd().as_raw_fd());
    // SAFETY: two descriptors that are open, and two strings that end in NUL.
    let result = unsafe {
        libc::syscall(libc::SYS_renameat2, from, name.as_ptr(), to, new_name.as_ptr(), TO_FREE_NAME)
    };
    Errno::result(result).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;
    use std::fs;

    #[test]
    fn nothing_is_written_over() {
        let folder = std::env::temp_dir().join(format!("rename-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let opened = fs::File::open(&folder).unwrap();
        for name in ["one", "two"] {
            fs::write(folder.join(name), name).unwrap();
        }
        let name = |name: &str| CString::new(name).unwrap();
        assert_eq!(to_free_name(&opened, &name("one"), &opened, &name("two")), Err(Errno::EEXIST));
        assert_eq!(fs::read_to_string(folder.join("two")).unwrap(), "two");
        assert_eq!(to_free_name(&opened, &name("one"), &opened, &name("three")), Ok(()));
        assert_eq!(fs::read_to_string(folder.join("three")).unwrap(), "one");
        fs::remove_dir_all(&folder).unwrap();
    }
}
