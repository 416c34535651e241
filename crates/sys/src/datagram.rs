//! Datagrams of a Unix socket: who has sent one, and the open files that come along.
//!
//! A message is looked at first, and taken out of the socket then. The look opens no file: whoever can send is then not able to
//! hold up the receiver with a file that takes long to close, as on a file system that the sender keeps.

use nix::errno::Errno;
use nix::unistd::Pid;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Where the kernel puts who has sent a message, and one open file; whole words, so that it is aligned.
type Room = [u64; 8];

/// A message as it waits in the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its length, as far as there was room for it.
    pub length: usize,
    /// There was not room for all of it.
    pub is_cut: bool,
    /// The process that has sent it: `None` where that is in another pid namespace, or where the socket was not told to say it.
    pub sender: Option<Pid>,
}

/// Looks at the next message, which stays where it is.
///
/// # Errors
///
/// EAGAIN where there is none; what else recvmsg says.
pub fn look(socket: impl AsFd, into: &mut [u8]) -> Result<Seen, Errno> {
    let mut room = Room::default();
    let mut sender = None;
    let (length, flags) =
        receive(&socket, into, &mut room, space_of::<libc::ucred>(), libc::MSG_PEEK, |kind, data| {
            if let (libc::SCM_CREDENTIALS, Some(bytes)) = (kind, data.first_chunk()) {
                // Its first field.
                let number = libc::pid_t::from_ne_bytes(*bytes);
                sender = (number > 0).then(|| Pid::from_raw(number));
            }
        })?;
    Ok(Seen { length, is_cut: flags & libc::MSG_TRUNC != 0, sender })
}

/// Takes the next message out, and the first open file that came along, close-on-exec. All others are let go.
///
/// # Errors
///
/// As [`look`].
pub fn take(socket: impl AsFd) -> Result<Option<OwnedFd>, Errno> {
    let mut room = Room::default();
    let mut first = None;
    // Exactly: the kernel would put a second one where only the alignment has room for it.
    let length = space_of::<libc::ucred>().saturating_add(length_of::<RawFd>());
    receive(&socket, &mut [], &mut room, length, libc::MSG_CMSG_CLOEXEC, |kind, data| {
        let numbers = data.chunks_exact(size_of::<RawFd>()).filter_map(|bytes| bytes.first_chunk());
        for number in numbers.map(|bytes| RawFd::from_ne_bytes(*bytes)).filter(|_| kind == libc::SCM_RIGHTS) {
            // SAFETY: the kernel has just opened it for us, and nobody else owns it.
            let file = unsafe { OwnedFd::from_raw_fd(number) };
            first.get_or_insert(file);
        }
    })?;
    Ok(first)
}

/// Takes the next message out, and lets go all open files that came along.
///
/// # Errors
///
/// As [`look`].
pub fn discard(socket: impl AsFd) -> Result<(), Errno> {
    receive(&socket, &mut [], &mut Room::default(), 0, 0, |_, _| {}).map(drop)
}

/// Receives into the block and so many bytes of the room, and tells of each thing that came along. Returns the length and the
/// flags.
fn receive(
    socket: &impl AsFd,
    block: &mut [u8],
    room: &mut Room,
    room_length: usize,
    flags: libc::c_int,
    mut came: impl FnMut(libc::c_int, &[u8]),
) -> Result<(usize, libc::c_int), Errno> {
    let mut part = libc::iovec { iov_base: block.as_mut_ptr().cast(), iov_len: block.len() };
    // SAFETY: a structure of numbers and pointers, for which zero is a value.
    let mut header: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = room.as_mut_ptr().cast();
    header.msg_controllen = room_length.min(size_of::<Room>()) as _;
    // SAFETY: the header names one block and the room, with lengths that they have; both live until the end of this function.
    let result =
        unsafe { libc::recvmsg(socket.as_fd().as_raw_fd(), &raw mut header, flags | libc::MSG_DONTWAIT) };
    let length = usize::try_from(Errno::result(result)?).unwrap_or(0);
    // SAFETY: the kernel has filled in the header; the macros stay within the room that it says is filled.
    let mut at = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    // SAFETY: where it is not null it points to a whole and aligned head in the room.
    while let Some(head) = unsafe { at.as_ref() } {
        let length = whole(head.cmsg_len).saturating_sub(length_of::<()>());
        // SAFETY: the kernel says that so many bytes follow the head, in the room; bytes need no alignment.
        let data = unsafe { std::slice::from_raw_parts(libc::CMSG_DATA(at), length) };
        if head.cmsg_level == libc::SOL_SOCKET {
            came(head.cmsg_type, data);
        }
        // SAFETY: as with the first.
        at = unsafe { libc::CMSG_NXTHDR(&raw const header, at) };
    }
    Ok((length, header.msg_flags))
}

