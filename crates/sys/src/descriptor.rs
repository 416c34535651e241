//! Rules about descriptors: 0, 1 and 2 are always open, and nothing else is passed on by accident.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::sys::stat::Mode;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, RawFd};

/// Opens /dev/null on each of 0, 1 and 2 that is closed, close-on-exec: a file opened later must not
/// become somebody's stdout, and a program that is exec'd still finds closed what its caller closed.
pub(crate) fn fill_standard() {
    // The lowest free number is what open gives, so going on until it gives 3 fills every gap.
    while let Ok(null) = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()) {
        if null.as_raw_fd() > 2 {
            return;
        }
        // Kept open for the rest of the program.
        let _ = null.into_raw_fd();
    }
}

/// The three standard descriptors, which are open in every program of ours.
#[must_use]
pub fn standard() -> [BorrowedFd<'static>; 3] {
    // SAFETY: 0, 1 and 2 are opened at the program's entry and closed by nobody.
    [0, 1, 2].map(|number| unsafe { BorrowedFd::borrow_raw(number) })
}

/// Whether one of the standard descriptors was open when this program was started: a program whose work is to read or
/// write there has nothing to do with the /dev/null that was put in its place.
///
/// # Errors
///
/// EBADF where it was not; what fcntl says.
pub fn was_open(standard: BorrowedFd<'_>) -> Result<(), Errno> {
    // What is passed on by exec never has this flag; what is opened here always has it.
    match FdFlag::from_bits_retain(fcntl(standard, FcntlArg::F_GETFD)?).contains(FdFlag::FD_CLOEXEC) {
        true => Err(Errno::EBADF),
        false => Ok(()),
    }
}

/// Lets children of a resident program inherit 0, 1 and 2 even where these were opened on /dev/null.
///
/// # Errors
///
/// What fcntl says.
pub fn pass_on_standard() -> Result<(), Errno> {
    for descriptor in standard() {
        fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty()))?;
    }
    Ok(())
}

/// Marks every descriptor from `first` on as close-on-exec: what a caller left open is not for the service.
///
/// # Errors
///
/// What the system says, where neither close_range nor /proc/self/fd is there.
pub fn close_on_exec_from(first: RawFd) -> Result<(), Errno> {
    let first_number = libc::c_uint::try_from(first).map_err(|_| Errno::EBADF)?;
    // SAFETY: sets flags of descriptors; no memory is involved, and an error changes nothing.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, first_number, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    if result == 0 {
        return Ok(());
    }
    // Before Linux 5.11.
    let folder = std::fs::read_dir("/proc/self/fd")
        .map_err(|error| error.raw_os_error().map_or(Errno::ENOSYS, Errno::from_raw))?;
    for entry in folder.flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok());
        if let Some(number) = number.filter(|number| *number >= first) {
            // SAFETY: borrowed for one fcntl, which answers EBADF where nothing is open any more.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            let _ = fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
        }
    }
    Ok(())
}

/// Sets or clears the close-on-exec flag of one descriptor.
///
/// # Errors
///
/// What fcntl says.
pub fn set_close_on_exec(descriptor: impl AsFd, on: bool) -> Result<(), Errno> {
    let flags = if on { FdFlag::FD_CLOEXEC } else { FdFlag::empty() };
    fcntl(descriptor.as_fd(), FcntlArg::F_SETFD(flags)).map(drop)
}

/// Makes reads and writes wait again, whatever a program that shared the descriptor had set.
///
/// # Errors
///
/// What fcntl says.
pub fn set_blocking(descriptor: impl AsFd) -> Result<(), Errno> {
    let flags = OFlag::from_bits_retain(fcntl(descriptor.as_fd(), FcntlArg::F_GETFL)?);
    fcntl(descriptor.as_fd(), FcntlArg::F_SETFL(flags.difference(OFlag::O_NONBLOCK))).map(drop)
}

/// The number of bytes that wait in a pipe.
///
/// # Errors
///
/// What the ioctl says.
pub fn unread_bytes(pipe: impl AsFd) -> Result<usize, Errno> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int to the address that it is given.
    let result = unsafe { libc::ioctl(pipe.as_fd().as_raw_fd(), libc::FIONREAD, &raw mut count) };
    Errno::result(result)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Takes over a descriptor that another program left open for this one, by its number.
///
/// # Errors
///
/// EBADF where nothing is open there, or where it is one of the standard three.
pub fn adopt(number: RawFd) -> Result<std::os::fd::OwnedFd, Errno> {
    use std::os::fd::{FromRawFd, OwnedFd};
    if number <= 2 {
        return Err(Errno::EBADF);
    }
    // SAFETY: borrowed for one fcntl, which answers EBADF where nothing is open.
    fcntl(unsafe { BorrowedFd::borrow_raw(number) }, FcntlArg::F_GETFD)?;
    // SAFETY: it is open, and by the caller's protocol nothing else in this program owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The same open file once more, close-on-exec, under the first free number from that one on.
///
/// # Errors
///
/// What fcntl says: EINVAL where the limit of open files is below it.
pub fn duplicate(file: impl AsFd, from: RawFd) -> Result<std::os::fd::OwnedFd, Errno> {
    adopt(fcntl(file.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(from))?)
}

/// Gives an open file another number, and lets the next program have it there. What had that number is closed.
///
/// # Errors
///
/// What dup2 says.
pub fn move_to(file: std::os::fd::OwnedFd, number: RawFd) -> Result<(), Errno> {
    if file.as_raw_fd() == number {
        set_close_on_exec(&file, false)?;
        let _ = file.into_raw_fd();
        return Ok(());
    }
    // SAFETY: no memory is involved. By the caller's protocol nothing in this process uses that number any more.
    Errno::result(unsafe { libc::dup2(file.as_raw_fd(), number) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{pipe, write};

    #[test]
    fn counts_what_waits_in_a_pipe() {
        let (reader, writer) = pipe().unwrap();
        assert_eq!(unread_bytes(&reader), Ok(0));
        write(&writer, b"four").unwrap();
        assert_eq!(unread_bytes(&reader), Ok(4));
    }

    #[test]
    fn a_standard_or_closed_number_is_not_adopted() {
        assert_eq!(adopt(1).unwrap_err(), Errno::EBADF);
        assert_eq!(adopt(1_000_000).unwrap_err(), Errno::EBADF);
    }
}
