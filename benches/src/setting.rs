//! Where it is measured: the folders, the programs, and how often.

use crate::guard::Guard;
use anyhow::{Context, Result, ensure};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::sys::statvfs::{FsFlags, statvfs};
use std::env::{temp_dir, var_os};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What every measure gets.
#[derive(Debug)]
pub(crate) struct Setting {
    memory: TempDir,
    disk: TempDir,
    programs: PathBuf,
    beacon: PathBuf,
    factor: f64,
    /// Of both folders.
    _guards: [Guard; 2],
}

impl Setting {
    /// Makes the folders, which go away with it, or with the bench.
    pub(crate) fn new(factor: f64) -> Result<Self> {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let memory = ["/dev/shm", "/tmp", "/run"].map(PathBuf::from);
        let disk = [temp_dir(), "/var/tmp".into(), target.clone()];
        let memory = folder_in(memory.into_iter().find(|path| is_memory(path) && can_run(path)))?;
        let disk = folder_in(disk.into_iter().find(|path| path.is_dir() && !is_memory(path)))?;
        Ok(Self {
            _guards: [Guard::new(memory.path())?, Guard::new(disk.path())?],
            memory,
            disk,
            programs: built(&var_os("UPKEEP_DIST").map_or_else(|| target.join("dist"), PathBuf::from))?,
            beacon: var_os("UPKEEP_BEACON").map_or_else(|| target.join("bench/beacon"), PathBuf::from),
            factor,
        })
    }

    /// An empty folder in a file system in memory, where there is one that programs may be run in.
    pub(crate) fn memory(&self) -> &Path {
        self.memory.path()
    }

    /// An empty folder on a disk, where there is one.
    pub(crate) fn disk(&self) -> &Path {
        self.disk.path()
    }

    /// One of our programs, as `make` has built it.
    pub(crate) fn ours(&self, name: &str) -> Result<PathBuf> {
        built(&self.programs.join(name))
    }

    /// The program that every service of the benchmark is.
    pub(crate) fn beacon(&self) -> Result<PathBuf> {
        built(&self.beacon)
    }

    /// How many rounds, or samples, where so many are usual.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        ((usual as f64 * self.factor).round() as usize).max(1)
    }
}

fn built(program: &Path) -> Result<PathBuf> {
    let error = || format!("unable to find {}: run `make bench`", program.display());
    program.canonicalize().with_context(error)
}

/// A folder that every account can enter, in this one or where temporary files are.
fn folder_in(parent: Option<PathBuf>) -> Result<TempDir> {
    let parent = parent.unwrap_or_else(temp_dir);
    let mut builder = tempfile::Builder::new();
    builder.prefix("upkeep-bench-").permissions(Permissions::from_mode(0o755));
    let folder = builder
        .tempdir_in(&parent)
        .with_context(|| format!("unable to make a folder in {}", parent.display()))?;
    // What the umask has taken away.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    ensure!(folder.path().is_absolute(), "{}: not an absolute path", folder.path().display());
    Ok(folder)
}

/// Whether files there are in memory.
pub(crate) fn is_memory(path: &Path) -> bool {
    statfs(path).is_ok_and(|system| system.filesystem_type() == TMPFS_MAGIC)
}

/// Whether programs there can be run: in containers /dev/shm is often mounted otherwise.
fn can_run(path: &Path) -> bool {
    statvfs(path).is_ok_and(|system| !system.flags().contains(FsFlags::ST_NOEXEC))
}