/// The C libraries give lengths different types.
fn whole(length: impl TryInto<usize>) -> usize {
    length.try_into().unwrap_or(0)
}

/// What a thing of that type takes in the room, with its head, up to the next one.
fn space_of<T>() -> usize {
    // SAFETY: it only calculates.
    unsafe { libc::CMSG_SPACE(size_of::<T>() as _) as usize }
}

/// The same without what follows it.
fn length_of<T>() -> usize {
    // SAFETY: it only calculates.
    unsafe { libc::CMSG_LEN(size_of::<T>() as _) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::socket::{
        ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt, sockopt::PassCred,
    };
    use nix::unistd::pipe;
    use std::io::IoSlice;
    use std::os::unix::net::UnixDatagram;

    fn send(from: &UnixDatagram, text: &[u8], files: &[RawFd]) {
        let rights = [ControlMessage::ScmRights(files)];
        let rights = if files.is_empty() { &rights[..0] } else { &rights[..] };
        let text = [IoSlice::new(text)];
        sendmsg::<SockaddrStorage>(from.as_raw_fd(), &text, rights, MsgFlags::empty(), None).unwrap();
    }

    #[test]
    fn a_message_is_seen_until_it_is_taken() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        setsockopt(&ours, PassCred, &true).unwrap();
        let mut block = [0; 8];
        assert_eq!(look(&ours, &mut block), Err(Errno::EAGAIN));
        assert_eq!(discard(&ours), Err(Errno::EAGAIN));
        send(&theirs, b"READY=1", &[]);
        send(&theirs, b"too long for it", &[]);
        let seen = Seen { length: 7, is_cut: false, sender: Some(Pid::this()) };
        assert_eq!((look(&ours, &mut block), look(&ours, &mut block)), (Ok(seen), Ok(seen)));
        assert_eq!(&block[..7], b"READY=1");
        assert!(take(&ours).unwrap().is_none());
        assert_eq!(look(&ours, &mut block), Ok(Seen { length: 8, is_cut: true, sender: seen.sender }));
        discard(&ours).unwrap();
        assert_eq!(look(&ours, &mut block), Err(Errno::EAGAIN));
    }

    /// What another test is just about to start has every file open for a moment.
    const LONG: PollTimeout = PollTimeout::MAX;

    /// Whether nobody has the other end of a pipe open (any more, in time).
    fn is_over(reader: &OwnedFd, at_most: PollTimeout) -> bool {
        let mut asked = [PollFd::new(reader.as_fd(), PollFlags::empty())];
        poll(&mut asked, at_most) == Ok(1)
    }

    #[test]
    fn the_first_open_file_is_held_and_every_other_is_let_go() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        setsockopt(&ours, PassCred, &true).unwrap();
        let ((first, one), (second, other)) = (pipe().unwrap(), pipe().unwrap());
        send(&theirs, b"x", &[one.as_raw_fd(), other.as_raw_fd()]);
        drop((one, other));
        look(&ours, &mut [0; 8]).unwrap();
        assert!(!is_over(&first, PollTimeout::ZERO) && !is_over(&second, PollTimeout::ZERO));
        let held = take(&ours).unwrap().unwrap();
        assert!(is_over(&second, LONG) && !is_over(&first, PollTimeout::ZERO));
        drop(held);
        assert!(is_over(&first, LONG));

        let (first, one) = pipe().unwrap();
        send(&theirs, b"x", &[one.as_raw_fd()]);
        drop(one);
        discard(&ours).unwrap();
        assert!(is_over(&first, LONG));
    }
}
