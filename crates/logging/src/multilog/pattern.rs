//! Patterns of lines: daemontools' own, and the shell's as in daemontools-encore. No pattern and no line makes either of
//! them slow: a star of the first kind never goes back, one of the second only to the last star before it.

use memchr::memchr;

/// How much of a line takes part in patterns, and in status files.
pub const HEAD: usize = 1000;

/// What a line must look like, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// Bytes stand for themselves; a star for the longest run without the byte that follows it in the pattern (be that
    /// another star), at the end for anything.
    Simple(&'a [u8]),
    /// As fnmatch(3) without flags, byte by byte: `*`, `?`, `[a-z]`, `[!a]`, `[[:alpha:]]`, and `\` before a byte that stands
    /// for itself.
    Shell(&'a [u8]),
}

impl Pattern<'_> {
    /// Whether the whole line is like this.
    #[must_use]
    pub fn matches(self, line: &[u8]) -> bool {
        match self {
            Self::Simple(pattern) => simple(pattern, line),
            Self::Shell(pattern) => shell(pattern, line),
        }
    }
}

fn simple(mut pattern: &[u8], mut line: &[u8]) -> bool {
    loop {
        match (pattern, line) {
            ([b'*'], _) => return true,
            ([b'*', rest @ ..], _) => {
                let next = rest.first().and_then(|next| memchr(*next, line));
                let Some(here) = next.and_then(|place| line.get(place..)) else { return false };
                (pattern, line) = (rest, here);
            }
            ([byte, pattern_rest @ ..], [same, line_rest @ ..]) if byte == same => {
                (pattern, line) = (pattern_rest, line_rest);
            }
            (rest, line) => return rest.is_empty() && line.is_empty(),
        }
    }
}

fn shell(mut pattern: &[u8], mut line: &[u8]) -> bool {
    // Behind the last star, and where in the line what follows it is tried next.
    let mut last_star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            last_star = Some((rest, line));
            pattern = rest;
            continue;
        }
        if pattern.is_empty() && line.is_empty() {
            return true;
        }
        let matched = line.split_first().and_then(|(byte, others)| Some((one(pattern, *byte)?, others)));
        if let Some((rest, others)) = matched {
            (pattern, line) = (rest, others);
            continue;
        }
        let Some((rest, [_, others @ ..])) = last_star else { return false };
        last_star = Some((rest, others));
        (pattern, line) = (rest, others);
    }
}

/// What is left of a pattern whose first element stands for this byte.
fn one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'\\', escaped, rest @ ..] => (*escaped == byte).then_some(rest),
        // One at the end stands for nothing.
        [b'\\'] => None,
        [b'[', set @ ..] => match bracket(set, byte) {
            Some((is_in, rest)) => is_in.then_some(rest),
            // Without its end it is a bracket.
            None => (byte == b'[').then_some(set),
        },
        [same, rest @ ..] => (*same == byte).then_some(rest),
        [] => None,
    }
}

/// Whether the byte is in the set that begins here, and what follows the set; `None` where it has no end.
fn bracket(mut set: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let negated = matches!(set, [b'!' | b'^', ..]);
    if let (true, [_, rest @ ..]) = (negated, set) {
        set = rest;
    }
    let (mut is_in, mut first) = (false, true);
    loop {
        match set {
            [b']', rest @ ..] if !first => return Some((is_in != negated, rest)),
            _ if class(set).is_some() => {
                let (name, rest) = class(set)?;
                match has_class(name, byte) {
                    Some(has) => is_in |= has,
                    // A class that nobody knows: no byte is in it, nor out of it.
                    None if !is_in => return Some((false, rest)),
                    None => {}
                }
                set = rest;
            }
            _ => {
                let (low, rest) = element(set)?;
                set = rest;
                let mut high = low;
                if let [b'-', after @ ..] = rest {
                    if !after.starts_with(b"]") {
                        (high, set) = element(after)?;
                    }
                }
                is_in |= (low..=high).contains(&byte);
            }
        }
        first = false;
    }
}

/// The name of a class, `[:name:]`, and what follows. What only begins so is bytes; so is a name with a z in it, which
/// glibc does not count among the letters here.
fn class(set: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = set.strip_prefix(b"[:")?;
    let length = text.iter().take_while(|byte| byte.is_ascii_lowercase() && **byte != b'z').count();
    let (name, rest) = text.split_at_checked(length)?;
    Some((name, rest.strip_prefix(b":]")?))
}

/// A byte of a set, which a backslash may precede.
fn element(set: &[u8]) -> Option<(u8, &[u8])> {
    match set {
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => Some((*byte, rest)),
        [] => None,
    }
}

/// Whether the byte is of a class; `None` for one that there is not.
fn has_class(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte == b' ' || byte.is_ascii_graphic(),
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn simple_is(pattern: &str, yes: &[&str], no: &[&str]) {
        let matches = |line: &&&str| Pattern::Simple(pattern.as_bytes()).matches(line.as_bytes());
        assert_eq!(yes.iter().find(|line| !matches(line)), None, "{pattern} does not match");
        assert_eq!(no.iter().find(|line| matches(line)), None, "{pattern} matches");
    }

    #[track_caller]
    fn shell_is(pattern: &str, yes: &[&str], no: &[&str]) {
        let matches = |line: &&&str| Pattern::Shell(pattern.as_bytes()).matches(line.as_bytes());
        assert_eq!(yes.iter().find(|line| !matches(line)), None, "{pattern} does not match");
        assert_eq!(no.iter().find(|line| matches(line)), None, "{pattern} matches");
    }

    #[test]
    fn a_star_ends_at_the_first_of_the_next_byte_and_does_not_go_back() {
        simple_is("hello", &["hello"], &["hello world", "hell", ""]);
        simple_is("", &[""], &["a"]);
        simple_is("*", &["", "a", "*"], &[]);
        simple_is("named[*]: Cleaned *", &["named[135]: Cleaned cache"], &["named[1]2]: Cleaned cache"]);
        simple_is("*b", &["b", "aab"], &["", "aabb", "bb", "a"]);
        simple_is("* fatal: *", &["@4000 fatal: x"], &["a b fatal: x"]);
        simple_is("**", &["*", "a*", "a*b"], &["", "a"]);
        simple_is("a**b", &["a*b", "axx*yyb"], &["ab", "axb"]);
    }

    #[test]
    fn a_shell_pattern_is_as_the_shells() {
        shell_is("*b", &["b", "aabb", "bb"], &["", "a", "ba"]);
        shell_is("a?c*", &["abc", "a/cd"], &["ac", "abd"]);
        shell_is("[a-c][!x]", &["ab", "cz"], &["ax", "da", "a"]);
        shell_is("[]a]", &["]", "a"], &["b"]);
        shell_is("[[:digit:][:space:]]*", &["1", " x"], &["x", ""]);
        shell_is("[a", &["[a"], &["a"]);
        shell_is("[[:]", &["[", ":"], &["a"]);
        shell_is("[![:nothing:]]", &[], &["a", "n"]);
        shell_is("\\*\\\\", &["*\\"], &["x\\", "*"]);
        shell_is("a-[z-]", &["a-z", "a--"], &["a-y"]);
        shell_is("*a*b*c", &["xaybzc", "abc", "aabbcc"], &["acb", "abcd"]);
    }
}
