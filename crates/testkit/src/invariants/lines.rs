//! Numbered lines in a log: whether each is there once, whole, in order. A line is the text `line N`, after a label of
//! multilog's or without one.

use std::fs::{read, read_dir};
use std::path::Path;

/// What is wrong about the lines 1 to `last` in a directory of multilog's: nothing, it is hoped.
#[must_use]
pub fn faults(directory: &Path, last: u64) -> Vec<String> {
    let faults = faults_of(&text(directory), last);
    faults.into_iter().map(|fault| format!("{}: {fault}", directory.display())).collect()
}

/// All that is in such a directory, the oldest first.
#[must_use]
pub fn text(directory: &Path) -> Vec<u8> {
    let mut names: Vec<String> = read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with('@'))
        .collect();
    // A label is as long as the next, so that their order is that of time.
    names.sort();
    names.extend(["previous".to_owned(), "current".to_owned()]);
    names.iter().flat_map(|name| read(directory.join(name)).unwrap_or_default()).collect()
}

/// The same of the text of a log. Of many faults of one kind the first is told.
#[must_use]
pub fn faults_of(text: &[u8], last: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expected: u64 = 1;
    if !text.is_empty() && !text.ends_with(b"\n") {
        faults.push("the last line is cut".to_owned());
    }
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let shown = String::from_utf8_lossy(line);
        match number(&shown) {
            None => faults.push(format!("a torn line where {expected} should be: {shown:?}")),
            Some(number) if number == expected => expected += 1,
            Some(number) if number < expected => {
                faults.push(format!("{number} once more, before {expected}"))
            }
            Some(number) => {
                faults.push(format!("{expected} to {} lost, or later", number - 1));
                expected = number + 1;
            }
        }
    }
    if expected != last + 1 {
        faults.push(format!("the last is {}, not {last}", expected - 1));
    }
    let more = faults.len().saturating_sub(10);
    faults.truncate(10);
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    faults
}

fn number(line: &str) -> Option<u64> {
    let text = match line.split_once(' ') {
        Some((label, rest)) if label.starts_with('@') && label.len() == 25 => rest,
        _ => line,
    };
    text.strip_prefix("line ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::faults_of;

    #[test]
    fn lines_once_each_in_order_are_right() {
        assert_eq!(faults_of(b"line 1\nline 2\nline 3\n", 3), [""; 0]);
        assert_eq!(faults_of(b"@400000006ad6bc3c1bb1a5b4 line 1\n", 1), [""; 0]);
        assert_eq!(faults_of(b"", 0), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let first = |text: &[u8], last| faults_of(text, last).swap_remove(0);
        assert_eq!(first(b"line 1\nline 3\n", 3), "2 to 2 lost, or later");
        assert_eq!(first(b"line 1\nline 1\nline 2\n", 2), "1 once more, before 2");
        assert_eq!(first(b"line 1\nlin\ne 2\n", 2), "a torn line where 2 should be: \"lin\"");
        assert_eq!(first(b"line 1\nline 2", 2), "the last line is cut");
        assert_eq!(first(b"line 1\n", 2), "the last is 1, not 2");
        assert_eq!(first(b"line 2\nline 1\n", 2), "1 to 1 lost, or later");
    }
}
