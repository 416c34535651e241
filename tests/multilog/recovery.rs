//! What an earlier logger left, and how a start puts it in order: every combination of leftovers.

use super::place::{Place, content, entry, same_after};
use crate::asked::Chance;
use std::fs;
use testkit::{ours, same_as_theirs, theirs};

/// A label of 2012, and one of the year 2106.
const PAST: &str = "@400000005000000000000000";
const FUTURE: &str = "@40000000ffffff0000000000";

/// Not there, there, and there with the mark that it is whole.
const STATES: [Option<u32>; 3] = [None, Some(0o644), Some(0o744)];

#[test]
fn every_combination_of_leftovers_is_put_in_order_as_theirs_does() {
    let files = ["current", "previous", "processed", "state", "newstate"];
    let combinations = 3 * 3 * 3 * 2 * 2;
    for number in 0..combinations {
        let mut rest = number;
        let modes = [3, 3, 3, 2, 2].map(|kinds| {
            let mode = STATES[rest % kinds];
            rest /= kinds;
            mode
        });
        let prepare = |place: &Place| {
            place.folder("main", 0o700);
            for (file, mode) in files.iter().zip(modes) {
                if let Some(mode) = mode {
                    place.write(&format!("main/{file}"), format!("{file} of before\n"), mode);
                }
            }
        };
        let same = |script: &[&str], input: &[u8]| {
            let Some((ran, seen)) = same_after(prepare, script, input) else { return };
            assert_eq!((ran.end, ran.stderr.as_slice()), (Ok(0), &b""[..]), "{modes:?}");
            // A clean `current` is gone on with, and nothing else looked at.
            let odd = ["main/previous", "main/processed", "main/newstate"];
            let is_clean = modes[0] == Some(0o744);
            assert!(is_clean || !seen.iter().any(|entry| odd.contains(&entry.name.as_str())), "{seen:?}");
        };
        same(&["./main"], b"new\n");
        same(&["s4096", "n2", "./main"], &b"0123456789\n".repeat(400));
        if number % 3 == 0 {
            same(
                &["s4096", "n5", "!tr 0-9 a-j; cat <&4 >&5; echo x >&5", "./main"],
                &b"0123456789\n".repeat(400),
            );
        }
    }
}

#[test]
fn a_current_that_was_not_closed_is_kept_under_a_name_of_its_own() {
    let prepare = |place: &Place| {
        place.write("main/current", "current\n", 0o644);
        place.write("main/previous", "previous\n", 0o744);
    };
    let Some((_, seen)) = same_after(prepare, &["./main"], "new\n") else { return };
    let kept: Vec<_> = seen.iter().filter(|entry| entry.name.contains('@')).collect();
    assert_eq!((kept[0].name.as_str(), kept[0].content.as_slice()), ("main/@label.u", &b"previous\n"[..]));
    assert_eq!((kept[1].name.as_str(), kept[1].content.as_slice()), ("main/@label.u", &b"current\n"[..]));
    assert_eq!(content(&seen, "main/current"), "new\n");
}

#[test]
fn a_crash_between_link_and_unlink_leaves_nothing_twice() {
    for (file, code) in [("previous", "s"), ("processed", "s"), ("previous", "u"), ("current", "u")] {
        for mode in [0o644, 0o744] {
            if (file, mode) == ("current", 0o744) {
                continue;
            }
            let prepare = |place: &Place| {
                place.write(&format!("main/{file}"), "linked already\n", mode);
                let old = place.file(&format!("main/{PAST}.{code}"));
                fs::hard_link(place.file(&format!("main/{file}")), old).unwrap();
            };
            let Some((_, seen)) = same_after(prepare, &["./main"], "new\n") else { return };
            let again = seen.iter().filter(|entry| entry.content.starts_with(b"linked already"));
            assert_eq!(again.count(), 1);
        }
    }
}

#[test]
fn a_current_of_any_mode_and_size() {
    let lines = b"0123456789\n".repeat(300);
    for mode in [0o000, 0o100, 0o644, 0o600, 0o755, 0o011, 0o4744] {
        for size in [0, 1, 2095, 2096, 2097, 4095, 4096, 4097, 9000] {
            let prepare = |place: &Place| {
                place.write("main/current", "o".repeat(size), mode);
            };
            same_after(prepare, &["s4096", "./main"], &lines);
            if mode == 0o755 {
                same_after(prepare, &["s4096", "./main"], "");
                same_after(prepare, &["s4096", "./main"], "a\n");
                same_after(prepare, &["s4096", "./main"], "a".repeat(5000));
            }
        }
    }
}

