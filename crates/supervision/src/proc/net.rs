//! The tables of sockets in /proc/net: who is on a port, or at a path.

use protocol::listen::Host;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The kernel's number for a TCP socket that takes connections.
const LISTENING: u8 = 0x0a;

/// The flags of a unix socket that does.
const ACCEPTS: &[u8] = b"00010000";

/// A line of `tcp`, `tcp6`, `udp` or `udp6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnPort {
    /// Where it is; `[::]` counts as all addresses.
    pub host: Host,
    /// On which port.
    pub port: u16,
    /// It takes connections.
    pub is_listening: bool,
    /// The number that /proc has it under among a process' files; 0 where it is nobody's any more.
    pub inode: u64,
}

/// A line of `unix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtPath<'a> {
    /// As it was bound; an abstract name begins with `@`. Connections have the path of what they were accepted from.
    pub path: &'a [u8],
    /// It takes connections.
    pub is_listening: bool,
    /// The number that /proc has it under among a process' files.
    pub inode: u64,
}

/// Reads a line of `tcp`, `tcp6`, `udp` or `udp6`; `None` for the heading, and where it is anything else.
#[must_use]
pub fn on_port(line: &[u8]) -> Option<OnPort> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (address, port) = fields.nth(1)?.split_once(':')?;
    let state = u8::from_str_radix(fields.nth(1)?, 16).ok()?;
    let inode = fields.nth(5)?.parse().ok()?;
    let host = match address.len() {
        8 => Host::V4(Ipv4Addr::from(word(address)?)),
        32 => {
            let mut bytes = [0; 16];
            for (place, four) in (0..).step_by(8).zip(bytes.chunks_exact_mut(4)) {
                let end: usize = place;
                four.copy_from_slice(&word(address.get(place..end.checked_add(8)?)?)?);
            }
            Host::V6 { address: Ipv6Addr::from(bytes), scope: None, only: false }
        }
        _ => return None,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(OnPort { host, port, is_listening: state == LISTENING, inode })
}

/// Four bytes of an address, which are printed as the number that this machine reads them as.
fn word(digits: &str) -> Option<[u8; 4]> {
    u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
}

/// Reads a line of `unix`; `None` for the heading, for a socket without a path, and where it is anything else.
#[must_use]
pub fn at_path(line: &[u8]) -> Option<AtPath<'_>> {
    // Fixed places but for the inode, which is at least five wide; the path is all that is left.
    let mut rest = line;
    let mut field = || {
        let begin = rest.iter().position(|byte| *byte != b' ')?;
        let end = rest.get(begin..)?.iter().position(|byte| *byte == b' ')?.checked_add(begin)?;
        let (field, behind) = rest.split_at_checked(end)?;
        rest = behind;
        field.get(begin..)
    };
    for _ in 0..3 {
        field()?;
    }
    let is_listening = field()? == ACCEPTS;
    for _ in 0..2 {
        field()?;
    }
    let inode = std::str::from_utf8(field()?).ok()?.parse().ok()?;
    let path = rest.strip_prefix(b" ").filter(|path| !path.is_empty())?;
    Some(AtPath { path, is_listening, inode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsFd;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};

    fn inode(socket: impl AsFd) -> u64 {
        nix::sys::stat::fstat(socket).unwrap().st_ino
    }

    fn table(name: &str) -> Vec<Vec<u8>> {
        let content = std::fs::read(format!("/proc/net/{name}")).unwrap();
        content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    fn found(name: &str, inode: u64) -> OnPort {
        table(name).iter().filter_map(|line| on_port(line)).find(|one| one.inode == inode).unwrap()
    }

    #[test]
    fn our_own_sockets_are_in_the_tables() {
        let tcp = TcpListener::bind("127.0.0.3:0").unwrap();
        let expected = OnPort {
            host: Host::V4(Ipv4Addr::new(127, 0, 0, 3)),
            port: tcp.local_addr().unwrap().port(),
            is_listening: true,
            inode: inode(&tcp),
        };
        assert_eq!(found("tcp", expected.inode), expected);
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let of_udp = found("udp", inode(&udp));
        assert_eq!((of_udp.port, of_udp.is_listening), (udp.local_addr().unwrap().port(), false));
        if let Ok(tcp) = TcpListener::bind("[::1]:0") {
            let found = found("tcp6", inode(&tcp));
            assert_eq!(found.host, Host::V6 { address: Ipv6Addr::LOCALHOST, scope: None, only: false });
        }
        let address = SocketAddr::from_abstract_name("upkeep net test").unwrap();
        let unix = UnixListener::bind_addr(&address).unwrap();
        let expected = AtPath { path: b"@upkeep net test", is_listening: true, inode: inode(&unix) };
        assert!(table("unix").iter().any(|line| at_path(line) == Some(expected)));
    }

    #[test]
    fn headings_and_what_is_cut_are_nothing() {
        let line = b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1";
        assert_eq!(on_port(line).map(|one| (one.port, one.inode)), Some((8080, 4711)));
        assert_eq!(on_port(&line[..90]), None);
        assert_eq!(on_port(b"  sl  local_address rem_address   st tx_queue"), None);
        assert_eq!(at_path(b"Num       RefCount Protocol Flags    Type St Inode Path"), None);
        assert_eq!(at_path(b"0000000000000000: 00000003 00000000 00000000 0001 03 23456"), None);
        let line = b"0000000000000000: 00000002 00000000 00000000 0001 03 23456 /run/a b";
        assert_eq!(at_path(line), Some(AtPath { path: b"/run/a b", is_listening: false, inode: 23456 }));
    }
}
