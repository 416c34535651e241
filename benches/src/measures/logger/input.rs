//! How lines come to a program: the clock starts before it does, and stops when it has ended.

use crate::limits::{BLOCK, copy};
use anyhow::{Context, Result, ensure};
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What every program gets to read.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) bytes: Vec<u8>,
    /// A file that holds them.
    file: PathBuf,
}

/// How it comes to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// stdin is the file.
    File,
    /// stdin is a pipe that somebody always has something for.
    Pipe,
}

impl Way {
    pub(super) const ALL: [Self; 2] = [Self::File, Self::Pipe];

    /// As it is called in titles.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "from a file",
            Self::Pipe => "from a pipe",
        }
    }
}

impl Input {
    /// Keeps the bytes in a file as well.
    pub(super) fn new(folder: &Path, name: &str, bytes: Vec<u8>) -> Result<Self> {
        let file = folder.join(name);
        std::fs::write(&file, &bytes).context("unable to write the input")?;
        Ok(Self { bytes, file })
    }

    /// Runs a program on it; megabytes of it in a second.
    pub(super) fn through(&self, way: Way, command: &mut Command) -> Result<f64> {
        command.stdin(match way {
            Way::File => Stdio::from(self.open()?),
            Way::Pipe => Stdio::piped(),
        });
        let start = Instant::now();
        let mut child = command.spawn().context("unable to start it")?;
        let fed = child.stdin.take().map_or(Ok(()), |pipe| self.feed(pipe));
        let ended = child.wait()?;
        let throughput = self.throughput(start);
        ensure!(ended.success(), "{ended}");
        fed.map(|()| throughput)
    }

    /// Only copies it to there.
    pub(super) fn copied(&self, way: Way, to: File) -> Result<f64> {
        let start = Instant::now();
        let copied = match way {
            Way::File => copy(self.open()?, to)?,
            Way::Pipe => {
                let (reader, writer) = pipe()?;
                std::thread::scope(|scope| {
                    let copier = scope.spawn(|| copy(reader, to));
                    self.feed(writer)?;
                    copier.join().map_err(|_| anyhow::anyhow!("the copier has panicked"))?
                })?
            }
        };
        let throughput = self.throughput(start);
        ensure!(copied == self.bytes.len() as u64, "{copied} bytes were copied");
        Ok(throughput)
    }

    fn open(&self) -> Result<File> {
        File::open(&self.file).context("unable to open the input")
    }

    fn feed(&self, mut pipe: impl Write) -> Result<()> {
        self.bytes.chunks(BLOCK).try_for_each(|block| pipe.write_all(block)).context("it does not read all")
    }

    fn throughput(&self, since: Instant) -> f64 {
        self.bytes.len() as f64 / 1e6 / since.elapsed().as_secs_f64()
    }
}

/// A pipe that no other program gets: its end for reading, its end for writing.
pub(super) fn pipe() -> Result<(File, File)> {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).context("unable to make a pipe")?;
    Ok((reader.into(), writer.into()))
}
