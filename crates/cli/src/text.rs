//! Names and texts that come from elsewhere, made fit for a message: one line, no control characters.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

/// `bytes` as they are where they are plain UTF-8 text; control characters and what is not UTF-8 as `\xNN`.
#[must_use]
pub fn shown(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Cow::Borrowed(text),
        _ => Cow::Owned(escaped(bytes)),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    let _ = write!(text, "\\x{byte:02x}");
                }
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// A time as a person reads it in a message: `1 s`, `250 ms`.
#[must_use]
pub fn short(time: Duration) -> String {
    if time.subsec_millis() == 0 || time.as_secs() >= 10 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_number() {
        assert_eq!(shown(b"web"), "web");
        assert_eq!(shown("wéb".as_bytes()), "wéb");
        assert_eq!(shown(b"a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
        assert_eq!(shown(b"a\xffb"), "a\\xffb");
        assert_eq!(shown("a\u{9b}2J".as_bytes()), "a\\xc2\\x9b2J", "the one-character form of ESC [");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(short(Duration::from_secs(2)), "2 s");
        assert_eq!(short(Duration::from_millis(1500)), "1500 ms");
    }
}
