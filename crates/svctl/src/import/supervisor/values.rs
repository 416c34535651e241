//! What the values of options mean: numbers, yes and no, sizes, signals. What Supervisor refuses is refused here, in a few words.

use super::ini::trim;
use protocol::value;

/// When a program that has ended is started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// However it ended.
    Always,
    /// Never.
    Never,
    /// Unless its exit code is one of those that are expected.
    Unexpected,
}

/// Where what a program writes goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To a file whose name nobody cares about.
    Auto,
    /// Nowhere.
    Nowhere,
    /// To syslog, as it was said in earlier versions.
    Syslog,
    /// To a file.
    File(String),
}

/// A value, or why it is none.
pub(super) type Read<T> = Result<T, &'static str>;

pub(super) fn boolean(text: &str) -> Read<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err("it is neither true nor false"),
    }
}

pub(super) fn integer(text: &str) -> Read<i64> {
    trim(text).parse().map_err(|_| "it is no number")
}

pub(super) fn octal(text: &str) -> Read<u32> {
    let digits = trim(text).trim_start_matches("0o");
    u32::from_str_radix(digits, 8).map_err(|_| "it is no octal number")
}

pub(super) fn restart(text: &str) -> Read<Restart> {
    match boolean(text) {
        Ok(true) => Ok(Restart::Always),
        Ok(false) => Ok(Restart::Never),
        Err(_) if text.to_lowercase() == "unexpected" => Ok(Restart::Unexpected),
        Err(_) => Err("it is neither true, false nor unexpected"),
    }
}

pub(super) fn exit_codes(text: &str) -> Read<Vec<u8>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|code| trim(code).parse().map_err(|_| "it is no list of exit codes")).collect()
}

/// A size in bytes: `50MB`.
pub(super) fn size(text: &str) -> Read<u64> {
    let text = text.to_lowercase();
    let units = [("kb", 1 << 10), ("mb", 1 << 20), ("gb", 1 << 30)];
    let found = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = found.unwrap_or((text.as_str(), 1_u64));
    let number: u64 = trim(number).parse().map_err(|_| "it is no size")?;
    number.checked_mul(factor).ok_or("it is no size")
}

/// A signal, by the name that a `down-signal` has it under.
pub(super) fn signal(text: &str) -> Read<String> {
    let name = trim(text).to_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name).to_owned();
    match value::signal(name.as_bytes()) {
        Ok(_) => Ok(name),
        Err(_) => Err("there is no such signal"),
    }
}

pub(super) fn log_file(text: &str) -> Target {
    match text.to_lowercase().as_str() {
        "none" | "off" => Target::Nowhere,
        "auto" => Target::Auto,
        "syslog" => Target::Syslog,
        _ => Target::File(text.to_owned()),
    }
}

/// A name of a program, a process or a group.
pub(super) fn name(text: &str) -> Read<String> {
    let name = trim(text);
    if name.contains([' ', ':', '/']) {
        return Err("a name has no blank, no : and no / in it");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_supervisor_reads_them() {
        assert_eq!((boolean("True"), boolean("off"), boolean("1")), (Ok(true), Ok(false), Ok(true)));
        assert!(boolean("ja").is_err() && boolean("").is_err());
        assert_eq!((integer(" 7 "), integer("-1"), integer("+2")), (Ok(7), Ok(-1), Ok(2)));
        assert_eq!((octal("022"), octal("0o27"), octal("2")), (Ok(0o22), Ok(0o27), Ok(2)));
        assert!(octal("8").is_err() && octal("").is_err());
        assert_eq!(restart("unexpected"), Ok(Restart::Unexpected));
        assert_eq!((restart("yes"), restart("FALSE")), (Ok(Restart::Always), Ok(Restart::Never)));
        assert_eq!((exit_codes("0, 2"), exit_codes("")), (Ok(vec![0, 2]), Ok(vec![])));
        assert!(exit_codes("256").is_err() && exit_codes("0,").is_err());
        assert_eq!((size("50MB"), size("1kb"), size("0"), size("7")), (Ok(50 << 20), Ok(1024), Ok(0), Ok(7)));
        assert!(size("MB").is_err() && size("99999999999999999GB").is_err());
        assert_eq!(
            (signal("quit"), signal("SIGINT"), signal("10")),
            (Ok("QUIT".into()), Ok("INT".into()), Ok("10".into()))
        );
        assert!(signal("SIGNOTHING").is_err() && signal("0").is_err());
        assert_eq!(log_file("NONE"), Target::Nowhere);
        assert_eq!(log_file("/var/log/x"), Target::File("/var/log/x".to_owned()));
        assert!(name("a b").is_err() && name("a:b").is_err());
        assert_eq!(name(" web "), Ok("web".to_owned()));
    }
}
