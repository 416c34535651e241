//! What an account is written as, in a `user` file and on the command line of runas.

use std::ffi::CString;
use std::fmt;

/// Whom to run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// `-`: who one is.
    Stay,
    /// `.`: the owner of the current folder.
    FolderOwner,
    /// `bob`: an account by its name.
    Named {
        /// The account.
        name: CString,
        /// Its groups.
        groups: Groups,
    },
    /// `:1000:1000`: numbers, with or without an account. Nothing else is ever read as a number.
    Numbers {
        /// Not 0.
        uid: u32,
        /// Not 0.
        gid: u32,
    },
}

/// The groups of a named account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Groups {
    /// `bob`: as the database has them.
    Database,
    /// `bob:www`: this primary group, and the database's supplementary ones.
    Primary(CString),
    /// `bob:www:audio`: exactly these, the first of them primary.
    Exactly(CString, Vec<CString>),
}

/// Why a text is no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// Nothing is there.
    Empty,
    /// More than the one line.
    MoreThanALine,
    /// A part between colons, or the name, is empty.
    EmptyPart,
    /// White space or a control character.
    Space,
    /// A name that begins as no name does: with a sign.
    Sign,
    /// Behind a colon at the start: not `:UID:GID`.
    NotTwoNumbers,
    /// Not a decimal number without leading zeros, or too large, or the -1 of the system calls.
    Number,
    /// uid or gid 0, which only the name `root` may stand for.
    RootByNumber,
}

impl fmt::Display for Odd {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Empty => "it is empty: write an account's name",
            Self::MoreThanALine => "there is more than one line",
            Self::EmptyPart => "a name between the colons is missing",
            Self::Space => "there is white space or a control character in it",
            Self::Sign => "a name does not begin with a sign",
            Self::NotTwoNumbers => "numbers are written :UID:GID",
            Self::Number => "a number is odd: write it in plain decimal, below 4294967295",
            Self::RootByNumber => "uid or gid 0 by number: write root if that is meant",
        })
    }
}

impl std::error::Error for Odd {}

impl User {
    /// Reads the content of a `user` file: one line, with or without its newline, and nothing else.
    ///
    /// # Errors
    ///
    /// Why it is no account.
    pub fn from_file(content: &[u8]) -> Result<Self, Odd> {
        let line = content.strip_suffix(b"\n").unwrap_or(content);
        if line.contains(&b'\n') {
            return Err(Odd::MoreThanALine);
        }
        Self::parse(line)
    }

    /// Reads an account as it is written on a command line.
    ///
    /// # Errors
    ///
    /// Why it is no account.
    pub fn parse(text: &[u8]) -> Result<Self, Odd> {
        match text {
            b"" => return Err(Odd::Empty),
            b"-" => return Ok(Self::Stay),
            b"." => return Ok(Self::FolderOwner),
            _ if text.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) => {
                return Err(Odd::Space);
            }
            _ => {}
        }
        if let Some(numbers) = text.strip_prefix(b":") {
            return Self::numbers(numbers);
        }
        let mut parts = text.split(|byte| *byte == b':').map(name);
        let account = parts.next().ok_or(Odd::Empty)??;
        let groups = match parts.next().transpose()? {
            None => Groups::Database,
            Some(primary) => {
                let others = parts.collect::<Result<Vec<_>, _>>()?;
                if others.is_empty() { Groups::Primary(primary) } else { Groups::Exactly(primary, others) }
            }
        };
        Ok(Self::Named { name: account, groups })
    }

    fn numbers(text: &[u8]) -> Result<Self, Odd> {
        let mut parts = text.split(|byte| *byte == b':');
        let (Some(uid), Some(gid), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Odd::NotTwoNumbers);
        };
        Ok(Self::Numbers { uid: number(uid)?, gid: number(gid)? })
    }
}

