//! Services that are renamed and made while they run and log: each line goes to the log beside it, nothing starts early.

use crate::svscan::watching;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use testkit::{Beacon, Invariants, Service, TestTree, Tool, status, up};

/// A service that writes what is written to its feed, and a logger that keeps it in its folder.
struct Fed {
    feed: File,
    folder: PathBuf,
    lines: String,
}

impl Fed {
    fn new(tree: &TestTree, name: &str) -> Self {
        let path = tree.root().join(format!("feed-{name}"));
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let feed = File::options().read(true).write(true).open(&path).unwrap();
        let copy = "while read -r line; do echo \"$line\"; done";
        let service = tree
            .folder(name, |f| f.run(&format!("{copy} <'{}'", path.display())).log(&format!("{copy} >>got")));
        Self { feed, folder: service.path().into(), lines: String::new() }
    }

    fn service(&self) -> Service {
        Service::at(&self.folder)
    }

    /// A line more, which arrives where it belongs.
    #[track_caller]
    fn logs(&mut self, line: &str) {
        self.lines += &format!("{line}\n");
        self.feed.write_all(format!("{line}\n").as_bytes()).unwrap();
        let log = self.service().log();
        log.wait_until("its lines have arrived", |log| {
            (fs::read_to_string(log.file("got")).ok()? == self.lines).then_some(())
        });
    }
}

#[test]
fn each_line_goes_to_the_log_in_its_own_folder_whatever_that_is_called() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let invariants = Invariants::watch(&tree);
    let (mut a, mut b) = (Fed::new(&tree, "a"), Fed::new(&tree, "b"));
    a.logs("a is a");
    b.logs("b is b");
    for round in 0..2 {
        renameat2(AT_FDCWD, &a.folder, AT_FDCWD, &b.folder, RenameFlags::RENAME_EXCHANGE).unwrap();
        std::mem::swap(&mut a.folder, &mut b.folder);
        if round == 1 {
            // To a third name, and back behind it.
            let third = tree.services().join("third");
            fs::rename(&a.folder, &third).unwrap();
            a.folder = third;
        }
        a.logs(&format!("a in round {round}"));
        b.logs(&format!("b in round {round}"));
        // Under its new name its logger comes again, and the service does.
        for fed in [&a, &b] {
            for service in [fed.service().log(), fed.service()] {
                let before = service.status().unwrap();
                tree.svc(["-t", service.path().to_str().unwrap()]);
                service.wait_for(status("another", move |status| {
                    status.pid.is_some_and(|pid| Some(pid) != before.pid)
                }));
                service.wait_for(up());
            }
        }
        a.logs(&format!("a after round {round}"));
        b.logs(&format!("b after round {round}"));
    }
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}

/// Waits until svscan has looked at everything that is there: what is renamed in now has come.
#[track_caller]
fn has_looked(tree: &TestTree, name: &str) {
    tree.folder(name, |f| f.run("exec sleep 1000")).wait_for(up());
}

#[test]
fn a_folder_that_comes_piece_by_piece_starts_once_when_it_can() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let web = tree.service("web");
    let told = "svscan: warning: web has no run: it starts when it gets one\n";
    fs::create_dir(web.path()).unwrap();
    svscan.wait_for_errors(told);
    // Whole, and not executable yet: in one go, so that it never is half.
    executable(&web, &beacon, "run", 0o644);
    has_looked(&tree, "first");
    let why = "supervise: warning: unable to start web: unable to run ./run: access denied: it is not executable: chmod +x\n";
    svscan.wait_for_errors(why);
    assert!(beacon.told().is_none());
    fs::set_permissions(web.file("run"), Permissions::from_mode(0o755)).unwrap();
    let pid = beacon.next().pid;
    web.wait_for(up());
    assert_eq!(web.pid(), pid);
    // A log that comes to what runs already is nobody's until it is started anew; no second one is started for it.
    fs::create_dir(web.file("log")).unwrap();
    executable(&web, &beacon, "log/run", 0o755);
    has_looked(&tree, "second");
    assert!(beacon.told().is_none() && web.pid() == pid);
    assert_eq!(svscan.errors(), format!("{told}{why}"));
}

fn executable(web: &Service, beacon: &Beacon, name: &str, mode: u32) {
    let new = web.path().parent().unwrap().join(".new");
    fs::write(&new, format!("#!/bin/sh\n{beacon}\nexec sleep 1000\n")).unwrap();
    fs::set_permissions(&new, Permissions::from_mode(mode)).unwrap();
    fs::rename(new, web.file(name)).unwrap();
}

/// As a package manager does it, and a copy of a copy.
#[test]
fn what_is_unpacked_beside_and_copied_over_runs_once_and_from_the_new_folder() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let invariants = Invariants::watch(&tree);
    let source = tree.folder(".source", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let web = tree.service("web");
    let copy = || {
        let copy = Tool::new(Path::new("/bin/cp")).arg("-a").arg(source.path()).arg(web.path());
        copy.run().exits(0);
    };
    copy();
    let first = beacon.next().pid;
    fs::remove_dir_all(web.path()).unwrap();
    copy();
    assert!(beacon.next().pid != first && !testkit::process::is_alive(first));
    web.wait_for(up());
    assert!(beacon.told().is_none());
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}

/// What is in its `supervise/` tells of the original.
#[test]
fn a_copy_of_a_folder_that_runs_is_another_service() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let invariants = Invariants::watch(&tree);
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let pid = beacon.next().pid;
    web.wait_for(up());
    let copy = tree.service("copy");
    // Beside the directory: however slow the copy is, it comes whole.
    let made = tree.root().join("copy");
    Tool::new(Path::new("/bin/cp")).arg("-r").args([web.path(), &made]).run().exits(0);
    fs::rename(made, copy.path()).unwrap();
    let other = beacon.next().pid;
    copy.wait_for(status("its own", move |status| status.pid.is_some_and(|pid| pid.get() == other)));
    tree.svc(["-d", "copy"]);
    copy.wait_for(testkit::down());
    assert!(web.pid() == pid && testkit::process::is_alive(pid));
    assert_eq!(svscan.errors(), "");
    invariants.hold();
}
