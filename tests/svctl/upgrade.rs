//! The whole tree becomes what is installed, while its services run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{Running, Service, TestTree, Tool, needs_root, ours, ours_next, theirs, up};

/// Programs that are replaced while they run.
struct Installation(PathBuf);

impl Installation {
    fn new(tree: &TestTree) -> Self {
        let installation = Self(tree.root().join("programs"));
        fs::create_dir(&installation.0).unwrap();
        fs::set_permissions(&installation.0, Permissions::from_mode(0o755)).unwrap();
        for name in PROGRAMS {
            installation.install(name, &ours(name));
        }
        installation
    }

    /// By renaming, and by another process: what this one has open for writing nobody can execute.
    fn install(&self, name: &str, program: &Path) {
        let new = self.0.join(format!(".{name}.new"));
        Tool::new(Path::new("/usr/bin/install")).args([program, &new]).run().exits(0);
        fs::rename(new, self.0.join(name)).unwrap();
    }

    fn is_run_by(&self, pid: u32, name: &str) -> bool {
        let file = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
        file(Path::new(&format!("/proc/{pid}/exe"))) == file(&self.0.join(name))
    }
}

const PROGRAMS: [&str; 2] = ["svscan", "supervise"];

fn supervise_of(service: &Service) -> u32 {
    let status = service.status().and_then(|status| status.detail?.supervise);
    status.expect("a supervise of ours").pid.get()
}

/// Two services, one with a logger, under programs that will be replaced.
fn forest(tree: &TestTree, programs: &Installation) -> (Running, [Service; 3]) {
    let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
    let db = tree.folder("db", |f| f.run("exec sleep 1000"));
    let svscan = tree.launch(&programs.0.join("svscan")).arg(tree.services()).start();
    let services = [web.clone(), web.log(), db];
    services.iter().for_each(|service| service.wait_for(up()));
    (svscan, services)
}

#[test]
fn all_become_what_is_installed_and_the_services_keep_their_pids() {
    let tree = TestTree::new();
    let programs = Installation::new(&tree);
    let (svscan, services) = forest(&tree, &programs);
    let next = PROGRAMS.map(ours_next);
    let [Some(new_svscan), Some(new_supervise)] = next else { return };
    let current = "svscan: 1 already as installed\nsupervise: 3 already as installed\n";
    tree.svctl(["upgrade"]).exits(0).prints(current).errors("");

    programs.install("svscan", &new_svscan);
    programs.install("supervise", &new_supervise);
    let before = "svscan: 1 would be upgraded\nsupervise: 3 would be upgraded\n";
    tree.svctl(["upgrade", "--dry-run"]).exits(0).prints(before).errors("");
    let pids = || services.each_ref().map(|service| [service.pid(), supervise_of(service)]);
    let kept = pids();
    assert!(!programs.is_run_by(svscan.pid(), "svscan"));

    tree.svctl(["upgrade"]).exits(0).prints("svscan: 1 upgraded\nsupervise: 3 upgraded\n").errors("");
    assert!(programs.is_run_by(svscan.pid(), "svscan"));
    for [_, supervise] in kept {
        assert!(programs.is_run_by(supervise, "supervise"));
    }
    assert_eq!(pids(), kept);
    tree.svctl(["upgrade"]).exits(0).prints(current).errors("");
}

#[test]
fn what_cannot_be_upgraded_is_told_and_goes_on_as_it_is() {
    let tree = TestTree::new();
    let programs = Installation::new(&tree);
    let (mut svscan, services) = forest(&tree, &programs);
    fs::remove_file(programs.0.join("svscan")).unwrap();
    let ran = tree.svctl(["upgrade"]);
    ran.exits(111).prints("svscan: 1 not upgraded\nsupervise: 3 already as installed\n");
    let path = programs.0.join("svscan");
    ran.errors(format!(
        "svctl: svscan: unable to use {}, which is to take its place: file does not exist\n",
        path.display()
    ));
    assert!(!svscan.has_ended() && services[0].is_supervised());
}

#[test]
fn other_programs_stay_and_nothing_is_nothing() {
    let tree = TestTree::new();
    tree.svctl(["upgrade"]).exits(0).prints("svscan: none runs here\nsupervise: none runs here\n");
    let Some(program) = theirs("supervise") else { return };
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let _web = tree.launch(&program).stop_by_control(web.path()).arg("web").start();
    web.wait_for(up());
    let said = "svscan: none runs here\nsupervise: 1 of another program, left as it is\n";
    tree.svctl(["upgrade"]).exits(0).prints(said).errors("");
}

/// What an ordinary user's supervise has on record is that user's to write: root signals nobody by it.
#[test]
fn root_leaves_the_supervises_of_others_alone() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let bob = testkit::account("upkeep-a");
    let web = tree.folder("web", |f| f.run("exec sleep 1000").owner(&bob));
    let _supervise = tree.launch(&ours("supervise")).arg("web").account(&bob).start();
    web.wait_for(up());
    tree.svctl(["upgrade"])
        .exits(95)
        .prints("svscan: none runs here\nsupervise: 1 not upgraded\n")
        .errors("svctl: web: its supervise is upkeep-a's: upkeep-a can upgrade it\n");
}
