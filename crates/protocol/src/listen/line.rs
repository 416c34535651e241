//! Reading one line of `listen`.

use super::bad::Fault;
use super::{Access, Address, DEFAULT_BACKLOG, DEFAULT_MODE, DEFAULT_NAME, Host, Kind, Listen, Scope};
use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What stands for the instance's name.
const INSTANCE: &str = "$INSTANCE";

/// The longest path, or abstract name: what fits into the address of a unix socket with a byte before or behind it.
const LONGEST_PATH: usize = 107;

/// The longest name of an interface.
const LONGEST_INTERFACE: usize = 15;

/// The longest name of a socket.
const LONGEST_NAME: usize = 255;

/// A line's first word, and what the line says; `None` where it says nothing. An error comes with the word that it is about.
pub(super) fn parse(
    line: &[u8],
    instance: Option<&[u8]>,
) -> Result<Option<(String, Listen)>, (String, Fault)> {
    let no_word = |fault| (String::new(), fault);
    if line.trim_ascii_start().starts_with(b"#") {
        return Ok(None);
    }
    if line.ends_with(b"\r") {
        return Err(no_word(Fault::DosLineEnd));
    }
    let text = std::str::from_utf8(line).map_err(|_| no_word(Fault::NotText))?;
    if text.chars().any(|character| character.is_control() && character != '\t') {
        return Err(no_word(Fault::NotText));
    }
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return Ok(None) };
    let first = filled(first, instance)?;
    let (address, is_unix) = address(&first).map_err(|fault| (first.clone(), fault))?;
    let mut options = Options::default();
    for word in words {
        let word = filled(word, instance)?;
        options.take(&word).map_err(|fault| (word.clone(), fault))?;
    }
    let listen = options.applied(address, is_unix).map_err(|(option, fault)| (option.to_owned(), fault))?;
    Ok(Some((first, listen)))
}

/// A word with the instance's name in it.
fn filled(word: &str, instance: Option<&[u8]>) -> Result<String, (String, Fault)> {
    if !word.contains(INSTANCE) {
        return Ok(word.to_owned());
    }
    let bad = |fault| (word.to_owned(), fault);
    let instance = instance.ok_or(bad(Fault::NoInstance))?;
    let instance = std::str::from_utf8(instance).map_err(|_| bad(Fault::OddInstance))?;
    let filled = word.replace(INSTANCE, instance);
    let is_odd = |character: char| character.is_control() || character == ' ';
    if instance.contains(is_odd) || filled.contains(INSTANCE) {
        return Err(bad(Fault::OddInstance));
    }
    Ok(filled)
}

/// A socket's address, without what options say of it, and whether it is a unix socket's.
fn address(word: &str) -> Result<(Address, bool), Fault> {
    if word.starts_with('/') {
        let is_odd = |part: &str| matches!(part, "" | "." | "..");
        return match word {
            _ if word.len() > LONGEST_PATH => Err(Fault::LongPath),
            _ if word.split('/').skip(1).any(is_odd) => Err(Fault::OddPath),
            _ => Ok((Address::Path { path: word.to_owned(), access: Access::default() }, true)),
        };
    }
    if let Some(name) = word.strip_prefix('@') {
        return match name.len() {
            0 => Err(Fault::OddName),
            1..=LONGEST_PATH => Ok((Address::Abstract(name.to_owned()), true)),
            _ => Err(Fault::LongPath),
        };
    }
    let (host, port) = if let Some(inner) = word.strip_prefix('[') {
        let (address, port) = inner.split_once("]:").ok_or(Fault::NoAddress)?;
        (v6(address)?, port)
    } else {
        let (host, port) = word.rsplit_once(':').ok_or(Fault::NoAddress)?;
        let host = match host {
            "" => Host::All,
            "localhost" => Host::V4(Ipv4Addr::LOCALHOST),
            _ if host.contains(':') => return Err(Fault::NoBrackets),
            _ => Host::V4(host.parse().map_err(|_| Fault::HostName)?),
        };
        (host, port)
    };
    let port = decimal(port).ok_or(Fault::Port)?;
    Ok((Address::Internet { host, port, is_shared: false }, false))
}

/// What is in brackets.
fn v6(text: &str) -> Result<Host, Fault> {
    let (address, scope) = match text.split_once('%') {
        None => (text, None),
        Some((address, scope)) => (address, Some(scope)),
    };
    let address: Ipv6Addr = address.parse().map_err(|_| Fault::NoV6)?;
    let has_scope = address.is_unicast_link_local() || address.is_multicast();
    let scope = match scope {
        None if address.is_unicast_link_local() => return Err(Fault::NeedsScope),
        None => None,
        Some(_) if !has_scope => return Err(Fault::OddScope),
        Some(scope) if scope.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Scope::Number(decimal(scope).ok_or(Fault::OddScope)?))
        }
        Some(scope) if scope.len() > LONGEST_INTERFACE || scope.contains(['/', '[', ']', '%']) => {
            return Err(Fault::OddScope);
        }
        Some(scope) => Some(Scope::Name(scope.to_owned())),
    };
    Ok(Host::V6 { address, scope, only: false })
}

