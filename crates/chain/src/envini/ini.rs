//! The lines of an INI file: `[section]`, `name = value`, `; comment`.
//!
//! It says which variables a text sets, in which order, and nothing about files or prefixes. As in daemontools-encore,
//! any other line is passed over; there is no quoting, no escape, and no comment behind a value.

use std::fmt;

/// A variable that a line sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The section and `_`, where there is a section, then the name; never empty.
    pub name: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// A line that no text has: the file is something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NulByte {
    /// The first such line, counted from 1.
    pub line: usize,
}

impl fmt::Display for NulByte {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "line {} has a NUL byte in it", self.line)
    }
}

impl std::error::Error for NulByte {}

/// What a text sets, one after the other; the same name may come again.
///
/// # Errors
///
/// Where there is a NUL byte anywhere in it: the rest of that line could not be in a variable.
pub fn parse(text: &[u8]) -> Result<Vec<Assignment>, NulByte> {
    let mut assignments = Vec::new();
    let mut section = Vec::new();
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        if line.contains(&0) {
            return Err(NulByte { line: number });
        }
        match trim(line) {
            [b'[', name @ .., b']'] => section = [name, b"_"].concat(),
            [b';', ..] => {}
            line => assignments.extend(assignment(&section, line)),
        }
    }
    Ok(assignments)
}

/// What a line of the form `name = value` sets. A name has no blanks in it, a value may.
fn assignment(section: &[u8], line: &[u8]) -> Option<Assignment> {
    let (name, value) = line.split_at(line.iter().position(|byte| *byte == b'=')?);
    let name = trim(name);
    if name.is_empty() || name.iter().any(is_blank) {
        return None;
    }
    let value = trim(value.strip_prefix(b"=").unwrap_or(value));
    Some(Assignment { name: [section, name].concat(), value: value.to_vec() })
}

/// Without the blanks at both ends.
fn trim(text: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| !is_blank(byte);
    let start = text.iter().position(is_kept).unwrap_or(text.len());
    let end = text.iter().rposition(is_kept).map_or(start, |last| last.saturating_add(1));
    text.get(start..end).unwrap_or_default()
}

/// A newline ends a line before this is asked.
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn sets(text: &str, expected: &[(&str, &str)]) {
        let assignments = parse(text.as_bytes()).unwrap();
        let assignments: Vec<_> = assignments
            .iter()
            .map(|set| (std::str::from_utf8(&set.name).unwrap(), std::str::from_utf8(&set.value).unwrap()))
            .collect();
        assert_eq!(assignments, expected, "{text:?}");
    }

    #[test]
    fn sections_are_put_before_names() {
        sets(
            "first=1\n[web]\nport = 80\n[]\nx=2\n[ a b ]\ny=3\n",
            &[("first", "1"), ("web_port", "80"), ("_x", "2"), (" a b _y", "3")],
        );
    }

    #[test]
    fn blanks_around_names_and_values_do_not_count() {
        sets(
            "  a\t=  b c \t\r\n\tb=\r\nc =\n d=e=f = g",
            &[("a", "b c"), ("b", ""), ("c", ""), ("d", "e=f = g")],
        );
    }

    #[test]
    fn comments_and_all_other_lines_are_passed_over() {
        sets("; a=1\n  ;b=2\n\n \t\nno assignment\ntwo words=3\n=4\n == 5\n[open\nclosed]\n# d=5\n", &[]);
        sets("a=1 ; no comment\n#b=2", &[("a", "1 ; no comment"), ("#b", "2")]);
        sets("[x=y\n[s]z=1\n[", &[("[x", "y"), ("[s]z", "1")]);
    }

    #[test]
    fn the_same_name_may_come_again() {
        sets("a=1\n[s]\na=2\n[s]\na=3", &[("a", "1"), ("s_a", "2"), ("s_a", "3")]);
    }

    #[test]
    fn a_nul_byte_is_told_with_its_line() {
        assert_eq!(parse(b"a=1\n; \0\nb=\0"), Err(NulByte { line: 2 }));
        assert_eq!(parse(b""), Ok(Vec::new()));
    }
}
