//! Sockets: what nix has not, and passing an open one to another process.

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use std::io::{IoSlice, IoSliceMut};
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The kernel's number for a socket, which no other has before the machine is started again. A connection has another one than the
/// socket that it was accepted from.
///
/// # Errors
///
/// ENOTSOCK where it is none; ENOPROTOOPT before Linux 4.6.
pub fn cookie(socket: impl AsFd) -> Result<u64, Errno> {
    let mut cookie = MaybeUninit::<u64>::zeroed();
    let mut length = libc::socklen_t::try_from(size_of::<u64>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the kernel writes at most as many bytes as `length` says to the address, which has that many.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_COOKIE,
            cookie.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    Errno::result(result)?;
    // SAFETY: it was zeroed, and any bits are a number.
    Ok(unsafe { cookie.assume_init() })
}

/// Lets connections come in, or changes how many of them may wait to be accepted: at most what the system allows.
///
/// # Errors
///
/// What listen says.
pub fn listen(socket: impl AsFd, backlog: u16) -> Result<(), Errno> {
    // Not nix's, which takes no more than what was the system's limit when the C library was made.
    // SAFETY: no memory is involved.
    let result = unsafe { libc::listen(socket.as_fd().as_raw_fd(), libc::c_int::from(backlog)) };
    Errno::result(result).map(drop)
}

/// Whether nothing comes in any more, since a process that has it open has shut it down for all of them.
#[must_use]
pub fn is_shut_down(socket: impl AsFd) -> bool {
    let ended = libc::POLLHUP | libc::POLLRDHUP;
    // Not nix's, which does not know the second one.
    let mut asked = libc::pollfd { fd: socket.as_fd().as_raw_fd(), events: ended, revents: 0 };
    // SAFETY: the kernel reads and writes the one structure at that address.
    let count = unsafe { libc::poll(&raw mut asked, 1, 0) };
    count == 1 && asked.revents & ended != 0
}

/// Writes to a unix socket, with a descriptor that its reader gets with the first of the bytes; none are written without it. There
/// is no signal where nobody reads.
///
/// # Errors
///
/// What sendmsg says.
pub fn send_with(socket: impl AsFd, bytes: &[u8], descriptor: impl AsFd) -> Result<usize, Errno> {
    let descriptors = [descriptor.as_fd().as_raw_fd()];
    let passed = [ControlMessage::ScmRights(&descriptors)];
    let flags = MsgFlags::MSG_NOSIGNAL;
    sendmsg::<()>(socket.as_fd().as_raw_fd(), &[IoSlice::new(bytes)], &passed, flags, None)
}

/// Reads from a unix socket, and says how many bytes it were: 0 at the end. What was passed with them is put behind the
/// descriptors that there are, close-on-exec. A read never goes beyond bytes that came with a descriptor.
///
/// # Errors
///
/// EAGAIN where nothing is there and the socket does not wait; what recvmsg says.
pub fn receive_with(
    socket: impl AsFd,
    buffer: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> Result<usize, Errno> {
    let mut passed = nix::cmsg_space!([RawFd; 1]);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<()>(socket.as_fd().as_raw_fd(), &mut parts, Some(&mut passed), flags)?;
    for message in received.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::ScmRights(numbers) = message {
            // SAFETY: the kernel has just opened these for us, and nobody else owns them.
            descriptors.extend(numbers.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
        }
    }
    Ok(received.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::to_socket;
    use std::net::{TcpListener, TcpStream};
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

    #[test]
    fn a_cookie_is_a_sockets_own() {
        let one = TcpListener::bind("127.0.0.1:0").unwrap();
        let same = one.try_clone().unwrap();
        let other = TcpStream::connect(one.local_addr().unwrap()).unwrap();
        assert_eq!(cookie(&one), cookie(&same));
        assert_ne!(cookie(&one), cookie(&other));
        assert_ne!(cookie(&one), cookie(one.accept().unwrap().0));
        assert_eq!(cookie(std::fs::File::open("/dev/null").unwrap()), Err(Errno::ENOTSOCK));
    }

    #[test]
    fn a_descriptor_comes_with_its_bytes() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let sent = TcpListener::bind("127.0.0.1:0").unwrap();
        to_socket(&ours, b"before ").unwrap();
        assert_eq!(send_with(&ours, b"with", &sent), Ok(4));
        to_socket(&ours, b" behind").unwrap();
        let mut buffer = [0; 100];
        let mut descriptors = Vec::new();
        let length = receive_with(&theirs, &mut buffer, &mut descriptors).unwrap();
        assert!(buffer[..length].ends_with(b"with"), "{:?}", &buffer[..length]);
        assert_eq!(cookie(&descriptors[0]), cookie(&sent));
        drop(ours);
        let length = receive_with(&theirs, &mut buffer, &mut descriptors).unwrap();
        assert_eq!(&buffer[..length], b" behind");
        assert_eq!((receive_with(&theirs, &mut buffer, &mut descriptors), descriptors.len()), (Ok(0), 1));
    }

    #[test]
    fn one_that_was_shut_down_is_known() {
        let unix = |name: &str| {
            let name = format!("upkeep-shut-down-{}-{name}", std::process::id());
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
        };
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let all = [OwnedFd::from(tcp), udp.into(), unix("a").into(), unix("b").into()];
        assert_eq!([0, 1, 2, 3].map(|which| is_shut_down(&all[which])), [false; 4]);
        for (socket, how) in
            all.iter().zip([libc::SHUT_RDWR, libc::SHUT_RDWR, libc::SHUT_RDWR, libc::SHUT_RD])
        {
            // It fails for the datagrams, and is done all the same.
            // SAFETY: no memory is involved.
            unsafe { libc::shutdown(socket.as_raw_fd(), how) };
        }
        assert_eq!([0, 1, 2, 3].map(|which| is_shut_down(&all[which])), [true; 4]);
    }

    #[test]
    fn how_many_may_wait_can_be_changed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listen(&listener, u16::MAX), Ok(()));
        assert_eq!(listen(std::net::UdpSocket::bind("127.0.0.1:0").unwrap(), 1), Err(Errno::EOPNOTSUPP));
    }
}
