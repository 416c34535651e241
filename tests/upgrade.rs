//! Upkeep becomes another version of itself while services run: none is started again, nothing is lost, and there is a way
//! back. The other version is one that writes more into the record.

mod commands;
mod document;
mod foreign;
mod kept;
mod mixed;
mod removed;
mod starting;
mod tree;
mod versions;

use nix::sys::signal::Signal;
use protocol::status::{Phase, Status};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{Folder, Running, Service, TestTree, Tool, ours, ours_next, wait_until};

/// Which programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    This,
    Next,
}

impl Version {
    /// `None` where it is not built.
    fn program(self, name: &str) -> Option<PathBuf> {
        match self {
            Self::This => Some(ours(name)),
            Self::Next => ours_next(name),
        }
    }

    /// The number in the records that it writes.
    fn of_record(self) -> u8 {
        match self {
            Self::This => 3,
            Self::Next => 4,
        }
    }
}

/// A folder with programs of ours, which are replaced while they run, as `make install` does it.
#[derive(Debug)]
struct Installation(PathBuf);

impl Installation {
    fn new(tree: &TestTree) -> Self {
        let installation = Self(tree.root().join("programs"));
        fs::create_dir(&installation.0).unwrap();
        fs::set_permissions(&installation.0, Permissions::from_mode(0o755)).unwrap();
        for name in ["supervise", "svscan", "runas", "multilog"] {
            installation.install(name, &ours(name));
        }
        installation
    }

    fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// By renaming: the ones that run are not disturbed. By another process: what this one has open for writing, its
    /// children have for a moment too, whichever test makes them, and nobody can execute it then.
    fn install(&self, name: &str, program: &Path) {
        let new = self.0.join(format!(".{name}.new"));
        Tool::new(Path::new("/usr/bin/install")).args([program, &new]).run().exits(0);
        fs::rename(new, self.program(name)).unwrap();
    }

    fn install_script(&self, name: &str, script: &str) {
        let text = self.0.join(format!(".{name}.text"));
        fs::write(&text, script).unwrap();
        self.install(name, &text);
        fs::remove_file(text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.program(name)).unwrap();
    }

    /// Whether that process runs the program as it is installed now.
    fn is_run_by(&self, pid: u32, name: &str) -> bool {
        let file = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
        let runs = file(Path::new(&format!("/proc/{pid}/exe")));
        runs.is_some() && runs == file(&self.program(name))
    }
}

/// How one supervise comes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is told to.
    Upgrade,
    /// It is killed, and another one is started.
    Death,
}

/// To the next version and back, in both ways, the quiet one first.
const CHANGES: [(Way, Version); 5] = [
    (Way::Upgrade, Version::Next),
    (Way::Upgrade, Version::This),
    (Way::Death, Version::Next),
    (Way::Death, Version::This),
    (Way::Upgrade, Version::This),
];

/// A service under an installed supervise.
#[derive(Debug)]
struct Site {
    tree: TestTree,
    programs: Installation,
    web: Service,
    /// The last lives.
    supervises: Vec<Running>,
}

impl Site {
    fn new(build: impl FnOnce(Folder) -> Folder) -> Self {
        Self::in_tree(TestTree::new(), build)
    }

    fn in_tree(tree: TestTree, build: impl FnOnce(Folder) -> Folder) -> Self {
        let programs = Installation::new(&tree);
        Self::with_programs(tree, programs, build)
    }

    fn with_programs(tree: TestTree, programs: Installation, build: impl FnOnce(Folder) -> Folder) -> Self {
        let web = tree.folder("web", build);
        let mut site = Self { tree, programs, web, supervises: Vec::new() };
        site.start_supervise();
        site
    }

    /// With nothing open but the standard three. What the tests were started with may be open in all that they start,
    /// and in a resident program until its first exec: then that would look like something that an upgrade has lost.
    fn start_supervise(&mut self) {
        let bare = "for file in /proc/$BASHPID/fd/*; do n=${file##*/}; [ $n -lt 3 ] || eval \"exec $n>&-\"; done; \
                    exec \"$0\" web";
        let launch = self.tree.launch(Path::new("/bin/bash")).arg("-c").arg(bare);
        self.supervises.push(launch.arg(self.programs.program("supervise")).start());
    }

    fn supervise(&mut self) -> &mut Running {
        self.supervises.last_mut().expect("a supervise")
    }

    fn status(&self) -> Status {
        self.web.wait_until("there is a record", Service::status)
    }

    /// Installs that version, and the supervise goes on as that.
    #[track_caller]
    fn change(&mut self, way: Way, version: Version) {
        let Some(program) = version.program("supervise") else { return };
        self.programs.install("supervise", &program);
        let successor = match way {
            Way::Upgrade => {
                self.supervise().signal(Signal::SIGUSR2);
                self.supervise().pid()
            }
            Way::Death => {
                self.supervise().signal(Signal::SIGKILL);
                assert_eq!(self.supervise().wait(), Err(9));
                self.start_supervise();
                self.supervise().pid()
            }
        };
        self.is_kept_by(successor, version);
        assert!(!self.supervise().has_ended());
    }

    /// Waits until that supervise, of that version, has written the record.
    #[track_caller]
    fn is_kept_by(&self, supervise: u32, version: Version) {
        let what = format!("{supervise}, of {version:?}, keeps it");
        self.web.wait_until(&what, |web| {
            let record = fs::read(web.file("supervise/status")).ok()?;
            let by = web.status()?.detail?.supervise?.pid.get();
            (record[24] == version.of_record()
                && by == supervise
                && self.programs.is_run_by(supervise, "supervise"))
            .then_some(())
        });
    }

    /// Changes to the other version and back in every way. What the record says of the service stays as it is.
    #[track_caller]
    fn change_to_and_fro(&mut self) {
        let before = self.status();
        for (way, version) in CHANGES {
            self.change(way, version);
            assert_eq!(of_service(self.status()), of_service(before.clone()), "{way:?} to {version:?}");
        }
    }

    #[track_caller]
    fn wait_for_phase(&self, wanted: Phase) {
        self.web.wait_for(testkit::status(&format!("{wanted:?}"), move |status| {
            status.detail.as_ref().is_some_and(|detail| detail.phase == wanted)
        }));
    }

    /// Those that were killed come last, and have nothing left to stop.
    fn end(self) -> impl Iterator<Item = Running> {
        self.supervises.into_iter().rev()
    }
}

/// What a record says without who keeps it.
fn of_service(mut status: Status) -> Status {
    if let Some(detail) = &mut status.detail {
        detail.supervise = None;
    }
    status
}

/// Waits for the first lines of a file, of which there are so many.
#[track_caller]
fn lines(file: &Path, count: usize) -> Vec<String> {
    let folder = file.parent().expect("a folder");
    wait_until(&format!("{} has {count} lines", file.display()), &[folder], || {
        let text = fs::read_to_string(file).ok().filter(|text| text.ends_with('\n'))?;
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines.len() >= count).then_some(lines)
    })
}
