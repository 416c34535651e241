//! The values of a service: files of one line, such as `timeout-kill` and `down-signal`.
//!
//! Only the first line counts, without blanks and tabs at its end. What is no value is an error that says what would be one;
//! which file it was, and what happens then, is the caller's affair.

use humantime::{DurationError, parse_duration};
use nix::sys::signal::Signal;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use sys::signals::SignalNumber;

/// The longest time that is a value: a hundred years of 365.25 days. Twice that still fits into 64 bits of nanoseconds.
pub const LONGEST: Duration = Duration::from_secs(100 * 31_557_600);

/// The first and the last signal that `RTMIN` and `RTMAX` count from: as glibc has them, which keeps two for itself.
const REAL_TIME: (i32, i32) = (34, 64);

/// Why a file has no value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadValue {
    fault: Fault,
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    DosLineEnd,
    NotText,
    NoUnit,
    NoTime,
    TooLong,
    NoSignal,
    NoWord,
    NoDescriptor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Timeout,
    Duration,
    Signal,
    Leftovers,
    Descriptor,
}

impl fmt::Display for BadValue {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self.fault {
            Fault::Empty => "it is empty",
            Fault::DosLineEnd => "its line ends with a carriage return, as in DOS",
            Fault::NotText => "there is something else than plain text in it",
            Fault::NoUnit => "a time needs a unit",
            Fault::NoTime => "that is no time",
            Fault::TooLong => "that is more than a hundred years",
            Fault::NoSignal => "there is no such signal",
            Fault::NoWord => "that is not one of its words",
            Fault::NoDescriptor => "that is no descriptor",
        })?;
        to.write_str(match self.wanted {
            Wanted::Timeout => ": write 5s or 1m 30s, or 5000 for that many milliseconds",
            Wanted::Duration => ": write 30s or 1m 30s",
            Wanted::Signal => ": write a name such as HUP, or a number from 1 to 64",
            Wanted::Leftovers => ": write keep, kill or wait",
            Wanted::Descriptor => ": write a number from 3 to 1023",
        })
    }
}

impl std::error::Error for BadValue {}

/// What is done with the processes that an earlier run left behind, before the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// They are left alone.
    Keep,
    /// They are ended.
    Kill,
    /// They are waited for.
    Wait,
}

/// Reads a time that s6 has a file for: a plain number is milliseconds, as there, anything else a [`duration`]. `None`, which
/// is 0 of any unit, means that there is no limit.
///
/// # Errors
///
/// Where it is neither, or more than [`LONGEST`].
pub fn timeout(content: &[u8]) -> Result<Option<Duration>, BadValue> {
    let bad = |fault| BadValue { fault, wanted: Wanted::Timeout };
    let text = line(content).map_err(bad)?;
    let time = if is_number(text) {
        // What does not fit is too long as well.
        Duration::from_millis(text.parse().unwrap_or(u64::MAX))
    } else {
        sum(text).map_err(bad)?
    };
    bounded(time).map(|time| Some(time).filter(|time| !time.is_zero())).map_err(bad)
}

/// Reads a time, which has a unit: `30s`, `1m 30s`, `1.5 h`.
///
/// # Errors
///
/// Where it is none, has no unit, or is more than [`LONGEST`].
pub fn duration(content: &[u8]) -> Result<Duration, BadValue> {
    line(content)
        .and_then(|text| if is_number(text) { Err(Fault::NoUnit) } else { sum(text) })
        .and_then(bounded)
        .map_err(|fault| BadValue { fault, wanted: Wanted::Duration })
}

/// Reads the number of a descriptor beyond the standard three.
///
/// # Errors
///
/// Where it is no number from 3 to 1023.
pub fn descriptor(content: &[u8]) -> Result<i32, BadValue> {
    line(content)
        .and_then(|text| {
            let number = Some(text).filter(|text| is_number(text)).and_then(|text| text.parse().ok());
            number.filter(|number| (3..1024).contains(number)).ok_or(Fault::NoDescriptor)
        })
        .map_err(|fault| BadValue { fault, wanted: Wanted::Descriptor })
}

/// Reads a signal: its name in any case, with or without `SIG`, or its number. `RTMIN+1` and `RTMAX-1` are names, too.
///
/// # Errors
///
/// Where no signal is called so.
pub fn signal(content: &[u8]) -> Result<SignalNumber, BadValue> {
    line(content)
        .and_then(|text| {
            let number = if is_number(text) { text.parse().ok() } else { named(&text.to_ascii_uppercase()) };
            number.and_then(SignalNumber::new).ok_or(Fault::NoSignal)
        })
        .map_err(|fault| BadValue { fault, wanted: Wanted::Signal })
}

