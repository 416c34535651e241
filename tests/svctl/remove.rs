//! Taking services away: what is asked, what stays, and that everything is stopped and written before.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use testkit::{
    Folder, Running, Service, TestTree, needs_root, ours, process, supervised, theirs, up, wait_until,
};

fn sleeping(f: Folder) -> Folder {
    f.run("exec sleep 1000")
}

/// The names in the service directory but svscan's own.
fn names(tree: &TestTree) -> Vec<String> {
    let entries = fs::read_dir(tree.services()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".svscan").collect();
    names.sort();
    names
}

/// A service directory with its svscan.
fn scanned(tree: &TestTree) -> Running {
    let svscan = tree.svscan();
    let lock = tree.services().join(".svscan/lock");
    wait_until("svscan runs", &[&tree.services()], || lock.exists().then_some(()));
    svscan
}

#[test]
fn a_service_and_its_logger_are_stopped_and_all_lines_written_before_it_is_gone() {
    let tree = TestTree::new();
    let lines = tree.root().join("lines");
    let log = format!("exec cat >>'{}'", lines.display());
    let run = "trap 'echo last; exit' TERM\necho first; sleep 1000 & wait";
    let web = tree.folder("web", |f| f.run(run).file("kill-group", "").log(&log));
    let _svscan = scanned(&tree);
    web.wait_for(up());
    let first = || fs::read(&lines).is_ok_and(|text| text == b"first\n").then_some(());
    wait_until("it has begun", &[tree.root()], first);
    let pids = [web.pid(), web.log().pid()];
    tree.svctl(["remove", "web"]).exits(0).prints("web: removed\n").errors("");
    assert_eq!(names(&tree), [""; 0]);
    assert_eq!(fs::read_to_string(&lines).unwrap(), "first\nlast\n");
    assert!(!pids.into_iter().any(process::is_alive));
}

/// Without a terminal nobody can be asked.
#[test]
fn what_has_a_log_or_files_of_its_own_goes_only_by_yes() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| sleeping(f).directory("log").directory("log/main"));
    fs::write(web.file("log/main/current"), [b'x'; 2048]).unwrap();
    fs::write(web.file("data.db"), "x").unwrap();
    let _supervise = tree.supervise("web");
    web.wait_for(up());
    let pid = web.pid();
    tree.svctl(["remove", "web"]).exits(98).prints("").errors(
        "svctl: web: with it would go its log (2.0 kB), and data.db: say --yes if that is right, or --keep\n",
    );
    assert!(process::is_alive(pid));
    let kept = tree.services().join(".web.removed");
    let words = format!("web: removed; its folder is kept as {}\n", kept.display());
    tree.svctl(["remove", "--keep", "web"]).exits(0).prints(words).errors("");
    assert!(!process::is_alive(pid), "no svscan is there: its supervise was told to go");
    assert_eq!(names(&tree), [".web.removed"]);
    assert_eq!(fs::read(kept.join("data.db")).unwrap(), b"x");

    fs::rename(&kept, tree.services().join("web")).unwrap();
    tree.svctl(["rm", "--yes", "web"]).exits(0).prints("web: removed\n").errors("");
    assert_eq!(names(&tree), [""; 0]);
}

#[test]
fn of_a_link_only_the_link_is_removed() {
    let tree = TestTree::new();
    let elsewhere = tree.folder("web", |f| sleeping(f).file("data.db", "x"));
    let place = tree.root().join("web-elsewhere");
    fs::rename(elsewhere.path(), &place).unwrap();
    symlink(&place, tree.services().join("web")).unwrap();
    let web = Service::at(&place);
    let _svscan = scanned(&tree);
    web.wait_for(up());
    let words = format!("web: removed; its folder stays at {}\n", place.display());
    tree.svctl(["remove", "web"]).exits(0).prints(words).errors("");
    assert!(!web.is_supervised() && place.join("run").exists() && names(&tree).is_empty());
}

