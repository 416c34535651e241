//! `needs`: the services that are to be ready before a service starts, and what follows from all such files together. Pure.
//!
//! A name a line, of a folder in the same service directory; `#` begins a comment line, and blanks around a name do not count.
//! `$INSTANCE` is replaced by the instance's name.

mod graph;

use std::ffi::CString;
use std::fmt;

pub use graph::{circle, circles};

/// At most so many services can be named.
pub const MOST: usize = 64;

/// The longest file that is read: so many names of the greatest length, and as much again of comments.
pub const LONGEST_FILE: usize = 2 * MOST * (LONGEST_NAME + 1);

/// The longest name, which is the longest that a folder can have.
const LONGEST_NAME: usize = 255;

/// What stands for the instance's name.
const INSTANCE: &[u8] = b"$INSTANCE";

/// Why a file names no services: which line it is, counted from 1, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadNeeds {
    line: usize,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    DosLineEnd,
    Control,
    Slash,
    Hidden,
    Template,
    TooLong,
    TooMany,
    NoInstance,
}

impl fmt::Display for BadNeeds {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "line {}: ", self.line)?;
        match self.fault {
            Fault::DosLineEnd => to.write_str("it ends with a carriage return, as in DOS: write plain lines"),
            Fault::Control => {
                to.write_str("there is a control character in it: write the name of a service folder")
            }
            Fault::Slash => to.write_str("a service is named without /: write the last part of its path"),
            Fault::Hidden => to.write_str("what begins with a dot is no service: write a service's name"),
            Fault::Template => to.write_str("a template never runs: write the name of an instance of it"),
            Fault::TooLong => {
                write!(to, "no folder has so long a name: write one of at most {LONGEST_NAME} bytes")
            }
            Fault::TooMany => write!(to, "there are too many: write at most {MOST} names"),
            Fault::NoInstance => {
                to.write_str("$INSTANCE is nothing where there is no template: write the whole name")
            }
        }
    }
}

impl std::error::Error for BadNeeds {}

/// Reads the file of a service: the names in their order, each once. `instance` is the service's, if it is one of a
/// template.
///
/// # Errors
///
/// The first line that names no service, or one too many.
pub fn parse(content: &[u8], instance: Option<&[u8]>) -> Result<Vec<CString>, BadNeeds> {
    let mut names = Vec::new();
    for (line, number) in content.split(|byte| *byte == b'\n').zip(1..) {
        let bad = |fault| BadNeeds { line: number, fault };
        let line = trimmed(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let name = name(line, instance).map_err(bad)?;
        if names.contains(&name) {
            continue;
        }
        if names.len() == MOST {
            return Err(bad(Fault::TooMany));
        }
        names.push(name);
    }
    Ok(names)
}

/// Without the blanks and tabs around it.
fn trimmed(line: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let from = line.iter().position(is_text).unwrap_or(line.len());
    let to = line.iter().rposition(is_text).map_or(from, |last| last.saturating_add(1));
    line.get(from..to).unwrap_or_default()
}

fn name(line: &[u8], instance: Option<&[u8]>) -> Result<CString, Fault> {
    let mut name = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, others)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(INSTANCE) {
            name.extend(instance.ok_or(Fault::NoInstance)?);
            rest = behind;
        } else {
            name.push(*first);
            rest = others;
        }
        // What is put in may be as long as the file is.
        if name.len() > LONGEST_NAME {
            return Err(Fault::TooLong);
        }
    }
    match name.as_slice() {
        // What is put in may be nothing.
        [] => return Err(Fault::NoInstance),
        [.., b'\r'] => return Err(Fault::DosLineEnd),
        [b'.', ..] => return Err(Fault::Hidden),
        [.., b'@'] => return Err(Fault::Template),
        text if text.contains(&b'/') => return Err(Fault::Slash),
        text if text.iter().any(u8::is_ascii_control) => return Err(Fault::Control),
        _ => {}
    }
    CString::new(name).map_err(|_| Fault::Control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(content: &str, instance: Option<&str>) -> Vec<String> {
        let names = parse(content.as_bytes(), instance.map(str::as_bytes)).unwrap();
        names.into_iter().map(|name| name.into_string().unwrap()).collect()
    }

    fn refusal(content: &str) -> String {
        parse(content.as_bytes(), None).unwrap_err().to_string()
    }

    #[test]
    fn a_name_is_a_line() {
        assert_eq!(names("", None), [""; 0]);
        assert_eq!(names("postgres", None), ["postgres"]);
        assert_eq!(names("# first\n\n  postgres\t\nweb@1\n#redis\npostgres\n", None), ["postgres", "web@1"]);
        assert_eq!(names("my web\nb#\n$x", None), ["my web", "b#", "$x"], "whatever a folder can be called");
        assert_eq!(names("db@$INSTANCE\n$INSTANCE-$INSTANCE", Some("1")), ["db@1", "1-1"]);
        assert_eq!(names("$INSTANCE", Some("$INSTANCE")), ["$INSTANCE"], "not twice");
    }

    #[test]
    fn a_line_that_names_no_service_is_told_by_its_number() {
        for (content, line) in [
            ("a\nb/log\n", "line 2: a service is named without /"),
            ("..", "line 1: what begins with a dot"),
            ("\n\nweb@", "line 3: a template never runs"),
            ("web\r\n", "line 1: it ends with a carriage return"),
            ("we\0b", "line 1: there is a control character"),
            ("web@$INSTANCE", "line 1: $INSTANCE is nothing where there is no template"),
        ] {
            let refusal = refusal(content);
            assert!(refusal.starts_with(line) && refusal.contains(": write "), "{content:?}: {refusal}");
        }
        for instance in [".", "a/b", "a@"] {
            assert!(
                parse(b"$INSTANCE", Some(instance.as_bytes())).is_err(),
                "{instance}: what it becomes counts"
            );
        }
    }

    #[test]
    fn there_are_bounds() {
        let many = |count: usize| (0..count).map(|number| format!("web{number}\n")).collect::<String>();
        assert_eq!(names(&many(MOST).repeat(2), None).len(), MOST, "each counts once");
        assert_eq!(refusal(&many(MOST + 1)), "line 65: there are too many: write at most 64 names");
        assert_eq!(names(&"a".repeat(255), None).len(), 1);
        assert!(refusal(&"a".repeat(256)).starts_with("line 1: no folder has so long a name"));
        let long = "$INSTANCE".repeat(1000);
        assert!(parse(long.as_bytes(), Some(&[b'a'; 250])).is_err());
    }
}
