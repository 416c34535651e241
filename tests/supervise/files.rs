//! `supervise/` and what is in it: where it is, what is refused there, and that there is one supervise.

use super::steady;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use testkit::{Folder, TestTree, ours, up};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_folder_and_all_in_it_are_as_the_others_make_them() {
    let tree = TestTree::new();
    let (web, _beacon, _supervise) = steady(&tree);
    web.wait_for(up());
    let modes = ["supervise", "supervise/control", "supervise/ok", "supervise/lock", "supervise/status"];
    assert_eq!(modes.map(|name| mode(&web.file(name))), [0o700, 0o600, 0o600, 0o600, 0o644]);
    for fifo in ["supervise/control", "supervise/ok"] {
        assert!(fs::metadata(web.file(fifo)).unwrap().file_type().is_fifo());
    }
    assert_eq!(fs::metadata(web.file("supervise/status")).unwrap().len(), 512);
    assert_eq!(fs::read_dir(web.file("supervise")).unwrap().count(), 4);
}

/// As Debian's packages have it: a link into /run, which is empty after each boot.
#[test]
fn a_link_that_leads_nowhere_is_where_the_folder_is_made() {
    let tree = TestTree::new();
    let place = tree.root().join("place");
    let web = tree.folder("web", |f| f.run("exec sleep 1000").link("supervise", &place));
    let _supervise = tree.supervise("web");
    web.wait_for(up());
    assert_eq!(mode(&place), 0o700);
    assert!(web.file("supervise").is_symlink());
}

/// A supervise on it ends at once and says so.
#[track_caller]
fn refused(name: &str, text: &str, build: impl FnOnce(Folder) -> Folder) {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let run = format!("{}\nexec sleep 1000", beacon.say("started"));
    tree.folder("web", |f| build(f.run(&run)));
    let mut supervise = tree.supervise("web");
    assert_eq!(supervise.wait(), Ok(111), "{name}");
    assert_eq!(supervise.errors(), format!("supervise: fatal: {text}\n"), "{name}");
    assert!(beacon.told().is_none());
}

#[test]
fn where_others_can_write_nothing_is_kept() {
    let open = "others can write in it: chmod go-w";
    let web = "unable to use web/supervise";
    let open_folder = |f: Folder| f.directory("supervise").mode("supervise", 0o770);
    refused("folder", &format!("{web}: {open}"), open_folder);
    refused("linked", &format!("{web}: {open}"), |f| {
        f.directory("open").mode("open", 0o703).link("supervise", "open")
    });
    refused("above", &format!("{web}: the link leads into a folder that is not safe: {open}"), |f| {
        f.directory("open").mode("open", 0o1777).directory("open/here").link("supervise", "open/here")
    });
    refused("file", &format!("{web}: not a directory"), |f| f.file("supervise", ""));
    refused("circle", &format!("{web}: not a directory"), |f| f.link("supervise", "supervise"));
}

#[test]
fn what_has_the_name_of_one_of_its_files_is_neither_used_nor_changed() {
    type Build = fn(Folder, &str) -> Folder;
    let kinds: [(&str, Build); 5] = [
        ("file", |f, name| f.file(name, "precious")),
        ("directory", |f, name| f.directory(name)),
        ("link", |f, name| f.file("precious", "precious").link(name, "../precious")),
        ("fifo", |f, name| f.fifo(name)),
        ("socket", |f, name| {
            drop(UnixListener::bind(f.path().join(name)).unwrap());
            f
        }),
    ];
    for (name, own) in [("control", "fifo"), ("ok", "fifo"), ("lock", "file"), ("status", "file")] {
        for (kind, build) in kinds.iter().filter(|(kind, _)| *kind != own) {
            let tree = TestTree::new();
            let path = format!("supervise/{name}");
            let web = tree.folder("web", |f| {
                build(f.run("exec sleep 1000").directory("supervise").mode("supervise", 0o700), &path)
            });
            let before = fs::symlink_metadata(web.file(&path)).unwrap();
            let mut supervise = tree.supervise("web");
            assert_eq!(supervise.wait(), Ok(111), "{kind} {name}");
            let said = supervise.errors();
            let named =
                said.starts_with("supervise: fatal: unable to ") && said.contains(&format!(" web/{path}: "));
            assert!(named && said.lines().count() == 1, "{kind} {name}: {said}");
            let after = fs::symlink_metadata(web.file(&path)).unwrap();
            assert_eq!(after.modified().unwrap(), before.modified().unwrap(), "{kind} {name}");
            assert_eq!(after.file_type(), before.file_type(), "{kind} {name}");
            for precious in [web.file("precious"), web.file(&path)] {
                let content = fs::metadata(&precious).is_ok_and(|file| file.is_file());
                assert!(!content || fs::read(precious).unwrap() == b"precious", "{kind} {name}");
            }
        }
    }
}

