//! Which services `/etc/nsswitch.conf` names for accounts and groups, as far as it matters here: whether the
//! files answer alone. Pure: bytes in, a value out. What is not understood for certain is NSS's business.

use crate::files::{is_space, trim_start};

/// Where the answers of one database come from. Ordered: what is further on asks more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The file has every answer, "unknown" included.
    Files,
    /// What is in the file is right; what is not may be known to systemd, which is asked after it.
    FilesWhenFound,
    /// Only NSS knows.
    Nss,
}

/// The sources of the three databases that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// Accounts.
    pub passwd: Source,
    /// Groups by name.
    pub group: Source,
    /// Who is in which groups.
    pub memberships: Source,
}

impl Sources {
    /// What glibc does without an nsswitch.conf. (Before 2.32 that was `compat`, which differs from the files
    /// only where these hold a line of `compat`; such a line makes us ask NSS anyway.)
    pub const DEFAULT: Self =
        Self { passwd: Source::Files, group: Source::Files, memberships: Source::Files };

    /// For a configuration that cannot be read: whatever glibc makes of it.
    pub const UNKNOWN: Self = Self { passwd: Source::Nss, group: Source::Nss, memberships: Source::Nss };

    /// What the text of an nsswitch.conf says. A database that is not named has glibc's default; of one that
    /// is named twice glibc takes the last line, we the more careful one.
    pub fn parse(conf: &[u8]) -> Self {
        let (mut passwd, mut group, mut initgroups) = (None, None, None);
        for line in conf.split(|&byte| byte == b'\n') {
            let (name, services) = split_name(line);
            let database = match name {
                b"passwd" => &mut passwd,
                b"group" => &mut group,
                b"initgroups" => &mut initgroups,
                _ => continue,
            };
            // `None` is less than any `Some`.
            *database = (*database).max(Some(source(services)));
        }
        let group = group.unwrap_or(Source::Files);
        Self { passwd: passwd.unwrap_or(Source::Files), group, memberships: initgroups.unwrap_or(group) }
    }
}

/// Splits `passwd: files` as glibc does, which takes any spaces and colons as the border.
fn split_name(line: &[u8]) -> (&[u8], &[u8]) {
    let line = trim_start(line);
    let is_border = |byte: &u8| *byte == b':' || is_space(*byte);
    let (name, rest) = line.split_at(line.iter().position(is_border).unwrap_or(line.len()));
    let services = rest.iter().position(|byte| !is_border(byte)).and_then(|start| rest.get(start..));
    (name, services.unwrap_or_default())
}

/// What the list of services means. Not a word but these two may be in it: glibc knows no comments within a
/// line, and an action in brackets can even turn the meaning of `files` round. systemd has to come after the
/// files, since it makes up a `root` and a `nobody` of its own.
fn source(services: &[u8]) -> Source {
    let mut words = services.split(|&byte| is_space(byte)).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(b"files"), None, _) => Source::Files,
        (Some(b"files"), Some(b"systemd"), None) => Source::FilesWhenFound,
        _ => Source::Nss,
    }
}

#[cfg(test)]
mod tests {
    use super::Source::{Files, FilesWhenFound, Nss};
    use super::*;

    #[test]
    fn a_list_of_services_is_files_files_first_or_nss() {
        for (services, expected) in [
            (&b"files"[..], Files),
            (b"\t files \r", Files),
            (b"files systemd", FilesWhenFound),
            (b"files\x0bsystemd", FilesWhenFound),
            (b"systemd files", Nss),
            (b"files systemd systemd", Nss),
            (b"files files", Nss),
            (b"files sss", Nss),
            (b"files systemd ldap", Nss),
            (b"files systemd # ldap", Nss),
            (b"compat", Nss),
            (b"compat systemd", Nss),
            (b"systemd", Nss),
            (b"files [NOTFOUND=return]", Nss),
            (b"files [SUCCESS=merge] systemd", Nss),
            (b"files[SUCCESS=continue]", Nss),
            (b"files [ !SUCCESS = return ]", Nss),
            (b"Files", Nss),
            (b"files\0", Nss),
            (b"file", Nss),
            (b"files:systemd", Nss),
            (b"filesystemd", Nss),
            (b"", Nss),
            (b"  ", Nss),
        ] {
            assert_eq!(source(services), expected, "{}", services.escape_ascii());
        }
    }

    /// (text, passwd, group, memberships)
    type Case = (&'static [u8], Source, Source, Source);

    const CONFIGURATIONS: &[Case] = &[
        (b"", Files, Files, Files),
        (b"passwd: files\ngroup: files\n", Files, Files, Files),
        (
            b"passwd:\tfiles systemd\ngroup:\tfiles systemd\nhosts: files dns",
            FilesWhenFound,
            FilesWhenFound,
            FilesWhenFound,
        ),
        (b"passwd: files\ngroup: files sss\n", Files, Nss, Nss),
        (b"passwd: files sss\ngroup: files\n", Nss, Files, Files),
        (b"group: files ldap\ninitgroups: files\n", Files, Nss, Files),
        (b"group: files\ninitgroups: files ldap\n", Files, Files, Nss),
        (b"initgroups:\n", Files, Files, Nss),
        (b"# passwd: ldap\n#group: ldap\n", Files, Files, Files),
        (b"  passwd : sss\n", Nss, Files, Files),
        (b"passwd sss", Nss, Files, Files),
        (b"passwd :\t: files", Files, Files, Files),
        (b"passwd:files:systemd", Nss, Files, Files),
        (b"passwd: sss\npasswd: files\n", Nss, Files, Files),
        (b"passwd: files\npasswd: sss\n", Nss, Files, Files),
        (b"passwd_compat: nis\nPASSWD: nis\ngshadow: nis\nshadow: nis\n", Files, Files, Files),
    ];

    #[test]
    fn each_database_has_its_own_line_and_its_own_default() {
        for (text, passwd, group, memberships) in CONFIGURATIONS.iter().copied() {
            assert_eq!(
                Sources::parse(text),
                Sources { passwd, group, memberships },
                "{}",
                text.escape_ascii()
            );
        }
        assert_eq!(Sources::parse(b""), Sources::DEFAULT);
    }

    #[test]
    fn every_line_that_is_cut_short_is_still_understood() {
        let text = b"passwd: files systemd";
        for end in 0..text.len() {
            let passwd = Sources::parse(&text[..end]).passwd;
            let named = end >= b"passwd".len();
            let files = (text[..end] == b"passwd: files"[..]) || (text[..end] == b"passwd: files "[..]);
            assert_eq!(passwd, if files || !named { Files } else { Nss }, "{end}");
        }
    }
}
