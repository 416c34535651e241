//! One line into a logger that has nothing to do, and how long it takes until it is in the file.

use super::input::pipe;
use crate::limits::copy;
use crate::outcome::{Outcome, Role, Unit};
use crate::programs::{missing, theirs};
use crate::rounds::{Contestant, take_turns};
use crate::setting::Setting;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::{sleep, spawn, yield_now};
use std::time::{Duration, Instant};

const LINES: usize = 50;

/// How long a logger has between two lines, to come to rest.
const REST: Duration = Duration::from_millis(5);

/// After so long it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn measure(setting: &Setting) -> Result<Vec<Outcome>> {
    let folder = tempfile::tempdir_in(setting.memory())?;
    let contestants = contestants(setting, folder.path())?;
    let rows = take_turns(&contestants, setting.rounds(LINES), |logger, _| logger.line())?;
    Ok(vec![Outcome {
        title: "a line until in the file, when quiet".to_owned(),
        how: format!(
            "One line is written into the pipe of a logger that has had nothing to do for {} ms, and the file is \
             looked at without a pause until it ends with that line: the time between. Script: t ./log, in memory; \
             what the kernel then writes to a disk, and when, is the same for all. The limit is a thread that copies \
             from such a pipe into a file.",
            REST.as_millis()
        ),
        unit: Unit::Microseconds,
        rows,
        wishes: Vec::new(),
        missing: missing(&["daemontools", "s6", "runit"]),
    }])
}

fn contestants(setting: &Setting, folder: &Path) -> Result<Vec<Contestant<Logger>>> {
    let programs = [
        ("upkeep", Role::Ours, Some(setting.ours("multilog")?), "t"),
        ("daemontools", Role::Peer, theirs("multilog"), "t"),
        ("s6", Role::Peer, theirs("s6-log"), "t"),
        ("runit", Role::Peer, theirs("svlogd"), "-t"),
    ];
    let mut contestants = Vec::new();
    for (name, role, path, stamp) in programs {
        let Some(path) = path else { continue };
        let logger = Logger::start(&path, stamp, folder.join(name)).with_context(|| name.to_owned())?;
        contestants.push(Contestant::new(name, role, logger));
    }
    contestants.push(Contestant::new("copy", Role::Limit, Logger::copier(&folder.join("copy"))?));
    Ok(contestants)
}

/// One that runs until it is dropped.
struct Logger {
    /// `None`: a thread, which ends with the pipe.
    child: Option<Child>,
    pipe: File,
    current: File,
}

impl Logger {
    fn start(program: &Path, stamp: &str, folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(folder.join("log"))?;
        let (reader, pipe) = pipe()?;
        let mut command = Command::new(program);
        command.args([stamp, "./log"]).current_dir(&folder).stdin(reader);
        let child = Some(command.spawn().context("unable to start it")?);
        let path = folder.join("log/current");
        let deadline = Instant::now() + PATIENCE;
        while !path.exists() {
            if Instant::now() > deadline {
                bail!("it makes no log");
            }
            sleep(REST);
        }
        Ok(Self { child, pipe, current: File::open(path).context("unable to open current")? })
    }

    fn copier(path: &Path) -> Result<Self> {
        let (reader, pipe) = pipe()?;
        let file = File::create(path)?;
        spawn(move || copy(reader, file));
        Ok(Self { child: None, pipe, current: File::open(path)? })
    }

    /// Microseconds until a line is in the file.
    fn line(&self) -> Result<f64> {
        sleep(REST);
        let before = self.current.metadata()?.len();
        let start = Instant::now();
        (&self.pipe).write_all(b"a line as any other\n").context("it does not read")?;
        while !self.ends_in_a_line_after(before)? {
            if start.elapsed() > PATIENCE {
                bail!("the line does not come");
            }
            yield_now();
        }
        Ok(start.elapsed().as_secs_f64() * 1e6)
    }

    fn ends_in_a_line_after(&self, before: u64) -> Result<bool> {
        let length = self.current.metadata()?.len();
        if length <= before {
            return Ok(false);
        }
        let mut last = [0];
        Ok(self.current.read_at(&mut last, length - 1)? == 1 && last == *b"\n")
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
