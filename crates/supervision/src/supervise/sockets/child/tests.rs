use super::*;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{SockaddrIn6, getsockname, getsockopt, sockopt};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use sys::descriptor::adopt;

/// supervise, as far as the child knows it.
#[derive(Default)]
struct Other {
    held: Sockets,
    /// What it was told to keep.
    kept: Vec<Vec<String>>,
    /// The lines that came with a socket.
    taken: Vec<String>,
}

impl Other {
    /// A start with that `listen`. The descriptors of what supervise holds are its own, as after a fork.
    fn start(&mut self, content: &str) -> Result<Handed, String> {
        let child = Sockets::kept(self.held.to_keep().map(|(name, socket)| {
            use std::os::fd::IntoRawFd;
            (name, socket.try_clone_to_owned().unwrap().into_raw_fd())
        }));
        let Self { held, kept, taken } = self;
        let held = std::cell::RefCell::new(held);
        let result = prepare(
            Some(content.as_bytes()),
            None,
            &child,
            &OwnFolder::find(),
            &mut Supervise {
                keep_only: &mut |wanted| {
                    held.borrow_mut().retain(wanted);
                    kept.push(wanted.to_vec());
                    true
                },
                take: &mut |line, socket| {
                    held.borrow_mut().taken(line, socket.try_clone_to_owned().unwrap());
                    taken.push(Noted::parse(line).unwrap().socket);
                    true
                },
            },
        );
        // What it has closed itself must not be closed again.
        std::mem::forget(child);
        result.map_err(|report| match report {
            Report::Failed { step: Step::Sockets, reason, .. } => reason,
            other => panic!("{other:?}"),
        })
    }
}

impl Other {
    /// A start that needs an address which was given up a moment ago: what another test has just forked has all that is open here,
    /// until it executes something.
    fn start_when_free(&mut self, content: &str) -> Handed {
        let until = sys::clock::Monotonic::now() + std::time::Duration::from_secs(60);
        loop {
            match self.start(content) {
                Ok(handed) => return handed,
                Err(why)
                    if [" is in use by ", "already used"].iter().any(|part| why.contains(part))
                        && sys::clock::Monotonic::now() < until => {}
                Err(why) => panic!("{why}"),
            }
        }
    }
}

fn cookies(handed: &Handed) -> Vec<u64> {
    handed.sockets.iter().map(|socket| sys::socket::cookie(socket).unwrap()).collect()
}

/// A port of which nothing is known but that nobody has it now.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn what_is_there_stays_and_only_what_changed_is_opened_or_closed() {
    let (one, two) = (port(), port());
    let mut supervise = Other::default();
    let first = supervise.start(&format!("127.0.0.1:{one} name=a\n@upkeep-child-{one}\n")).unwrap();
    let second = supervise.start(&format!("@upkeep-child-{one} name=b\n127.0.0.1:{two}\n")).unwrap();
    assert_eq!(cookies(&first)[1], cookies(&second)[0]);
    assert_eq!(supervise.kept, [[format!("@upkeep-child-{one}")]]);
    let taken = [format!("127.0.0.1:{one}"), format!("@upkeep-child-{one}"), format!("127.0.0.1:{two}")];
    assert_eq!(supervise.taken, taken);
    assert_eq!((first.names.join(":"), second.names.join(":")), ("a:unknown".into(), "b:unknown".into()));
    let third = supervise.start("# none\n").unwrap();
    assert!(supervise.held.is_empty() && third.variables().is_empty());
}

#[test]
fn a_socket_that_can_only_be_made_otherwise_is_made_anew() {
    let port = port();
    let mut supervise = Other::default();
    let line = |more: &str| format!("[::]:{port}{more}\n");
    let only = |handed: &Handed| {
        assert_eq!(getsockname::<SockaddrIn6>(handed.sockets[0].as_raw_fd()).unwrap().port(), port);
        getsockopt(&handed.sockets[0], sockopt::Ipv6V6Only).unwrap()
    };
    assert!(!only(&supervise.start(&line("")).unwrap()));
    assert!(only(&supervise.start_when_free(&line(" v6only"))));
    assert!(!only(&supervise.start_when_free(&format!(":{port}"))));
    assert!(supervise.kept.len() >= 2 && supervise.kept.iter().all(Vec::is_empty));
}

