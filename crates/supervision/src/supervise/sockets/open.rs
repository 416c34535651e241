//! Opening a socket, and setting on an open one what its line says now.
//!
//! What a socket is made with stays for its life: address, type, `reuseport`, `v6only`. All else can be another at the next start.
//! A socket waits when it is used, as systemd's does: a service that wishes otherwise says so, and that would be the next run's
//! wish too, so it is undone.

use super::super::sources::failed;
use super::holder;
use super::ids::Accounts;
use super::path;
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::sockopt::{Ipv6V6Only, ReuseAddr, ReusePort, TcpNoDelay};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, UnixAddr, bind, setsockopt,
    socket,
};
use protocol::identity::FolderId;
use protocol::listen::{Address, Host, Kind, Listen, Scope};
use protocol::report::{Report, Step};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, OwnedFd};

/// A socket that has just been opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) socket: OwnedFd,
    /// The file at its path.
    pub(super) file: Option<FolderId>,
}

/// Opens the socket of a line.
pub(super) fn open(listen: &Listen, accounts: &mut Accounts<'_>) -> Result<Opened, Report> {
    let unable = |error| match error {
        Errno::EADDRINUSE => in_use(listen),
        other => unable(listen, other),
    };
    let kind = socket_type(listen.kind);
    let (socket, file) = match &listen.address {
        Address::Internet { host, port, is_shared } => {
            (internet(host, *port, *is_shared, kind).map_err(unable)?, None)
        }
        Address::Abstract(name) => (named(name, kind).map_err(unable)?, None),
        Address::Path { path, access } => {
            let wanted = accounts.wanted(access)?;
            let (socket, file) = path::bind(path, kind, wanted).map_err(|fault| match fault {
                path::Fault::System(error) => unable(error),
                path::Fault::Other(reason) => failed(Step::Sockets, None, &reason),
            })?;
            (socket, Some(file))
        }
    };
    take_connections(listen, &socket)?;
    Ok(Opened { socket, file })
}

/// Sets on a socket that is open already what may have changed in its line. False where nobody can reach it any more: its file is
/// gone, or run has shut it down.
pub(super) fn renew(
    listen: &Listen,
    socket: &OwnedFd,
    file: Option<FolderId>,
    accounts: &mut Accounts<'_>,
) -> Result<bool, Report> {
    if sys::socket::is_shut_down(socket) {
        return Ok(false);
    }
    if let (Address::Path { path, access }, Some(file)) = (&listen.address, file) {
        let wanted = accounts.wanted(access)?;
        if !path::renew(path, file, wanted).map_err(|error| unable(listen, error))? {
            return Ok(false);
        }
    }
    sys::descriptor::set_blocking(socket).map_err(|error| unable(listen, error))?;
    take_connections(listen, socket)?;
    Ok(true)
}

/// The last step: before it nobody is let in whom the owner and the mode of a path keep out.
fn take_connections(listen: &Listen, socket: &OwnedFd) -> Result<(), Report> {
    let taken = match listen.kind {
        Kind::Stream { backlog, no_delay } => {
            let is_tcp = matches!(listen.address, Address::Internet { .. });
            let set = if is_tcp { setsockopt(socket, TcpNoDelay, &no_delay) } else { Ok(()) };
            set.and_then(|()| sys::socket::listen(socket, backlog))
        }
        Kind::Packets { backlog } => sys::socket::listen(socket, backlog),
        Kind::Datagram => Ok(()),
    };
    // On a port that is in use by a socket which may share it, but does not, listening is what fails.
    taken.map_err(|error| if error == Errno::EADDRINUSE { in_use(listen) } else { unable(listen, error) })
}

pub(super) fn unable(listen: &Listen, error: Errno) -> Report {
    failed(Step::Sockets, Some(error), &format!("unable to open {}", listen.address))
}

/// Who has it, if that can be found out.
fn in_use(listen: &Listen) -> Report {
    match holder::named(listen) {
        None => unable(listen, Errno::EADDRINUSE),
        Some(holders) => Report::Failed {
            step: Step::Sockets,
            errno: Errno::EADDRINUSE as i32,
            reason: format!("{} is in use by {holders}", listen.address),
        },
    }
}

pub(super) fn socket_type(kind: Kind) -> SockType {
    match kind {
        Kind::Stream { .. } => SockType::Stream,
        Kind::Datagram => SockType::Datagram,
        Kind::Packets { .. } => SockType::SeqPacket,
    }
}

fn internet(host: &Host, port: u16, is_shared: bool, kind: SockType) -> Result<OwnedFd, Errno> {
    match host {
        Host::V4(address) => v4(*address, port, is_shared, kind),
        Host::V6 { address, scope, only } => {
            let scope = match scope {
                None => 0,
                Some(Scope::Number(number)) => *number,
                Some(Scope::Name(name)) => if_nametoindex(name.as_str())?,
            };
            v6(SocketAddrV6::new(*address, port, 0, scope), *only, is_shared, kind)
        }
        Host::All => {
            let all = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
            match v6(all, false, is_shared, kind) {
                // Where the machine has no IPv6.
                Err(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL) => {
                    v4(Ipv4Addr::UNSPECIFIED, port, is_shared, kind)
                }
                other => other,
            }
        }
    }
}

fn v4(address: Ipv4Addr, port: u16, is_shared: bool, kind: SockType) -> Result<OwnedFd, Errno> {
    let socket = new(AddressFamily::Inet, kind)?;
    bound(socket, &SockaddrIn::from(SocketAddrV4::new(address, port)), is_shared, kind)
}

fn v6(address: SocketAddrV6, only: bool, is_shared: bool, kind: SockType) -> Result<OwnedFd, Errno> {
    let socket = new(AddressFamily::Inet6, kind)?;
    // Not as the system's default has it, which differs.
    setsockopt(&socket, Ipv6V6Only, &only)?;
    bound(socket, &SockaddrIn6::from(address), is_shared, kind)
}

fn bound(
    socket: OwnedFd,
    address: &dyn SockaddrLike,
    is_shared: bool,
    kind: SockType,
) -> Result<OwnedFd, Errno> {
    // Connections of an earlier life do not keep the port. Of datagrams it would let others take it.
    if kind == SockType::Stream {
        setsockopt(&socket, ReuseAddr, &true)?;
    }
    if is_shared {
        setsockopt(&socket, ReusePort, &true)?;
    }
    bind(socket.as_raw_fd(), address)?;
    Ok(socket)
}

fn named(name: &str, kind: SockType) -> Result<OwnedFd, Errno> {
    let socket = new(AddressFamily::Unix, kind)?;
    bind(socket.as_raw_fd(), &UnixAddr::new_abstract(name.as_bytes())?)?;
    Ok(socket)
}

fn new(family: AddressFamily, kind: SockType) -> Result<OwnedFd, Errno> {
    socket(family, kind, SockFlag::SOCK_CLOEXEC, None)
}