/// A link in a folder is removed as a link, whatever it leads to.
#[test]
fn what_links_in_it_lead_to_stays() {
    let tree = TestTree::new();
    let outside = tree.root().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "x").unwrap();
    tree.folder("web", |f| sleeping(f).link("outside", &outside).link("file", outside.join("precious")));
    tree.svctl(["remove", "--yes", "web"]).exits(0).prints("web: removed\n");
    assert_eq!(names(&tree), [""; 0]);
    assert!(outside.join("precious").exists());
}

#[test]
fn a_template_goes_after_its_instances_or_with_them() {
    let tree = TestTree::new();
    for name in ["web@", "web@1", "web@2"] {
        tree.folder(name, |f| if name == "web@" { sleeping(f) } else { f });
    }
    tree.svctl(["remove", "web@"])
        .exits(98)
        .errors("svctl: web@: it is the template of web@1, web@2: remove those first, or with it\n");
    tree.svctl(["remove", "web@1"]).exits(0).prints("web@1: removed\n");
    let done = "web@: removed\nweb@2: removed\n";
    tree.svctl(["remove", "web@", "web@2"]).exits(0).prints(done).errors("");
    assert_eq!(names(&tree), [""; 0]);
}

#[test]
fn what_is_no_service_of_the_directory_is_not_touched() {
    let tree = TestTree::new();
    tree.folder("web", |f| sleeping(f).log("exec cat"));
    let other = tree.root().join("other");
    fs::create_dir(&other).unwrap();
    let refused = |name: &str| tree.svctl(["remove", "--yes", name]).exits(98).prints("").complaints();
    let place = tree.services();
    for path in [other.to_str().unwrap(), "..", "../other", "."] {
        assert!(
            refused(path).ends_with(&format!(": it is not in the service directory {}\n", place.display())),
            "{path}"
        );
    }
    assert!(refused("web/log").starts_with("svctl: web/log: a logger goes with its service"));
    assert!(other.exists() && place.join("web/log/run").exists());
    tree.svctl(["remove", "nosuch"]).exits(97);
}

/// Debian's supervise does not go when its folder does: it is told.
#[test]
fn a_service_of_another_supervise_is_told_to_go() {
    let Some(program) = theirs("supervise") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", sleeping);
    let mut supervise = tree.launch(&program).stop_by_control(web.path()).arg("web").start();
    web.wait_for(up());
    tree.svctl(["remove", "web"]).exits(0).prints("web: removed\n").errors("");
    assert_eq!((supervise.wait(), names(&tree)), (Ok(0), Vec::new()));
}

#[test]
fn who_may_not_write_in_the_directory_may_not_remove() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    tree.folder("web", sleeping);
    let bob = testkit::account("upkeep-a");
    let svctl = tree.tool(&ours("svctl")).env("SVDIR", tree.services()).args(["remove", "web"]);
    let place = tree.services();
    svctl.account(&bob).run().exits(95).prints("").errors(format!(
        "svctl: web: it takes whoever may write in {}, such as root, to remove it\n",
        place.display()
    ));
    assert!(place.join("web/run").exists());
}

#[test]
fn on_a_terminal_it_asks() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| sleeping(f).file("data.db", "x"));
    let _supervise = tree.supervise("web");
    web.wait_for(supervised());
    let call = format!("SVDIR='{}' '{}' remove web", tree.services().display(), ours("svctl").display());
    let ask = |answer: &str| {
        let terminal = tree.tool(Path::new("/usr/bin/script")).args(["-qec", &call, "/dev/null"]);
        terminal.input(answer).run()
    };
    let no = ask("n\n");
    assert!(no.exits(98).output().contains("remove web with data.db? [y/N] "), "{no:?}");
    assert!(web.file("data.db").exists());
    let yes = ask("y\n");
    assert!(yes.exits(0).output().ends_with("web: removed\r\n"), "{yes:?}");
    assert_eq!(names(&tree), [""; 0]);
}
