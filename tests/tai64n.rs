//! tai64n beside Debian's: the same lines behind the labels, and labels that are right.

use crate::fed::{BROKEN, Fed};
use nix::time::{ClockId, clock_gettime};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use testkit::{Ran, Tool, ours, same_as_theirs, theirs};

/// A label and its space.
const LABEL: usize = 26;

/// The time of a label since 1970.
fn time(label: &[u8]) -> Duration {
    let digits = label.strip_prefix(b"@").and_then(|rest| rest.strip_suffix(b" ")).expect("@ and a space");
    assert_eq!(digits.len(), 24);
    assert!(digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{digits:?}");
    let (seconds, nanoseconds) = digits.split_at(16);
    let number = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    let nanoseconds = u32::try_from(number(nanoseconds)).unwrap();
    assert!(nanoseconds < 1_000_000_000);
    Duration::new(number(seconds) - (1 << 62) - 10, nanoseconds)
}

/// Output without its labels, and the labels.
fn parted(output: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let lines = output.split_inclusive(|byte| *byte == b'\n').map(|line| line.split_at(LABEL));
    let (labels, lines): (Vec<_>, Vec<_>) = lines.map(|(label, line)| (label.to_vec(), line)).unzip();
    (lines.concat(), labels)
}

/// Everything but the labels, which are checked.
fn labelled(program: &Path, input: &[u8]) -> (Vec<u8>, Vec<u8>, Result<i32, i32>) {
    let now = || Duration::from(clock_gettime(ClockId::CLOCK_REALTIME).expect("the time"));
    let before = now();
    let Ran { stdout, stderr, end } = Tool::new(program).input(input).run();
    let after = now();
    let (lines, labels) = parted(&stdout);
    // Theirs has the middle of its microsecond, and ours a nanosecond a line.
    let slack = Duration::from_micros(1);
    for label in labels {
        assert!((before - slack..=after + slack).contains(&time(&label)));
    }
    (lines, stderr, end)
}

fn the_same(input: &[u8]) {
    let lines = same_as_theirs("tai64n", |program| labelled(program, input));
    assert!(lines.is_none_or(|(lines, stderr, end)| lines == input && stderr.is_empty() && end == Ok(0)));
}

#[test]
fn lines_of_all_kinds() {
    let long = [&b"x".repeat(300_000)[..], b"\ny\n"].concat();
    let many = b"\n".repeat(20_000);
    let inputs: [&[u8]; 12] = [
        b"",
        b"a",
        b"a\n",
        b"\n",
        b"\n\n",
        b"a\n\nb",
        b"a\0b\n\0\n\0",
        b"\xff\xc3\n\xed\xa0\x80",
        b"@400000006b021e9f19a9d8dc a\n",
        b"\r\n\r",
        &long,
        &many,
    ];
    inputs.into_iter().for_each(the_same);
}

#[test]
fn generated_lines() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 100, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let byte = prop_oneof![4 => any::<u8>(), 1 => Just(b'\n')];
    let line = (byte, prop_oneof![0_usize..4, 20_usize..70, 2040_usize..2060, 131_060_usize..131_080]);
    let lines = prop::collection::vec(line, 0..12);
    let run = runner.run(&lines, |lines| {
        let line = |(byte, count)| {
            // Many newlines are many labels to check.
            let count = if byte == b'\n' { count % 64 } else { count };
            [vec![byte; count], vec![b'\n']].concat()
        };
        let input: Vec<u8> = lines.into_iter().flat_map(line).collect();
        the_same(&input);
        the_same(input.get(1..).unwrap_or_default());
        Ok(())
    });
    run.unwrap();
}

#[test]
fn arguments_mean_nothing() {
    for args in [&["-x"][..], &["a", "b"], &[""]] {
        same_as_theirs("tai64n", |program| {
            let ran = Tool::new(program).args(args).input("x").run();
            (parted(&ran.stdout).0, ran.stderr, ran.end)
        });
    }
}

#[test]
fn what_has_come_is_out_before_more_is_waited_for() {
    same_as_theirs("tai64n", |program| {
        let mut fed = Fed::start(program, &[""; 0]);
        let mut out = Vec::new();
        // The label comes with the first byte of a line, a newline with the last.
        for (bytes, count) in
            [(&b"a"[..], LABEL + 1), (b"b", 1), (b"\n", 1), (b"\n", LABEL + 1), (b"c\nd", 2 * LABEL + 3)]
        {
            fed.write(bytes);
            out.extend(fed.read(count));
        }
        let (rest, end) = fed.end();
        assert_eq!((rest.as_slice(), end), (&b""[..], Ok(0)), "an unfinished line stays so");
        parted(&out).0
    });
}

#[test]
fn a_broken_input_or_output_ends_it_without_a_word() {
    for script in BROKEN {
        same_as_theirs("tai64n", |program| {
            let ran = Tool::new(Path::new("sh")).args(["-c", script]).arg(program).run();
            (parted(&ran.stdout).0, ran.stderr, ran.end, script)
        });
    }
}

#[test]
fn a_line_of_any_length_takes_no_memory() {
    // 200 MB in 16 MB of addresses; the kernel is asked not to give more.
    const SCRIPT: &str = "head -c 200000000 /dev/zero | (ulimit -v 16384; exec \"$0\") | wc -c";
    let ran = Tool::new(Path::new("sh")).args(["-c", SCRIPT]).arg(ours("tai64n")).run();
    ran.prints("200000026\n").errors("").exits(0);
}

#[test]
fn every_line_has_a_label_of_its_own_and_they_are_in_order() {
    let input = b"line\n".repeat(50_000);
    let labels = |program: &Path| parted(&Tool::new(program).input(&*input).run().stdout).1;
    let of_ours = labels(&ours("tai64n"));
    assert!(of_ours.is_sorted());
    assert_eq!(of_ours.iter().collect::<BTreeSet<_>>().len(), 50_000);
    // Theirs asks a clock of microseconds, and asks it faster than it goes on.
    if let Some(theirs) = theirs("tai64n") {
        let of_theirs = labels(&theirs);
        assert!(of_theirs.iter().all(|label| time(label).subsec_nanos() % 1000 == 500));
        assert!(of_theirs.iter().collect::<BTreeSet<_>>().len() < 50_000);
    }
}
