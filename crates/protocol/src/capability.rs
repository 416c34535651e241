//! What the capabilities of Linux are called in a service's `capabilities` file and by `runas -k`, and which of them an
//! account may be given.
//!
//! Those that lead back to root are not given: with one of them, whoever takes over the service owns the machine as
//! surely as if it ran as root, only less visibly. Each has its reason here. What the running kernel knows, and
//! whether whoever gives has it himself, is not decided here.

use crate::user::User;
use std::fmt;

/// The longest word that is quoted whole.
const QUOTED: usize = 40;

/// Their names by their numbers, and why one is not given.
const ALL: [(&str, Option<&str>); 41] = [
    ("chown", Some("it makes any file its own")),
    ("dac_override", Some("it writes to any file")),
    ("dac_read_search", Some("it reads any file, root's secrets among them")),
    ("fowner", Some("it changes the mode of any file, to a set-user-ID program too")),
    ("fsetid", Some("it makes set-group-ID programs of groups that it is not in")),
    ("kill", None),
    ("setgid", Some("it joins any group, such as those of the disks and of the passwords")),
    ("setuid", Some("it becomes anybody, root too")),
    ("setpcap", Some("it undoes what takes other capabilities away")),
    ("linux_immutable", None),
    ("net_bind_service", None),
    ("net_broadcast", None),
    ("net_admin", None),
    ("net_raw", None),
    ("ipc_lock", None),
    ("ipc_owner", Some("it writes to the shared memory of root's programs")),
    ("sys_module", Some("it loads code into the kernel")),
    ("sys_rawio", Some("it writes to the memory and the disks of the machine")),
    ("sys_chroot", Some("it has set-user-ID programs load libraries of its own")),
    ("sys_ptrace", Some("it takes over any process")),
    ("sys_pacct", None),
    ("sys_admin", Some("it does most of what root can do")),
    ("sys_boot", Some("it starts a kernel of its own")),
    ("sys_nice", None),
    ("sys_resource", None),
    ("sys_time", None),
    ("sys_tty_config", Some("it puts words on the keys of root's console")),
    ("mknod", Some("it makes a device of any disk")),
    ("lease", None),
    ("audit_write", None),
    ("audit_control", None),
    ("setfcap", Some("it gives any capability to a program")),
    ("mac_override", Some("it passes over the rules that it is confined by")),
    ("mac_admin", Some("it writes the rules that root's programs are confined by")),
    ("syslog", None),
    ("wake_alarm", None),
    ("block_suspend", None),
    ("audit_read", None),
    ("perfmon", Some("it reads the memory of the kernel, and so everybody's secrets")),
    ("bpf", Some("it runs code in the kernel")),
    ("checkpoint_restore", None),
];

/// A capability that an account may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability(u8);

/// Some capabilities that an account may be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set(u64);

/// Why a text does not name capabilities that can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Nothing is named.
    Empty,
    /// No capability is called so.
    Unknown(String),
    /// It is known by another spelling, which is the second one.
    Spelling(String, &'static str),
    /// The one of that name leads back to root, in that way.
    LeadsToRoot(&'static str, &'static str),
    /// There is a `#` behind something else.
    LateComment,
    /// The lines end as those of DOS do.
    DosLineEnd,
}

impl fmt::Display for Bad {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => to.write_str("no capability is named: write a name such as net_bind_service"),
            Self::Unknown(word) => {
                write!(
                    to,
                    "no capability is called {word}: write names such as net_bind_service, with blanks between"
                )
            }
            Self::Spelling(word, name) => write!(to, "{word} is not how it is spelt here: write {name}"),
            Self::LeadsToRoot(name, how) => write!(to, "{name} is not given, it leads back to root: {how}"),
            Self::LateComment => to.write_str("a comment is a line of its own: write # at its beginning"),
            Self::DosLineEnd => {
                to.write_str("a line ends with a carriage return, as in DOS: write a newline alone")
            }
        }
    }
}

impl std::error::Error for Bad {}

impl Capability {
    /// Its number in the kernel, from 0.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its name, in lower case and without `cap_`.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL.get(usize::from(self.0)).map_or("", |(name, _)| name)
    }

    fn bit(self) -> u64 {
        1_u64.checked_shl(self.0.into()).unwrap_or(0)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.name())
    }
}

