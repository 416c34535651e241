//! After the death of a supervise: taking the sockets back from the service, which runs on with them.
//!
//! What the service has under a number now is its own choice. So a socket is only believed by its cookie, which no other socket ever
//! has, and by its type; what is not the one that was noted is closed at once.

use super::held::{Socket, Sockets};
use super::open::socket_type;
use crate::proc::files::{OpenSocket, sockets};
use cli::errno::text;
use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::Pid;
use protocol::listen::noted::Noted;
use protocol::listen::{MOST, parse};
use std::os::fd::{OwnedFd, RawFd};
use sys::pidfd::Pidfd;

/// The first number that a service gets a socket under.
const FIRST: RawFd = 3;

impl Sockets {
    /// Takes them back from the process of run, which an earlier supervise has given them to. Says also, in a sentence, which
    /// could not be had, and why.
    pub(in super::super) fn take_back(run: &Pidfd, pid: Pid, noted: Vec<Noted>) -> (Self, Option<String>) {
        let (held, complaint) = take_back(run, pid, noted);
        (Self { held }, complaint)
    }
}

/// Takes back what can be had; for the rest, a sentence for the status.
fn take_back(run: &Pidfd, pid: Pid, noted: Vec<Noted>) -> (Vec<Socket>, Option<String>) {
    let open = sockets(pid).ok();
    let mut taken = Vec::new();
    let mut missing = Vec::new();
    let mut why = None;
    for noted in noted {
        match find(run, open.as_deref(), &noted) {
            Ok(opened) => taken.push(Socket { noted, opened }),
            Err(reason) => {
                missing.push(noted.socket);
                why.get_or_insert(reason);
            }
        }
    }
    (taken, why.map(|why| complaint(&missing, why)))
}

fn find(run: &Pidfd, open: Option<&[OpenSocket]>, noted: &Noted) -> Result<OwnedFd, Option<Errno>> {
    let numbers: Vec<RawFd> = match open {
        Some(open) => open.iter().filter(|one| one.inode == noted.inode).map(|one| one.number).collect(),
        // Without /proc, where it was given them.
        None => (FIRST..).take(MOST).collect(),
    };
    let mut why = None;
    for number in numbers {
        match run.descriptor(number) {
            Ok(opened) if is_it(&opened, noted) => return Ok(opened),
            Ok(_) | Err(Errno::EBADF) => {}
            Err(error) => why = Some(error),
        }
    }
    Err(why)
}

fn is_it(opened: &OwnedFd, noted: &Noted) -> bool {
    let listen = parse(noted.socket.as_bytes(), None).ok();
    let kind = listen.as_ref().and_then(|listen| listen.first()).map(|listen| socket_type(listen.kind));
    sys::socket::cookie(opened) == Ok(noted.cookie) && getsockopt(opened, sockopt::SockType).ok() == kind
}

fn complaint(missing: &[String], why: Option<Errno>) -> String {
    let why = why.map_or("it has closed them", text);
    let (them, are) = if missing.len() == 1 { ("it", "is") } else { ("they", "are") };
    let why = if missing.len() == 1 && why == "it has closed them" { "it has closed it" } else { why };
    let missing = missing.join(", ");
    format!(
        "unable to take back {missing} from the service: {why}: {them} {are} opened anew at the next start"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::fstat;
    use std::net::TcpListener;
    use std::process::{Command, Stdio};

    fn noted(socket: &str, opened: &OwnedFd) -> Noted {
        let cookie = sys::socket::cookie(opened).unwrap();
        Noted { cookie, inode: fstat(opened).unwrap().st_ino, file: None, socket: socket.to_owned() }
    }

    #[test]
    fn only_the_socket_that_was_noted_is_taken_back() {
        let socket = || OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
        let (given, other) = (socket(), socket());
        let stdin = Stdio::from(given.try_clone().unwrap());
        let mut child = Command::new("sleep").arg("1000").stdin(stdin).spawn().unwrap();
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        let run = Pidfd::open(pid).unwrap();
        let good = noted(":1", &given);
        let closed = noted(":2", &other);
        let changed = Noted { cookie: good.cookie + 1, ..noted(":3", &given) };
        let kind = noted(":4 type=dgram", &given);
        let (taken, complaint) = take_back(&run, pid, vec![good.clone(), closed, changed, kind]);
        assert_eq!(taken.iter().map(|one| &one.noted).collect::<Vec<_>>(), [&good]);
        assert_eq!(sys::socket::cookie(&taken[0].opened), Ok(good.cookie));
        let expected = "unable to take back :2, :3, :4 type=dgram from the service: it has closed them: \
                        they are opened anew at the next start";
        assert_eq!(complaint.as_deref(), Some(expected));
        assert_eq!(take_back(&run, pid, vec![good]).1, None);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
