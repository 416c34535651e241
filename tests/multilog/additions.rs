//! What ours has besides: rotation by age, a total size, RFC 3339, a prefix. To theirs these letters are nothing.

use super::logger::{Logger, Pipe, wait_for};
use super::place::{Place, content, from_file};
use std::time::{SystemTime, UNIX_EPOCH};
use testkit::{Tool, ours, theirs};

/// What ours logs of these lines with that script.
#[track_caller]
fn logged(script: &[&str], input: &str) -> Place {
    let place = Place::new();
    place.log(&ours("multilog"), script, input.as_bytes()).exits(0).errors("");
    place
}

#[test]
fn the_letters_mean_nothing_to_theirs() {
    let Some(theirs) = theirs("multilog") else { return };
    let place = Place::new();
    let script = ["r", "a1s", "m9000", "pweb: ", "d", "b", "mX", "./main"];
    place.log(&theirs, &script, b"one\n").exits(0).errors("");
    assert_eq!(place.read("main/current"), "one\n");
}

#[test]
fn an_r_stamps_with_the_time_of_day_in_utc() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let before = now() - 1;
    let place = logged(&["r", "-*", "+20*Z one", "./main", "-*", "+one", "./none"], "one\ntwo\none\n");
    let after = now();
    let text = place.read("main/current");
    assert_eq!(text.lines().count(), 2, "{text}");
    for line in text.lines() {
        let stamp = line.strip_suffix(" one").unwrap();
        let shape: String =
            stamp.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000000Z");
        // date(1) reads it.
        let date = Tool::new("/bin/date".as_ref()).args(["-d", stamp, "+%s"]).run();
        let seconds: u64 = String::from_utf8_lossy(&date.exits(0).stdout).trim().parse().unwrap();
        assert!((before..=after).contains(&seconds), "{line}: {before} {after}");
    }
    assert_eq!(place.read("none/current"), "");
    // Only as the first argument, and in UTC wherever it runs.
    assert_eq!(logged(&["-*", "r", "+*", "./main"], "one\n").read("main/current"), "one\n");
    let tokyo = Place::new();
    let tool = tokyo.tool(&ours("multilog"), &["r", "./main"]).env("TZ", "Asia/Tokyo").input("one\n");
    tool.run().exits(0).errors("");
    assert_eq!(tokyo.read("main/current")[..13], text[..13]);
}

#[test]
fn stamps_of_all_kinds_go_up() {
    for kind in ["t", "r"] {
        let text = logged(&[kind, "s16777215", "./main"], &"line\n".repeat(5000)).read("main/current");
        let stamps: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().0).collect();
        assert!(stamps.len() == 5000 && stamps.is_sorted(), "{kind}");
    }
}

#[test]
fn a_prefix_is_put_behind_the_stamp_for_the_logs_behind_it_and_no_pattern_sees_it() {
    let script = [
        "./plain",
        "pweb: ",
        "-*",
        "+two",
        "./two",
        "-web*",
        "+*",
        "p[%s\\] ",
        "./all",
        "p",
        "./plain-again",
    ];
    let place = logged(&script, "one\ntwo\n\n");
    assert_eq!(place.read("plain/current"), "one\ntwo\n\n");
    assert_eq!(place.read("two/current"), "web: two\n");
    assert_eq!(place.read("all/current"), "[%s\\] one\n[%s\\] two\n[%s\\] \n");
    assert_eq!(place.read("plain-again/current"), "one\ntwo\n\n");
    let stamped = logged(&["t", "pweb: ", "./main"], "one\ntwo");
    assert_eq!(content(&stamped.view(), "main/current"), "@label web: one\n@label web: two\n");
}

#[test]
fn a_prefix_is_put_before_a_long_line_once() {
    for length in [999, 1000, 1001, 1500, 5000, 200_000] {
        let line = "x".repeat(length);
        let place = logged(&["pweb: ", "s16777215", "./main"], &format!("{line}\nshort\n"));
        assert_eq!(place.read("main/current"), format!("web: {line}\nweb: short\n"), "{length}");
    }
    let many: String = (0..5000).map(|number| format!("{number}\n")).collect();
    let place = logged(&["pp", "s4096", "n100", "./main"], &many);
    let all: String = many.lines().map(|line| format!("p{line}\n")).collect();
    assert_eq!(place.all("main"), all);
    assert!(place.old_files("main").iter().all(|file| place.file(file).metadata().unwrap().len() <= 4096));
}

