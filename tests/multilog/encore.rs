//! What daemontools-encore added to multilog: `T`, `F`, `S` and `w`. To 0.76 these letters are nothing.

use super::place::{Place, content};
use crate::asked::Chance;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{Tool, ours, theirs};

const LINES: &str = "one\ntwo\nthree\nfour\n";

/// What `current` has after a run of ours, and of theirs where it is installed.
#[track_caller]
fn current(script: &[&str], input: &str, is: &str, theirs_is: &str) {
    let run = |program: &Path| {
        let place = Place::new();
        place.log(program, script, input.as_bytes()).exits(0).errors("");
        place.read("main/current")
    };
    assert_eq!(run(&ours("multilog")), is, "{script:?}");
    if let Some(theirs) = theirs("multilog") {
        assert_eq!(run(&theirs), theirs_is, "{script:?} by theirs");
    }
}

#[test]
fn a_big_t_stamps_with_seconds_and_microseconds() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // The clock that a read is stamped by may be a tick behind.
    let before = now() - Duration::from_millis(20);
    let place = Place::new();
    place.log(&ours("multilog"), &["T", "-*", "+*.* one", "./main"], b"one\ntwo\none\n").exits(0).errors("");
    let after = now();
    let text = place.read("main/current");
    assert_eq!(text.lines().count(), 2, "{text}");
    for line in text.lines() {
        let (seconds, micros) = line.strip_suffix(" one").unwrap().split_once('.').unwrap();
        assert_eq!(micros.len(), 6, "{line}");
        let stamp = Duration::new(seconds.parse().unwrap(), micros.parse::<u32>().unwrap() * 1000);
        assert!(before <= stamp && stamp <= after, "{line}: {before:?} {after:?}");
    }
    current(&["-*", "T", "+*", "./main"], LINES, LINES, LINES);
    if let Some(theirs) = theirs("multilog") {
        place.log(&theirs, &["T", "./theirs"], b"one\n").exits(0).errors("");
        assert_eq!(place.read("theirs/current"), "one\n");
    }
}

#[test]
fn an_f_makes_patterns_those_of_the_shell_and_an_s_the_simple_ones_again() {
    current(&["F", "-*", "+*[or]*", "./main"], LINES, LINES, "");
    current(&["F", "-*o?*", "./main"], LINES, "two\nthree\n", LINES);
    current(&["-*", "F", "+???", "./main"], LINES, "one\ntwo\n", "");
    // A star goes back, as the one of 0.76 does not.
    current(&["-*", "F", "+*ab", "./main"], "aab\nab\nabb\n", "aab\nab\n", "ab\n");
    current(&["F", "-*", "+?ne", "S", "+t*o", "+?our", "./main"], LINES, "one\ntwo\n", "two\n");
    // As in the shell, a dot and a slash are letters here.
    current(&["-*", "F", "+*x", "./main"], ".x\na/b/x\n", ".x\na/b/x\n", ".x\na/b/x\n");
}