#[test]
fn what_a_run_has_done_to_a_socket_is_undone_and_what_its_line_says_now_is_set() {
    let port = port();
    let mut supervise = Other::default();
    let handed = supervise.start(&format!("127.0.0.1:{port}")).unwrap();
    let socket = &handed.sockets[0];
    assert!(!getsockopt(socket, sockopt::TcpNoDelay).unwrap());
    fcntl(socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let again = supervise.start(&format!("127.0.0.1:{port} nodelay backlog=1")).unwrap();
    assert_eq!(cookies(&again), cookies(&handed));
    assert!(getsockopt(socket, sockopt::TcpNoDelay).unwrap());
    let flags = OFlag::from_bits_retain(fcntl(socket, FcntlArg::F_GETFL).unwrap());
    assert!(!flags.contains(OFlag::O_NONBLOCK));
}

#[test]
fn one_that_nobody_can_reach_any_more_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let line = format!("{} mode=0600", path.display());
    let mut supervise = Other::default();
    let first = supervise.start(&line).unwrap();
    std::fs::remove_file(&path).unwrap();
    let second = supervise.start(&line).unwrap();
    assert_ne!(cookies(&first), cookies(&second));
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    // As a service does that ends with its own hands.
    nix::sys::socket::shutdown(second.sockets[0].as_raw_fd(), nix::sys::socket::Shutdown::Both).unwrap();
    let third = supervise.start(&line).unwrap();
    assert_ne!(cookies(&third), cookies(&second));
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    let before = path.symlink_metadata().unwrap();
    assert_eq!(before.permissions().mode() & 0o7777, 0o600);
    supervise.start(&path.display().to_string()).unwrap();
    let after = path.symlink_metadata().unwrap();
    assert_eq!((after.ino(), after.permissions().mode() & 0o7777), (before.ino(), 0o666));
}

#[test]
fn what_cannot_be_opened_is_said_and_what_was_opened_is_held() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let (busy, free) = (holder.local_addr().unwrap().port(), port());
    let mut supervise = Other::default();
    let content = format!("127.0.0.1:{free}\n0.0.0.0:{busy}\n");
    let why = supervise.start(&content).unwrap_err();
    let pid = std::process::id();
    assert!(why.starts_with(&format!("0.0.0.0:{busy} is in use by ")), "{why}");
    assert!(why.ends_with(&format!("(pid {pid})")), "{why}");
    drop(holder);
    assert_eq!(supervise.start_when_free(&content).count(), 2);
    assert_eq!(supervise.taken.len(), 2, "each once");
    assert_eq!(
        supervise.start("192.0.2.1:80").unwrap_err(),
        "unable to open 192.0.2.1:80: address not available"
    );
    assert_eq!(
        supervise.start("127.0.0.1:http").unwrap_err(),
        "unable to use listen: line 1: 127.0.0.1:http: a port is a number from 1 to 65535: write it in plain decimal"
    );
}

#[test]
fn an_address_of_a_dead_connection_is_free() {
    let port = port();
    let mut supervise = Other::default();
    let handed = supervise.start(&format!("127.0.0.1:{port}")).unwrap();
    let listener = TcpListener::from(handed.sockets[0].try_clone().unwrap());
    let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Who ends first waits for a while.
    drop(listener.accept().unwrap().0);
    let mut asked = [PollFd::new(client.as_fd(), PollFlags::POLLIN)];
    poll(&mut asked, PollTimeout::NONE).unwrap();
    drop(client);
    drop((handed, listener));
    supervise.start("").unwrap();
    assert_eq!(supervise.start_when_free(&format!("127.0.0.1:{port}")).count(), 1);
}

#[test]
fn they_get_their_numbers_and_others_make_way() {
    // In a process of its own: the numbers from 3 on are in use here.
    let child = sys::process::spawn(|| {
        let name = |number: i32| format!("@upkeep-place-{}-{number}", getpid());
        let mut supervise = Other::default();
        let content: String = (0..8).map(|number| format!("{} name=n{number}\n", name(number))).collect();
        let handed = supervise.start(&content).unwrap();
        let expected = cookies(&handed);
        let variables = handed.variables();
        let names = "LISTEN_FDNAMES=n0:n1:n2:n3:n4:n5:n6:n7";
        let expected_variables =
            ["LISTEN_FDS=8".to_owned(), format!("LISTEN_PID={}", getpid()), names.to_owned()];
        if variables.iter().map(|variable| variable.to_str().unwrap()).ne(expected_variables) {
            return 1;
        }
        // Something in the middle of where they go.
        move_to(duplicate(sys::descriptor::standard()[0], 100).unwrap(), 5).unwrap();
        let mut other = adopt(5).unwrap();
        handed.place(&mut [&mut other]).unwrap();
        let placed: Vec<u64> = (3..11)
            .filter_map(|number| {
                let socket = std::mem::ManuallyDrop::new(adopt(number).ok()?);
                let flags = FdFlag::from_bits_retain(fcntl(&*socket, FcntlArg::F_GETFD).ok()?);
                sys::socket::cookie(&*socket).ok().filter(|_| flags.is_empty())
            })
            .collect();
        let is_right = placed == expected && other.as_raw_fd() >= 11;
        // What was closed under its feet is nobody's to close.
        std::mem::forget((supervise, other));
        if is_right { 0 } else { 2 }
    });
    assert_eq!(sys::process::wait(child.unwrap()), Ok(sys::process::Ending::Exited(0)));
}