/// A number above 0 in plain decimal, without leading zeros.
fn decimal<T: std::str::FromStr>(digits: &str) -> Option<T> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| is_plain)
}

/// The options of a line, as they are written.
#[derive(Debug, Default)]
struct Options {
    kind: Option<Talk>,
    name: Option<String>,
    backlog: Option<u16>,
    mode: Option<u32>,
    owner: Option<CString>,
    group: Option<CString>,
    is_shared: Option<()>,
    no_delay: Option<()>,
    v6_only: Option<()>,
}

#[derive(Clone, Copy, Debug)]
enum Talk {
    Stream,
    Datagram,
    Packets,
}

impl Options {
    fn take(&mut self, word: &str) -> Result<(), Fault> {
        let (option, value) = match word.split_once('=') {
            None => (word, None),
            Some((option, value)) => (option, Some(value)),
        };
        let needed = || value.filter(|value| !value.is_empty()).ok_or(Fault::NoValue);
        let alone = || if value.is_none() { Ok(()) } else { Err(Fault::HasValue) };
        match option {
            "type" => once(&mut self.kind, talk(needed()?)?),
            "name" => once(&mut self.name, name(needed()?)?),
            "backlog" => once(&mut self.backlog, decimal(needed()?).ok_or(Fault::Backlog)?),
            "mode" => once(&mut self.mode, mode(needed()?)?),
            "owner" => once(&mut self.owner, account(needed()?)?),
            "group" => once(&mut self.group, account(needed()?)?),
            "reuseport" => once(&mut self.is_shared, alone()?),
            "nodelay" => once(&mut self.no_delay, alone()?),
            "v6only" => once(&mut self.v6_only, alone()?),
            _ => Err(Fault::NoOption),
        }
    }

    /// The whole line, or the option that does not fit in it.
    fn applied(self, mut address: Address, is_unix: bool) -> Result<Listen, (&'static str, Fault)> {
        let talk = self.kind.unwrap_or(Talk::Stream);
        let backlog = self.backlog.unwrap_or(DEFAULT_BACKLOG);
        let no_delay = self.no_delay.is_some();
        let kind = match talk {
            Talk::Stream => Kind::Stream { backlog, no_delay },
            Talk::Packets if is_unix => Kind::Packets { backlog },
            Talk::Packets => return Err(("type=seqpacket", Fault::UnixOnly)),
            Talk::Datagram if self.backlog.is_some() => return Err(("backlog", Fault::ConnectionsOnly)),
            Talk::Datagram => Kind::Datagram,
        };
        if no_delay && (is_unix || !matches!(talk, Talk::Stream)) {
            return Err(("nodelay", Fault::TcpOnly));
        }
        match &mut address {
            Address::Internet { is_shared, host, .. } => {
                *is_shared = self.is_shared.is_some();
                if self.v6_only.is_some() {
                    let Host::V6 { only, .. } = host else { return Err(("v6only", Fault::V6Only)) };
                    *only = true;
                }
            }
            _ if self.is_shared.is_some() => return Err(("reuseport", Fault::PortsOnly)),
            _ if self.v6_only.is_some() => return Err(("v6only", Fault::V6Only)),
            Address::Path { access, .. } => {
                let mode = self.mode.unwrap_or(DEFAULT_MODE);
                *access = Access { mode, owner: self.owner.clone(), group: self.group.clone() };
            }
            Address::Abstract(_) => {}
        }
        let of_paths =
            [("mode", self.mode.is_some()), ("owner", self.owner.is_some()), ("group", self.group.is_some())];
        let is_path = matches!(address, Address::Path { .. });
        if let Some((option, _)) = of_paths.iter().find(|(_, is_there)| *is_there && !is_path) {
            return Err((option, Fault::PathsOnly));
        }
        Ok(Listen { address, kind, name: self.name.unwrap_or_else(|| DEFAULT_NAME.to_owned()) })
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Fault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::Twice),
    }
}

fn talk(value: &str) -> Result<Talk, Fault> {
    match value {
        "stream" => Ok(Talk::Stream),
        "dgram" => Ok(Talk::Datagram),
        "seqpacket" => Ok(Talk::Packets),
        _ => Err(Fault::Type),
    }
}

fn name(value: &str) -> Result<String, Fault> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if is_plain && value.len() <= LONGEST_NAME { Ok(value.to_owned()) } else { Err(Fault::Called) }
}

fn mode(value: &str) -> Result<u32, Fault> {
    let is_octal = value.len() <= 4 && value.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let mode = u32::from_str_radix(value, 8).ok().filter(|mode| is_octal && *mode <= 0o777);
    mode.ok_or(Fault::Mode)
}

/// A name as runas takes it, without the groups and the signs that mean something else there.
fn account(value: &str) -> Result<CString, Fault> {
    let is_name = !value.starts_with(['+', '-']) && !value.contains(':') && value != ".";
    CString::new(value).ok().filter(|_| is_name).ok_or(Fault::Account)
}
