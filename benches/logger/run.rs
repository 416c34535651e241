//! One run of one program: the clock starts before it does, and stops when it has ended.

use anyhow::{Context, Result, ensure};
use bench::Cost;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What every program gets to read.
#[derive(Debug)]
pub(crate) struct Input {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// A file that holds them.
    pub(crate) file: PathBuf,
}

/// How it comes to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// stdin is the file.
    File,
    /// stdin is a pipe that somebody always has something for.
    Pipe,
}

/// What is written at a time into the pipe, which holds as much.
const BLOCK: usize = 65_536;

impl Input {
    /// Keeps the bytes in a file as well.
    pub(crate) fn new(folder: &Path, name: &str, bytes: Vec<u8>) -> Result<Self> {
        let file = folder.join(name);
        std::fs::write(&file, &bytes).context("unable to write the input")?;
        Ok(Self { bytes, file })
    }

    /// Runs a program on it; what that took.
    pub(crate) fn through(&self, way: Way, command: &mut Command) -> Result<Cost> {
        let stdin = match way {
            Way::File => Stdio::from(File::open(&self.file).context("unable to open the input")?),
            Way::Pipe => Stdio::piped(),
        };
        command.stdin(stdin);
        let before = processor_time()?;
        let start = Instant::now();
        let mut child = command.spawn().context("unable to start it")?;
        if let Some(mut pipe) = child.stdin.take() {
            for block in self.bytes.chunks(BLOCK) {
                pipe.write_all(block).context("it does not read all")?;
            }
        }
        let ended = child.wait()?;
        let wall = start.elapsed();
        ensure!(ended.success(), "{ended}");
        Ok(Cost { wall, processor: processor_time()?.saturating_sub(before) })
    }
}

/// What all programs that have ended took.
fn processor_time() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(u64::try_from(time.num_microseconds())?))
}
