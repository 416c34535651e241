//! A log from its start to its end: what is on disk when, and the mode of `current`, which says whether it is whole.

use super::live::Live;
use super::logger::{Logger, wait_for};
use super::place::{Place, content, entry, label_of_now};
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::same_as_theirs;

#[test]
fn a_line_is_on_disk_before_the_next_read() {
    for script in [&["./main"][..], &["s16777215", "n5", "./main"], &["e", "./main", "-*", "./other"]] {
        same_as_theirs("multilog", |program| {
            let live = Live::new(program, script);
            live.write("one\n", "one\n");
            live.write("two\nthr", "one\ntwo\n");
            live.write("ee\n\n", "one\ntwo\nthree\n\n");
            live.write(&"l".repeat(1000), &format!("one\ntwo\nthree\n\n{}", "l".repeat(1000)));
            live.end_of_input()
        });
    }
}

#[test]
fn what_goes_elsewhere_is_there_before_the_next_read() {
    let elsewhere = |program: &Path| {
        let live = Live::new(program, &["-*", "+f*", "e", "=last", "./main"]);
        for line in ["fatal: one", "fatal: two"] {
            live.write(&format!("{line}\nother\n"), &(live.place.all("main") + line + "\n"));
            live.logger.wait_for_errors(&format!("{line}\n"));
            let is_last = || live.place.read("last").lines().next() == Some(line);
            wait_for("the file has the line", &live.place, "last", is_last);
        }
        live.end_of_input()
    };
    same_as_theirs("multilog", elsewhere);
}

#[test]
fn a_line_has_the_time_of_its_first_byte() {
    let stamped = |program: &Path| {
        let live = Live::new(program, &["t", "./main"]);
        live.pipe.write("abc");
        live.wait_until_it_has_read_all();
        let between = label_of_now();
        live.pipe.write("def\nghi\n");
        wait_for("both are there", &live.place, "main", || live.place.all("main").ends_with(" ghi\n"));
        let all = live.place.all("main");
        let (first, second) = all.split_once('\n').unwrap();
        let seen = (first[..25] <= *between, second[..25] >= *between);
        live.end_of_input();
        seen
    };
    let Some(seen) = same_as_theirs("multilog", stamped) else { return };
    assert_eq!(seen, (true, true));
}

#[test]
fn current_is_0644_while_it_is_written_and_executable_after_a_clean_end() {
    let modes = |program: &Path| {
        let live = Live::new(program, &["./main"]);
        live.write("one\n", "one\n");
        let open = live.mode();
        (open, live.end_of_input())
    };
    let Some((open, (_, seen))) = same_as_theirs("multilog", modes) else { return };
    assert_eq!((open, entry(&seen, "main/current").mode & 0o7777), (0o644, 0o744));
}

#[test]
fn a_clean_current_is_appended_to() {
    let twice = |program: &Path| {
        let place = Place::new();
        let input: String = (0..250).map(|n| format!("{n}\n")).collect();
        let script = ["s4096", "n3", "./main"];
        let runs: Vec<_> =
            (0..12).map(|_| (place.log(program, &script, input.as_bytes()), place.view())).collect();
        (runs, place.view())
    };
    let Some((_, seen)) = same_as_theirs("multilog", twice) else { return };
    let names: Vec<_> = seen.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["main", "main/@label.s", "main/@label.s", "main/current", "main/lock", "main/state"]);
}

#[test]
fn what_a_killed_one_left_is_kept_as_cut_short() {
    let killed = |program: &Path| {
        let mut live = Live::new(program, &["./main"]);
        live.write("one\ntwo\n", "one\ntwo\n");
        live.logger.signal(Signal::SIGKILL);
        assert_eq!(live.logger.wait(), Err(9));
        live.pipe.write("three\n");
        live.logger = Logger::start(live.program, &live.place, &["./main"], live.pipe.reader());
        live.end_of_input()
    };
    let Some((_, seen)) = same_as_theirs("multilog", killed) else { return };
    let cut = entry(&seen, "main/@label.u");
    assert_eq!((cut.mode & 0o777, cut.content.as_slice()), (0o644, b"one\ntwo\n".as_slice()));
    assert_eq!(content(&seen, "main/current"), "three\n");
}
