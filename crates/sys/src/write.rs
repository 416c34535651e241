//! Writing without ever waiting for the reader, or being ended because there is none.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{SFlag, fstat};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Writes `bytes` as far as they go at once, and says how many went. A message of at most 4096 bytes goes into a
/// pipe whole or not at all.
///
/// # Errors
///
/// EAGAIN where nothing can be written now; else what write says (EPIPE without a signal, if SIGPIPE is blocked).
pub fn without_waiting(to: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    // A regular file does not wait for a reader, and may answer EAGAIN to the flag although it has room.
    let regular = fstat(to).is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode) == SFlag::S_IFREG);
    if regular {
        return nix::unistd::write(to, bytes);
    }
    let part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let here: libc::c_long = -1;
    // SAFETY: the kernel reads one iovec and the bytes that it names; both live until the call returns. The offset
    // is split in two words of which the second counts on 32-bit machines only; -1 in both is "where the file is".
    let result = unsafe {
        libc::syscall(
            libc::SYS_pwritev2,
            to.as_fd().as_raw_fd(),
            &raw const part,
            1_usize,
            here,
            here,
            libc::RWF_NOWAIT,
        )
    };
    match Errno::result(result) {
        Ok(count) => Ok(usize::try_from(count).unwrap_or(0)),
        // A terminal, or an old kernel: ask first. There is room for at least a line then.
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL | Errno::ESPIPE) => {
            let mut asked = [PollFd::new(to, PollFlags::POLLOUT)];
            match poll(&mut asked, PollTimeout::ZERO)? {
                0 => Err(Errno::EAGAIN),
                _ => nix::unistd::write(to, bytes),
            }
        }
        Err(error) => Err(error),
    }
}

/// Writes to a socket, without the signal that a write to one which nobody reads would send.
///
/// # Errors
///
/// ENOTSOCK where it is none; EPIPE where nobody reads it; what else send says.
pub fn to_socket(socket: impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    nix::sys::socket::send(socket.as_fd().as_raw_fd(), bytes, nix::sys::socket::MsgFlags::MSG_NOSIGNAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::{pipe, read};

    #[test]
    fn a_full_pipe_is_not_waited_for() {
        let (reader, writer) = pipe().unwrap();
        let block = [b'x'; 4096];
        while without_waiting(writer.as_fd(), &block).is_ok() {}
        assert_eq!(without_waiting(writer.as_fd(), b"more"), Err(Errno::EAGAIN));
        let mut buffer = [0; 8192];
        read(&reader, &mut buffer).unwrap();
        assert_eq!(without_waiting(writer.as_fd(), b"more"), Ok(4));
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error_and_no_end() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(to_socket(&ours, b"x"), Ok(1));
        drop(theirs);
        assert_eq!(to_socket(&ours, b"x"), Err(Errno::EPIPE));
        assert_eq!(to_socket(std::fs::File::open("/dev/null").unwrap(), b"x"), Err(Errno::ENOTSOCK));
    }

    #[test]
    fn a_file_and_a_terminal_take_it_as_well() {
        let file = std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
        assert_eq!(without_waiting(file.as_fd(), b"x"), Ok(1));
        let terminal = nix::pty::openpty(None, None).unwrap();
        assert_eq!(without_waiting(terminal.slave.as_fd(), b"x"), Ok(1));
    }
}
