//! The script: each argument is an action, and its first byte says which.
//!
//! Actions that set something (`s`, `n`, `!`, `w`, `a`, `m`, `p`, `d`, `b`) do so for the directories behind them. What 0.76 has is
//! read as 0.76 reads it: numbers end at the first byte that is none, and are brought into their bounds; actions that
//! nobody knows are ignored. What is ours alone is refused where it is not understood.

use super::pattern::Pattern;
use crate::stamp::Kind;
use cli::text::shown;
use protocol::value;
use std::time::Duration;

/// The sizes that a log file can have, in bytes.
pub const SIZES: (u64, u64) = (4096, 16_777_215);

/// The longest text of `p`, and of `w` what a file name holds besides the label.
const LONGEST: (usize, usize) = (1000, 200);

/// All that multilog is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// What is put before each line.
    pub stamp: Option<Kind>,
    /// In the order in which they are carried out for each line.
    pub actions: Vec<Action<'a>>,
}

/// What is done with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// `+`: from here on it counts as selected if it is like that.
    Select(Pattern<'a>),
    /// `-`: it does not any more.
    Deselect(Pattern<'a>),
    /// `e`: to stderr if it is selected.
    Tell,
    /// `=`: into this file, over what is there, if it is selected.
    Status(&'a [u8]),
    /// A path that begins with a dot or slash: into the log there, if it is selected.
    Log(Settings<'a>),
}

/// How one directory is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings<'a> {
    /// As it was given.
    pub path: &'a [u8],
    /// How many bytes a file gets at most.
    pub size: u64,
    /// How many files there are at most, `current` among them.
    pub count: u64,
    /// What sh runs on each file that is full.
    pub processor: Option<&'a [u8]>,
    /// What stands behind the dot in the name of a file that is safely written.
    pub code: &'a [u8],
    /// A file whose first line is as old as that is full.
    pub age: Option<Duration>,
    /// How many bytes all files have together at most.
    pub total: Option<u64>,
    /// Put before each line, behind the time stamp.
    pub prefix: &'a [u8],
    /// What is done when nothing can be written.
    pub when_full: WhenFull,
}

/// What is done with lines that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// Nothing is read any more until they are.
    Block,
    /// The oldest that wait are dropped, and counted.
    Drop,
}

impl<'a> Script<'a> {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// An action of ours that makes no sense, and why.
    pub fn parse(arguments: &[&'a [u8]]) -> Result<Self, String> {
        let stamp = match arguments.first().and_then(|first| first.first()) {
            Some(b't') => Some(Kind::Tai64n),
            Some(b'T') => Some(Kind::Accustamp),
            Some(b'r') => Some(Kind::Rfc3339),
            _ => None,
        };
        let mut actions = Vec::new();
        let mut pattern: fn(&'a [u8]) -> Pattern<'a> = Pattern::Simple;
        let mut next = Settings::default();
        for argument in arguments {
            let Some((letter, value)) = argument.split_first() else { continue };
            let refused =
                |reason: String| format!("unable to understand action {}: {reason}", shown(argument));
            match letter {
                b'+' => actions.push(Action::Select(pattern(value))),
                b'-' => actions.push(Action::Deselect(pattern(value))),
                b'F' => pattern = Pattern::Shell,
                b'S' => pattern = Pattern::Simple,
                b'e' => actions.push(Action::Tell),
                b'=' => actions.push(Action::Status(value)),
                b's' => next.size = number(value).clamp(SIZES.0, SIZES.1),
                b'n' => next.count = number(value).max(2),
                b'!' => next.processor = Some(value),
                b'w' => next.code = code(value).map_err(refused)?,
                b'a' => next.age = Some(age(value).map_err(refused)?),
                b'm' => next.total = Some(total(value).map_err(refused)?),
                b'p' => next.prefix = prefix(value).map_err(refused)?,
                b'd' => next.when_full = WhenFull::Drop,
                b'b' => next.when_full = WhenFull::Block,
                b'.' | b'/' => actions.push(Action::Log(next.of(argument))),
                _ => {}
            }
        }
        Ok(Self { stamp, actions })
    }
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            path: b"",
            size: 99_999,
            count: 10,
            processor: None,
            code: b"s",
            age: None,
            total: None,
            prefix: b"",
            when_full: WhenFull::Block,
        }
    }
}

impl<'a> Settings<'a> {
    /// The settings of a directory. Two files of full size fit into its total, one that is written and one that is kept.
    fn of(&self, path: &'a [u8]) -> Self {
        let size = self.total.map_or(self.size, |total| self.size.min(total / 2));
        Self { path, size, ..self.clone() }
    }
}

/// Decimal digits up to the first byte that is none; what is too large comes round again, as in 0.76.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: u64, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}

fn code(text: &[u8]) -> Result<&[u8], String> {
    if text.contains(&b'/') || text.len() > LONGEST.1 {
        return Err("it must be fit for the end of a file name".to_owned());
    }
    Ok(text)
}

fn prefix(text: &[u8]) -> Result<&[u8], String> {
    if text.len() > LONGEST.0 || text.contains(&b'\n') {
        return Err(format!("it must be at most {} bytes, in one line", LONGEST.0));
    }
    Ok(text)
}

/// A time with its units, such as `1d` or `1h 30m`; at least a second.
fn age(text: &[u8]) -> Result<Duration, String> {
    if text.contains(&b'\n') {
        return Err("it must be in one line".to_owned());
    }
    let age = value::duration(text).map_err(|error| error.to_string())?;
    if age < Duration::from_secs(1) {
        return Err("it must be at least one second".to_owned());
    }
    Ok(age)
}

/// A number of bytes, or of 1024 (`K`), 1024^2 (`M`) or 1024^3 (`G`) of them; at least two files of the smallest size.
fn total(text: &[u8]) -> Result<u64, String> {
    let (digits, unit) = match text {
        [digits @ .., b'K'] => (digits, 1 << 10),
        [digits @ .., b'M'] => (digits, 1 << 20),
        [digits @ .., b'G'] => (digits, 1 << 30),
        digits => (digits, 1),
    };
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let number = digits.and_then(|digits| digits.parse::<u64>().ok()?.checked_mul(unit));
    let number = number.ok_or_else(|| "it is no number of bytes such as 500000, 100M or 2G".to_owned())?;
    if number < 2 * SIZES.0 {
        return Err(format!("it must be at least {} bytes", 2 * SIZES.0));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<'a>(arguments: &[&'a str]) -> Result<Script<'a>, String> {
        Script::parse(&arguments.iter().map(|argument| argument.as_bytes()).collect::<Vec<_>>())
    }

    fn logs<'a>(arguments: &[&'a str]) -> Vec<Settings<'a>> {
        let actions = parse(arguments).unwrap().actions.into_iter();
        let logs = actions.filter_map(|action| match action {
            Action::Log(settings) => Some(settings),
            _ => None,
        });
        logs.collect()
    }

    #[test]
    fn settings_are_for_the_directories_behind_them() {
        let logs =
            logs(&["./a", "s5000", "n3", "!gzip", "wx", "a1h 30m", "pweb: ", "d", "./b", "b", "p", "/c"]);
        let [a, b, c] = logs.try_into().unwrap();
        assert_eq!(a, Settings { path: b"./a", ..Settings::default() });
        let expected = Settings {
            path: b"./b",
            size: 5000,
            count: 3,
            processor: Some(b"gzip"),
            code: b"x",
            age: Some(Duration::from_secs(5400)),
            total: None,
            prefix: b"web: ",
            when_full: WhenFull::Drop,
        };
        assert_eq!(b, expected);
        assert_eq!(c, Settings { path: b"/c", prefix: b"", when_full: WhenFull::Block, ..expected });
    }

    #[test]
    fn numbers_are_read_as_daemontools_reads_them() {
        let size = |text| logs(&[text, "."]).first().unwrap().size;
        assert_eq!(
            ["s", "sx", "s1", "s4097x9", "s99999999999"].map(size),
            [4096, 4096, 4096, 4097, 16_777_215]
        );
        assert_eq!(size("s18446744073709561616"), 10_000, "2^64 and 10000");
        let count = |text| logs(&[text, "."]).first().unwrap().count;
        assert_eq!(["n", "n1", "n0", "n50"].map(count), [2, 2, 2, 50]);
    }

    #[test]
    fn a_stamp_is_the_first_action_or_none() {
        assert_eq!(parse(&["t"]).unwrap().stamp, Some(Kind::Tai64n));
        assert_eq!(parse(&["Tx", "t"]).unwrap().stamp, Some(Kind::Accustamp));
        assert_eq!(parse(&["r", "-*"]).unwrap().stamp, Some(Kind::Rfc3339));
        assert_eq!(parse(&["-*", "t"]).unwrap().stamp, None);
        assert_eq!(parse(&["", "x", "q9"]).unwrap(), Script { stamp: None, actions: vec![] });
    }

    #[test]
    fn patterns_are_of_the_kind_that_was_set_last() {
        let actions = parse(&["-*", "F", "+[a]", "S", "-x", "e", "=f"]).unwrap().actions;
        let expected = vec![
            Action::Deselect(Pattern::Simple(b"*")),
            Action::Select(Pattern::Shell(b"[a]")),
            Action::Deselect(Pattern::Simple(b"x")),
            Action::Tell,
            Action::Status(b"f"),
        ];
        assert_eq!(actions, expected);
    }

    #[test]
    fn a_total_holds_two_files() {
        let size_and_total = |texts: &[&'static str]| {
            let log = logs(texts).remove(0);
            (log.size, log.total)
        };
        assert_eq!(size_and_total(&["m1M", "s9999999", "."]), (524_288, Some(1_048_576)));
        assert_eq!(size_and_total(&["m1G", "."]), (99_999, Some(1 << 30)));
    }

    #[test]
    fn what_is_ours_and_makes_no_sense_is_refused() {
        for action in
            ["a", "a5", "a1x", "a10ms", "m", "m5", "m1T", "m+9999", "m99999999999G", "wa/b", "pa\nb"]
        {
            let error = parse(&[action, "."]).unwrap_err();
            assert!(error.starts_with("unable to understand action "), "{error}");
        }
    }
}
