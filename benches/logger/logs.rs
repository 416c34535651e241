//! Loggers: `t s16777215 n5` in the words of each, without the `t`, and with patterns.

use crate::lines::is_kept;
use crate::run::{Input, Way};
use crate::{WANTED, WANTED_WITH_PATTERNS};
use anyhow::{Context, Result, ensure};
use bench::{Case, Cost, Options, Outcome, Program, Turn, installed};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is done with the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Plain,
    Stamped,
    Selected,
}

/// As multilog and svlogd have it; see [`is_kept`].
const PATTERNS: [&str; 3] = ["-*\"GET /health*", "-*\"GET /static/*", "+*\"GET /static/app.js*"];

/// As s6-log has it.
const EXPRESSIONS: [&str; 3] = ["-\"GET /health", "-\"GET /static/", "+\"GET /static/app\\.js"];

/// A time stamp and the space behind it.
const LABEL: usize = 26;

/// Measures all of it.
pub(crate) fn measure(options: &Options, input: &Input, folder: &Path) -> Result<Vec<Outcome>> {
    let programs =
        installed("multilog", &[("daemontools", "multilog"), ("s6", "s6-log"), ("runit", "svlogd")]);
    let mut outcomes = Vec::new();
    for script in [Script::Stamped, Script::Plain, Script::Selected] {
        let expected = Expected::of(script, &input.bytes);
        for way in [Way::File, Way::Pipe] {
            let from = if way == Way::File { "from a file" } else { "from a pipe" };
            let (what, wanted) = match script {
                Script::Plain => ("log without time stamps", WANTED),
                Script::Stamped => ("log with time stamps", WANTED),
                Script::Selected => ("log with time stamps and patterns", WANTED_WITH_PATTERNS),
            };
            let name = format!("{what}, {from}");
            if !name.contains(&options.only) {
                continue;
            }
            let case = Case { name, wanted, bytes: input.bytes.len(), programs: programs.clone() };
            outcomes.push(bench::measure(case, options.rounds, |program, turn| {
                run(program, turn, script, way, input, &expected, folder)
            })?);
        }
    }
    Ok(outcomes)
}

/// What is to be found in the logs.
struct Expected {
    bytes: usize,
    last_line: Vec<u8>,
}

impl Expected {
    fn of(script: Script, input: &[u8]) -> Self {
        let lines = input.split_inclusive(|byte| *byte == b'\n');
        let kept: Vec<&[u8]> = lines.filter(|line| script != Script::Selected || is_kept(line)).collect();
        let label = if script == Script::Plain { 0 } else { LABEL };
        Self {
            bytes: kept.iter().map(|line| line.len().saturating_add(label)).sum(),
            last_line: kept.last().map(|line| line.to_vec()).unwrap_or_default(),
        }
    }
}

fn run(
    program: &Program,
    turn: Turn,
    script: Script,
    way: Way,
    input: &Input,
    expected: &Expected,
    folder: &Path,
) -> Result<Cost> {
    let log = folder.join("log");
    fs::create_dir(&log)?;
    // To be checked, all of it is kept.
    let count = if turn == Turn::Check { "n1000" } else { "n5" };
    let mut command = command(program, script, count, &log)?;
    let cost = input.through(way, command.current_dir(folder))?;
    if turn == Turn::Check {
        let bytes = size(&log)?;
        ensure!(bytes == expected.bytes as u64, "{bytes} bytes are in the logs, not {}", expected.bytes);
    }
    let current = fs::read(log.join("current")).context("unable to read current")?;
    ensure!(current.is_empty() || current.ends_with(&expected.last_line), "the last line is not in the log");
    fs::remove_dir_all(&log)?;
    Ok(cost)
}

/// The same for each, in its own words.
fn command(program: &Program, script: Script, count: &str, log: &Path) -> Result<Command> {
    let mut command = Command::new(&program.path);
    let selected = script == Script::Selected;
    if program.owner == "runit" {
        let patterns = if selected { PATTERNS.join("\n") } else { String::new() };
        fs::write(log.join("config"), format!("s16777215\n{count}\n{patterns}\n"))?;
        if script != Script::Plain {
            command.arg("-t");
        }
        command.arg("./log");
        return Ok(command);
    }
    if script != Script::Plain {
        command.arg("t");
    }
    if selected {
        command.args(if program.owner == "s6" { EXPRESSIONS } else { PATTERNS });
    }
    command.args(["s16777215", count, "./log"]);
    Ok(command)
}

/// The bytes of all log files, old and current.
fn size(log: &Path) -> Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(log)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "current" || name.as_encoded_bytes().starts_with(b"@") {
            bytes = bytes.saturating_add(entry.metadata()?.len());
        }
    }
    Ok(bytes)
}
