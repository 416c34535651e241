//! What a service says of itself on its notification socket, in the words of systemd's sd_notify(3): one assignment a line.
//!
//! Only what a word says is read here. Whether it counts, and what happens then, is supervise's affair.

use crate::value::LONGEST;
use std::time::Duration;

/// The longest message that is read. sd_notify(3) knows no bound, systemd has the same.
pub const LONGEST_MESSAGE: usize = 4096;

/// The longest text that is kept of what a service says of itself, in bytes.
pub const LONGEST_STATUS: usize = 255;

/// One assignment that means something here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// `READY=1`: it is ready, for the first time or again after it was reloading.
    Ready,
    /// `RELOADING=1`: it reads its configuration again.
    Reloading,
    /// `STOPPING=1`: it is about to end.
    Stopping,
    /// `STATUS=`: a text for people, of at most [`LONGEST_STATUS`] bytes. It can contain anything, so escape it where it is shown.
    Status(String),
    /// `WATCHDOG=1`: it lives.
    Alive,
    /// `WATCHDOG=trigger`: it says of itself that it does not live as it should.
    Trigger,
    /// `EXTEND_TIMEOUT_USEC=`: it needs so much time more, counted from now; at most [`LONGEST`].
    Extend(Duration),
    /// `MAINPID=`: this other process is the service; `None` where that is no number of a process.
    MainPid(Option<u32>),
}

/// The words of a message, in its order. What means nothing here is passed over.
///
/// A NUL at the end is no part of it: it is what a C program sends that sends the whole of its string.
pub fn words(message: &[u8]) -> impl Iterator<Item = Word> {
    let message = message.strip_suffix(b"\0").unwrap_or(message);
    message.split(|byte| *byte == b'\n').filter_map(word)
}

fn word(line: &[u8]) -> Option<Word> {
    match line {
        b"READY=1" => return Some(Word::Ready),
        b"RELOADING=1" => return Some(Word::Reloading),
        b"STOPPING=1" => return Some(Word::Stopping),
        b"WATCHDOG=1" => return Some(Word::Alive),
        b"WATCHDOG=trigger" => return Some(Word::Trigger),
        _ => {}
    }
    let name = line.iter().position(|byte| *byte == b'=')?;
    let value = line.get(name.saturating_add(1)..)?;
    match line.get(..name)? {
        b"STATUS" => Some(Word::Status(beginning(value))),
        b"EXTEND_TIMEOUT_USEC" => microseconds(value).map(Word::Extend),
        b"MAINPID" => Some(Word::MainPid(number(value).and_then(|pid| u32::try_from(pid).ok()))),
        _ => None,
    }
}

/// The beginning of a text, up to whole characters; what is not UTF-8 is replaced.
fn beginning(value: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(value).into_owned();
    let mut end = text.len().min(LONGEST_STATUS);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text
}

/// A time in microseconds; one that is too long is the longest.
fn microseconds(digits: &[u8]) -> Option<Duration> {
    number(digits).map(|number| Duration::from_micros(number).min(LONGEST))
}

/// Plain decimal digits; a number that is too large is the largest.
fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &[u8]) -> Vec<Word> {
        words(message).collect()
    }

    #[test]
    fn every_word_is_known_and_comes_in_its_order() {
        let message = b"STATUS=Waking up\nEXTEND_TIMEOUT_USEC=1500000\nREADY=1\nWATCHDOG=1\nRELOADING=1\n\
            MONOTONIC_USEC=7\nWATCHDOG=trigger\nMAINPID=77\nSTOPPING=1\nREADY=1\n";
        let expected = [
            Word::Status("Waking up".into()),
            Word::Extend(Duration::from_millis(1500)),
            Word::Ready,
            Word::Alive,
            Word::Reloading,
            Word::Trigger,
            Word::MainPid(Some(77)),
            Word::Stopping,
            Word::Ready,
        ];
        assert_eq!(said(message), expected);
    }

    #[test]
    fn what_means_nothing_is_passed_over() {
        for message in [
            &b""[..],
            b"\0",
            b"\n\n",
            b"READY",
            b"READY=",
            b"READY=0",
            b"READY=1 ",
            b" READY=1",
            b"ready=1",
            b"READY=1\r\n",
            b"READY=1\0\0",
            b"XREADY=1",
            b"=1",
            b"WATCHDOG=2",
            b"BARRIER=1",
            b"FDSTORE=1\nFDNAME=x",
            b"ERRNO=2",
            b"EXTEND_TIMEOUT_USEC=",
            b"EXTEND_TIMEOUT_USEC=+5",
            b"EXTEND_TIMEOUT_USEC=-5",
            b"EXTEND_TIMEOUT_USEC=5s",
            b"EXTEND_TIMEOUT_USEC=\xd9\xa5",
        ] {
            assert_eq!(said(message), [], "{message:?}");
        }
        assert_eq!(said(b"READY=1\0"), [Word::Ready], "a whole string of C");
    }

    #[test]
    fn a_time_is_bounded() {
        for digits in ["3155760000000001", "18446744073709551615", "99999999999999999999999"] {
            let message = format!("EXTEND_TIMEOUT_USEC={digits}");
            assert_eq!(said(message.as_bytes()), [Word::Extend(LONGEST)], "{digits}");
        }
        let longest = LONGEST.as_micros();
        let message = format!("EXTEND_TIMEOUT_USEC={longest}\nEXTEND_TIMEOUT_USEC={}", longest - 1);
        assert_eq!(
            said(message.as_bytes()),
            [Word::Extend(LONGEST), Word::Extend(LONGEST - Duration::from_micros(1))]
        );
        assert_eq!(said(b"EXTEND_TIMEOUT_USEC=0"), [Word::Extend(Duration::ZERO)]);
    }

    #[test]
    fn a_text_is_cut_between_characters_and_otherwise_left_as_it_is() {
        let cut = |text: &[u8]| match said(&[b"STATUS=", text].concat()).as_slice() {
            [Word::Status(text)] => text.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(cut(b""), "");
        assert_eq!(cut(b"a=b \x1b[31m\t"), "a=b \x1b[31m\t");
        assert_eq!(cut(&[b'x'; 300]).len(), 255);
        assert_eq!(cut("\u{e4}".repeat(200).as_bytes()), "\u{e4}".repeat(127));
        assert_eq!(cut(b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(cut(&[0xff; 300]), "\u{fffd}".repeat(85));
    }

    #[test]
    fn another_main_process_is_a_number_or_none() {
        for (digits, pid) in
            [("1", Some(1)), ("4294967295", Some(u32::MAX)), ("4294967296", None), ("", None), ("-1", None)]
        {
            assert_eq!(said(format!("MAINPID={digits}").as_bytes()), [Word::MainPid(pid)], "{digits:?}");
        }
    }
}
