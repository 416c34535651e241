//! The values in a service's folder, and what /proc says of its processes.

use protocol::capability::{Capability, Set, parse_file, parse_name};
use protocol::value::{BadValue, LONGEST, Leftovers};
use std::time::Duration;
use supervision::proc::{parse_stat, shown_command};
use supervision::supervise::background::foreground_option;

/// The first line without the blanks at its end, where that is text.
fn line(data: &[u8]) -> Option<&str> {
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).ok().map(|line| line.trim_end_matches([' ', '\t']))
}

/// What is no value is explained in a line with an example.
fn is_helpful<T>(read: Result<T, BadValue>) -> Option<T> {
    let explained = read.as_ref().err().map(ToString::to_string);
    if let Some(words) = explained {
        assert!(!words.contains(char::is_control), "{words:?}");
        assert!(words.contains(": write "), "{words}");
    }
    read.ok()
}

/// A time with a unit, and a plain number where s6 has the file.
pub fn duration(data: &[u8]) {
    let line = line(data);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = is_helpful(protocol::value::duration(data));
    let timeout = is_helpful(protocol::value::timeout(data));
    assert!(read.is_none_or(|time| time <= LONGEST) && timeout.flatten().is_none_or(|time| time <= LONGEST));
    if let Some(number) = line.filter(|line| is_number(line)) {
        assert_eq!(read, None);
        let time = number.parse().ok().map(Duration::from_millis).filter(|time| *time <= LONGEST);
        assert_eq!(timeout, time.map(|time| Some(time).filter(|time| !time.is_zero())));
    } else {
        assert_eq!(timeout, read.map(|time| Some(time).filter(|time| !time.is_zero())));
    }
    if let Some(time) = read {
        assert_eq!(Some(time), model(line.expect("text")), "a sum of numbers with units");
    }
}

/// The same sum, by the letters of the units: whole numbers only, others are left to humantime's own tests.
fn model(line: &str) -> Option<Duration> {
    let mut nanoseconds = 0_u128;
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        if rest[digits..].trim_start().starts_with('.') {
            return protocol::value::duration(line.as_bytes()).ok();
        }
        let number: u128 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "nanos" | "nsec" | "ns" => 1,
            "usec" | "us" => 1000,
            "millis" | "msec" | "ms" => 1_000_000,
            unit => 1_000_000_000 * seconds_of(unit)?,
        };
        nanoseconds += number * unit;
        rest = rest[letters..].trim_start();
    }
    Some(Duration::from_nanos(nanoseconds.try_into().ok()?))
}

fn seconds_of(unit: &str) -> Option<u128> {
    Some(match unit {
        "seconds" | "second" | "secs" | "sec" | "s" => 1,
        "minutes" | "minute" | "mins" | "min" | "m" => 60,
        "hours" | "hour" | "hrs" | "hr" | "h" => 3600,
        "days" | "day" | "d" => 86_400,
        "weeks" | "week" | "wks" | "wk" | "w" => 7 * 86_400,
        "months" | "month" | "M" => 2_630_016,
        "years" | "year" | "yrs" | "yr" | "y" => 31_557_600,
        _ => return None,
    })
}

/// A signal: its number and its names mean the same.
pub fn signal(data: &[u8]) {
    let read = is_helpful(protocol::value::signal(data)).map(|signal| signal.number());
    assert!(read.is_none_or(|number| (1..=64).contains(&number)));
    let Some(line) = line(data) else { return assert_eq!(read, None) };
    let again =
        |text: &str| is_helpful(protocol::value::signal(text.as_bytes())).map(|signal| signal.number());
    assert_eq!(again(&line.to_ascii_lowercase()), read);
    if let Some(number) = read {
        assert_eq!(again(&number.to_string()), Some(number));
        let is_number = line.bytes().all(|byte| byte.is_ascii_digit());
        let has_prefix = line.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("SIG"));
        if !is_number && !has_prefix {
            assert_eq!(again(&format!("SIG{line}")), Some(number));
        }
    }
}

