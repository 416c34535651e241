//! When a file was made, which std knows with some C libraries only.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// The time at which the open file was made, since 1970; `None` where its filesystem does not keep it.
#[must_use]
pub fn born(file: impl AsFd) -> Option<Duration> {
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the kernel reads an empty path, which ends with its null, and writes one statx to the address that it is given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_statx,
            file.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            libc::STATX_BTIME,
            found.as_mut_ptr(),
        )
    };
    // SAFETY: all zeroes is a valid statx, and so is what the kernel wrote.
    let found = unsafe { found.assume_init() };
    let is_known = result == 0 && found.stx_mask & libc::STATX_BTIME != 0;
    let seconds = u64::try_from(found.stx_btime.tv_sec).ok()?;
    is_known.then(|| Duration::new(seconds, found.stx_btime.tv_nsec.min(999_999_999)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_time_that_std_sees() {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let created = file.metadata().and_then(|stat| stat.created()).ok();
        assert_eq!(born(&file), created.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()));
    }
}
