//! A look into a folder that is new: has it what it needs, and when did anything in it change last?

use super::events::Looked;
use super::takeover;
use nix::fcntl::AT_FDCWD;
use protocol::file::open_folder;
use protocol::folder::{LOG, MAIN, RUN, SUPERVISE};
use protocol::instance::{Kind, kind};
use std::collections::VecDeque;
use std::ffi::{CStr, CString, OsStr};
use std::fs::Metadata;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// No more files than this are looked at, the ones near the top first: some keep their data in the folder.
const MOST: u32 = 4096;

/// Looks into the folder of that name, and into its template's, whose files it takes.
pub(super) fn look(name: &OsStr) -> Looked {
    if Path::new(name).metadata().is_err() {
        // It is gone again, and what its template has does not count.
        return Looked { has_run: false, has_log: false, print: 0, at_rest: Duration::ZERO, runs: false };
    }
    let mut folders = vec![Path::new(name)];
    if let Kind::Instance { template, .. } = kind(name) {
        folders.push(Path::new(template));
    }
    let has = |file: &CStr, is: fn(&Metadata) -> bool| {
        let file = OsStr::from_bytes(file.to_bytes());
        folders.iter().any(|folder| folder.join(file).symlink_metadata().is_ok_and(|found| is(&found)))
    };
    let log = OsStr::from_bytes(LOG.to_bytes());
    let has_log = folders.iter().any(|folder| folder.join(log).is_dir());
    let mut walk = Walk { print: 0, newest: Duration::ZERO, left: MOST };
    for folder in &folders {
        walk.through(folder);
    }
    Looked {
        has_run: has(RUN, |_| true),
        has_log,
        print: walk.print,
        at_rest: sys::clock::wall().saturating_sub(walk.newest),
        runs: runs(Path::new(name)) || runs(&Path::new(name).join(log)),
    }
}

/// Whether a supervise runs in a folder.
fn runs(path: &Path) -> bool {
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else { return false };
    open_folder(AT_FDCWD, &name).is_ok_and(|folder| takeover::runs(folder, path))
}

struct Walk {
    /// The sum of what each file says, so that the order of a listing does not count.
    print: u64,
    /// When anything changed last, since 1970.
    newest: Duration,
    left: u32,
}

impl Walk {
    fn through(&mut self, top: &Path) {
        let [log, main] = [LOG, MAIN].map(|name| OsStr::from_bytes(name.to_bytes()));
        let logged = top.join(log).join(main);
        let mut folders = VecDeque::from([top.to_owned()]);
        self.take(top);
        while let Some(folder) = folders.pop_front() {
            let Ok(entries) = folder.read_dir() else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                // Neither supervise's own files nor what is logged is a change of the service.
                if entry.file_name().as_bytes() == SUPERVISE.to_bytes() || path == logged {
                    continue;
                }
                let Some(left) = self.left.checked_sub(1) else { return };
                self.left = left;
                if self.take(&path) {
                    folders.push_back(path);
                }
            }
        }
    }

    /// Takes note of one file or folder, and says whether it is a folder.
    fn take(&mut self, path: &Path) -> bool {
        let Ok(found) = path.symlink_metadata() else { return false };
        let nanoseconds = u32::try_from(found.ctime_nsec()).unwrap_or(0);
        let changed = Duration::new(u64::try_from(found.ctime()).unwrap_or(0), nanoseconds);
        self.newest = self.newest.max(changed);
        let mut hasher = DefaultHasher::new();
        (path, found.ino(), found.mode(), found.size(), changed).hash(&mut hasher);
        self.print = self.print.wrapping_add(hasher.finish());
        found.is_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_changes_with_anything_below() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().as_os_str();
        let empty = look(path);
        assert!(!empty.has_run && !empty.has_log);
        std::fs::create_dir_all(folder.path().join("log/env")).unwrap();
        let with_log = look(path);
        assert!(with_log.has_log && with_log.print != empty.print);
        std::fs::write(folder.path().join("log/env/A"), "1").unwrap();
        let with_value = look(path);
        assert!(with_value.print != with_log.print);
        std::fs::write(folder.path().join("run"), "").unwrap();
        assert!(look(path).has_run);
    }

    #[test]
    fn what_is_gone_has_nothing_even_where_its_template_has() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("web@")).unwrap();
        std::fs::write(folder.path().join("web@/run"), "").unwrap();
        assert!(!look(folder.path().join("web@1").as_os_str()).has_run);
    }

    #[test]
    fn what_supervise_and_multilog_write_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        for inner in ["supervise", "log/main"] {
            std::fs::create_dir_all(folder.path().join(inner)).unwrap();
        }
        let before = look(folder.path().as_os_str());
        for file in ["supervise/status", "log/main/current"] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!(look(folder.path().as_os_str()).print, before.print);
    }
}