/// Reads what is done with leftovers: one of the three words.
///
/// # Errors
///
/// Where it is none of them.
pub fn leftovers(content: &[u8]) -> Result<Leftovers, BadValue> {
    line(content)
        .and_then(|text| match text {
            "keep" => Ok(Leftovers::Keep),
            "kill" => Ok(Leftovers::Kill),
            "wait" => Ok(Leftovers::Wait),
            _ => Err(Fault::NoWord),
        })
        .map_err(|fault| BadValue { fault, wanted: Wanted::Leftovers })
}

/// The first line, of printable characters of ASCII, with something in it.
fn line(content: &[u8]) -> Result<&str, Fault> {
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let end =
        line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last.saturating_add(1));
    match line.get(..end).unwrap_or_default() {
        [] => Err(Fault::Empty),
        [.., b'\r'] => Err(Fault::DosLineEnd),
        text if !text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) => Err(Fault::NotText),
        text => std::str::from_utf8(text).map_err(|_| Fault::NotText),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn bounded(time: Duration) -> Result<Duration, Fault> {
    if time > LONGEST { Err(Fault::TooLong) } else { Ok(time) }
}

/// Adds up numbers with their units. humantime gets them one by one: a whole line it reads too kindly (`1 30 s` would be 130
/// seconds), and a sum that is a nanosecond too large makes it panic.
fn sum(text: &str) -> Result<Duration, Fault> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let unit = rest.find(|character: char| character.is_ascii_alphabetic());
        let (number, behind) = rest.split_at(unit.unwrap_or(rest.len()));
        if !number.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(Fault::NoTime);
        }
        if behind.is_empty() {
            return Err(Fault::NoUnit);
        }
        let end = behind.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(behind.len());
        let part = rest.get(..number.len().saturating_add(end)).unwrap_or(rest);
        let time = parse_duration(part).map_err(|error| match error {
            DurationError::NumberOverflow if !number.contains('.') => Fault::TooLong,
            _ => Fault::NoTime,
        })?;
        sum = sum.checked_add(time).ok_or(Fault::TooLong)?;
        rest = behind.get(end..).unwrap_or_default();
    }
    Ok(sum)
}

/// The number of the signal that an upper-case name stands for.
fn named(name: &str) -> Option<i32> {
    let name = name.strip_prefix("SIG").unwrap_or(name);
    let (first, last) = REAL_TIME;
    let offset = |digits: &str| Some(digits).filter(|digits| is_number(digits))?.parse::<i32>().ok();
    let real_time = match name {
        "RTMIN" => Some(first),
        "RTMAX" => Some(last),
        _ => match (name.strip_prefix("RTMIN+"), name.strip_prefix("RTMAX-")) {
            (Some(more), _) => first.checked_add(offset(more)?),
            (_, Some(less)) => last.checked_sub(offset(less)?),
            _ => None,
        },
    };
    match real_time {
        Some(number) => Some(number).filter(|number| (first..=last).contains(number)),
        None => standard(name).map(|signal| signal as i32),
    }
}

