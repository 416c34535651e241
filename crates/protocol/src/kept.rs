//! What a program keeps open while it becomes its newly installed self: the numbers of its descriptors, by name, in one variable.
//! Two versions of a program must agree on it, so a name that is not known is no error.

use std::fmt;
use std::os::fd::RawFd;

/// The variable.
pub const VARIABLE: &str = "UPKEEP_KEPT";

/// In this one svscan keeps the pid of what runs in its foreground: it is no descriptor.
pub const COMMAND: &str = "UPKEEP_COMMAND";

/// Both are removed for all children.
pub const VARIABLES: [&str; 2] = [VARIABLE, COMMAND];

/// Descriptors by name. As text it is `lock=3 control=4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept(Vec<(String, RawFd)>);

impl Kept {
    /// Reads the text. What makes no sense in it is passed over.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let text = std::str::from_utf8(text).unwrap_or_default();
        let entries = text.split(' ').filter_map(|entry| {
            let (name, number) = entry.split_once('=')?;
            let number: RawFd = number.parse().ok()?;
            (number > 2 && !name.is_empty()).then(|| (name.to_owned(), number))
        });
        Self(entries.collect())
    }

    /// Adds one. The name has neither spaces nor equals signs.
    pub fn add(&mut self, name: &str, number: RawFd) {
        self.0.push((name.to_owned(), number));
    }

    /// Takes one out: each is somebody's once.
    pub fn take(&mut self, name: &str) -> Option<RawFd> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(place).1)
    }

    /// Takes out the next one whose name begins so.
    pub fn take_next(&mut self, beginning: &str) -> Option<(String, RawFd)> {
        let place = self.0.iter().position(|(known, _)| known.starts_with(beginning))?;
        Some(self.0.remove(place))
    }

    /// All numbers.
    pub fn numbers(&self) -> impl Iterator<Item = RawFd> {
        self.0.iter().map(|(_, number)| *number)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, number)) in self.0.iter().enumerate() {
            let space = if place > 0 { " " } else { "" };
            write!(to, "{space}{name}={number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let mut kept = Kept::default();
        kept.add("lock", 5);
        kept.add("control", 7);
        let mut read = Kept::parse(kept.to_string().as_bytes());
        assert_eq!(read, kept);
        assert_eq!((read.take("control"), read.take("control")), (Some(7), None));
        assert_eq!(read.numbers().collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn nonsense_is_passed_over() {
        for text in [&b""[..], b" ", b"=", b"a=", b"=4", b"a=1", b"a=-5", b"a=99999999999", b"\xff=4"] {
            assert_eq!(Kept::parse(text), Kept::default(), "{text:?}");
        }
    }
}
