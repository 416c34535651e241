//! Where the programs are: ours in target/dist, as `make` put them there; the others where Debian installs them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One of our programs, as it is installed.
#[must_use]
#[track_caller]
pub fn ours(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let path = FOLDER.get_or_init(reachable_dist).join(name);
    assert!(path.exists(), "{} is not there: run make first", path.display());
    path
}

/// supervise or svscan of a later version, which writes a record with more in it; where they are not built, the test is
/// skipped and says so.
#[must_use]
pub fn ours_next(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("UPKEEP_DIST_NEXT")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/next"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("it needs {}, which `make test` builds", path.display()));
    None
}

/// The folder of our programs: `$UPKEEP_DIST`, else target/dist of this repository.
fn dist() -> PathBuf {
    let folder = std::env::var_os("UPKEEP_DIST")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dist"), PathBuf::from);
    folder.canonicalize().unwrap_or_else(|_| panic!("{} is not there: run make first", folder.display()))
}

/// The same, or where it is in a folder that only we can enter, such as root's home, a copy that every account of
/// the tests can reach.
fn reachable_dist() -> PathBuf {
    let dist = dist();
    let is_open = |folder: &Path| fs::metadata(folder).is_ok_and(|stat| stat.permissions().mode() & 1 != 0);
    if !is_root() || dist.ancestors().all(is_open) {
        return dist;
    }
    let copies = std::env::temp_dir();
    remove_old_copies(&copies);
    let copy = copies.join(format!("{COPY}{}", std::process::id()));
    fs::create_dir(&copy).expect("a folder for the programs");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
    for program in fs::read_dir(&dist).expect("target/dist").flatten() {
        fs::copy(program.path(), copy.join(program.file_name())).expect("a copy of a program");
    }
    copy
}

/// What the name of a copy begins with; the pid of its maker follows.
const COPY: &str = "upkeep-programs-";

/// Nothing is called at the end of all tests: the next run removes what an earlier one left.
fn remove_old_copies(copies: &Path) {
    for entry in fs::read_dir(copies).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(COPY)?.parse().ok());
        if maker.is_some_and(|maker| !crate::process::is_alive(maker)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A program of Debian's daemontools or runit; where it is not installed, the test is skipped and says so.
#[must_use]
pub fn theirs(name: &str) -> Option<PathBuf> {
    let package = match name {
        "sv" | "runsv" | "runsvdir" | "chpst" => "runit",
        _ => "daemontools",
    };
    let path = Path::new("/usr/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("it compares with the {name} of Debian's package {package}, which is not installed"));
    None
}

/// Whether the tests run as root.
#[must_use]
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// As [`is_root`], and says that the test is skipped where it is not so.
#[must_use]
pub fn needs_root() -> bool {
    if !is_root() {
        skip("it needs root");
    }
    is_root()
}

/// Says on stderr that the running test is skipped, and why. With `UPKEEP_SKIP=never` that is a failure.
///
/// # Panics
///
/// See above.
pub fn skip(why: &str) {
    assert!(std::env::var_os("UPKEEP_SKIP").is_none_or(|value| value != "never"), "skipped: {why}");
    let thread = std::thread::current();
    let line = format!("skipped: {}: {why}\n", thread.name().unwrap_or("a test"));
    // Not by eprintln: that would be shown only when the test fails.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
