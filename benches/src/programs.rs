//! The peers' programs: as Debian's packages install them, and nowhere else. What stands in /usr/local may be ours.

use std::path::{Path, PathBuf};

/// Each package that something is compared with, and its programs that are run.
const PACKAGES: [(&str, &[&str]); 6] = [
    (
        "daemontools",
        &["svscan", "supervise", "svc", "svstat", "setuidgid", "multilog", "tai64n", "tai64nlocal"],
    ),
    ("runit", &["runsvdir", "runsv", "sv", "chpst", "svlogd"]),
    ("s6", &["s6-svscan", "s6-svscanctl", "s6-svc", "s6-svstat", "s6-setuidgid", "s6-log", "s6-tai64n"]),
    ("supervisor", &["supervisord", "supervisorctl"]),
    ("sudo", &["sudo"]),
    ("util-linux", &["setpriv"]),
];

/// Where Debian's packages put programs.
const FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// A peer's program, if its package is installed.
pub(crate) fn theirs(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

/// The packages that something is compared with.
pub(crate) fn packages() -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().map(|(package, _)| *package)
}

/// Whether all programs of a package are there.
pub(crate) fn is_installed(package: &str) -> bool {
    let programs = PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, programs)| *programs);
    programs.is_some_and(|programs| programs.iter().all(|program| theirs(program).is_some()))
}

/// What to say in an outcome's `missing` of those of these packages that are not installed.
pub(crate) fn missing(of: &[&str]) -> Vec<String> {
    let absent = of.iter().filter(|package| !is_installed(package));
    absent.map(|package| format!("{package}: not installed")).collect()
}

/// What to install so that everything is compared, in one line; `None` where it is all there.
pub(crate) fn advice() -> Option<String> {
    let absent: Vec<_> = packages().filter(|package| !is_installed(package)).collect();
    (!absent.is_empty()).then(|| {
        format!("bench: not all peers are here; to compare with all: apt-get install {}", absent.join(" "))
    })
}
