//! Whether a command has printed what a page shows. What differs from run to run is not compared: words that begin with a digit
//! (pids, times, sizes with their units), and the blanks between columns. A line `...` in the page stands for any lines.

/// Whether these lines are as those that are shown.
pub(super) fn is_as_shown(shown: &str, printed: &str) -> bool {
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    // What svscan and its supervises have to say comes when it comes.
    let is_told = |line: &str| line.starts_with("svscan: ") || line.starts_with("supervise: ");
    let expects_it = shown.iter().any(|line| is_told(line));
    let printed: Vec<&str> = printed.lines().filter(|line| expects_it || !is_told(line)).collect();
    are_alike(&shown, &printed)
}

fn are_alike(shown: &[&str], printed: &[&str]) -> bool {
    match shown {
        [] => printed.is_empty(),
        ["...", rest @ ..] => (0..=printed.len()).any(|skipped| are_alike(rest, &printed[skipped..])),
        [line, rest @ ..] => printed
            .split_first()
            .is_some_and(|(first, printed)| is_alike(line, first) && are_alike(rest, printed)),
    }
}

fn is_alike(shown: &str, printed: &str) -> bool {
    let [shown, printed] =
        [shown, printed].map(|line| line.split_whitespace().map(masked).collect::<Vec<_>>());
    shown == printed
}

fn masked(word: &str) -> &str {
    let is_number = word.trim_start_matches(['(', '[']).starts_with(|first: char| first.is_ascii_digit());
    let is_unit = ["B", "kB", "MB", "GB"].contains(&word);
    if is_number || is_unit { "0" } else { word }
}

#[test]
fn numbers_and_columns_may_differ_and_nothing_else() {
    let shown = "web  up  (pid 12) 3s";
    assert!(is_as_shown(shown, "web   up   (pid 1234) 10.2s\n"));
    for other in
        ["web down (pid 12) 3s", "web up (pid 12)", "web up (pid 12) 3s\nmore", "", "web@6001 up (pid 12) 3s"]
    {
        assert!(!is_as_shown(shown, other), "{other}");
    }
    assert!(!is_as_shown("web@6001 up", "web@6002 up"));
}

#[test]
fn three_dots_are_any_lines() {
    assert!(is_as_shown("a\n...\nz", "a\nb\nc\nz"));
    assert!(is_as_shown("a\n...\nz", "a\nz"));
    assert!(is_as_shown("a\n...", "a"));
    assert!(!is_as_shown("a\n...\nz", "a\nb"));
    assert!(!is_as_shown("a\n...", "b"));
}

#[test]
fn what_svscan_says_meanwhile_is_only_compared_where_it_is_shown() {
    assert!(is_as_shown("up", "svscan: info: new\nup\n"));
    assert!(is_as_shown("supervise: info: web: adopted pid 1", "supervise: info: web: adopted pid 77"));
    assert!(!is_as_shown("supervise: info: web: adopted pid 1", ""));
}
