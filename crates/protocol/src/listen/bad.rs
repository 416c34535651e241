//! What is wrong with a `listen` file, and what would be right.

use std::fmt;

/// The most characters of a wrong word that are shown.
const LONGEST_SHOWN: usize = 120;

/// A line that is no socket. As text it is one line, without control characters: `line 2: web:80: names are not looked up: write ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadListen {
    line: usize,
    word: String,
    fault: Fault,
}

/// What is wrong with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    DosLineEnd,
    NotText,
    NoInstance,
    OddInstance,
    TooMany,
    Again { line: usize },
    NoAddress,
    HostName,
    NoBrackets,
    NoV6,
    NeedsScope,
    OddScope,
    Port,
    OddPath,
    LongPath,
    OddName,
    NoOption,
    NoValue,
    HasValue,
    Twice,
    Type,
    Mode,
    Account,
    Backlog,
    Called,
    PathsOnly,
    PortsOnly,
    TcpOnly,
    V6Only,
    UnixOnly,
    ConnectionsOnly,
}

impl BadListen {
    pub(super) fn new(line: usize, word: &str, fault: Fault) -> Self {
        let word = word.chars().filter(|character| !character.is_control()).take(LONGEST_SHOWN).collect();
        Self { line, word, fault }
    }
}

impl fmt::Display for BadListen {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, word, fault } = self;
        write!(to, "line {line}: ")?;
        if !word.is_empty() {
            write!(to, "{word}: ")?;
        }
        to.write_str(match fault {
            Fault::DosLineEnd => "its line ends with a carriage return, as in DOS: end it with a newline alone",
            Fault::NotText => "there is something else than plain text in it: write UTF-8 without control characters",
            Fault::NoInstance => {
                "$INSTANCE is the name of an instance, and this service is none: use it in a template"
            }
            Fault::OddInstance => "the instance's name does not fit there: use one without blanks",
            Fault::TooMany => "that is one too many: a service has at most 64 sockets",
            Fault::Again { line } => return write!(to, "line {line} has that address: write each once"),
            Fault::NoAddress => "that is no address: write 127.0.0.1:80, [::1]:80, :80 for all, /path or @name",
            Fault::HostName => "names are not looked up: write an address, such as 127.0.0.1:80, or :80 for all",
            Fault::NoBrackets => "an IPv6 address is in brackets: write [::1]:80",
            Fault::NoV6 => "that is no IPv6 address: write one such as [::1]:80",
            Fault::NeedsScope => "each interface has that address: write which is meant, as in [fe80::1%eth0]:80",
            Fault::OddScope => {
                "that is no interface, or not an address that has one: write one as in [fe80::1%eth0]:80"
            }
            Fault::Port => "a port is a number from 1 to 65535: write it in plain decimal",
            Fault::OddPath => "a path has no empty, . or .. parts: write it in full, as in /run/web.sock",
            Fault::LongPath => "a unix socket's path or name has at most 107 bytes: use a shorter one",
            Fault::OddName => "the name is missing: write one as in @web",
            Fault::NoOption => {
                "there is no such option: use type=, name=, backlog=, mode=, owner=, group=, reuseport, nodelay or v6only"
            }
            Fault::NoValue => "its value is missing: write one behind the equals sign",
            Fault::HasValue => "it takes no value: write the word alone",
            Fault::Twice => "it is there twice: write it once",
            Fault::Type => "that is no type: write type=stream, type=dgram or type=seqpacket",
            Fault::Mode => "that is no mode: write one in octal from 0 to 0777, as in mode=0660",
            Fault::Account => "that is no account's name: write one as in owner=www",
            Fault::Backlog => "a backlog is a number from 1 to 65535: write it in plain decimal",
            Fault::Called => "a name is 1 to 255 printable characters of ASCII: use one without colons",
            Fault::PathsOnly => "only a path has mode, owner and group: use it with one",
            Fault::PortsOnly => "only a port can be shared: use it with one",
            Fault::TcpOnly => "only TCP delays: use it with a port and type=stream",
            Fault::V6Only => "that is not on IPv6 alone: use it with an address such as [::]:80",
            Fault::UnixOnly => "only a unix socket has that type: use it with a path or an @name",
            Fault::ConnectionsOnly => "nothing waits there to be accepted: use it with type=stream or type=seqpacket",
        })
    }
}

impl std::error::Error for BadListen {}