fn name(text: &[u8]) -> Result<CString, Odd> {
    match text.first() {
        None => Err(Odd::EmptyPart),
        Some(b'+' | b'-') => Err(Odd::Sign),
        Some(_) => CString::new(text).map_err(|_| Odd::Space),
    }
}

/// A uid or gid in plain decimal: as strict as can be, since what is misread here becomes somebody else.
fn number(text: &[u8]) -> Result<u32, Odd> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Odd::Number);
    }
    let value =
        std::str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok()).ok_or(Odd::Number)?;
    match (value, text.first()) {
        (0, _) => Err(Odd::RootByNumber),
        (u32::MAX, _) | (_, Some(b'0')) => Err(Odd::Number),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, groups: Groups) -> Result<User, Odd> {
        Ok(User::Named { name: CString::new(name).unwrap(), groups })
    }

    #[test]
    fn the_forms() {
        assert_eq!(User::parse(b"bob"), named("bob", Groups::Database));
        assert_eq!(User::parse(b"bob:www"), named("bob", Groups::Primary(c"www".into())));
        let exactly = Groups::Exactly(c"www".into(), vec![c"audio".into(), c"video".into()]);
        assert_eq!(User::parse(b"bob:www:audio:video"), named("bob", exactly));
        assert_eq!(User::parse(b":1000:1001"), Ok(User::Numbers { uid: 1000, gid: 1001 }));
        assert_eq!(User::parse(b"."), Ok(User::FolderOwner));
        assert_eq!(User::parse(b"-"), Ok(User::Stay));
        assert_eq!(User::parse(b"0day"), named("0day", Groups::Database), "a name, to be looked up as one");
        assert_eq!(User::parse(b"1000"), named("1000", Groups::Database), "never a number without the colon");
    }

    #[test]
    fn a_file_is_one_line() {
        assert_eq!(User::from_file(b"bob\n"), named("bob", Groups::Database));
        assert_eq!(User::from_file(b"bob"), named("bob", Groups::Database));
        assert_eq!(User::from_file(b""), Err(Odd::Empty));
        assert_eq!(User::from_file(b"\n"), Err(Odd::Empty));
        assert_eq!(User::from_file(b"bob\nroot\n"), Err(Odd::MoreThanALine));
        assert_eq!(User::from_file(b"bob\n\n"), Err(Odd::MoreThanALine));
        assert_eq!(User::from_file(b"bob\r\n"), Err(Odd::Space));
        assert_eq!(User::from_file(b"bob \n"), Err(Odd::Space));
        assert_eq!(User::from_file(b"bob\0\n"), Err(Odd::Space));
    }

    #[test]
    fn nothing_odd_is_an_account() {
        let odd: [(&[u8], Odd); 22] = [
            (b"", Odd::Empty),
            (b":", Odd::NotTwoNumbers),
            (b"::", Odd::Number),
            (b":0:0", Odd::RootByNumber),
            (b":00:1", Odd::RootByNumber),
            (b":1000:0", Odd::RootByNumber),
            (b":1000", Odd::NotTwoNumbers),
            (b":1000:1000:4", Odd::NotTwoNumbers),
            (b":-1:1", Odd::Number),
            (b":+1:1", Odd::Number),
            (b": 1:1", Odd::Space),
            (b"1 ", Odd::Space),
            (b":0x0:1", Odd::Number),
            (b":4294967295:1", Odd::Number),
            (b":4294967296:1", Odd::Number),
            (b":18446744073709551616:1", Odd::Number),
            (b":0100:100", Odd::Number),
            (b"-1", Odd::Sign),
            (b"+1", Odd::Sign),
            (b"bob:", Odd::EmptyPart),
            (b"bob::audio", Odd::EmptyPart),
            (b"bob:-1", Odd::Sign),
        ];
        for (text, why) in odd {
            assert_eq!(User::parse(text), Err(why), "{}", String::from_utf8_lossy(text));
        }
    }
}
