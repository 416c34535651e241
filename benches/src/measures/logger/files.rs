//! Throughput into log files: `t s16777215 n5` in the words of each, without the `t`, and with patterns.

use super::input::{Input, Way};
use super::lines::{is_kept, lines};
use super::{LINES, ROUNDS, WANTED, WANTED_WITH_PATTERNS};
use crate::outcome::{Bound, Outcome, Role, Statistic, Unit, Wish};
use crate::programs::{missing, theirs};
use crate::rounds::{Contestant, Turn, take_turns};
use crate::setting::Setting;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is done with the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Plain,
    Stamped,
    Selected,
}

/// Whose words a logger understands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Logger {
    Multilog(PathBuf),
    S6(PathBuf),
    Runit(PathBuf),
    /// None: only a copy into one file.
    Copy,
}

/// As multilog and svlogd have it; see [`is_kept`].
const PATTERNS: [&str; 3] = ["-*\"GET /health*", "-*\"GET /static/*", "+*\"GET /static/app.js*"];

/// As s6-log has it.
const EXPRESSIONS: [&str; 3] = ["-\"GET /health", "-\"GET /static/", "+\"GET /static/app\\.js"];

/// A time stamp and the space behind it.
const LABEL: usize = 26;

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let folder = tempfile::tempdir_in(setting.memory())?;
    let input = Input::new(folder.path(), "lines", lines(LINES))?;
    let contestants = contestants(setting)?;
    let mut outcomes = Vec::new();
    for script in [Script::Stamped, Script::Plain, Script::Selected] {
        for way in Way::ALL {
            let case = Case { script, way, input: &input, expected: Expected::of(script, &input.bytes) };
            let rows = take_turns(&contestants, setting.rounds(ROUNDS), |logger, turn| {
                case.turn(logger, turn, folder.path())
            });
            let rows = rows.with_context(|| case.title())?;
            let bound = Bound::OfBestPeer(script.wanted());
            outcomes.push(Outcome {
                title: case.title(),
                how: how(),
                unit: Unit::MegabytesPerSecond,
                rows,
                wishes: vec![Wish { statistic: Statistic::Median, bound }],
                missing: missing(&["daemontools", "s6", "runit"]),
            });
        }
    }
    Ok(outcomes)
}

fn contestants(setting: &Setting) -> Result<Vec<Contestant<Logger>>> {
    let ours = Contestant::new("upkeep", Role::Ours, Logger::Multilog(setting.ours("multilog")?));
    let peer = |name, logger: Option<Logger>| Some(Contestant::new(name, Role::Peer, logger?));
    let peers = [
        peer("daemontools", theirs("multilog").map(Logger::Multilog)),
        peer("s6", theirs("s6-log").map(Logger::S6)),
        peer("runit", theirs("svlogd").map(Logger::Runit)),
    ];
    let copy = Contestant::new("copy", Role::Limit, Logger::Copy);
    Ok([ours].into_iter().chain(peers.into_iter().flatten()).chain([copy]).collect())
}

impl Script {
    fn title(self) -> &'static str {
        match self {
            Self::Plain => "log",
            Self::Stamped => "log with time stamps",
            Self::Selected => "log with patterns",
        }
    }

    fn wanted(self) -> f64 {
        match self {
            Self::Plain | Self::Stamped => WANTED,
            Self::Selected => WANTED_WITH_PATTERNS,
        }
    }
}

fn how() -> String {
    format!(
        "The logger is started on {LINES} lines as of a web server, about 100 bytes each, and runs until it has ended: \
         the bytes that it has read, in that time. With time stamps its script is t s16777215 n5 ./log, with patterns \
         three of these stand behind the t, all in each one's own words (svlogd: in its config). The log is in memory, \
         and new for each run. In the first round, which does not count, it is checked that all is there. The limit \
         reads and writes the same bytes, in blocks of 64 KiB, into one file."
    )
}

/// What all of them do.
struct Case<'i> {
    script: Script,
    way: Way,
    input: &'i Input,
    expected: Expected,
}

/// What is to be found in the logs.
struct Expected {
    bytes: u64,
    last_line: Vec<u8>,
}

impl Expected {
    fn of(script: Script, input: &[u8]) -> Self {
        let lines = input.split_inclusive(|byte| *byte == b'\n');
        let kept: Vec<&[u8]> = lines.filter(|line| script != Script::Selected || is_kept(line)).collect();
        let label = if script == Script::Plain { 0 } else { LABEL };
        Self {
            bytes: kept.iter().map(|line| line.len().saturating_add(label) as u64).sum(),
            last_line: kept.last().map(|line| line.to_vec()).unwrap_or_default(),
        }
    }
}

impl Case<'_> {
    fn title(&self) -> String {
        format!("{}, {}", self.script.title(), self.way.name())
    }

    fn turn(&self, logger: &Logger, turn: Turn, folder: &Path) -> Result<f64> {
        let log = folder.join("log");
        fs::create_dir(&log).context("unable to make the log")?;
        // To be checked, all of it is kept.
        let count = if turn == Turn::WarmUp { "n1000" } else { "n5" };
        let throughput = match self.command(logger, count, &log)? {
            Some(mut command) => {
                let throughput = self.input.through(self.way, command.current_dir(folder))?;
                self.check(turn, &log)?;
                throughput
            }
            None => self.input.copied(self.way, File::create(log.join("current"))?)?,
        };
        fs::remove_dir_all(&log).context("unable to remove the log")?;
        Ok(throughput)
    }

    /// The same for each, in its own words.
    fn command(&self, logger: &Logger, count: &str, log: &Path) -> Result<Option<Command>> {
        let is_stamped = self.script != Script::Plain;
        let patterns = |patterns: &'static [&str]| {
            if self.script == Script::Selected { patterns } else { &[] }
        };
        let (path, patterns) = match logger {
            Logger::Multilog(path) => (path, patterns(&PATTERNS)),
            Logger::S6(path) => (path, patterns(&EXPRESSIONS)),
            Logger::Runit(path) => {
                let patterns = patterns(&PATTERNS).join("\n");
                fs::write(log.join("config"), format!("s16777215\n{count}\n{patterns}\n"))?;
                let mut command = Command::new(path);
                command.args(is_stamped.then_some("-t")).arg("./log");
                return Ok(Some(command));
            }
            Logger::Copy => return Ok(None),
        };
        let mut command = Command::new(path);
        command.args(is_stamped.then_some("t")).args(patterns).args(["s16777215", count, "./log"]);
        Ok(Some(command))
    }

    fn check(&self, turn: Turn, log: &Path) -> Result<()> {
        let Expected { bytes: expected, last_line } = &self.expected;
        if turn == Turn::WarmUp {
            let bytes = size(log)?;
            ensure!(bytes == *expected, "{bytes} bytes are in the log, not {expected}");
        }
        let current = fs::read(log.join("current")).context("unable to read current")?;
        ensure!(current.is_empty() || current.ends_with(last_line), "the last line is not in the log");
        Ok(())
    }
}

/// The bytes of all log files, old and current.
fn size(log: &Path) -> Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(log).context("unable to list the log")? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "current" || name.as_encoded_bytes().starts_with(b"@") {
            bytes = bytes.saturating_add(entry.metadata()?.len());
        }
    }
    Ok(bytes)
}
