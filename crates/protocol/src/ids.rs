//! What `runas -q` prints: the numbers that an account's name stands for.

/// An account's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The account's own.
    pub uid: u32,
    /// Its first group's.
    pub gid: u32,
}

impl Ids {
    /// Reads `UID GID`, and the supplementary groups behind it, which are not kept: a line of plain decimal numbers. `None` where it is
    /// anything else.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        let mut numbers = text.split(' ').map(number);
        let ids = Self { uid: numbers.next()??, gid: numbers.next()?? };
        numbers.all(|group| group.is_some()).then_some(ids)
    }
}

/// A number, but not the -1 of the system calls.
fn number(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_plain && *number != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_numbers_is_an_account() {
        assert_eq!(Ids::parse(b"1000 1001\n"), Some(Ids { uid: 1000, gid: 1001 }));
        assert_eq!(Ids::parse(b"0 33 33 4\n"), Some(Ids { uid: 0, gid: 33 }));
        for odd in
            [&b""[..], b"\n", b"1\n", b"1 2", b"1 -1\n", b"+1 2\n", b"1 4294967295\n", b"1 2 x\n", b"1  2\n"]
        {
            assert_eq!(Ids::parse(odd), None, "{odd:?}");
        }
        assert_eq!(Ids::parse(b"runas: fatal: unable to find bob\n"), None);
    }
}
