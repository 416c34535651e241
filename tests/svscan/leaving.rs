//! How services go, move and are replaced.

use super::{outside, rename, steady, watching};
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use testkit::{
    Beacon, Folder, Service, TestTree, not_supervised, ours, process, status, supervised, up, wait_until,
};

#[track_caller]
fn ends(pid: u32) {
    wait_until(&format!("process {pid} has ended"), &[], || (!process::is_alive(pid)).then_some(()));
}

#[test]
fn a_folder_that_is_removed_stops_and_is_forgotten() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    for round in 0..2 {
        let (web, beacon) = steady(&tree, "web");
        let (other, _) = steady(&tree, &format!("other{round}"));
        let pid = beacon.next().pid;
        web.wait_for(up());
        other.wait_for(up());
        let stays = other.pid();
        if round == 0 {
            fs::remove_dir_all(web.path()).unwrap();
        } else {
            rename(web.path(), tree.root().join("away").as_os_str()).wait_for(not_supervised());
        }
        ends(pid);
        wait_until("its supervise is gone", &[], || {
            (process::children(svscan.pid()).len() == round + 1).then_some(())
        });
        assert!(beacon.told().is_none());
        assert_eq!(other.pid(), stays);
    }
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_renamed_folder_goes_on_under_its_new_name() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let (old, beacon) = steady(&tree, "old");
    let first = beacon.next().pid;
    old.wait_for(up());
    let new = rename(old.path(), OsStr::new("new"));
    // Whatever came after it has been seen.
    let (other, _) = steady(&tree, "other");
    other.wait_for(up());
    assert_eq!(new.pid(), first);
    assert!(process::is_alive(first) && beacon.told().is_none());
    tree.svc(["-t", "new"]);
    let second = beacon.next().pid;
    new.wait_for(status("up again", move |status| status.pid.is_some_and(|pid| pid.get() == second)));
    // What the old name is given to is another service.
    let (taken, told) = steady(&tree, "old");
    let _ = told.next();
    taken.wait_for(up());
    assert_eq!(new.pid(), second);
    assert_eq!(svscan.errors(), "");
}

#[test]
fn two_folders_that_swap_their_names_go_on() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let (a, told_a) = steady(&tree, "a");
    let (b, told_b) = steady(&tree, "b");
    let [pid_a, pid_b] = [told_a.next().pid, told_b.next().pid];
    a.wait_for(up());
    b.wait_for(up());
    exchange(a.path(), b.path());
    let (other, _) = steady(&tree, "other");
    other.wait_for(up());
    assert_eq!([a.pid(), b.pid()], [pid_b, pid_a]);
    // By way of a third name.
    let third = rename(a.path(), OsStr::new("third"));
    rename(b.path(), OsStr::new("a"));
    rename(third.path(), OsStr::new("b"));
    let (another, _) = steady(&tree, "another");
    another.wait_for(up());
    assert_eq!([a.pid(), b.pid()], [pid_a, pid_b]);
    assert!(told_a.told().is_none() && told_b.told().is_none());
    assert_eq!(svscan.errors(), "");
}

fn exchange(one: &Path, other: &Path) {
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).unwrap();
}

/// Versions of one service, of which no two may run at the same time. They tell their number, or `both`.
struct Versions<'a> {
    tree: &'a TestTree,
    beacon: Beacon,
}

impl<'a> Versions<'a> {
    fn new(tree: &'a TestTree) -> Self {
        Self { tree, beacon: tree.beacon("versions") }
    }

    fn build(&self, number: usize) -> impl FnOnce(Folder) -> Folder {
        let lock = self.tree.root().join("only-one");
        let [both, started] = [self.beacon.say("both"), self.beacon.say(&number.to_string())];
        let run = format!("exec 9>>'{}'\nflock -n 9 || {both}\n{started}\nexec sleep 1000", lock.display());
        move |f| f.run(&run)
    }

    /// Waits for the start of that version, and of no other.
    #[track_caller]
    fn starts(&self, number: usize, service: &Service) {
        assert_eq!(self.beacon.hear(), number.to_string());
        service.wait_for(up());
    }
}

#[test]
fn a_replaced_folder_has_stopped_before_its_successor_starts() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let versions = Versions::new(&tree);
    let web = tree.folder("web", versions.build(0));
    versions.starts(0, &web);
    // In one go.
    let next = tree.folder(".next", versions.build(1));
    exchange(next.path(), web.path());
    versions.starts(1, &web);
    // With a moment without it.
    fs::remove_dir_all(web.path()).unwrap();
    tree.folder("web", versions.build(2));
    versions.starts(2, &web);
    // Aside, to a name that is a service's as well.
    rename(web.path(), OsStr::new(".aside"));
    tree.folder("web", versions.build(3));
    versions.starts(3, &web);
    assert_eq!(svscan.errors(), "");
    svscan.stop();
    assert!(versions.beacon.told().is_none());
}

