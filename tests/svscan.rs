//! svscan, with real services in real directories: what comes, goes, and is left behind.

mod arrival;
mod attack;
mod elsewhere;
mod ends;
mod inherited;
mod instances;
mod leaving;
mod logs;
mod many;
mod ordinary;
mod owners;
mod watched;

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::path::Path;
use testkit::{Beacon, Folder, Running, Service, TestTree, process, wait_until};

/// Waits until it watches the directory, and has gone through it once: it sleeps. What is renamed in from now on starts at once, and
/// what ran before is found.
#[track_caller]
pub(crate) fn watching(svscan: Running) -> Running {
    let folder = format!("/proc/{}/fdinfo", svscan.pid());
    let watches =
        |entry: DirEntry| fs::read_to_string(entry.path()).is_ok_and(|info| info.contains("inotify wd:"));
    wait_until("svscan watches", &[], || {
        // While it is being executed, what it inherits is still open.
        let is_svscan = process::name(svscan.pid()).is_some_and(|name| name == "svscan");
        let is_watching = is_svscan && fs::read_dir(&folder).ok()?.flatten().any(watches);
        (is_watching && process::state(svscan.pid()) == Some('S')).then_some(())
    });
    svscan
}

/// A service that runs until it is told to stop, and tells its starts.
fn steady(tree: &TestTree, name: &str) -> (Service, Beacon) {
    let beacon = tree.beacon("steady");
    let service = tree.folder(name, |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    (service, beacon)
}

/// A service folder that svscan does not see: to be renamed, linked or copied from.
fn outside(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> Service {
    let hidden = tree.folder(".outside", build);
    rename(hidden.path(), tree.root().join(name).as_os_str())
}

/// Renames a folder; a name without a slash is one beside it.
#[track_caller]
fn rename(from: &Path, to: &OsStr) -> Service {
    let to = from.parent().expect("a folder above").join(to);
    fs::rename(from, &to).expect("a name that is free");
    Service::at(to)
}
