//! The action language of 0.76: which lines are selected, and what is done with them besides the logs.

use super::place::{Place, content, label_of_now, same, same_after};
use crate::asked::Chance;
use testkit::ours;

const LINES: &str = "one\ntwo\nthree\nfatal: one\nfatal: two\n\nwarning one two three\n";

#[test]
fn a_line_begins_selected_and_the_actions_change_that_in_their_order() {
    for script in [
        &["./all"][..],
        &["-*", "./none"],
        &["-*", "+fatal: *", "./fatal"],
        &["-fatal: *", "./rest"],
        &["+one", "./plus-changes-nothing"],
        &["-*", "+one", "-one", "+two", "./one-off-again"],
        &["-*", "+fatal: *", "-*: two", "./but-two", "+*", "-*e", "./no-e-at-the-end", "-*", "./none"],
        &["-one", "./a", "-two", "./b", "+one", "./c", "-*", "+*: *", "./d"],
        &["-one"],
        &[],
    ] {
        same(script, LINES);
    }
    let Some((_, seen)) = same(&["-*", "+fatal: *", "./a", "-*: two", "./b"], LINES) else { return };
    assert_eq!(content(&seen, "a/current"), "fatal: one\nfatal: two\n");
    assert_eq!(content(&seen, "b/current"), "fatal: one\n");
}

#[test]
fn a_star_takes_what_has_not_the_next_letter_of_the_pattern_and_never_comes_back() {
    let lines = "abc\naabc\nabab\nab\nab ab\nababc\na*c\n*\n**\nabcabc\n\nab:\n: ab\na:b:c\n";
    for pattern in
        ["*", "**", "***", "a*", "*b", "*ab", "a*c", "a**c", "*:", "*: *", "a*b*c", "*a*b*", "", ":*", "*c*"]
    {
        let [minus, plus] = ["-", "+"].map(|sign| format!("{sign}{pattern}"));
        same(&[&minus, "./minus", "-*", &plus, "./plus"], lines);
    }
    // The surprise: the star stops before the first b, and it is the last one that would be right.
    let Some((_, seen)) = same(&["-*", "+*ab", "./main"], lines) else { return };
    assert_eq!(content(&seen, "main/current"), "ab\n: ab\n");
}

#[test]
fn generated_patterns_and_lines() {
    // With letters that are in no time stamp, or what matches would depend on the time.
    let mut chance = Chance::new(1);
    let mut word = |letters: &[char], most: usize| -> String {
        (0..chance.below(most + 1)).map(|_| *chance.pick(letters)).collect()
    };
    for _ in 0..60 {
        let mut script = vec![word(&['t', 'x'], 1)];
        for log in 0..12 {
            for sign in ["-*", "+*", "-*"] {
                if !word(&['x'], 1).is_empty() {
                    script.push(sign.to_owned());
                }
                let sign = &sign[..1];
                script.push(format!("{sign}{}", word(&['m', 'n', '*', '*', ' '], 6)));
            }
            script.push(format!("./{log}"));
            script.push(["e", &format!("={log}.last"), "", ""][word(&['x'], 3).len()].to_owned());
        }
        let lines: String = (0..80).map(|_| word(&['m', 'n', ' ', '*'], 7) + "\n").collect();
        let script: Vec<&str> = script.iter().map(String::as_str).collect();
        same(&script, lines);
    }
}

#[test]
fn patterns_see_the_time_stamp() {
    for script in [
        &["t", "-@*", "./none"][..],
        &["t", "-*", "+@4*", "./all"],
        &["t", "-*", "+* one", "./one"],
        &["t", "-*", "+one", "./none"],
        &["t", "-@4* fatal: *", "./rest", "-@4* two", "./rest-but-two"],
    ] {
        same(script, LINES);
    }
    let Some((_, seen)) = same(&["t", "-*", "+* one", "./main"], LINES) else { return };
    assert_eq!(content(&seen, "main/current"), "@label one\n");
}

#[test]
fn time_stamps_are_for_a_first_argument_with_a_t() {
    for script in [
        &["t", "./main"][..],
        &["tell", "./main"],
        &["./main", "t", "./other"],
        &["+*", "t", "./main"],
        &["", "t", "./main"],
    ] {
        same(script, "one\n\ntwo");
    }
    let Some((_, seen)) = same(&["t", "./main"], "one\n\ntwo") else { return };
    assert_eq!(content(&seen, "main/current"), "@label one\n@label \n@label two\n");
}

