//! What it is measured on.

use crate::programs;
use crate::setting::{Setting, is_memory};
use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;
use std::thread::{available_parallelism, sleep};
use std::time::Duration;

/// All that a reader has to know to compare the figures with those of another machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// In MB.
    pub(crate) memory: u64,
    pub(crate) is_virtual: bool,
    pub(crate) kernel: String,
    /// What chooses the clock's rate, where the kernel says it.
    pub(crate) governor: Option<String>,
    pub(crate) pid_max: u64,
    /// Which part of the processors' time others used in the second before the first measure. The load average would still count what
    /// has built this program.
    pub(crate) busy: f64,
    /// File systems: of the folder in memory, of the one on a disk.
    pub(crate) in_memory: String,
    pub(crate) on_disk: String,
    /// Each package that something is compared with, and its version where it is installed.
    pub(crate) packages: Vec<(&'static str, Option<String>)>,
}

impl Machine {
    /// This one.
    pub(crate) fn here(setting: &Setting) -> Self {
        let processor = read("/proc/cpuinfo");
        let mounts = read("/proc/self/mounts");
        Self {
            processor: field(&processor, "model name").unwrap_or("unknown").to_owned(),
            cores: available_parallelism().map_or(0, usize::from),
            memory: number(field(&read("/proc/meminfo"), "MemTotal")) / 1024,
            is_virtual: field(&processor, "flags").is_some_and(is_virtual),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            governor: governor(),
            pid_max: number(Some(&read("/proc/sys/kernel/pid_max"))),
            busy: busy(),
            in_memory: file_system(&mounts, setting.memory()),
            on_disk: file_system(&mounts, setting.disk()),
            packages: programs::packages().map(|package| (package, version(package))).collect(),
        }
    }

    /// Why the figures may not be what they would be.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let busy = (self.busy > 0.1).then(|| {
            format!("bench: the processors are {:.0} % busy: do not believe these figures", self.busy * 100.0)
        });
        let file_systems = (self.in_memory != "tmpfs")
            .then(|| "bench: no file system in memory here: both folders are on a disk".to_owned());
        busy.into_iter().chain(file_systems).collect()
    }
}

fn busy() -> f64 {
    let before = read("/proc/stat");
    sleep(Duration::from_secs(1));
    used(&before, &read("/proc/stat"))
}

/// Which part of the processors' time was used between two readings of /proc/stat.
fn used(before: &str, after: &str) -> f64 {
    // user, nice, system, idle, iowait, irq, softirq, steal, in ticks; of what follows, all is in these already.
    let times = |stat: &str| -> Vec<f64> {
        let line = stat.lines().next().unwrap_or_default();
        line.split_whitespace().skip(1).take(8).filter_map(|ticks| ticks.parse().ok()).collect()
    };
    let passed: Vec<f64> =
        times(after).iter().zip(times(before)).map(|(after, before)| after - before).collect();
    let idle: f64 = passed.iter().skip(3).take(2).sum();
    let all: f64 = passed.iter().sum();
    if all > 0.0 { 1.0 - idle / all } else { 0.0 }
}

fn read(file: &str) -> String {
    read_to_string(file).unwrap_or_default()
}

/// What stands behind `name:` in a file of /proc.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(its, _)| its.trim() == name).map(|(_, value)| value.trim())
}

fn first(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// The number at the beginning; 0 where there is none.
fn number(text: Option<&str>) -> u64 {
    text.map(first).and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn is_virtual(flags: &str) -> bool {
    flags.split_whitespace().any(|flag| flag == "hypervisor")
}

fn governor() -> Option<String> {
    let file = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    read_to_string(file).ok().map(|text| text.trim().to_owned())
}

/// The type of the file system that a path is in: of the longest mount point above it, the last.
fn file_system(mounts: &str, path: &Path) -> String {
    if is_memory(path) {
        return "tmpfs".to_owned();
    }
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = mounts.filter(|(point, _)| path.starts_with(point));
    let nearest = above.max_by_key(|(point, _)| point.len());
    nearest.map_or("unknown", |(_, kind)| kind).to_owned()
}

/// The installed version of one of Debian's packages.
fn version(package: &str) -> Option<String> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Version}", package])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.strip_prefix("installed ").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_idle_nor_waiting_is_used() {
        let before = "cpu  10 0 10 100 0 0 0 0 5 5\ncpu0 1 2 3\n";
        let after = "cpu  20 0 20 160 20 0 0 0 9 9\ncpu0 1 2 3\n";
        assert!((used(before, after) - 0.2).abs() < 1e-9);
        assert!(used(after, after).abs() < 1e-9);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "model\t\t: 85\nmodel name\t: A processor\n";
        assert_eq!(field(text, "model name"), Some("A processor"));
        assert_eq!(field(text, "name"), None);
        assert_eq!(number(field("MemTotal:       1024 kB\n", "MemTotal")), 1024);
    }

    #[test]
    fn a_virtual_machine_has_the_flag() {
        assert!(is_virtual("fpu hypervisor sse"));
        assert!(!is_virtual("fpu sse"));
    }

    #[test]
    fn the_nearest_mount_point_counts_and_the_last_of_these() {
        let mounts = "/dev/a / ext4 rw 0 0\nb /proc proc rw 0 0\n/dev/c /proc/self ext2 rw 0 0\nd /proc/self xfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/proc/self/fd")), "xfs");
        assert_eq!(file_system(mounts, Path::new("/proc/1")), "proc");
        assert_eq!(file_system(mounts, Path::new("/proceeds")), "ext4");
    }
}
