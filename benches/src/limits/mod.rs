//! What no program can be better than on this machine: a process that does nothing, an exec of such a one, bytes that are
//! only copied. Shown beside the figures, as the distance that is left.
//!
//! Each gives a sample a round; none on a processor for which there is no [`Smallest`] program.

mod copy;
mod smallest;

pub(crate) use copy::{BLOCK, copy};
pub(crate) use smallest::Smallest;

use crate::outcome::Role;
use crate::rounds::{Contestant, take_turns};
use crate::setting::Setting;
use anyhow::{Context, Result, ensure};
use std::fs::read_to_string;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// How often each is done.
const ROUNDS: usize = 200;

/// Microseconds from before the start of a process that does nothing until it is known that it has ended.
pub(crate) fn spawn(setting: &Setting) -> Result<Vec<f64>> {
    let Some(end) = Smallest::End.program(setting.memory())? else { return Ok(Vec::new()) };
    let contestants = [Contestant::new("spawn", Role::Limit, ())];
    let rows = take_turns(&contestants, setting.rounds(ROUNDS), |(), _| until_end(&mut Command::new(&end)))?;
    Ok(rows.into_iter().flat_map(|row| row.samples).collect())
}

/// Kilobytes of a process that waits: its private pages and its page tables.
pub(crate) fn memory(setting: &Setting) -> Result<Vec<f64>> {
    let Some(program) = Smallest::Wait.program(setting.memory())? else { return Ok(Vec::new()) };
    let mut child = Command::new(program).spawn().context("unable to start the smallest program")?;
    let kilobytes = kilobytes(&child);
    child.kill()?;
    child.wait()?;
    Ok(vec![kilobytes?])
}

/// Microseconds from before a command's start until it is known that it has ended, with 0.
pub(crate) fn until_end(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().context("unable to start it")?;
    let time = start.elapsed();
    ensure!(status.success(), "{status}");
    Ok(time.as_secs_f64() * 1e6)
}

/// What a process shares with nobody, and its page tables.
fn kilobytes(child: &Child) -> Result<f64> {
    let read = |file: &str| {
        let path = format!("/proc/{}/{file}", child.id());
        read_to_string(&path).with_context(|| format!("unable to read {path}"))
    };
    let text = read("smaps_rollup")? + &read("status")?;
    let counted = text.lines().filter(|line| line.starts_with("Private_") || line.starts_with("VmPTE:"));
    Ok(counted.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum())
}
