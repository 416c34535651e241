//! Throughput of what only puts time stamps before lines, or into another form: tai64n and tai64nlocal.

use super::input::{Input, Way};
use super::lines::lines;
use super::{LINES, ROUNDS, WANTED};
use crate::outcome::{Bound, Outcome, Role, Statistic, Unit, Wish};
use crate::programs::{missing, theirs};
use crate::rounds::{Contestant, Turn, take_turns};
use crate::setting::Setting;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
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

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let folder = tempfile::tempdir_in(setting.memory())?;
    let lines = Input::new(folder.path(), "lines", lines(LINES))?;
    let labelled = Input::new(folder.path(), "labelled", labelled(&lines.bytes))?;
    let mut outcomes = Vec::new();
    for (filter, input) in [(TAI64N, &lines), (TAI64NLOCAL, &labelled)] {
        for way in Way::ALL {
            outcomes.push(filter.measure(setting, input, way, folder.path())?);
        }
    }
    Ok(outcomes)
}

impl Filter {
    fn measure(&self, setting: &Setting, input: &Input, way: Way, folder: &Path) -> Result<Outcome> {
        let title = format!("{}, {}", self.ours, way.name());
        let contestants = self.contestants(setting)?;
        let output = folder.join("output");
        let rows = take_turns(&contestants, setting.rounds(ROUNDS), |program, turn| {
            self.turn(program.as_deref(), turn, input, way, &output)
        });
        Ok(Outcome {
            how: format!(
                "The program is started on {LINES} lines as of a web server, about 100 bytes each, and runs until it \
                 has ended: the bytes read in that time. What it writes goes to /dev/null, so that the program is \
                 measured and not the kernel; in the first round, which is not counted, it goes into a file, and is \
                 counted. The limit reads and writes the same bytes, in blocks of 64 KiB."
            ),
            unit: Unit::MegabytesPerSecond,
            rows: rows.with_context(|| title.clone())?,
            title,
            wishes: vec![Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(WANTED) }],
            missing: missing(&["daemontools", "s6"]),
        })
    }

    /// Those that have a program, and the copy that has none.
    fn contestants(&self, setting: &Setting) -> Result<Vec<Contestant<Option<PathBuf>>>> {
        let ours = Contestant::new("upkeep", Role::Ours, Some(setting.ours(self.ours)?));
        let peers = [("daemontools", theirs(self.ours)), ("s6", theirs(self.s6))];
        let there = peers.into_iter().filter(|(_, path)| path.is_some());
        let peers = there.map(|(name, path)| Contestant::new(name, Role::Peer, path));
        let copy = Contestant::new("copy", Role::Limit, None);
        Ok([ours].into_iter().chain(peers).chain([copy]).collect())
    }

    fn turn(
        &self,
        program: Option<&Path>,
        turn: Turn,
        input: &Input,
        way: Way,
        output: &Path,
    ) -> Result<f64> {
        let nothing = || File::options().write(true).open("/dev/null").context("unable to open /dev/null");
        let Some(program) = program else { return input.copied(way, nothing()?) };
        let mut command = Command::new(program);
        if turn == Turn::Measure {
            return input.through(way, command.stdout(Stdio::null()));
        }
        let throughput = input.through(way, command.stdout(File::create(output)?))?;
        let lines = input.bytes.iter().filter(|byte| **byte == b'\n').count();
        let expected = input.bytes.len().saturating_add(lines.saturating_mul(self.longer)) as u64;
        let bytes = output.metadata()?.len();
        ensure!(bytes == expected, "{bytes} bytes came out, not {expected}");
        Ok(throughput)
    }
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
