//! Where a file ends, to the byte: generated scripts and lines through both, and every file of the two compared.
//!
//! Debian's decides at its own writes of at most 512 bytes, after each read of at most 1024. So the input is in a
//! file, or all of it is in the pipe before the logger starts: then its reads are the same at each run.

use super::place::{Place, Seen, differences, from_file};
use crate::asked::Chance;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use testkit::{ours, theirs};

/// Letters that are in no label, so that what is in one is what was generated.
const LETTERS: &[u8] = b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ :;.,-+*\0\xff\x80";

/// Lines, in bursts of some that are alike in length; at times without a newline at the end.
fn lines(chance: &mut Chance, size: usize) -> Vec<u8> {
    let letters: Vec<u8> = (0..6000).map(|_| *chance.pick(LETTERS)).collect();
    let mut input = Vec::with_capacity(size + 100_000);
    while input.len() < size {
        let longest = *chance.pick(&[1, 5, 40, 40, 100, 100, 100, 300, 1100, 3000]);
        for _ in 0..=chance.below(30) {
            let start = chance.below(3000);
            input.extend_from_slice(&letters[start..][..chance.below(longest)]);
            input.push(b'\n');
        }
    }
    if chance.below(4) == 0 {
        input.extend_from_slice(&letters[..chance.below(1500)]);
    }
    input
}

/// One to three logs with limits and selections of their own.
fn script(chance: &mut Chance) -> Vec<String> {
    let mut script = Vec::new();
    if chance.below(2) == 0 {
        script.push("t".to_owned());
    }
    for log in 0..=chance.below(3) {
        script.push(format!("s{}", 4096 + chance.below(16_000)));
        if chance.below(8) == 0 {
            script.push((*chance.pick(&["s4096", "s0", "s6000", "s6096", "s5120", "s8192"])).to_owned());
        }
        if chance.below(2) == 0 {
            script.push(format!("n{}", chance.below(8)));
        }
        if chance.below(2) == 0 {
            script.push((*chance.pick(&["-*g*", "-g*", "-*", "-*:*", "-*+*"])).to_owned());
        }
        if chance.below(2) == 0 {
            script.push((*chance.pick(&["+*h*", "+h*", "+*", "+*;*", "+* *"])).to_owned());
        }
        if chance.below(40) == 0 {
            script.push("!exec tr g-z G-Z".to_owned());
        }
        script.push(format!("./{log}"));
    }
    script
}

/// Runs a program several times in one folder: how each ended, and all files after it.
fn runs(program: &Path, script: &[String], inputs: &[Vec<u8>], input: impl Fn(&[u8]) -> File) -> Vec<Seen> {
    let place = Place::new();
    let script: Vec<&str> = script.iter().map(String::as_str).collect();
    let run = |bytes: &Vec<u8>| {
        let ran = place.log_from(program, &script, input(bytes));
        let mut seen = place.view();
        // A label that is cut by the end of a file is not masked yet.
        for byte in seen.iter_mut().flat_map(|entry| &mut entry.content) {
            if matches!(byte, b'0'..=b'9' | b'a'..=b'f') {
                *byte = b'0';
            }
        }
        (ran, seen)
    };
    inputs.iter().map(run).collect()
}

/// The same generated runs through both.
#[track_caller]
fn same_runs(seeds: std::ops::Range<u64>, largest: usize, input: impl Fn(&[u8]) -> File) {
    for seed in seeds {
        let mut chance = Chance::new(seed);
        let script = script(&mut chance);
        let inputs = (0..=chance.below(2)).map(|_| {
            let size = chance.below(largest);
            lines(&mut chance, size)
        });
        let inputs: Vec<_> = inputs.collect();
        let Some(theirs) = theirs("multilog") else { return };
        let [theirs, ours] =
            [theirs, ours("multilog")].map(|program| runs(&program, &script, &inputs, &input));
        assert!(ours == theirs, "seed {seed}, {script:?}:{}", differences(&ours, &theirs));
    }
}

/// A pipe that holds all of it already, and whose other end is closed.
fn from_full_pipe(input: &[u8]) -> File {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).expect("a pipe");
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(1 << 20)).expect("a large pipe");
    File::from(writer).write_all(input).expect("room for it");
    File::from(reader)
}

#[test]
fn generated_lines_from_a_file() {
    same_runs(0..120, 60_000, from_file);
}

#[test]
fn generated_lines_from_a_pipe() {
    same_runs(1000..1120, 60_000, from_full_pipe);
}

#[test]
fn generated_lines_that_fill_many_files() {
    same_runs(2000..2015, 400_000, from_file);
    same_runs(2100..2115, 400_000, from_full_pipe);
}

#[test]
fn lines_of_every_length_around_the_limit() {
    // One long line, so that the end of the file is at the limit itself; and a newline at each place before it.
    for length in (2000..2200).step_by(7).chain(4050..4150).chain(4600..4620) {
        let script = ["s4096".to_owned(), "./main".to_owned()];
        let input = [&b"l".repeat(length)[..], b"\n", &b"short\n".repeat(500)].concat();
        let Some(theirs) = theirs("multilog") else { return };
        let [theirs, ours] = [theirs, ours("multilog")]
            .map(|program| runs(&program, &script, std::slice::from_ref(&input), from_file));
        assert!(ours == theirs, "{length}: {}", differences(&ours, &theirs));
    }
}
