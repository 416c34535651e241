//! What must hold of everything else: nothing outside the tree is touched, and no message is said for ever.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{DirEntry, read, read_dir, read_to_string, symlink_metadata, write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Whose entries, modes and owners are noted.
const FOLDERS: [&str; 2] = ["/etc", "/root"];

/// Whose lines are noted, without those of the accounts that tests make.
const DATABASES: [&str; 4] = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"];

/// What is outside, as it was.
#[derive(Debug)]
pub(super) struct Outside {
    canary: PathBuf,
    noted: BTreeMap<String, String>,
}

impl Outside {
    /// Notes it, with a file beside the service directory that nobody has a reason to touch.
    pub(super) fn note(root: &Path) -> Self {
        let canary = root.join("canary");
        write(&canary, "untouched\n").expect("a file beside the service directory");
        let noted = note(&canary);
        Self { canary, noted }
    }

    /// What is there no longer, newly, or otherwise.
    pub(super) fn changes(&self) -> Vec<String> {
        let now = note(&self.canary);
        let names: BTreeSet<&String> = self.noted.keys().chain(now.keys()).collect();
        let changed = names.into_iter().filter(|name| self.noted.get(*name) != now.get(*name));
        changed.map(|name| format!("{name}: {:?}, then {:?}", self.noted.get(name), now.get(name))).collect()
    }
}

fn note(canary: &Path) -> BTreeMap<String, String> {
    let mut noted = BTreeMap::new();
    for folder in FOLDERS {
        for entry in read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_of_useradd(&name) {
                noted.insert(format!("{folder}/{name}"), whose(&entry.path()));
            }
        }
    }
    for database in DATABASES {
        for (number, line) in lines(&read_to_string(database).unwrap_or_default()).into_iter().enumerate() {
            noted.insert(format!("{database} {number}"), line);
        }
    }
    let times = symlink_metadata(canary).map(|it| (it.ino(), it.mtime_nsec(), it.ctime_nsec()));
    let content = read_to_string(canary).unwrap_or_default();
    noted.insert(canary.display().to_string(), format!("{} {times:?} {content}", whose(canary)));
    noted
}

/// Its kind and mode, and its owner.
fn whose(path: &Path) -> String {
    symlink_metadata(path)
        .map_or_else(|error| error.to_string(), |it| format!("{:o} {}:{}", it.mode(), it.uid(), it.gid()))
}

/// Other tests make accounts meanwhile: locks, copies and new versions of the databases come and go.
fn is_of_useradd(name: &str) -> bool {
    ["passwd", "group", "shadow", "gshadow", "subuid", "subgid", ".pwd", "upkeep"]
        .iter()
        .any(|of| name.starts_with(of))
}

/// The lines of a database, without the accounts that tests make.
fn lines(text: &str) -> Vec<String> {
    let ours = |line: &&str| !line.starts_with("upkeep-");
    let without_members = |line: &str| {
        let (head, members) = line.rsplit_once(':').unwrap_or((line, ""));
        let others: Vec<&str> = members.split(',').filter(|name| !name.starts_with("upkeep-")).collect();
        format!("{head}:{}", others.join(","))
    };
    text.lines().filter(ours).map(without_members).collect()
}

/// What each program that was started in the tree has said on stderr, with what is below it.
fn said(root: &Path) -> Vec<String> {
    let is_said = |entry: &DirEntry| entry.file_name().to_string_lossy().contains(".err.");
    let files = read_dir(root).into_iter().flatten().flatten().filter(is_said);
    files.map(|file| String::from_utf8_lossy(&read(file.path()).unwrap_or_default()).into_owned()).collect()
}

/// Messages of trouble that were said more often than there were processes to say them, and some more.
pub(super) fn repeated(root: &Path, starts: u64) -> Vec<String> {
    said(root).iter().flat_map(|said| repeated_in(said, starts.saturating_add(5))).collect()
}

fn repeated_in(said: &str, at_most: u64) -> Vec<String> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    // What happened is told as often as it happens.
    for line in said.lines().filter(|line| !line.contains(": info: ")) {
        *counts.entry(line).or_default() += 1;
    }
    let often = counts.into_iter().filter(|(_, count)| *count > at_most);
    often.map(|(line, count)| format!("{count} times: {line}")).collect()
}

/// Messages of a program that has met what it holds impossible.
pub(super) fn panics(root: &Path) -> Vec<String> {
    let said = said(root);
    let lines = said.iter().flat_map(|said| said.lines());
    lines.filter(|line| line.contains("panicked at")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_tests_are_left_out() {
        let text = "root:x:0:\nupkeep-a:x:9:\naudio:x:29:bob,upkeep-a\n";
        assert_eq!(lines(text), ["root:x:0:", "audio:x:29:bob"]);
    }

    #[test]
    fn a_line_that_is_said_too_often_is_told() {
        assert_eq!(repeated_in("a\nb\na\n", 2), [""; 0]);
        assert_eq!(repeated_in("a\nb\na\n", 1), ["2 times: a"]);
    }
}
