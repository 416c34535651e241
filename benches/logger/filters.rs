//! tai64n and tai64nlocal.

use crate::WANTED;
use crate::run::{Input, Way};
use anyhow::{Result, ensure};
use bench::{Case, Options, Outcome, Turn, installed};
use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a program does to each line.
struct Filter {
    ours: &'static str,
    s6: &'static str,
    /// How much longer each line becomes.
    longer: usize,
}

/// `@` and 24 digits, then a space.
const TAI64N: Filter = Filter { ours: "tai64n", s6: "s6-tai64n", longer: 26 };

/// `2026-11-22 03:45:12.123456789` in the place of the 25 bytes.
const TAI64NLOCAL: Filter = Filter { ours: "tai64nlocal", s6: "s6-tai64nlocal", longer: 4 };

/// Where the lines come from and where they go, and what that is called. Where they go nowhere, it is the program alone
/// that takes time; into a file, much of it is the kernel's, which is the same for all.
const WAYS: [(Way, Sink, &str); 4] = [
    (Way::File, Sink::Nothing, "from a file to /dev/null"),
    (Way::Pipe, Sink::Nothing, "from a pipe to /dev/null"),
    (Way::File, Sink::File, "from a file to a file"),
    (Way::Pipe, Sink::File, "from a pipe to a file"),
];

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sink {
    Nothing,
    File,
}

/// Measures both.
pub(crate) fn measure(options: &Options, input: &Input, folder: &Path) -> Result<Vec<Outcome>> {
    let mut outcomes = filter(options, &TAI64N, input, folder)?;
    if WAYS.iter().any(|(.., way)| TAI64NLOCAL.case(way).contains(&options.only)) {
        let labelled = Input::new(folder, "labelled", labelled(&input.bytes))?;
        outcomes.extend(filter(options, &TAI64NLOCAL, &labelled, folder)?);
    }
    Ok(outcomes)
}

impl Filter {
    fn case(&self, way: &str) -> String {
        format!("{}, {way}", self.ours)
    }
}

fn filter(options: &Options, filter: &Filter, input: &Input, folder: &Path) -> Result<Vec<Outcome>> {
    let programs = installed(filter.ours, &[("daemontools", filter.ours), ("s6", filter.s6)]);
    let lines = input.bytes.iter().filter(|byte| **byte == b'\n').count();
    let expected = input.bytes.len().saturating_add(lines.saturating_mul(filter.longer)) as u64;
    let output = folder.join("output");
    let mut outcomes = Vec::new();
    for (way, sink, called) in WAYS {
        let name = filter.case(called);
        if !name.contains(&options.only) {
            continue;
        }
        let case = Case { name, wanted: WANTED, bytes: input.bytes.len(), programs: programs.clone() };
        outcomes.push(bench::measure(case, options.rounds, |program, turn| {
            let mut command = Command::new(&program.path);
            if turn == Turn::Measure && sink == Sink::Nothing {
                return input.through(way, command.stdout(Stdio::null()));
            }
            // Written over afterwards: what counts then is the program, and not how long new pages take.
            let mut output =
                File::options().create(true).write(true).truncate(turn == Turn::Check).open(&output)?;
            let cost = input.through(way, command.stdout(output.try_clone()?))?;
            let bytes = output.stream_position()?;
            ensure!(bytes == expected, "{bytes} bytes came out, not {expected}");
            Ok(cost)
        })?);
    }
    Ok(outcomes)
}

/// A label before each line, one to three lines for each, as daemontools' clock gives them.
fn labelled(input: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(input.len().saturating_mul(5) / 4);
    for (line, number) in input.split_inclusive(|byte| *byte == b'\n').zip(0_u32..) {
        let label = format!("@400000006b021e9f{:08x} ", number / 2 * 1000 % 1_000_000_000);
        text.extend_from_slice(label.as_bytes());
        text.extend_from_slice(line);
    }
    text
}
