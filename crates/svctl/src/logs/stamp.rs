//! The time before a line: which forms there are, and what is behind it. Pure.
//!
//! | form | who writes it |
//! |---|---|
//! | `@400000006b026552075bcd15 ` | multilog t, svlogd -t |
//! | `1795319112.123456 ` | multilog T |
//! | `2026-11-22T03:45:12.123456789Z ` | multilog r |
//! | `2026-11-22_03:45:12.12345 ` | svlogd -tt |
//! | `2026-11-22T03:45:12.12345 ` | svlogd -ttt |
//!
//! Each is UTC, and each must be to the letter: a service writes times of its own.

use protocol::tai64n::{LABEL, Tai64n};
use std::time::{Duration, SystemTime};

/// No stamp has more bytes, the space behind it included.
pub(super) const LONGEST: usize = 32;

/// `2026-11-22T03:45:12.`
const TO_THE_SECOND: usize = 20;

/// The time since 1970 that a line begins with, and the rest of the line; `None` where it begins with none.
pub(super) fn stamp(line: &[u8]) -> Option<(Duration, &[u8])> {
    match line.first()? {
        b'@' => {
            let time = label(line)?;
            // Behind the label of an empty line there may be nothing.
            let rest = line.get(LABEL..)?;
            Some((time, if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? }))
        }
        b'0'..=b'9' => {
            let end = line.iter().take(LONGEST).position(|byte| *byte == b' ')?;
            let (text, rest) = line.split_at(end);
            let time = if text.get(4) == Some(&b'-') { date(text)? } else { seconds(text)? };
            Some((time, rest.strip_prefix(b" ")?))
        }
        _ => None,
    }
}

/// The time since 1970 of a text that begins with a TAI64N label.
pub(super) fn label(text: &[u8]) -> Option<Duration> {
    Some(Tai64n::from_label(text)?.since(Tai64n::from_wall(Duration::ZERO)))
}

fn seconds(text: &[u8]) -> Option<Duration> {
    let (seconds, fraction) = std::str::from_utf8(text).ok()?.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) || fraction.len() != 6 {
        return None;
    }
    Some(Duration::new(seconds.parse().ok()?, fraction.parse::<u32>().ok()?.checked_mul(1000)?))
}

fn date(text: &[u8]) -> Option<Duration> {
    let (date, fraction) = text.split_at_checked(TO_THE_SECOND)?;
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_theirs = digits == 5 && fraction.len() == 5;
    let is_ours = digits == 9 && fraction.get(9..) == Some(b"Z") && date.get(10) == Some(&b'T');
    if !is_theirs && !is_ours || date.last() != Some(&b'.') {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?.replacen('_', "T", 1);
    let time = humantime::parse_rfc3339_weak(&text).ok()?;
    time.duration_since(SystemTime::UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(Duration, &str)> {
        let (time, rest) = stamp(line.as_bytes())?;
        Some((time, std::str::from_utf8(rest).unwrap()))
    }

    #[test]
    fn each_form_is_told() {
        let time = |nanoseconds| Duration::new(1_795_319_112, nanoseconds);
        for (line, nanoseconds) in [
            ("@400000006b026552075bcd15 a line", 123_456_789),
            ("1795319112.123456 a line", 123_456_000),
            ("2026-11-22T03:45:12.123456789Z a line", 123_456_789),
            ("2026-11-22_03:45:12.12345 a line", 123_450_000),
            ("2026-11-22T03:45:12.12345 a line", 123_450_000),
        ] {
            assert_eq!(told(line), Some((time(nanoseconds), "a line")), "{line}");
            assert!(line.find(' ').unwrap() < LONGEST);
        }
        assert_eq!(told("@400000006b026552075bcd15 "), Some((time(123_456_789), "")));
        assert_eq!(told("@400000006b026552075bcd15"), Some((time(123_456_789), "")));
        assert_eq!(told("@400000006b026552075bcd15  x"), Some((time(123_456_789), " x")));
    }

    #[test]
    fn what_a_service_writes_itself_is_none() {
        for line in [
            "",
            "@",
            "@bob hello",
            "@400000006b026552075bcd1 short",
            "@400000006b026552075bcd15x",
            "404 not found",
            "1795319112 without a fraction",
            "1795319112.123 milliseconds",
            ".123456 x",
            "2026-11-22 03:45:12.12345 two words",
            "2026-11-22T03:45:12Z to the second",
            "2026-11-22T03:45:12.123Z milliseconds",
            "2026-11-22_03:45:12.123456789Z mixed",
            "2026-13-22_03:45:12.12345 no month",
            "2026-11-22T03:45:12.12345",
            "\u{e9}026-11-22T03:45:12.12345 x",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