/// What is done with leftovers: three words.
pub fn leftovers(data: &[u8]) {
    let model = match line(data) {
        Some("keep") => Some(Leftovers::Keep),
        Some("kill") => Some(Leftovers::Kill),
        Some("wait") => Some(Leftovers::Wait),
        _ => None,
    };
    assert_eq!(is_helpful(protocol::value::leftovers(data)), model);
}

/// The capabilities that a service asks for: all of its words are names that could be given alone, and none leads to root.
pub fn capabilities(data: &[u8]) {
    let is_blank = |byte: &u8| [b' ', b'\t'].contains(byte);
    let lines = data.split(|byte| *byte == b'\n').map(|line| {
        let start = line.iter().position(|byte| !is_blank(byte)).unwrap_or(line.len());
        &line[start..]
    });
    let words = lines.filter(|line| !line.starts_with(b"#")).flat_map(|line| line.split(is_blank));
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    let alone: Result<Set, _> = words.iter().map(|word| parse_name(word)).collect();
    match (parse_file(data), alone) {
        (Ok(set), Ok(alone)) => {
            assert!(!words.is_empty() && set == alone);
            let names: Vec<&str> = set.iter().map(Capability::name).collect();
            assert!(
                names.iter().all(|name| words.contains(&name.as_bytes())),
                "nothing that was not written"
            );
            assert!(words.iter().all(|word| names.iter().any(|name| name.as_bytes() == *word)));
            assert_eq!(parse_file(names.join("\n").as_bytes()), Ok(set), "what is written is read");
            let to_root =
                ["setuid", "setgid", "setpcap", "setfcap", "dac_override", "chown", "mknod", "sys_chroot"];
            assert!(!names.iter().any(|name| to_root.contains(name) || name.starts_with("sys_ad")));
        }
        (Err(why), alone) => {
            assert!(alone.is_err() || words.is_empty(), "{why}");
            let said = why.to_string();
            assert!(said.len() < 300 && !said.contains(char::is_control), "{said:?}");
        }
        (Ok(set), Err(why)) => panic!("{set:?}, but {why}"),
    }
}

/// The `stat` of a process, and that of one that is called so.
pub fn stat(data: &[u8]) {
    if let Some(stat) = parse_stat(data) {
        let written = format!(
            "{} (x) {} {} {} {} 0 0 0 0 0 0 0 {} 0 0 0 0 0 {} 0 {} 0 {} 0",
            stat.pid,
            char::from(stat.state),
            stat.parent,
            stat.group,
            stat.session,
            stat.processor_time,
            stat.threads,
            stat.start_time,
            stat.resident_pages
        );
        assert_eq!(parse_stat(written.as_bytes()), Some(stat));
    }
    let rest = b") Z 7 12 11 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 987654 0 233 0\n";
    let called = parse_stat(&[b"12 (", data, rest].concat()).expect("whatever it is called");
    let numbers = [called.pid, called.parent, called.group, called.session].map(|pid| pid.as_raw());
    assert_eq!(numbers, [12, 7, 12, 11]);
    assert_eq!((called.state, called.threads, called.start_time), (b'Z', 3, 987_654));
}

/// A command line: as it is shown, and whether its program is known to leave the foreground.
pub fn command_line(data: &[u8]) {
    let shown = shown_command(data);
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert!(shown.len() <= 4 * 100 + 3);
    let used = data.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    assert!(used <= 100 || shown.ends_with("..."));
    if let Some(plain) =
        std::str::from_utf8(&data[..used]).ok().filter(|text| used <= 100 && !text.contains('\n'))
    {
        let spaced = plain.replace('\0', " ");
        assert_eq!(shown == spaced, !spaced.chars().any(char::is_control));
    }
    if let Some(words) = foreground_option(data) {
        assert!(!words.contains(char::is_control), "{words:?}");
        let elsewhere = [b"/opt/some where/".as_slice(), data].concat();
        assert_eq!(foreground_option(&elsewhere), None, "a blank ends the name in a title");
        let behind = [data, b"\0--more\0"].concat();
        assert_eq!(foreground_option(&behind), Some(words), "further arguments change nothing");
    }
}