#[test]
fn one_supervise_has_a_folder() {
    let tree = TestTree::new();
    let (web, beacon, first) = steady(&tree);
    let pid = beacon.next().pid;
    web.wait_for(up());
    let mut second = tree.supervise("web");
    assert_eq!(second.wait(), Ok(111));
    let said = "supervise: fatal: unable to acquire web/supervise/lock: temporary failure\n";
    assert_eq!(second.errors(), said);
    second.stop();
    assert!(web.pid() == pid && beacon.told().is_none());
    assert_eq!(first.errors(), "");
}

/// One that is just leaving is waited for.
#[test]
fn a_supervise_that_leaves_hands_over() {
    let tree = TestTree::new();
    let (web, beacon, mut first) = steady(&tree);
    web.wait_for(up());
    let pid = beacon.next().pid;
    first.signal(nix::sys::signal::Signal::SIGTERM);
    let second = tree.supervise("web");
    assert_eq!(first.wait(), Ok(0));
    assert_ne!(beacon.next().pid, pid);
    web.wait_for(up());
    assert_eq!(second.errors(), "");
}

#[test]
fn encores_variable_puts_the_folder_elsewhere() {
    let tree = TestTree::new();
    let place = tree.root().join("place");
    fs::create_dir(&place).unwrap();
    let services = tree.services().canonicalize().unwrap();
    let absolute = services.join("web").display().to_string().trim_start_matches('/').replace('/', ":");
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    for (setting, folder) in [
        (".ctl".into(), web.file(".ctl")),
        (place.clone(), place.join(absolute)),
        // Empty is as if it were not there.
        ("".into(), web.file("supervise")),
    ] {
        let launch = tree.launch(&ours("supervise")).arg("web").env("SUPERVISEDIR", &setting);
        let mut supervise = launch.start();
        let ask = |program: &str| tree.tool(&ours(program)).env("SUPERVISEDIR", &setting).arg("web");
        testkit::wait_until("its svup says yes", &[&folder], || {
            (ask("svup").run().end == Ok(0)).then_some(())
        });
        assert!(mode(&folder) == 0o700 && folder.join("status").is_file());
        let svc = tree.tool(&ours("svc")).env("SUPERVISEDIR", &setting).args(["-dx", "web"]);
        svc.run().exits(0).errors("");
        assert_eq!(supervise.wait(), Ok(0));
        assert_eq!(supervise.errors(), "");
        let others = fs::read_dir(web.path()).unwrap().flatten().map(|entry| entry.path());
        let others: Vec<_> = others.filter(|path| *path != web.file("run") && *path != folder).collect();
        assert!(others.is_empty(), "{others:?}");
        let _ = fs::remove_dir_all(folder);
    }
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let tree = TestTree::new();
    let mut supervise = tree.supervise("nosuch");
    assert_eq!(supervise.wait(), Ok(111));
    assert_eq!(supervise.errors(), "supervise: fatal: unable to chdir to nosuch: file does not exist\n");
}
