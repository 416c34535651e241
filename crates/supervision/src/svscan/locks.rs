//! The system's list of file locks, which knows who runs in a folder: whoever holds `supervise/lock`.

use crate::held::Held;
use nix::sys::stat::stat;
use protocol::identity::FolderId;
use protocol::process::pid;
use std::collections::HashMap;
use std::num::NonZeroU32;

/// Reads /proc/locks: which processes hold a flock, by the inode number of the file. Others than a flock, and those that
/// only wait for one, are passed over, and so is a holder that has no number here.
#[must_use]
pub fn parse(text: &[u8]) -> HashMap<u64, Vec<u32>> {
    let mut holders: HashMap<u64, Vec<u32>> = HashMap::new();
    for line in String::from_utf8_lossy(text).lines() {
        // 1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next() != Some("FLOCK") {
            continue;
        }
        let pid = words.nth(2).and_then(|word| word.parse().ok()).filter(|pid| *pid != 0);
        let inode = words.next().and_then(|word| word.rsplit(':').next()?.parse().ok());
        if let (Some(pid), Some(inode)) = (pid, inode) {
            holders.entry(inode).or_default().push(pid);
        }
    }
    holders
}

/// The process that holds the lock on that file, by such a list, if it lives.
#[must_use]
pub fn holder(locks: &HashMap<u64, Vec<u32>>, file: FolderId) -> Option<Held> {
    let numbers = locks.get(&file.inode)?.iter().filter_map(|number| pid(NonZeroU32::new(*number)?));
    // Held first, and asked then.
    let mut processes = numbers.filter_map(|number| Held::open(number).ok().flatten());
    processes.find(|held| has_open(held, file) && held.ended().is_none())
}

/// Whether a process has that file open.
fn has_open(held: &Held, file: FolderId) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{}/fd", held.pid())) else { return false };
    descriptors.flatten().any(|entry| stat(&entry.path()).is_ok_and(|stat| FolderId::from(&stat) == file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_of_a_flock_are_found_by_the_files_number() {
        let text = b"1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF\n\
            1: -> FLOCK  ADVISORY  WRITE 360 00:13:11691 0 EOF\n\
            2: POSIX  ADVISORY  WRITE 361 00:13:11692 0 EOF\n\
            3: FLOCK  ADVISORY  WRITE 0 00:13:11693 0 EOF\n\
            4: FLOCK  ADVISORY  READ 363 fe:01:5 0 EOF\n";
        assert_eq!(parse(text), HashMap::from([(11691, vec![359]), (5, vec![363])]));
    }

    #[test]
    fn anything_else_is_passed_over() {
        for text in
            [&b""[..], b"\n\n", b"1: FLOCK", b"1: FLOCK A W x 1:2:3", b"1: FLOCK A W 5 ::", b"\xff FLOCK"]
        {
            assert_eq!(parse(text), HashMap::new());
        }
    }
}