impl Set {
    /// As the kernel has it: bit N for the capability of number N.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Those that are in it, by their numbers.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        (0..64).map(Capability).filter(move |capability| self.0 & capability.bit() != 0)
    }
}

impl FromIterator<Capability> for Set {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self(capabilities.into_iter().fold(0, |bits, capability| bits | capability.bit()))
    }
}

/// Reads a `capabilities` file: names with blanks, tabs or newlines between them, and lines that begin with `#`. One that is
/// named twice is meant once.
///
/// # Errors
///
/// Where one cannot be given, or none is named.
pub fn parse_file(content: &[u8]) -> Result<Set, Bad> {
    let words = content.split(|byte| *byte == b'\n').flat_map(|line| {
        let words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        let mut words = words.peekable();
        let is_comment = words.peek().is_some_and(|word| word.starts_with(b"#"));
        words.filter(move |_| !is_comment)
    });
    let set: Set = words.map(word_of_file).collect::<Result<_, _>>()?;
    if set == Set::default() { Err(Bad::Empty) } else { Ok(set) }
}

/// Reads one name.
///
/// # Errors
///
/// Where there is none of that name, and where it cannot be given.
pub fn parse_name(text: &[u8]) -> Result<Capability, Bad> {
    if text.is_empty() {
        return Err(Bad::Empty);
    }
    let lower = text.to_ascii_lowercase();
    let usual = lower.strip_prefix(b"cap_").unwrap_or(&lower);
    let found = (0..).zip(ALL).find(|(_, (name, _))| name.as_bytes() == usual);
    match found {
        None => Err(Bad::Unknown(quoted(text))),
        Some((_, (name, Some(how)))) => Err(Bad::LeadsToRoot(name, how)),
        Some((_, (name, None))) if name.as_bytes() != text => Err(Bad::Spelling(quoted(text), name)),
        Some((number, _)) => Ok(Capability(number)),
    }
}

fn word_of_file(word: &[u8]) -> Result<Capability, Bad> {
    match word {
        [b'#', ..] => Err(Bad::LateComment),
        [.., b'\r'] => Err(Bad::DosLineEnd),
        word => parse_name(word),
    }
}

/// A word as it can be shown: one line, of bounded length.
fn quoted(word: &[u8]) -> String {
    let (start, more) = word.split_at_checked(QUOTED).map_or((word, ""), |(start, _)| (start, "..."));
    format!("{}{more}", start.escape_ascii())
}

/// Why somebody is given no capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Who gives is not root.
    NotByRoot,
    /// It is not said who gets them.
    Nobody,
    /// Root is to get them, who has them all.
    Root,
}

impl fmt::Display for Denied {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::NotByRoot => "only root can give them",
            Self::Nobody => "they are for an account to become: name one",
            Self::Root => "they are for an account other than root, which has them all",
        })
    }
}

impl std::error::Error for Denied {}

