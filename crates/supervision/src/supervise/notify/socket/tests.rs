use super::*;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::unistd::{geteuid, getsid, pipe};
use std::io::{IoSlice, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Sends each line of its input, says so, and stays.
const SENDER: &str = "
import socket, sys
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for line in sys.stdin:
    sender.sendto(line[:-1].replace('|', '\\n').encode(), '\\0' + sys.argv[1][1:])
    print('sent', flush=True)
";

/// A process that sends what it is told to.
struct Sender(Child, ChildStdout);

impl Sender {
    /// With something before it that becomes it: `setsid`, `setpriv`.
    fn new(to: &NotifySocket, through: &[&str]) -> Self {
        let variable = to.variable();
        let words = [through, &["/usr/bin/python3", "-c", SENDER, &variable]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        Self(child, stdout)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().try_into().unwrap())
    }

    fn send(&mut self, text: &str) {
        writeln!(self.0.stdin.as_ref().unwrap(), "{text}").unwrap();
        let mut answer = [0; 5];
        self.1.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"sent\n");
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends from this process, with open files.
fn send(to: &NotifySocket, text: &[u8], files: &[RawFd]) -> Result<usize, Errno> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let from = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
    let address = UnixAddr::new_abstract(&to.variable().as_bytes()[1..])?;
    let rights = [ControlMessage::ScmRights(files)];
    let rights = if files.is_empty() { &rights[..0] } else { &rights[..] };
    sendmsg(from.as_raw_fd(), &[IoSlice::new(text)], rights, MsgFlags::empty(), Some(&address))
}

fn all_words(messages: Vec<Message>) -> Vec<Word> {
    messages.into_iter().flat_map(|message| message.words).collect()
}

#[test]
fn an_address_is_somebodys_once_and_can_be_had_again() {
    let socket = NotifySocket::new().unwrap();
    let (token, variable) = (socket.token(), socket.variable());
    let digits = variable.strip_prefix("@upkeep/").unwrap();
    assert!(digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{variable}");
    assert_ne!(NotifySocket::new().unwrap().token(), token);
    assert_eq!(NotifySocket::again(token).unwrap_err(), Errno::EADDRINUSE);
    drop(socket);
    let again = NotifySocket::again(token).unwrap();
    assert_eq!(again.variable(), variable);
    send(&again, b"READY=1", &[]).unwrap();
    let kept = NotifySocket::kept(again.socket, token);
    assert_eq!(all_words(kept.messages(Pid::this())), [Word::Ready]);
}

#[test]
fn what_the_leader_and_its_session_send_counts() {
    let socket = NotifySocket::new().unwrap();
    let mut leader = Sender::new(&socket, &["setsid"]);
    leader.send("READY=1|STATUS=here");
    assert_eq!(all_words(socket.messages(leader.pid())), [Word::Ready, Word::Status("here".into())]);
    // The children of this process are in its session.
    let session = getsid(None).unwrap();
    let mut member = Sender::new(&socket, &["env"]);
    member.send("WATCHDOG=1");
    assert_eq!(all_words(socket.messages(session)), [Word::Alive]);
}

#[test]
fn what_strangers_send_does_not_count() {
    let socket = NotifySocket::new().unwrap();
    let mut member = Sender::new(&socket, &["env"]);
    let mut stranger = Sender::new(&socket, &["setsid"]);
    stranger.send("READY=1");
    member.send("STOPPING=1");
    stranger.send("RELOADING=1");
    assert_eq!(all_words(socket.messages(getsid(None).unwrap())), [Word::Stopping]);
    assert!(socket.messages(stranger.pid()).is_empty(), "it was passed over, not kept for later");
}

#[test]
fn another_account_in_the_session_counts_and_outside_it_does_not() {
    if !geteuid().is_root() {
        let _ =
            std::io::stderr().write_all(b"skipped: another_account_in_the_session_counts: it needs root\n");
        return;
    }
    let socket = NotifySocket::new().unwrap();
    let nobody = ["setpriv", "--reuid=65534", "--clear-groups"];
    let mut member = Sender::new(&socket, &nobody);
    let mut stranger = Sender::new(&socket, &[&["setsid"], &nobody[..]].concat());
    stranger.send("READY=1");
    member.send("WATCHDOG=1");
    assert_eq!(all_words(socket.messages(getsid(None).unwrap())), [Word::Alive]);
}

#[test]
fn one_that_has_ended_and_is_collected_is_nobodys() {
    let socket = NotifySocket::new().unwrap();
    let mut member = Sender::new(&socket, &["env"]);
    member.send("READY=1");
    drop(member);
    assert!(socket.messages(getsid(None).unwrap()).is_empty());
}

#[test]
fn a_message_that_is_too_long_has_no_words() {
    let socket = NotifySocket::new().unwrap();
    let long = |length| [b"READY=1\n".as_slice(), &vec![b'x'; length - 8]].concat();
    send(&socket, &long(LONGEST_MESSAGE), &[]).unwrap();
    send(&socket, &long(LONGEST_MESSAGE + 1), &[]).unwrap();
    send(&socket, b"", &[]).unwrap();
    let messages = socket.messages(Pid::this());
    let seen: Vec<_> =
        messages.iter().map(|message| (message.words.as_slice(), message.is_too_long)).collect();
    assert_eq!(seen, [(&[Word::Ready][..], false), (&[], true), (&[], false)]);
}

#[test]
fn a_barrier_opens_when_its_message_is_let_go() {
    let socket = NotifySocket::new().unwrap();
    let (first, one) = pipe().unwrap();
    let (second, other) = pipe().unwrap();
    send(&socket, b"READY=1", &[]).unwrap();
    send(&socket, b"BARRIER=1", &[one.as_raw_fd()]).unwrap();
    send(&socket, b"FDSTORE=1", &[other.as_raw_fd()]).unwrap();
    drop((one, other));
    let mut messages = socket.messages(Pid::this()).into_iter();
    assert_eq!(messages.next().unwrap().words, [Word::Ready]);
    assert!(!is_over(&first, PollTimeout::ZERO));
    drop(messages.next().unwrap());
    assert!(is_over(&first, LONG) && !is_over(&second, PollTimeout::ZERO));
    drop(messages);
    assert!(is_over(&second, LONG));
}

/// What another test is just about to start has every file open for a moment.
const LONG: PollTimeout = PollTimeout::MAX;

/// Whether nobody has the other end of a pipe open (any more, in time).
fn is_over(reader: &OwnedFd, at_most: PollTimeout) -> bool {
    let mut asked = [PollFd::new(reader.as_fd(), PollFlags::empty())];
    poll(&mut asked, at_most) == Ok(1)
}

#[test]
fn files_of_strangers_are_never_open_here() {
    let socket = NotifySocket::new().unwrap();
    let (reader, writer) = pipe().unwrap();
    send(&socket, b"BARRIER=1", &[writer.as_raw_fd()]).unwrap();
    drop(writer);
    assert!(socket.messages(Pid::from_raw(1)).is_empty());
    assert!(is_over(&reader, LONG));
}

#[test]
fn who_never_stops_is_listened_to_for_a_while_only() {
    let socket = NotifySocket::new().unwrap();
    let (sent, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let from = UnixDatagram::unbound().unwrap();
            from.set_nonblocking(true).unwrap();
            let to = SocketAddr::from_abstract_name(&socket.variable()[1..]).unwrap();
            while !is_over.load(Ordering::Relaxed) {
                // As many as there is room for, which a call makes more of.
                sent.fetch_add(from.send_to_addr(b"WATCHDOG=1", &to).is_ok().into(), Ordering::Relaxed);
            }
        });
        let (mut most_sent, mut most_heard) = (0, 0);
        while sent.load(Ordering::Relaxed) < 5_000 {
            // To ask for a stranger takes longer than to send.
            let before = sent.load(Ordering::Relaxed);
            let of_stranger = socket.messages(Pid::from_raw(1)).len();
            most_sent = most_sent.max(sent.load(Ordering::Relaxed) - before);
            most_heard = most_heard.max(of_stranger).max(socket.messages(Pid::this()).len());
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(most_heard <= 16, "{most_heard} were heard at once");
        assert!(most_sent < 500, "{most_sent} were sent while a call went on");
    });
}
