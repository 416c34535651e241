//! Running this program under valgrind.

use crate::basis::Basis;
use crate::kept::Counts;
use crate::paths::HotPath;
use anyhow::{Context, Result, ensure};
use std::process::{Command, Stdio};

/// How many instructions one time takes.
pub(crate) fn count(path: &HotPath) -> Result<f64> {
    let once = total(path, path.times)?;
    let twice = total(path, path.times.saturating_mul(2))?;
    let difference = twice.checked_sub(once).context("unable to compare: twice as often took less")?;
    Ok(difference as f64 / path.times as f64)
}

/// What counts depend on, as the program sees it there.
pub(crate) fn basis() -> Result<Basis> {
    let output = valgrind(&["--tool=none"], &["basis"])?;
    Ok(output.parse::<Counts>().context("unable to understand its own basis")?.basis)
}

/// How many instructions a run takes in all.
fn total(path: &HotPath, times: u64) -> Result<u64> {
    let folder = tempfile::tempdir().context("unable to make a folder")?;
    let file = folder.path().join("counts");
    let option = format!("--callgrind-out-file={}", file.display());
    valgrind(&["--tool=callgrind", &option], &["run", path.name, &times.to_string()])?;
    let text = std::fs::read_to_string(&file).context("unable to read what callgrind counted")?;
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
    summary.and_then(|count| count.trim().parse().ok()).context("unable to find callgrind's sum")
}

/// Runs this program with these arguments under valgrind, and gives what it says.
fn valgrind(options: &[&str], arguments: &[&str]) -> Result<String> {
    let this = std::env::current_exe().context("unable to find this program")?;
    let output = Command::new("valgrind")
        .args(options)
        .arg(this)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("unable to run valgrind (package valgrind)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "unable to count {}: {}\n{said}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).context("unable to understand what it says")
}