/// Whether capabilities can be given: by root, to a user that is named and is not root. `user` is what the `user` file or
/// the command line says.
///
/// # Errors
///
/// Why they cannot.
pub fn can_be_given(user: Option<&User>, by_root: bool) -> Result<(), Denied> {
    match user {
        _ if !by_root => Err(Denied::NotByRoot),
        None | Some(User::Stay) => Err(Denied::Nobody),
        Some(User::Named { name, .. }) if name.as_c_str() == c"root" => Err(Denied::Root),
        // A folder of root's is no dot, and 0 no number.
        Some(User::Named { .. } | User::FolderOwner | User::Numbers { .. }) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(content: &str) -> Result<Vec<u8>, Bad> {
        parse_file(content.as_bytes()).map(|set| set.iter().map(Capability::number).collect())
    }

    #[test]
    fn a_file_names_them_in_any_arrangement() {
        for (content, expected) in [
            ("net_bind_service", &[10][..]),
            ("net_bind_service\n", &[10]),
            ("sys_nice net_raw\tkill\n", &[5, 13, 23]),
            ("# why\n  # and so on\n\n net_raw \n\t\nsys_time\n#chown\n", &[13, 25]),
            ("net_raw\nnet_raw net_raw", &[13]),
            ("checkpoint_restore", &[40]),
        ] {
            assert_eq!(numbers(content).as_deref(), Ok(expected), "{content:?}");
        }
    }

    #[test]
    fn anything_else_is_no_set_at_all() {
        let unknown = |word: &str| Bad::Unknown(word.to_owned());
        for (content, why) in [
            ("", Bad::Empty),
            (" \n\t\n", Bad::Empty),
            ("# net_raw\n", Bad::Empty),
            ("net_raw net_row\n", unknown("net_row")),
            ("net_raw,kill", unknown("net_raw,kill")),
            ("10", unknown("10")),
            ("all", unknown("all")),
            ("-net_raw", unknown("-net_raw")),
            ("cap_", unknown("cap_")),
            ("cap_cap_net_raw", unknown("cap_cap_net_raw")),
            ("net_raw\0", unknown("net_raw\\x00")),
            ("net_raw\u{b}kill", unknown("net_raw\\x0bkill")),
            ("n\u{e9}t", unknown("n\\xc3\\xa9t")),
            ("cap_net_raw", Bad::Spelling("cap_net_raw".into(), "net_raw")),
            ("CAP_NET_RAW", Bad::Spelling("CAP_NET_RAW".into(), "net_raw")),
            ("Net_Raw", Bad::Spelling("Net_Raw".into(), "net_raw")),
            ("net_raw # for ping", Bad::LateComment),
            ("net_raw\r\nkill\r\n", Bad::DosLineEnd),
            ("\r\nkill\n", Bad::DosLineEnd),
            ("\u{c}kill", unknown("\\x0ckill")),
        ] {
            assert_eq!(parse_file(content.as_bytes()), Err(why), "{content:?}");
        }
        let long = parse_name(&[b'x'; 4000]).unwrap_err().to_string();
        assert!(long.len() < 200 && long.contains("xxx...: write"), "{long}");
    }

    #[test]
    fn what_leads_back_to_root_is_refused_with_the_way() {
        let refused = [
            "setuid",
            "setgid",
            "setpcap",
            "setfcap",
            "sys_admin",
            "sys_ptrace",
            "sys_module",
            "sys_rawio",
            "dac_override",
            "dac_read_search",
            "chown",
            "fowner",
            "fsetid",
            "ipc_owner",
            "sys_chroot",
            "sys_boot",
            "sys_tty_config",
            "mknod",
            "mac_override",
            "mac_admin",
            "perfmon",
            "bpf",
        ];
        for (name, _) in ALL {
            let read = parse_name(name.as_bytes());
            assert_eq!(
                matches!(read, Err(Bad::LeadsToRoot(..))),
                refused.contains(&name),
                "{name}: {read:?}"
            );
            assert_eq!(read.is_ok(), !refused.contains(&name), "{name}");
        }
        let words = parse_file(b"net_raw CAP_SETUID").unwrap_err().to_string();
        assert_eq!(words, "setuid is not given, it leads back to root: it becomes anybody, root too");
    }

    #[test]
    fn they_have_the_names_and_numbers_of_the_system() {
        // libcap's own list, where the tools that use it are installed.
        let Ok(capsh) = std::process::Command::new("capsh").arg("--supports=cap_bpf").output() else {
            return;
        };
        if !capsh.status.success() {
            return;
        }
        for (number, (name, _)) in ALL.iter().enumerate() {
            let mask = format!("{:x}", 1_u64 << number);
            let decoded =
                std::process::Command::new("capsh").arg(format!("--decode={mask}")).output().unwrap();
            let decoded = String::from_utf8(decoded.stdout).unwrap();
            assert!(decoded.trim_end().ends_with(&format!("=cap_{name}")), "{decoded}");
        }
    }

    #[test]
    fn an_account_that_is_named_and_is_not_root_is_given_them_by_root() {
        let user = |text: &str| User::parse(text.as_bytes()).unwrap();
        for (written, by_root, expected) in [
            (Some("bob"), true, Ok(())),
            (Some("bob:www:audio"), true, Ok(())),
            (Some("."), true, Ok(())),
            (Some(":1000:1000"), true, Ok(())),
            (Some("bob"), false, Err(Denied::NotByRoot)),
            (None, false, Err(Denied::NotByRoot)),
            (None, true, Err(Denied::Nobody)),
            (Some("-"), true, Err(Denied::Nobody)),
            (Some("root"), true, Err(Denied::Root)),
            (Some("root:bob"), true, Err(Denied::Root)),
        ] {
            assert_eq!(can_be_given(written.map(user).as_ref(), by_root), expected, "{written:?}");
        }
    }
}
