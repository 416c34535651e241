//! What supervise notes of a socket that it holds, so that a later one knows it again in the running service: in
//! `supervise/sockets`, a line each, and over an upgrade.

use super::parse;
use crate::identity::FolderId;
use std::fmt;

/// A socket that is held. As text it is `COOKIE INODE FILE LINE`: the cookie in hexadecimal, `FILE` the device and inode of a
/// path or `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The kernel's number for it, which no other socket has had since the machine started.
    pub cookie: u64,
    /// The number under which /proc has it among the files of a process. Another socket may get it later.
    pub inode: u64,
    /// The file at its path, as it was made.
    pub file: Option<FolderId>,
    /// [`super::Listen::socket`].
    pub socket: String,
}

impl Noted {
    /// Reads the text; `None` where it is not exactly what is written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let noted = Self {
            cookie: u64::from_str_radix(parts.next()?, 16).ok()?,
            inode: parts.next()?.parse().ok()?,
            // What is neither is written otherwise than it was read.
            file: FolderId::parse(parts.next()?.as_bytes()),
            socket: parts.next()?.to_owned(),
        };
        let [listen] = <[_; 1]>::try_from(parse(noted.socket.as_bytes(), None).ok()?).ok()?;
        (listen.socket() == noted.socket && noted.to_string() == text).then_some(noted)
    }

    /// Reads the file; `None` where anything in it is not as it is written.
    #[must_use]
    pub fn parse_all(content: &[u8]) -> Option<Vec<Self>> {
        let text = std::str::from_utf8(content).ok()?;
        text.split_inclusive('\n').map(|line| Self::parse(line.strip_suffix('\n')?)).collect()
    }

    /// The text without spaces and equals signs.
    #[must_use]
    pub fn to_word(&self) -> String {
        self.to_string().replace('%', "%p").replace(' ', "%s").replace('=', "%e")
    }

    /// Reads what [`Noted::to_word`] has written.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let noted = Self::parse(&word.replace("%e", "=").replace("%s", " ").replace("%p", "%"))?;
        (noted.to_word() == word).then_some(noted)
    }
}

impl fmt::Display for Noted {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:x} {} ", self.cookie, self.inode)?;
        match self.file {
            Some(file) => write!(to, "{file} {}", self.socket),
            None => write!(to, "- {}", self.socket),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(socket: &str, file: Option<FolderId>) -> Noted {
        Noted { cookie: 0x1f, inode: 4711, file, socket: socket.to_owned() }
    }

    #[test]
    fn what_is_noted_comes_back() {
        let file = FolderId { device: 25, inode: u64::MAX };
        let all = [
            noted("[::]:443 reuseport v6only", None),
            noted("/run/100%s.sock type=dgram", Some(file)),
            noted("@a%e=b", None),
        ];
        assert_eq!(all[1].to_string(), "1f 4711 25:18446744073709551615 /run/100%s.sock type=dgram");
        let content: String = all.iter().map(|noted| format!("{noted}\n")).collect();
        assert_eq!(Noted::parse_all(content.as_bytes()).as_deref(), Some(&all[..]));
        assert_eq!(Noted::parse_all(b""), Some(Vec::new()));
        for noted in all {
            assert!(!noted.to_word().contains([' ', '=']));
            assert_eq!(Noted::from_word(&noted.to_word()), Some(noted));
        }
    }

    #[test]
    fn what_is_torn_or_strange_is_nothing() {
        let odd = [
            "1f 4711 - :80",
            "1f 4711 - :80\n\n",
            "1F 4711 - :80\n",
            "1f 04711 - :80\n",
            "1f 4711 25 /run/x\n",
            "1f 4711 - :80 name=web\n",
            "1f 4711 - localhost:80\n",
            "1f 4711 -\n",
            "1f 4711 - :80 \n",
            "1f 4711 - #\n",
        ];
        for content in odd {
            assert_eq!(Noted::parse_all(content.as_bytes()), None, "{content:?}");
        }
        assert_eq!(Noted::parse_all(b"1f 4711 - @\xff\n"), None);
        assert_eq!(Noted::from_word("1f%s4711%s-%s:80").map(|noted| noted.socket), Some(":80".to_owned()));
        assert_eq!(Noted::from_word("1f 4711 - :80"), None);
    }
}