#[test]
fn old_files_are_counted_and_the_oldest_go_first() {
    let names = ["0001.s", "0002.s", "0003.u", "0004.s", "0005.s"];
    let mut chance = Chance::new(5);
    for n in [
        "n0",
        "n1",
        "n2",
        "n3",
        "n4",
        "n5",
        "n6",
        "n7",
        "n100",
        "nX",
        "n",
        "n3x",
        "n-1",
        "n99999999999999999999",
    ] {
        for count in 0..=names.len() {
            let mut there: Vec<_> = names.to_vec();
            for _ in count..names.len() {
                there.remove(chance.below(there.len()));
            }
            let prepare = |place: &Place| {
                for name in &there {
                    place.write(&format!("main/{}{name}", &PAST[..21]), name, 0o744);
                }
                place.write("main/current", "old\n", 0o644);
            };
            same_after(prepare, &["s4096", n, "./main"], b"0123456789\n".repeat(500));
            same_after(prepare, &[n, "./main"], "");
        }
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let others = [
        "@",
        "@short",
        "@40000000500000000000000",
        "notes",
        ".hidden",
        "-rf",
        "current.old",
        "previous.s",
        "40000000500000000000000a.s",
        "a@500000005000000000000000.s",
    ];
    let prepare = |place: &Place| {
        for name in others {
            place.write(&format!("main/{name}"), name, 0o640);
        }
        place.folder("main/folder", 0o755);
    };
    let script = ["s4096", "n2", "./main"];
    let Some((_, seen)) = same_after(prepare, &script, b"0123456789\n".repeat(1000)) else { return };
    for name in others {
        assert_eq!(content(&seen, &format!("main/{name}")), name);
    }
    assert_eq!(entry(&seen, "main/folder").mode, 0o40_755);
}

#[test]
fn old_files_that_somebody_compressed_are_old_files() {
    let prepare = |place: &Place| {
        for (number, name) in ["s.gz", "u", "s", "s.gz.bak", ""].iter().enumerate() {
            let dot = if name.is_empty() { "" } else { "." };
            place.write(&format!("main/{}{number}{dot}{name}", &PAST[..24]), name, 0o600);
        }
    };
    for n in ["n2", "n3", "n4", "n5", "n6", "n7"] {
        same_after(prepare, &["s4096", n, "./main"], b"0123456789\n".repeat(500));
    }
}

/// A log with files of the future in it, and what is in it after two rotations.
fn after_two_rotations(program: &std::path::Path) -> (Vec<String>, Vec<String>) {
    let place = Place::new();
    for number in 1..=3 {
        place.write(&format!("main/{}{number}.s", &FUTURE[..24]), format!("old {number}\n"), 0o744);
    }
    let input: String = (0..600).map(|number| format!("line {number}\n")).collect();
    place.log(program, &["s4096", "n3", "./main"], input.as_bytes()).exits(0).errors("");
    let old = place.old_files("main");
    let first = |file: &String| place.read(file).lines().next().unwrap_or_default().to_owned();
    (old.iter().map(first).collect(), old)
}

#[test]
fn files_of_the_future_are_older_than_new_ones() {
    // The clock went back: theirs takes what it has just written for the oldest.
    if let Some(theirs) = theirs("multilog") {
        assert_eq!(after_two_rotations(&theirs).0, ["old 2", "old 3"]);
    }
    let (lines, names) = after_two_rotations(&ours("multilog"));
    assert_eq!((lines.len(), lines[0].as_str()), (2, "line 0"), "{names:?}");
    assert!(names.iter().all(|name| name.as_str() > &*format!("main/{}3.s", &FUTURE[..24])), "{names:?}");
}

#[test]
fn leftovers_are_put_in_order_once() {
    let again = |program: &std::path::Path| {
        let place = Place::new();
        place.write("main/current", "one\n", 0o644);
        place.write("main/processed", "two\n", 0o744);
        (0..3).map(|_| (place.log(program, &["./main"], b"new\n"), place.view())).collect::<Vec<_>>()
    };
    same_as_theirs("multilog", again);
}
