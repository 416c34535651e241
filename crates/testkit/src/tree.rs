//! A service directory in a folder of its own.

use crate::beacon::Beacon;
use crate::folder::Folder;
use crate::programs::ours;
use crate::running::{Launch, Running};
use crate::service::Service;
use crate::tool::{Ran, Tool};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// A folder for one test: `service/` in it is the service directory, the rest is the kit's own. Removed when it
/// and all that was started in it are dropped.
#[derive(Debug)]
pub struct TestTree(Arc<Root>);

impl TestTree {
    /// An empty service directory. Other accounts can reach it.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it makes a folder, which a default does not")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("upkeep-").tempdir().expect("a folder in $TMPDIR");
        let tree = Self(Arc::new(Root { folder, count: AtomicUsize::new(0) }));
        fs::create_dir(tree.services()).expect("a new folder");
        for folder in [tree.root(), &tree.services()] {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("chmod");
        }
        tree
    }

    /// The whole folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// The service directory.
    #[must_use]
    pub fn services(&self) -> PathBuf {
        self.root().join("service")
    }

    /// A service of that name, whether its folder is there or not.
    #[must_use]
    pub fn service(&self, name: &str) -> Service {
        Service::at(self.services().join(name))
    }

    /// Makes a service folder and renames it to its place. A template is one whose name ends in `@`.
    #[track_caller]
    pub fn folder(&self, name: &str, build: impl FnOnce(Folder) -> Folder) -> Service {
        let built = build(Folder::new(self.0.new_path("new")));
        let service = self.service(name);
        fs::rename(built.path(), service.path()).expect("a name that is free");
        service
    }

    /// A FIFO on which the run script of that service tells of its starts.
    #[must_use]
    pub fn beacon(&self, name: &str) -> Beacon {
        Beacon::new(self.0.new_path(&format!("beacon-{name}")))
    }

    /// A path for a file of the kit's own.
    pub(crate) fn new_file(&self, name: &str) -> PathBuf {
        self.0.new_path(name)
    }

    /// Starts our svscan on the service directory.
    #[must_use]
    #[track_caller]
    pub fn svscan(&self) -> Running {
        self.launch(&ours("svscan")).arg(self.services()).start()
    }

    /// Starts our supervise on one folder.
    #[must_use]
    #[track_caller]
    pub fn supervise(&self, name: &str) -> Running {
        self.launch(&ours("supervise")).arg(name).start()
    }

    /// A program to start in the service directory: with arguments, variables, as an account.
    #[must_use]
    pub fn launch(&self, program: &Path) -> Launch {
        Launch::new(self.0.clone(), program.into(), self.services())
    }

    /// A tool to run in the service directory.
    #[must_use]
    pub fn tool(&self, program: &Path) -> Tool {
        Tool::new(program).dir(&self.services())
    }

    /// Runs our svc in the service directory; it must have nothing to complain about.
    #[track_caller]
    pub fn svc<const N: usize>(&self, arguments: [&str; N]) {
        self.tool(&ours("svc")).args(arguments).run().exits(0).errors("");
    }

    /// Runs our svctl on the service directory.
    #[must_use]
    #[track_caller]
    pub fn svctl<const N: usize>(&self, arguments: [&str; N]) -> Ran {
        self.tool(&ours("svctl")).env("SVDIR", self.services()).args(arguments).run()
    }

    /// What our svstat says of a service, without the newline.
    #[must_use]
    #[track_caller]
    pub fn svstat(&self, name: &str) -> String {
        let ran: Ran = self.tool(&ours("svstat")).arg(name).run();
        ran.exits(0).errors("");
        String::from_utf8_lossy(&ran.stdout).trim_end_matches('\n').to_owned()
    }
}

impl Drop for TestTree {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = std::io::stderr().write_all(self.0.picture().as_bytes());
        }
    }
}

/// The folder, held by everything that needs it to stay.
#[derive(Debug)]
pub(crate) struct Root {
    folder: TempDir,
    count: AtomicUsize,
}

impl Root {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path that is free.
    fn new_path(&self, name: &str) -> PathBuf {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.path().join(format!("{name}.{number}"))
    }

    /// Files for what a program prints: stdout and stderr.
    pub(crate) fn new_outputs(&self, name: &str) -> [PathBuf; 2] {
        [self.new_path(&format!("{name}.out")), self.new_path(&format!("{name}.err"))]
    }

    /// Kills what still runs in the folder, and says what it was.
    pub(crate) fn kill_survivors(&self) -> Vec<String> {
        let here =
            |pid: &u32| crate::process::folder(*pid).is_some_and(|folder| folder.starts_with(self.path()));
        let survivors: Vec<u32> = crate::process::all().into_iter().filter(here).collect();
        let shown = |pid: &u32| {
            let folder = crate::process::folder(*pid).unwrap_or_default();
            format!("{pid} {} in {}", crate::process::arguments(*pid).join(" "), folder.display())
        };
        let shown = survivors.iter().map(shown).collect();
        for pid in survivors {
            let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), Signal::SIGKILL);
        }
        shown
    }

    /// What a failed test shows: all names, and what the programs said.
    fn picture(&self) -> String {
        let mut picture = format!("--- {}\n", self.path().display());
        let mut names = Vec::new();
        list(self.path(), Path::new(""), &mut names);
        for name in names {
            let _ = writeln!(picture, "{}", name.display());
            if name.extension().is_some_and(|_| name.to_string_lossy().contains(".err.")) {
                let said = fs::read(self.path().join(&name)).unwrap_or_default();
                for line in String::from_utf8_lossy(&said).lines() {
                    let _ = writeln!(picture, "    {line}");
                }
            }
        }
        picture
    }
}

fn list(root: &Path, inner: &Path, names: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(root.join(inner)) else { return };
    let mut here: Vec<PathBuf> = entries.flatten().map(|entry| inner.join(entry.file_name())).collect();
    here.sort();
    for name in here {
        let is_folder = root.join(&name).symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        names.push(name.clone());
        if is_folder {
            list(root, &name, names);
        }
    }
}
