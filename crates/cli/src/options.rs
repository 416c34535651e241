//! Options as djb's getopt reads them: one letter each, clustered, before the operands; `--`, and whatever begins with
//! it, ends them, and a lone `-` is an operand.

use crate::Failure;
use crate::text::shown;
use std::ffi::CStr;

/// Goes through the options of a command line; what is left are the operands.
#[derive(Debug)]
pub struct Options<'a> {
    program: &'a [u8],
    allowed: &'static [u8],
    rest: &'a [&'static CStr],
    cluster: &'static [u8],
}

/// An option: its letter, and its argument where it takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// A letter that takes no argument.
    Flag(u8),
    /// A letter with its argument.
    With(u8, &'static [u8]),
}

impl<'a> Options<'a> {
    /// `args` begins with the program's name; `allowed` has a colon behind each letter that takes an argument.
    #[must_use]
    pub fn new(args: &'a [&'static CStr], allowed: &'static str) -> Self {
        let (program, rest) = match args.split_first() {
            Some((first, rest)) => (first.to_bytes(), rest),
            None => (&b""[..], args),
        };
        let program = program.rsplit(|byte| *byte == b'/').next().unwrap_or(program);
        Self { program, allowed: allowed.as_bytes(), rest, cluster: b"" }
    }

    /// The next option, or `None` where the operands begin.
    ///
    /// # Errors
    ///
    /// A usage failure with getopt's complaint for a letter that is not allowed or lacks its argument.
    pub fn next_option(&mut self) -> Result<Option<Given>, Failure> {
        if self.cluster.is_empty() {
            let Some((first, rest)) = self.rest.split_first() else { return Ok(None) };
            match first.to_bytes() {
                [b'-', b'-', ..] => {
                    self.rest = rest;
                    return Ok(None);
                }
                [b'-', letters @ ..] if !letters.is_empty() => {
                    self.cluster = letters;
                    self.rest = rest;
                }
                _ => return Ok(None),
            }
        }
        let Some((letter, others)) = self.cluster.split_first() else { return Ok(None) };
        self.cluster = others;
        let place = self.allowed.iter().position(|allowed| allowed == letter && *allowed != b':');
        let Some(place) = place else {
            return Err(self.complaint("illegal option", *letter));
        };
        if self.allowed.get(place.saturating_add(1)) != Some(&b':') {
            return Ok(Some(Given::Flag(*letter)));
        }
        if !others.is_empty() {
            self.cluster = b"";
            return Ok(Some(Given::With(*letter, others)));
        }
        let Some((argument, rest)) = self.rest.split_first() else {
            return Err(self.complaint("option requires an argument", *letter));
        };
        self.rest = rest;
        Ok(Some(Given::With(*letter, argument.to_bytes())))
    }

    /// What follows the options read so far.
    #[must_use]
    pub fn operands(&self) -> &'a [&'static CStr] {
        self.rest
    }

    fn complaint(&self, what: &str, letter: u8) -> Failure {
        Failure::Usage(Some(format!("{}: {what} -- {}", shown(self.program), shown(&[letter]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&'static CStr], allowed: &'static str) -> (Vec<Given>, usize, Option<String>) {
        let mut options = Options::new(args, allowed);
        let mut given = Vec::new();
        loop {
            match options.next_option() {
                Ok(Some(option)) => given.push(option),
                Ok(None) => return (given, options.operands().len(), None),
                Err(Failure::Usage(complaint)) => return (given, 0, complaint),
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn letters_are_clustered_and_operands_end_them() {
        assert_eq!(
            read(&[c"svc", c"-dx", c"a", c"-u"], "udx"),
            (vec![Given::Flag(b'd'), Given::Flag(b'x')], 2, None)
        );
        assert_eq!(read(&[c"svc", c"--", c"-u"], "udx"), (vec![], 1, None));
        assert_eq!(read(&[c"svc", c"-d", c"--up", c"-u"], "udx"), (vec![Given::Flag(b'd')], 1, None));
        assert_eq!(read(&[c"svc", c"-", c"a"], "udx"), (vec![], 2, None));
    }

    #[test]
    fn an_argument_is_the_rest_or_the_next() {
        assert_eq!(read(&[c"t", c"-u077", c"x"], "u:"), (vec![Given::With(b'u', b"077")], 1, None));
        assert_eq!(read(&[c"t", c"-u", c"077", c"x"], "u:"), (vec![Given::With(b'u', b"077")], 1, None));
    }

    #[test]
    fn complaints_name_the_program_as_it_was_called() {
        assert_eq!(read(&[c"/x/svc", c"-z"], "u").2.unwrap(), "svc: illegal option -- z");
        assert_eq!(read(&[c"svc", c"-:"], "u:").2.unwrap(), "svc: illegal option -- :");
        assert_eq!(read(&[c"runas", c"-u"], "u:").2.unwrap(), "runas: option requires an argument -- u");
    }
}
