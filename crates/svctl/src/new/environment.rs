//! Variables for a service: a file of `env/` each, in the form that envdir reads. Pure.

use protocol::environment::{is_possible, is_variable, value};
use std::fmt;

/// The longest name that a file can have.
const LONGEST_NAME: usize = 255;

/// Why a variable cannot be carried by a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// No file can be called so, or it would be passed over.
    Name,
    /// envdir takes blanks off the end of a value.
    BlankAtEnd,
    /// No process can have it.
    Nul,
}

impl fmt::Display for Odd {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Name => {
                "its name is to be a file's, so it cannot be empty, begin with a dot, or have / or = in it"
            }
            Self::BlankAtEnd => "its value ends with a blank, and files of env/ are read without those",
            Self::Nul => "its value has a NUL byte in it, which no variable can have",
        })
    }
}

/// The content of the file that gives a variable that value.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn file(name: &str, wanted: &str) -> Result<Vec<u8>, Odd> {
    let is_name = is_possible(name.as_bytes()) && is_variable(name.as_bytes()) && name.len() <= LONGEST_NAME;
    if !is_name || name.contains(|character: char| character == '/' || character.is_control()) {
        return Err(Odd::Name);
    }
    if wanted.contains('\0') {
        return Err(Odd::Nul);
    }
    let content = wanted.replace('\n', "\0") + "\n";
    let is_kept = value(content.as_bytes()).as_deref() == Some(wanted.as_bytes());
    if is_kept { Ok(content.into_bytes()) } else { Err(Odd::BlankAtEnd) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_line() {
        assert_eq!(file("A", "x y"), Ok(b"x y\n".to_vec()));
        assert_eq!(file("A", ""), Ok(b"\n".to_vec()), "an empty file would remove it");
        assert_eq!(file("A", "one\ntwo"), Ok(b"one\0two\n".to_vec()));
        assert_eq!(file("A", " a=b"), Ok(b" a=b\n".to_vec()));
    }

    #[test]
    fn what_no_file_can_hold_is_refused() {
        assert_eq!(file("A", "x "), Err(Odd::BlankAtEnd));
        assert_eq!(file("A", "x\t"), Err(Odd::BlankAtEnd));
        assert_eq!(file("A", "x\0y"), Err(Odd::Nul));
        for name in ["", ".A", "a/b", "A=B", "A\n", &"A".repeat(256)] {
            assert_eq!(file(name, "x"), Err(Odd::Name), "{name}");
        }
    }
}
