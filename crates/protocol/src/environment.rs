//! One file of an `env/` folder, as djb's envdir reads it.

/// The value that the file's content gives its variable: the first line without spaces and tabs at its end, NUL
/// bytes as newlines. `None` for an empty file: the variable is removed.
#[must_use]
pub fn value(content: &[u8]) -> Option<Vec<u8>> {
    if content.is_empty() {
        return None;
    }
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let end =
        line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last.saturating_add(1));
    let kept = line.get(..end).unwrap_or_default();
    Some(kept.iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect())
}

/// Whether a file of that name stands for a variable; others (hidden ones) are passed over.
#[must_use]
pub fn is_variable(name: &[u8]) -> bool {
    !name.starts_with(b".")
}

/// Whether a variable can have that name: the environment could not tell a name with `=` from a value.
#[must_use]
pub fn is_possible(name: &[u8]) -> bool {
    !name.is_empty() && !name.contains(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_by_envdir() {
        assert_eq!(value(b""), None);
        assert_eq!(value(b"\n").unwrap(), b"");
        assert_eq!(value(b"a b \t\nsecond").unwrap(), b"a b");
        assert_eq!(value(b"no newline").unwrap(), b"no newline");
        assert_eq!(value(b"one\0two \0").unwrap(), b"one\ntwo \n");
        assert_eq!(value(b"   ").unwrap(), b"");
    }

    #[test]
    fn names_that_cannot_be() {
        assert!(is_variable(b"A") && !is_variable(b".A"));
        assert!(is_possible(b"A") && !is_possible(b"A=B") && !is_possible(b""));
    }
}
