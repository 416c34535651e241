//! `listen`: the sockets that a service gets, one a line: where it is, then options.
//!
//! ```text
//! 127.0.0.1:80 name=http
//! [fe80::1%eth0]:443 v6only
//! :53 type=dgram
//! /run/web/web.sock mode=0660 owner=www
//! @web type=seqpacket
//! ```
//!
//! | address | where it is |
//! |---|---|
//! | `127.0.0.1:80`, `localhost:80` | on that IPv4 address |
//! | `[::1]:80`, `[fe80::1%eth0]:80` | on that IPv6 address |
//! | `:80` | on all addresses |
//! | `/run/web.sock` | a unix socket with that path |
//! | `@web` | a unix socket with that abstract name |
//!
//! | option | of | meaning | else |
//! |---|---|---|---|
//! | `type=` | all | `stream`, `dgram`, or for unix sockets `seqpacket` | `stream` |
//! | `name=` | all | what it is called in `LISTEN_FDNAMES` | `unknown`, as sd_listen_fds(3) has it |
//! | `backlog=` | stream, seqpacket | how many connections wait to be accepted, 1 to 65535 | 4096 |
//! | `reuseport` | IPv4, IPv6 | others may be on the same port | |
//! | `nodelay` | TCP | what is written is sent at once | |
//! | `v6only` | IPv6 | `[::]` does not take IPv4 as well | |
//! | `mode=` | paths | who may connect, in octal | `0666`, as systemd has it |
//! | `owner=`, `group=` | paths | whose it is | who supervise is, and the owner's group |
//!
//! `$INSTANCE` in a word is the name of the instance. Words are split before that, so whatever an instance is called, it is one word.
//! Empty lines, and those that begin with `#`, are passed over. How sockets are opened is not decided here.

pub mod bad;
mod line;
pub mod noted;

pub use bad::BadListen;
use bad::Fault;
use std::ffi::CString;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The most sockets of a service.
pub const MOST: usize = 64;

/// The mode of a unix socket's path where none is written.
pub const DEFAULT_MODE: u32 = 0o666;

/// How many connections wait to be accepted where nothing is written. The kernel takes at most `net.core.somaxconn`.
pub const DEFAULT_BACKLOG: u16 = 4096;

/// What a socket without a name is called.
pub const DEFAULT_NAME: &str = "unknown";

/// A line: a socket, and what it is called. As text it is the line in its shortest form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Where it is.
    pub address: Address,
    /// How it talks.
    pub kind: Kind,
    /// What it is called: 1 to 255 printable characters of ASCII without colons.
    pub name: String,
}

/// Where a socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On a port.
    Internet {
        /// On which of the machine's addresses.
        host: Host,
        /// Not 0.
        port: u16,
        /// Others may be on the same port.
        is_shared: bool,
    },
    /// In the file system.
    Path {
        /// Absolute, without empty parts, `.` and `..`, and at most 107 bytes.
        path: String,
        /// Who may connect.
        access: Access,
    },
    /// Under an abstract name, of 1 to 107 bytes.
    Abstract(String),
}

/// Which of the machine's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// All, also where there is no IPv6.
    All,
    /// That one, or all of IPv4.
    V4(Ipv4Addr),
    /// That one, or all of IPv6, and of IPv4 with it unless that is taken out.
    V6 {
        /// It may be `::`.
        address: Ipv6Addr,
        /// Where that address is, if it is one that each interface has.
        scope: Option<Scope>,
        /// Without IPv4.
        only: bool,
    },
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Its name.
    Name(String),
    /// Its number.
    Number(u32),
}

/// Who may connect to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// At most 0777.
    pub mode: u32,
    /// The name of an account.
    pub owner: Option<CString>,
    /// The name of a group.
    pub group: Option<CString>,
}

/// How a socket talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Connections with a stream of bytes each.
    Stream {
        /// How many of them wait.
        backlog: u16,
        /// What is written is sent at once; TCP only.
        no_delay: bool,
    },
    /// Single messages.
    Datagram,
    /// Connections with messages; unix sockets only.
    Packets {
        /// How many of them wait.
        backlog: u16,
    },
}

/// Reads a `listen` file; `instance` is the name that `$INSTANCE` stands for.
///
/// # Errors
///
/// The first line that is wrong, and what would be right.
pub fn parse(content: &[u8], instance: Option<&[u8]>) -> Result<Vec<Listen>, BadListen> {
    let mut found: Vec<(usize, Listen)> = Vec::new();
    for (number, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        let bad = |(word, fault): (&str, Fault)| BadListen::new(number, word, fault);
        let Some((text, listen)) =
            line::parse(line, instance).map_err(|(word, fault)| bad((&word, fault)))?
        else {
            continue;
        };
        if found.len() >= MOST {
            return Err(bad((&text, Fault::TooMany)));
        }
        if let Some((first, _)) = found.iter().find(|(_, other)| listen.collides(other)) {
            return Err(bad((&text, Fault::Again { line: *first })));
        }
        found.push((number, listen));
    }
    Ok(found.into_iter().map(|(_, listen)| listen).collect())
}