#[test]
fn a_package_that_is_installed_again_and_again_runs_once() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let versions = Versions::new(&tree);
    let mut number = 0;
    for _ in 0..25 {
        // Some rounds pass before svscan has seen them.
        for _ in 0..20 {
            let _ = fs::remove_dir_all(tree.service("web").path());
            tree.folder("web", versions.build(number));
            number += 1;
        }
        let mut heard = String::new();
        while heard != (number - 1).to_string() {
            heard = versions.beacon.hear();
            assert_ne!(heard, "both");
        }
    }
    let web = tree.service("web");
    web.wait_for(up());
    wait_until("one supervise is left", &[], || (process::children(svscan.pid()).len() == 1).then_some(()));
    svscan.stop();
}

#[test]
fn a_link_that_leads_elsewhere_now_is_another_service() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let versions = Versions::new(&tree);
    let release = |number| outside(&tree, &format!("release{number}"), versions.build(number));
    let web = tree.service("web");
    let point_to = |release: &Service| {
        let new = tree.services().join(".new");
        symlink(release.path(), &new).unwrap();
        fs::rename(new, web.path()).unwrap();
    };
    let releases = [release(0), release(1)];
    for number in [0, 1, 0] {
        point_to(&releases[number]);
        versions.starts(number, &releases[number]);
    }
    releases[1].wait_for(not_supervised());
    fs::remove_file(web.path()).unwrap();
    releases[0].wait_for(not_supervised());
    assert_eq!(svscan.errors(), "");
    assert!(versions.beacon.told().is_none());
}

#[test]
fn two_links_to_one_folder_are_one_service() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let (target, beacon) = steady(&tree, ".target");
    for name in ["one", "two"] {
        symlink(target.path(), tree.services().join(name)).unwrap();
    }
    let pid = beacon.next().pid;
    target.wait_for(up());
    for gone in ["one", "two"] {
        let (other, _) = steady(&tree, &format!("other-{gone}"));
        other.wait_for(up());
        assert!(target.pid() == pid && beacon.told().is_none());
        fs::remove_file(tree.services().join(gone)).unwrap();
    }
    target.wait_for(not_supervised());
    assert!(!process::is_alive(pid));
    assert_eq!(svscan.errors(), "");
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
}

#[test]
fn a_folder_that_is_renamed_while_it_comes_starts_once_under_its_new_name() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let made = outside(&tree, "made", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    for round in 0..3 {
        let [old, new] = ["old", "new"].map(|name| tree.services().join(format!("{name}{round}")));
        let copy = testkit::Tool::new(Path::new("/bin/cp")).arg("-r").args([made.path(), &old]);
        copy.run().exits(0);
        if round > 0 {
            // svscan has certainly seen what came first.
            let (other, _) = steady(&tree, &format!("other{round}"));
            other.wait_for(supervised());
        }
        fs::rename(&old, &new).unwrap();
        let start = beacon.next();
        Service::at(&new).wait_for(up());
        assert_eq!(process::folder(start.pid).unwrap(), new.canonicalize().unwrap());
    }
    svscan.stop();
    assert!(beacon.told().is_none());
}

#[test]
fn a_renamed_instance_begins_anew_since_its_name_is_data() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    tree.folder("web@", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let old = tree.folder("web@1", |f| f);
    let first = beacon.next();
    assert_eq!(first.arguments[1..], ["1"]);
    old.wait_for(up());
    let new = rename(old.path(), OsStr::new("web@2"));
    let second = beacon.next();
    assert_eq!(second.arguments[1..], ["2"]);
    new.wait_for(up());
    assert!(!process::is_alive(first.pid));
    assert_eq!(svscan.errors(), "");
}

/// svscan starts a supervise by a name, which may be another folder's when that gets there.
#[test]
fn a_supervise_goes_into_the_folder_that_svscan_means_or_into_none() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| {
        f.run(&format!("{beacon}\nexec sleep 1000")).log("exec cat >/dev/null").directory("log/log")
    });
    let id = |path: &Path| {
        let stat = path.metadata().unwrap();
        format!("{}:{}", stat.dev(), stat.ino())
    };
    let meant = |argument: &str, id: String| {
        tree.launch(&ours("supervise")).arg(argument).env("UPKEEP_FOLDER", id).start()
    };
    for (argument, path) in [("web", tree.services()), ("web/log", web.log().path().to_owned())] {
        let mut supervise = meant(argument, id(&path));
        assert_eq!(supervise.wait(), Ok(111));
        let complaint = "another folder has just got its name";
        assert_eq!(
            supervise.errors(),
            format!("supervise: fatal: unable to chdir to {argument}: {complaint}\n")
        );
    }
    assert!(!web.file("supervise").exists() && !web.log().file("supervise").exists());
    let _supervises = ["web", "web/log"].map(|argument| meant(argument, id(web.path())));
    let start = beacon.next();
    assert!(!start.environment.contains_key("UPKEEP_FOLDER"));
    web.log().wait_for(up());
}
