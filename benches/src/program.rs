//! The programs: ours as `make` has built them, the others as Debian installs them.

use std::io::Write;
use std::path::{Path, PathBuf};

/// A program that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Whose it is: `upkeep`, or the name of the package.
    pub owner: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

/// Ours, and those of the peers that are installed, each given as its package and its program. What is not there is said
/// on stderr.
///
/// # Panics
///
/// Where ours is not built.
#[must_use]
pub fn installed(ours: &str, peers: &[(&'static str, &str)]) -> Vec<Program> {
    let mut programs = vec![Program { owner: "upkeep", path: testkit::ours(ours) }];
    for (owner, name) in peers {
        let path = Path::new("/usr/bin").join(name);
        if path.exists() {
            programs.push(Program { owner, path });
        } else {
            let missing = format!("not measured: {name}: Debian's package {owner} is not installed\n");
            let _ = std::io::stderr().write_all(missing.as_bytes());
        }
    }
    programs
}