impl Listen {
    /// The socket alone, without what it is called and what can be changed while it is open: a line too. It tells a
    /// service's sockets from each other, and says whether one that is open is still the one that is wanted.
    #[must_use]
    pub fn socket(&self) -> String {
        Socket(self).to_string()
    }

    /// Whether the system would not have both.
    fn collides(&self, other: &Self) -> bool {
        match (&self.address, &other.address) {
            (
                Address::Internet { host, port, is_shared },
                Address::Internet { host: other_host, port: other_port, is_shared: other_is_shared },
            ) => {
                let is_same = host == other_host;
                port == other_port
                    && self.talks() == other.talks()
                    && (is_same || (host.overlaps(other_host) && !(*is_shared && *other_is_shared)))
            }
            // A path is one file, whatever its kind.
            (Address::Path { path, .. }, Address::Path { path: other, .. }) => path == other,
            (Address::Abstract(name), Address::Abstract(other_name)) => {
                name == other_name && self.talks() == other.talks()
            }
            _ => false,
        }
    }

    /// The word for how it talks.
    fn talks(&self) -> &'static str {
        match self.kind {
            Kind::Stream { .. } => "stream",
            Kind::Datagram => "dgram",
            Kind::Packets { .. } => "seqpacket",
        }
    }
}

impl Host {
    /// Whether an address of one belongs to the other: the system has only one of them on a port.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let v4 = self.v4().zip(other.v4());
        let v6 = self.v6().zip(other.v6());
        let is_met_in_v4 =
            v4.is_some_and(|(one, other)| one == other || one.is_unspecified() || other.is_unspecified());
        let is_met_in_v6 =
            v6.is_some_and(|(one, other)| one == other || one.0.is_unspecified() || other.0.is_unspecified());
        is_met_in_v4 || is_met_in_v6
    }

    /// What it takes of IPv4.
    fn v4(&self) -> Option<Ipv4Addr> {
        match self {
            Self::All => Some(Ipv4Addr::UNSPECIFIED),
            Self::V4(address) => Some(*address),
            Self::V6 { only: true, .. } => None,
            Self::V6 { address, .. } if address.is_unspecified() => Some(Ipv4Addr::UNSPECIFIED),
            Self::V6 { address, .. } => address.to_ipv4_mapped(),
        }
    }

    /// What it takes of IPv6.
    fn v6(&self) -> Option<(Ipv6Addr, Option<&Scope>)> {
        match self {
            Self::All => Some((Ipv6Addr::UNSPECIFIED, None)),
            Self::V4(_) => None,
            Self::V6 { address, scope, .. } => Some((*address, scope.as_ref())),
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self { mode: DEFAULT_MODE, owner: None, group: None }
    }
}

/// A line's first part: what [`Listen::socket`] is.
struct Socket<'a>(&'a Listen);

impl fmt::Display for Socket<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(listen) = self;
        write!(to, "{}", listen.address)?;
        if !matches!(listen.kind, Kind::Stream { .. }) {
            write!(to, " type={}", listen.talks())?;
        }
        if let Address::Internet { is_shared: true, .. } = listen.address {
            to.write_str(" reuseport")?;
        }
        if let Address::Internet { host: Host::V6 { only: true, .. }, .. } = listen.address {
            to.write_str(" v6only")?;
        }
        Ok(())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", Socket(self))?;
        if let Address::Path { access: Access { mode, owner, group }, .. } = &self.address {
            if *mode != DEFAULT_MODE {
                write!(to, " mode={mode:04o}")?;
            }
            for (option, account) in [("owner", owner), ("group", group)] {
                if let Some(account) = account {
                    write!(to, " {option}={}", account.to_string_lossy())?;
                }
            }
        }
        if let Kind::Stream { backlog, .. } | Kind::Packets { backlog } = self.kind {
            if backlog != DEFAULT_BACKLOG {
                write!(to, " backlog={backlog}")?;
            }
        }
        if let Kind::Stream { no_delay: true, .. } = self.kind {
            to.write_str(" nodelay")?;
        }
        if self.name != DEFAULT_NAME {
            write!(to, " name={}", self.name)?;
        }
        Ok(())
    }
}

/// As it is written in a line.
impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet { host, port, .. } => match host {
                Host::All => write!(to, ":{port}"),
                Host::V4(address) => write!(to, "{address}:{port}"),
                Host::V6 { address, scope: None, .. } => write!(to, "[{address}]:{port}"),
                Host::V6 { address, scope: Some(Scope::Name(name)), .. } => {
                    write!(to, "[{address}%{name}]:{port}")
                }
                Host::V6 { address, scope: Some(Scope::Number(number)), .. } => {
                    write!(to, "[{address}%{number}]:{port}")
                }
            },
            Self::Path { path, .. } => to.write_str(path),
            Self::Abstract(name) => write!(to, "@{name}"),
        }
    }
}

#[cfg(test)]
mod tests;
