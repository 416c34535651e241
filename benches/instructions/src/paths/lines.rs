//! multilog as it runs: from a file in memory into a log that does not come to its end.

use anyhow::{Context, Result, ensure};
use logging::multilog;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::dup2_stdin;
use std::ffi::CStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Seek, Write};

/// How many different lines there are: what is written at once, so that this is next to nothing for each line.
const LINES: u64 = 1000;

pub(super) fn plain(lines: u64) -> Result<()> {
    log(lines, &[])
}

pub(super) fn stamped(lines: u64) -> Result<()> {
    log(lines, &[c"t"])
}

pub(super) fn with_pattern(lines: u64) -> Result<()> {
    log(lines, &[c"t", c"-* * debug: *"])
}

pub(super) fn with_shell_pattern(lines: u64) -> Result<()> {
    log(lines, &[c"t", c"F", c"-* debug: *"])
}

/// Logs that many lines.
fn log(lines: u64, actions: &[&'static CStr]) -> Result<()> {
    let folder = tempfile::tempdir().context("unable to make a folder")?;
    std::env::set_current_dir(&folder).context("unable to chdir")?;
    dup2_stdin(input(lines).context("unable to write the lines")?).context("unable to set stdin")?;
    let script = [&[c"multilog"], actions, &[c"s16777215", c"./log"]].concat();
    ensure!(multilog::run(script) == 0, "unable to log");
    Ok(())
}

/// Lines of 60 to 140 bytes, 100 on the average. One of ten says that it is of use to nobody else.
fn input(lines: u64) -> Result<File> {
    let (mut text, mut ends) = (String::new(), Vec::new());
    for number in 0..LINES {
        let kind = if number % 10 == 3 { "debug" } else { "info" };
        let begin = text.len();
        write!(text, "web[4711]: {kind}: GET /articles/{number:05}?page={} 200 ", number % 7)?;
        let length = usize::try_from(60 + number * 37 % 81)?;
        let missing = begin.saturating_add(length).saturating_sub(text.len()).saturating_sub(1);
        text.extend("the quick brown fox jumps over the lazy dog ".chars().cycle().take(missing));
        text.push('\n');
        ends.push(text.len());
    }
    let mut file = File::from(memfd_create(c"lines", MFdFlags::MFD_CLOEXEC)?);
    let mut left = lines;
    while left > 0 {
        let now = left.min(LINES);
        let end = ends.get(usize::try_from(now.saturating_sub(1))?).copied().unwrap_or(0);
        file.write_all(text.as_bytes().get(..end).unwrap_or_default())?;
        left = left.saturating_sub(now);
    }
    file.rewind()?;
    Ok(file)
}