/// `find -name` asks fnmatch(3), as daemontools-encore does.
#[test]
fn generated_shell_patterns_are_as_fnmatch_says() {
    let find = Path::new("/usr/bin/find");
    if !find.exists() {
        testkit::skip("it needs find");
        return;
    }
    let mut chance = Chance::new(7);
    let mut word = |letters: &[&'static str], least: usize, most: usize| -> String {
        (0..least + chance.below(most)).map(|_| *chance.pick(letters)).collect()
    };
    let lines: BTreeSet<String> =
        (0..300).map(|_| word(&["a", "b", "c", "]", "[", "-", "!", "*", "\\", "1", "B"], 1, 5)).collect();
    let place = Place::new();
    for line in &lines {
        place.write(&format!("lines/{}", line.trim_matches('/')), "", 0o644);
    }
    let elements = [
        "a",
        "b",
        "c",
        "*",
        "*",
        "?",
        "[ab]",
        "[!a]",
        "[a-c]",
        "[^b-]",
        "[]a]",
        "[!]]",
        "[[:digit:]]",
        "[[:alpha:]1]",
        "\\*",
        "\\a",
        "\\\\",
        "-",
        "]",
        "1",
        "[\\]a]",
        "[a\\-c]",
        "!",
        "[[:upper:][:punct:]]",
    ];
    for round in 0..25 {
        let patterns: Vec<String> = (0..12).map(|_| word(&elements, 0, 5)).collect();
        let mut script = vec!["F".to_owned()];
        for (number, pattern) in patterns.iter().enumerate() {
            script.extend(["-*".to_owned(), format!("+{pattern}"), format!("./{round}-{number}")]);
        }
        let script: Vec<&str> = script.iter().map(String::as_str).collect();
        let input = lines.iter().fold(String::new(), |input, line| input + line + "\n");
        place.log(&ours("multilog"), &script, input.as_bytes()).exits(0).errors("");
        for (number, pattern) in patterns.iter().enumerate() {
            let call = ["lines", "-mindepth", "1", "-name", pattern, "-printf", "%f\\n"];
            let found = Tool::new(find).args(call).dir(place.path()).env("LC_ALL", "C").run();
            let found: BTreeSet<String> =
                String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect();
            let selected = place.read(&format!("{round}-{number}/current"));
            let selected: BTreeSet<String> = selected.lines().map(str::to_owned).collect();
            assert_eq!(selected, found, "left ours, right find's: {pattern}");
        }
    }
}

#[test]
fn a_w_is_the_end_of_the_names_of_whole_files() {
    let input = b"0123456789\n".repeat(500);
    let names = |program: &Path, script: &[&str]| -> BTreeSet<String> {
        let place = Place::new();
        place.write("main/current", "cut short\n", 0o644);
        place.write("main/previous", "cut short before\n", 0o644);
        place.log(program, script, &input).exits(0).errors("");
        place
            .view()
            .into_iter()
            .filter_map(|entry| entry.name.strip_prefix("main/@").map(str::to_owned))
            .collect()
    };
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    for (script, endings) in [
        (&["s4096", "wold", "./main"][..], &["label.old", "label.u"][..]),
        (&["s4096", "wlog.txt", "!cat", "./main"], &["label.log.txt", "label.u"]),
        (&["s4096", "wx", "ws", "./main", "wy"], &["label.s", "label.u"]),
        (&["s4096", "./main", "wz"], &["label.s", "label.u"]),
    ] {
        assert_eq!(names(&ours("multilog"), script), of(endings), "{script:?}");
        if let Some(theirs) = theirs("multilog") {
            assert_eq!(names(&theirs, script), of(&["label.s", "label.u"]));
        }
    }
}

#[test]
fn what_a_processor_had_ended_gets_the_code_too() {
    let place = Place::new();
    place.write("main/processed", "processed\n", 0o744);
    place.log(&ours("multilog"), &["wdone", "./main"], b"").exits(0).errors("");
    assert_eq!(content(&place.view(), "main/@label.done"), "processed\n");
}

#[test]
fn files_of_any_code_are_counted() {
    let place = Place::new();
    for round in 0..6 {
        let code = ["w1", "wtwo", "w"][round % 3];
        place.log(&ours("multilog"), &["s4096", "n3", code, "./main"], &b"0123456789\n".repeat(250)).exits(0);
    }
    let old = place.old_files("main");
    assert!(old.len() == 2 && old[0].ends_with(".two") && old[1].ends_with('.'), "{old:?}");
}

#[test]
fn a_code_that_is_no_end_of_a_name_is_refused() {
    let long = format!("w{}", "x".repeat(300));
    for code in ["wa/b", "w/", &long] {
        let place = Place::new();
        let ran = place.log(&ours("multilog"), &[code, "./main"], b"one\n");
        let text = String::from_utf8_lossy(&ran.exits(111).stderr).into_owned();
        assert!(
            text.starts_with(&format!("multilog: fatal: unable to understand action {code}: ")),
            "{text}"
        );
        assert_eq!(place.view(), []);
    }
}
