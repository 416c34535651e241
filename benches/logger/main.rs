//! The logger's throughput: multilog beside daemontools', s6-log and svlogd, and tai64n and tai64nlocal beside
//! daemontools' and s6's. All get the same lines and keep the same of them, in a file system in memory if there is one.
//!
//!     make
//!     cargo bench -p bench --bench logger

mod filters;
mod lines;
mod logs;
mod run;

use anyhow::Result;
use bench::{Options, Report};
use run::Input;
use std::path::Path;

/// How many times as fast as the fastest peer ours shall be, and where patterns are to be matched as well.
const WANTED: f64 = 6.0;
const WANTED_WITH_PATTERNS: f64 = 4.0;

fn main() -> Result<()> {
    let Some(options) = Options::from_command_line()? else { return Ok(()) };
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::Builder::new().prefix("upkeep-bench-").tempdir_in(parent)?;
    let input = Input::new(folder.path(), "lines", lines::lines(options.lines))?;
    let mut report = Report::new("logger", folder.path());
    for outcome in logs::measure(&options, &input, folder.path())? {
        report.add(outcome);
    }
    for outcome in filters::measure(&options, &input, folder.path())? {
        report.add(outcome);
    }
    report.show(options.json)?;
    Ok(())
}
