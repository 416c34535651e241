//! What passes through every program that becomes the next one: all that it was not asked to change. A child is started
//! without one, through ours, and through Debian's where there is one; it must find the same.

mod odd;
mod state;

use std::path::{Path, PathBuf};
use testkit::{is_root, ours, skip};

/// For bash: closes what the test's own process has open and others of its threads did not mean for this one.
pub(crate) const ALONE: &str =
    "for fd in /proc/$$/fd/*; do fd=${fd##*/}; [ $fd -lt 3 ] || eval \"exec $fd>&-\"; done; ";

/// A chain-loader, called so that it changes as little as it can.
struct Loader {
    name: &'static str,
    args: Vec<String>,
    /// Whether the child is another process than the one that was started.
    forks: bool,
    /// Whether the child has more descriptors open.
    opens: bool,
}

/// All of them, with the files that they need.
struct Loaders {
    all: Vec<Loader>,
    folder: tempfile::TempDir,
}

/// Those that daemontools 0.76 has not, or not as an own program.
const OF_OURS: [&str; 3] = ["runas", "setuser", "envini"];

impl Loaders {
    /// Those of them that can run here: without root, some cannot.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::create_dir(path("env")).unwrap();
        std::fs::write(path("ini"), "; nothing\n").unwrap();
        let loader = |name, args: &[&str]| Loader {
            name,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            forks: name == "fghack",
            opens: matches!(name, "fghack" | "setlock"),
        };
        let mut all = vec![
            loader("envuidgid", &["root"]),
            loader("envdir", &[&path("env")]),
            loader("envini", &[&path("ini")]),
            loader("softlimit", &[]),
            loader("softlimit", &["-c", "="]),
            loader("setlock", &[&path("lock")]),
            loader("fghack", &[]),
            loader("pgrphack", &[]),
        ];
        if is_root() {
            all.extend([loader("setuidgid", &["root"]), loader("setuser", &["root"])]);
            all.extend([loader("runas", &["root"]), loader("runas", &["-"])]);
        } else {
            skip("setuidgid, setuser and runas need root");
        }
        Self { all, folder }
    }

    fn iter(&self) -> impl Iterator<Item = &Loader> {
        self.all.iter()
    }

    /// A folder for the test.
    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Loader {
    /// Ours, and Debian's if it has one and is installed.
    fn programs(&self) -> impl Iterator<Item = PathBuf> {
        let theirs = (!OF_OURS.contains(&self.name)).then(|| testkit::theirs(self.name)).flatten();
        std::iter::once(ours(self.name)).chain(theirs)
    }
}