fn standard(name: &str) -> Option<Signal> {
    match name {
        // Second names of some.
        "CLD" => Some(Signal::SIGCHLD),
        "IOT" => Some(Signal::SIGABRT),
        "POLL" => Some(Signal::SIGIO),
        _ => Signal::from_str(&format!("SIG{name}")).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bad: BadValue) -> String {
        bad.to_string()
    }

    #[test]
    fn a_plain_number_is_milliseconds_where_s6_has_the_file() {
        for (text, time) in [
            ("5000\n", Some(Duration::from_secs(5))),
            ("1", Some(Duration::from_millis(1))),
            ("007", Some(Duration::from_millis(7))),
            ("4294967295", Some(Duration::from_millis(4_294_967_295))),
            ("5s", Some(Duration::from_secs(5))),
            ("1m 30s\nand so on", Some(Duration::from_secs(90))),
            ("0", None),
            ("0s", None),
            ("00\t \n", None),
        ] {
            assert_eq!(timeout(text.as_bytes()), Ok(time), "{text:?}");
        }
    }

    #[test]
    fn our_own_files_demand_a_unit() {
        for (text, time) in [
            ("30s\n", Duration::from_secs(30)),
            ("1m30s", Duration::from_secs(90)),
            ("1 m  30\tsec \t\n", Duration::from_secs(90)),
            ("1.5h", Duration::from_secs(5400)),
            ("250ms", Duration::from_millis(250)),
            ("0s", Duration::ZERO),
            ("36525days", LONGEST),
        ] {
            assert_eq!(duration(text.as_bytes()), Ok(time), "{text:?}");
        }
        let words = |text: &str| words(duration(text.as_bytes()).unwrap_err());
        assert_eq!(words("30\n"), "a time needs a unit: write 30s or 1m 30s");
        assert_eq!(words("0"), "a time needs a unit: write 30s or 1m 30s");
        assert_eq!(words("1m 30"), "a time needs a unit: write 30s or 1m 30s");
    }

    #[test]
    fn what_is_no_time() {
        for (text, fault) in [
            ("", Fault::Empty),
            (" \t\n5s\n", Fault::Empty),
            ("5s\r\n", Fault::DosLineEnd),
            ("5s\r \n", Fault::DosLineEnd),
            ("5\rs\n", Fault::NotText),
            ("\u{665}s", Fault::NotText),
            ("5\u{a0}s", Fault::NotText),
            ("5s\0", Fault::NotText),
            ("-5s", Fault::NoTime),
            ("+5s", Fault::NoTime),
            ("-5", Fault::NoTime),
            ("1.5", Fault::NoUnit),
            ("1 30", Fault::NoTime),
            ("1 30 s", Fault::NoTime),
            ("1. 5 s", Fault::NoTime),
            ("0x10", Fault::NoTime),
            ("1e3s", Fault::NoTime),
            ("5 parsecs", Fault::NoTime),
            ("s", Fault::NoTime),
            ("5s,", Fault::NoTime),
            ("0.5ns", Fault::NoTime),
            ("36525d 1ns", Fault::TooLong),
            ("18446744073709551615s 1000000000ns", Fault::TooLong),
            ("18446744073709551616s", Fault::TooLong),
        ] {
            assert_eq!(duration(text.as_bytes()).map_err(|bad| bad.fault), Err(fault), "{text:?}");
            assert_eq!(timeout(text.as_bytes()).map_err(|bad| bad.fault), Err(fault), "{text:?}");
        }
        for text in ["3155760000001", "99999999999999999999"] {
            assert_eq!(timeout(text.as_bytes()).map_err(|bad| bad.fault), Err(Fault::TooLong), "{text:?}");
        }
        let words = words(timeout(b"soon\n").unwrap_err());
        assert_eq!(words, "that is no time: write 5s or 1m 30s, or 5000 for that many milliseconds");
    }

    #[test]
    fn the_longest_time_can_be_added_to_any_clock() {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos());
        assert!(nanoseconds(LONGEST + LONGEST).is_ok());
        assert!(std::time::Instant::now().checked_add(LONGEST).is_some());
    }

    #[test]
    fn signals_have_names_and_numbers() {
        for (text, number) in [
            ("TERM\n", 15),
            ("SIGHUP", 1),
            ("sigusr1 ", 10),
            ("Quit", 3),
            ("9", 9),
            ("09", 9),
            ("64", 64),
            ("32", 32),
            ("cld", 17),
            ("SIGIOT", 6),
            ("poll", 29),
            ("STKFLT", 16),
            ("sys", 31),
            ("rtmin", 34),
            ("SIGRTMIN+0", 34),
            ("RTMIN+30", 64),
            ("RTMAX", 64),
            ("RTMAX-30", 34),
        ] {
            assert_eq!(signal(text.as_bytes()).map(SignalNumber::number), Ok(number), "{text:?}");
        }
    }

    #[test]
    fn every_name_of_the_system_is_known() {
        for known in Signal::iterator() {
            for name in [known.as_str(), &known.as_str()[3..]] {
                assert_eq!(signal(name.as_bytes()), Ok(known.into()), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_signal() {
        for text in [
            "0",
            "65",
            "-9",
            "+9",
            "1.0",
            "0x9",
            "99999999999",
            "TER",
            "TERM KILL",
            " TERM",
            "SIG",
            "SIGSIGHUP",
            "SIG9",
            "RTMIN+31",
            "RTMIN-1",
            "RTMAX+1",
            "RTMAX-31",
            "RTMIN+",
            "RTMIN++1",
            "RTMIN+99999999999",
        ] {
            assert_eq!(signal(text.as_bytes()).map_err(|bad| bad.fault), Err(Fault::NoSignal), "{text:?}");
        }
        let words = words(signal(b"TERMINATE").unwrap_err());
        assert_eq!(words, "there is no such signal: write a name such as HUP, or a number from 1 to 64");
        assert_eq!(signal(b"\n").map_err(|bad| bad.fault), Err(Fault::Empty));
        assert_eq!(signal(b"H\xc3\x9cP").map_err(|bad| bad.fault), Err(Fault::NotText));
    }

    #[test]
    fn leftovers_are_kept_killed_or_waited_for() {
        assert_eq!(leftovers(b"keep\n"), Ok(Leftovers::Keep));
        assert_eq!(leftovers(b"kill"), Ok(Leftovers::Kill));
        assert_eq!(leftovers(b"wait \nfor them"), Ok(Leftovers::Wait));
        for text in ["Keep", "kill wait", " wait", "0"] {
            assert_eq!(leftovers(text.as_bytes()).map_err(|bad| bad.fault), Err(Fault::NoWord), "{text:?}");
        }
        let words = words(leftovers(b"\r\n").unwrap_err());
        assert_eq!(words, "its line ends with a carriage return, as in DOS: write keep, kill or wait");
    }
}
