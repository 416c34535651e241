//! What /proc says of a process. Everything here is a look at one moment; a process that is gone has nothing.

use std::path::PathBuf;

/// A line of /proc/PID/status, without its name: `field(pid, "Uid")` is `0\t0\t0\t0`.
#[must_use]
pub fn field(pid: u32, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// Its parent.
#[must_use]
pub fn parent(pid: u32) -> Option<u32> {
    field(pid, "PPid")?.parse().ok()
}

/// Its children, in the order of their numbers.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    let mut children: Vec<u32> = all().into_iter().filter(|other| parent(*other) == Some(pid)).collect();
    children.sort_unstable();
    children
}

/// The name of its program, as the kernel keeps it: at most 15 bytes.
#[must_use]
pub fn name(pid: u32) -> Option<String> {
    field(pid, "Name")
}

/// Its state: `R`, `S`, `T` (stopped), `Z` (ended, not collected), ...
#[must_use]
pub fn state(pid: u32) -> Option<char> {
    field(pid, "State")?.chars().next()
}

/// Whether it is there and has not ended.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Its four user ids (real, effective, saved, of files).
#[must_use]
pub fn uids(pid: u32) -> Option<[u32; 4]> {
    numbers(&field(pid, "Uid")?).try_into().ok()
}

/// Its four group ids.
#[must_use]
pub fn gids(pid: u32) -> Option<[u32; 4]> {
    numbers(&field(pid, "Gid")?).try_into().ok()
}

/// Its supplementary groups, as the kernel sorts them.
#[must_use]
pub fn groups(pid: u32) -> Option<Vec<u32>> {
    Some(numbers(&field(pid, "Groups")?))
}

fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Its arguments.
#[must_use]
pub fn arguments(pid: u32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// Its environment as it was at its exec, `NAME=value` each.
#[must_use]
pub fn environment(pid: u32) -> Vec<String> {
    strings(pid, "environ")
}

fn strings(pid: u32, file: &str) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let strings = bytes.split_inclusive(|byte| *byte == 0);
    strings
        .map(|string| String::from_utf8_lossy(string.strip_suffix(b"\0").unwrap_or(string)).into())
        .collect()
}

/// Its working folder.
#[must_use]
pub fn folder(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// Its open descriptors with what is behind each.
#[must_use]
pub fn descriptors(pid: u32) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let mut open: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, std::fs::read_link(entry.path()).ok()?))
        })
        .collect();
    open.sort_unstable();
    open
}

/// A process and all below it, a line each, indented: `supervise 123 supervise web`.
#[must_use]
pub fn tree(pid: u32) -> Vec<String> {
    let mut lines = Vec::new();
    add_to_tree(pid, 0, &mut lines);
    lines
}

fn add_to_tree(pid: u32, depth: usize, lines: &mut Vec<String>) {
    let Some(name) = name(pid) else { return };
    lines.push(format!("{:width$}{name} {pid} {}", "", arguments(pid).join(" "), width = depth * 2));
    for child in children(pid) {
        add_to_tree(child, depth + 1, lines);
    }
}

/// Every process.
#[must_use]
pub fn all() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