#[test]
fn a_total_bounds_what_old_files_and_current_have_together() {
    let place = Place::new();
    let line = "0123456789".repeat(9);
    let script = ["s4096", "n1000", "m20000", "./main", "m16K", "./small"];
    for round in 0..8 {
        let input: String = (0..250).map(|number| format!("{round} {number} {line}\n")).collect();
        place.log(&ours("multilog"), &script, input.as_bytes()).exits(0).errors("");
        for (log, total) in [("main", 20_000), ("small", 16_384)] {
            let mut sizes: Vec<u64> =
                place.old_files(log).iter().map(|file| place.file(file).metadata().unwrap().len()).collect();
            sizes.push(place.file(&format!("{log}/current")).metadata().unwrap().len());
            let sum: u64 = sizes.iter().sum();
            assert!(sum <= total, "{log}: {sizes:?}");
            // It is used as well: no more than one file could still be kept.
            assert!(sum + 2 * 4096 > total, "{log}: {sizes:?}");
        }
        // The newest are there, in order and without a gap.
        let all = place.all("main");
        let first = all.lines().next().unwrap();
        let numbers: Vec<(u64, u64)> = all.lines().map(numbers).collect();
        assert!(numbers.windows(2).all(|two| two[1] == next(two[0])), "{first}");
        assert_eq!(numbers.last(), Some(&(round, 249)));
    }
}

fn numbers(line: &str) -> (u64, u64) {
    let mut words =
        line.split(' ').map(|word| word.parse().unwrap_or_else(|_| panic!("half a line: {line}")));
    (words.next().unwrap(), words.next().unwrap())
}

fn next((round, number): (u64, u64)) -> (u64, u64) {
    if number == 249 { (round + 1, 0) } else { (round, number + 1) }
}

#[test]
fn a_total_holds_while_it_runs_and_with_long_lines_and_processors() {
    let input: Vec<u8> =
        (0..60).flat_map(|number| format!("{number}{}\n", "x".repeat(number * 60)).into_bytes()).collect();
    for script in
        [&["m9000", "./main"][..], &["s4096", "m10000", "n3", "./main"], &["m12000", "!cat", "./main"]]
    {
        let total =
            script[usize::from(script[0] != "m9000" && script[0] != "m12000")][1..].parse::<u64>().unwrap();
        let (place, pipe) = (Place::new(), Pipe::new());
        let mut logger = Logger::start(&ours("multilog"), &place, script, pipe.reader());
        for piece in input.chunks(3000) {
            pipe.write(piece);
        }
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        let all = place.all("main");
        assert!(all.len() as u64 <= total, "{script:?}: {}", all.len());
        assert!(String::from_utf8(input.clone()).unwrap().ends_with(&all), "{script:?}");
    }
}

#[test]
fn an_age_rotates_although_nothing_comes() {
    let (place, pipe) = (Place::new(), Pipe::new());
    let script = ["a1s", "./main", "a1h 30m", "./old"];
    let mut logger = Logger::start(&ours("multilog"), &place, &script, pipe.reader());
    for count in 1..=2 {
        pipe.write(format!("line {count}\n"));
        wait_for("an old file", &place, "main", || place.old_files("main").len() == count);
        let old = place.old_files("main");
        assert_eq!(place.read(old.last().unwrap()), format!("line {count}\n"));
    }
    // What is empty is not rotated, and the other one is not that old.
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    assert_eq!(place.names("main").len(), 5, "{:?}", place.names("main"));
    assert_eq!(place.read("old/current"), "line 1\nline 2\n");
}

#[test]
fn an_age_counts_from_before_the_start() {
    let place = Place::new();
    place.write("main/current", "old\n", 0o744);
    let touched =
        Tool::new("/usr/bin/touch".as_ref()).args(["-d", "2 days ago", "main/current"]).dir(place.path());
    touched.run().exits(0);
    place.log(&ours("multilog"), &["a1d", "./main"], b"new\n").exits(0).errors("");
    assert_eq!(content(&place.view(), "main/@label.s"), "old\n");
    assert_eq!(place.read("main/current"), "new\n");
}

#[test]
fn values_that_make_no_sense_are_refused_before_anything_is_done() {
    for action in [
        "a",
        "a5",
        "a1x",
        "ax",
        "a0s",
        "a-1s",
        "m",
        "mX",
        "m0",
        "m-1",
        "m5",
        "m100",
        "m1T",
        "m99999999999999999999",
    ] {
        let place = Place::new();
        let mut tool = place.tool(&ours("multilog"), &["=last", action, "./main"]);
        tool.command().stdin(from_file(b"one\n"));
        let ran = tool.run();
        let text = String::from_utf8_lossy(&ran.exits(111).stderr).into_owned();
        assert!(
            text.starts_with(&format!("multilog: fatal: unable to understand action {action}: ")),
            "{text}"
        );
        assert!(text.lines().count() == 1 && text.len() > 60, "{text}");
        assert_eq!(place.view(), []);
    }
}
