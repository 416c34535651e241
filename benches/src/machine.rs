//! What it was measured on.

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use std::fs::read_to_string;
use std::path::Path;
use std::thread::available_parallelism;

/// The processor, the kernel, and what the files are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) memory: String,
    pub(crate) files: String,
}

impl Machine {
    /// This one; `files` is where the files of the measure are.
    pub(crate) fn this(files: &Path) -> Self {
        let is_in_memory = statfs(files).is_ok_and(|system| system.filesystem_type() == TMPFS_MAGIC);
        let on = if is_in_memory { "in memory" } else { "not in memory" };
        Self {
            processor: field("/proc/cpuinfo", "model name"),
            cores: available_parallelism().map_or(0, usize::from),
            kernel: read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            memory: field("/proc/meminfo", "MemTotal"),
            files: format!("{} ({on})", files.display()),
        }
    }
}

/// What stands behind `name:` in a file of /proc.
fn field(file: &str, name: &str) -> String {
    let text = read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.split_once(':').filter(|(its, _)| its.trim() == name));
    value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
