//! The limits that the child has, option by option and in any order.

use super::calls::LETTERS;
use crate::asked::Chance;
use std::path::Path;
use testkit::{Ran, Tool, ours, same_as_theirs};

/// What the child finds, under the limits that the caller has.
fn limits(softlimit: &Path, outer: &[&str], args: &[impl AsRef<str>]) -> Ran {
    // Some children die of their limits; where no file can be made, none leaves its core.
    let tool = Tool::new(Path::new("/usr/bin/prlimit")).dir(Path::new("/proc")).args(outer).arg(softlimit);
    tool.args(args.iter().map(AsRef::as_ref)).args(["/bin/cat", "/proc/self/limits"]).run()
}

/// A line of /proc/self/limits: the soft and the hard one.
#[track_caller]
pub(super) fn of(ran: &Ran, name: &str) -> [String; 2] {
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}: {ran:?}"));
    let mut words = line.split_whitespace().map(str::to_owned);
    [words.next().unwrap(), words.next().unwrap()]
}

/// Hard limits that make every clamping visible, and leave enough to run.
const LOW: [&str; 8] = [
    "--cpu=50:60",
    "--fsize=1000:2000000",
    "--data=400000000:500000000",
    "--stack=3000000:4000000",
    "--core=0:70000",
    "--rss=1:80000",
    "--memlock=9:90000",
    "--nofile=50:60",
];

#[test]
fn each_option_sets_what_it_says_and_no_hard_limit() {
    let names = [
        ("a", "Max address space"),
        ("c", "Max core file size"),
        ("d", "Max data size"),
        ("f", "Max file size"),
        ("l", "Max locked memory"),
        ("o", "Max open files"),
        ("p", "Max processes"),
        ("r", "Max resident set"),
        ("s", "Max stack size"),
        ("t", "Max cpu time"),
    ];
    let nothing: [&str; 0] = [];
    let before = limits(&ours("softlimit"), &LOW, &nothing);
    for (letter, set) in names {
        // Enough for the child, and below every hard limit but these that are clamped.
        let value = if matches!(letter, "a" | "d" | "s") { "300000000" } else { "55" };
        let args = [format!("-{letter}"), value.to_owned()];
        let after = limits(&ours("softlimit"), &LOW, &args);
        for (_, name) in names {
            let ([_, hard], [soft_after, hard_after]) = (of(&before, name), of(&after, name));
            assert_eq!(hard_after, hard, "-{letter} changed the hard limit: {name}");
            let expected = if name == set { value.to_owned() } else { of(&before, name)[0].clone() };
            let clamped = if (letter, name) == ("s", set) { "4000000".to_owned() } else { expected };
            assert_eq!(soft_after, clamped, "-{letter}: {name}");
        }
        same_as_theirs("softlimit", |softlimit| limits(softlimit, &LOW, &args));
    }
    let all = limits(&ours("softlimit"), &LOW, &["-m", "300000000"]);
    for (name, soft) in [
        ("Max data size", "300000000"),
        ("Max stack size", "4000000"),
        ("Max locked memory", "90000"),
        ("Max address space", "300000000"),
        ("Max resident set", "1"),
    ] {
        assert_eq!(of(&all, name)[0], soft, "{name}");
    }
}

#[test]
fn numbers_as_djb_reads_them() {
    let values = [
        "",
        "0",
        "00",
        "007",
        "59",
        "60",
        "61",
        "=",
        "4294967296",
        "4294967301",
        "9223372036854775808",
        "18446744073709551614",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551621",
        "99999999999999999999999",
    ];
    for letter in LETTERS {
        for value in values {
            // Without any time it is chance how far the child gets.
            if letter == "t" && matches!(value, "" | "0" | "00" | "18446744073709551616") {
                continue;
            }
            same_as_theirs("softlimit", |softlimit| {
                limits(softlimit, &LOW, &[format!("-{letter}").as_str(), value])
            });
        }
    }
}

#[test]
fn the_last_of_an_option_counts_and_what_is_more_general_is_no_exception() {
    for args in [
        &["-o", "20", "-o", "30"][..],
        &["-o20", "-o", "="],
        &["-o=", "-o20"],
        &["-m", "200000000", "-d", "300000000"],
        &["-d", "300000000", "-m", "200000000"],
        &["-s", "=", "-m300000000", "-s1000000"],
        &["-t=", "-c=", "-f=", "--"],
    ] {
        same_as_theirs("softlimit", |softlimit| limits(softlimit, &LOW, args));
    }
}

#[test]
fn generated_options() {
    let mut chance = Chance::new(3);
    for _ in 0..250 {
        let mut args = Vec::new();
        for _ in 0..chance.below(6) {
            let letter = *chance.pick(&LETTERS);
            let value = match chance.below(16) {
                0 => String::new(),
                1..4 => "=".to_owned(),
                4 => (*chance.pick(&["x", "1x", "=1", " 1", "-1"])).to_owned(),
                // Until the number is longer than 64 bits; none of which it is chance whether the child can run.
                5..9 => {
                    let digits = *chance.pick(&[1, 2, 3, 10, 15, 19, 20, 21, 23]);
                    (0..digits)
                        .map(|_| *chance.pick(&['1', '2', '3', '4', '5', '6', '7', '8', '9']))
                        .collect()
                }
                _ => (100_000_000 + chance.below(1_000_000_000)).to_string(),
            };
            let value = if letter == "t" { "777".to_owned() } else { value };
            if value.is_empty() || chance.below(2) == 0 {
                args.extend([format!("-{letter}"), value]);
            } else {
                args.push(format!("-{letter}{value}"));
            }
        }
        if chance.below(20) == 0 {
            args.push((*chance.pick(&["-z", "--", "-o", "-"])).to_owned());
        }
        // As it is, or with hard limits in the way.
        let outer: &[&str] = if chance.below(2) == 0 { &LOW } else { &["--core=0"] };
        same_as_theirs("softlimit", |softlimit| limits(softlimit, outer, &args));
    }
}