#[test]
fn time_stamps_are_labels_of_now_that_do_not_go_back() {
    let place = Place::new();
    let before = label_of_now();
    place.log(&ours("multilog"), &["t", "./main"], &b"line\n".repeat(1000)).exits(0);
    let after = label_of_now();
    let all = place.read("main/current");
    let labels: Vec<&str> = all.lines().map(|line| line.strip_suffix(" line").unwrap()).collect();
    assert_eq!(labels.len(), 1000);
    // A read is stamped by one clock, which may be a tick behind.
    assert!(labels[0][..17] >= before[..17] && labels[999] <= after.as_str(), "{before} {labels:?} {after}");
    assert!(labels.is_sorted());
}

#[test]
fn letters_that_mean_nothing_are_passed_over() {
    let others = ["x", "", "c9", "f", "q", "A", "?", "@x", "#1", "u", "V", "1", "~", "\u{e9}", " ./no", "*"];
    same(&[&others[..], &["./main"], &others].concat(), LINES);
    same(&["x"], LINES);
}

#[test]
fn an_e_sends_the_first_200_bytes_to_stderr() {
    for length in [0, 1, 199, 200, 201, 999, 1000, 1001, 5000] {
        let line = "l".repeat(length);
        for input in [format!("{line}\n"), line.clone(), format!("{line}\nnext\n")] {
            same(&["e"], &input);
            same(&["t", "e", "./main", "-*", "e"], &input);
        }
    }
    let Some((ran, _)) = same(&["-*", "+f*", "e", "./main"], LINES) else { return };
    ran.errors("fatal: one\nfatal: two\n").prints("");
    let Some((ran, _)) = same(&["e"], "l".repeat(300)) else { return };
    ran.errors("l".repeat(200) + "...\n");
}

#[test]
fn an_equals_sign_keeps_the_last_line_in_a_file_of_1001_bytes() {
    for length in [0, 1, 999, 1000, 1001, 3000] {
        let line = "l".repeat(length);
        for input in [format!("{line}\n"), line.clone(), format!("longer, longer\n{line}\ns\n")] {
            same(&["=last"], &input);
            same(&["t", "=last", "./main"], &input);
        }
    }
    let Some((_, seen)) = same(&["-*", "+f*", "=last", "=none/../last2", "./main"], LINES) else { return };
    // `none/..` is not there.
    assert_eq!(content(&seen, "last"), "");
    assert_eq!(seen.len(), 1);
    let Some((_, seen)) = same(&["-*", "+f*", "=last", "-*", "=never", "./main"], LINES) else { return };
    assert_eq!(content(&seen, "last"), format!("fatal: two{}", "\n".repeat(991)));
    assert_eq!(content(&seen, "never"), "");
    assert_eq!(seen[0].mode & 0o777, 0o600);
}

#[test]
fn a_file_in_two_actions_holds_the_last_line_of_both() {
    for input in [LINES, "one\ntwo\n", "two\none\n", "two\none\nx\n"] {
        same(&["-*", "+one", "=last", "-*", "+two", "=last"], input);
        same(&["-*", "+two", "=last", "-*", "+one", "=./last", "./main"], input);
    }
}

#[test]
fn a_file_for_an_equals_sign_is_kept_and_only_its_beginning_written() {
    for (size, mode) in [(0, 0o644), (10, 0o640), (1001, 0o600), (5000, 0o666)] {
        let prepare = |place: &Place| place.write("last", vec![b'o'; size], mode);
        same_after(prepare, &["=last"], "one\n");
        same_after(prepare, &["=last"], "");
        same_after(prepare, &["-*", "=last"], "one\n");
        same_after(prepare, &["=last", "-two", "=last"], LINES);
    }
    // Through a link, and at the place that the path leads to from where it was started.
    let prepare = |place: &Place| place.link("last", "real");
    let Some((_, seen)) = same_after(prepare, &["./main", "=last"], "one\n") else { return };
    assert_eq!(content(&seen, "real").len(), 1001);
}
