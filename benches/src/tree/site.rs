//! The folders of a tree: the same for every supervisor.
//!
//! | in it | what |
//! |---|---|
//! | `services/NAME/run` | the service folders: `run` is a hard link to the beacon |
//! | `beacon` | the FIFO in which services say that they were executed, unless they are to crash |
//! | `run` | the program that says it, on the same filesystem |
//! | `aside/` | folders that are renamed in later |
//! | `config/` | what a supervisor wants besides |

use super::starts::Starts;
use crate::supervisors::Supervisor;
use anyhow::{Context, Result};
use beacon::FIFO;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// svscan of ours takes a folder that is younger for one that is still being filled: see svscan(8).
const SETTLED: Duration = Duration::from_millis(1100);

/// Goes away with all that is in it.
#[derive(Debug)]
pub(crate) struct Site {
    folder: TempDir,
    starts: Starts,
    /// When the newest service folder was made.
    made: Option<Instant>,
    names: Vec<String>,
}

impl Site {
    /// An empty one, in that folder.
    pub(crate) fn new(parent: &Path, beacon: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("upkeep-bench-").tempdir_in(parent);
        let folder = folder.with_context(|| format!("unable to make a folder in {}", parent.display()))?;
        for name in ["services", "aside", "config"] {
            fs::create_dir(folder.path().join(name)).context("unable to make a folder")?;
        }
        fs::copy(beacon, folder.path().join("run"))
            .with_context(|| format!("unable to copy {}", beacon.display()))?;
        let starts = Starts::new(&folder.path().join(FIFO))?;
        Ok(Self { folder, starts, made: None, names: Vec::new() })
    }

    /// The same with so many services.
    pub(crate) fn with(parent: &Path, beacon: &Path, count: usize) -> Result<Self> {
        let mut site = Self::new(parent, beacon)?;
        for number in 0..count {
            let name = format!("s{number}");
            site.make(&site.service(&name))?;
            site.names.push(name);
        }
        site.made = Some(Instant::now());
        Ok(site)
    }

    /// One for each supervisor.
    pub(crate) fn each(
        supervisors: &[Box<dyn Supervisor>],
        parent: &Path,
        beacon: &Path,
        count: usize,
    ) -> Result<Vec<Self>> {
        supervisors.iter().map(|_| Self::with(parent, beacon, count)).collect()
    }

    /// Nobody hears the services any more: from now on they end at once.
    pub(crate) fn crash(&self) -> Result<()> {
        fs::remove_file(self.path().join(FIFO)).context("unable to remove the FIFO")
    }

    /// Waits until the service folders are as old as those of a machine that starts.
    pub(crate) fn settle(&self) {
        let age = self.made.map_or(SETTLED, |made| made.elapsed());
        sleep(SETTLED.saturating_sub(age));
    }

    /// A service folder that is made elsewhere, ready to be renamed in.
    pub(crate) fn aside(&self, name: &str) -> Result<PathBuf> {
        let folder = self.path().join("aside").join(name);
        self.make(&folder)?;
        Ok(folder)
    }

    fn make(&self, folder: &Path) -> Result<()> {
        fs::create_dir(folder).context("unable to make a service folder")?;
        fs::hard_link(self.path().join("run"), folder.join("run")).context("unable to link run")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The service directory.
    pub(crate) fn services(&self) -> PathBuf {
        self.path().join("services")
    }

    pub(crate) fn service(&self, name: &str) -> PathBuf {
        self.services().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("config")
    }

    /// The services that were in it from the beginning.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) const fn starts(&self) -> &Starts {
        &self.starts
    }
}
