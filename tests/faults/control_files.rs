//! The files in `supervise/` replaced while supervise runs. It holds its own open: what takes their names is neither written
//! nor waited for, whoever asks is told or answered, and the next supervise says what is in its way.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use testkit::{Folder, Launch, Ran, Service, TestTree, account, is_root, needs_root, ours, process, up};

const FILES: [&str; 4] = ["control", "ok", "lock", "status"];

/// What can take the place of a file, and makes it at that path.
type Kind = (&'static str, fn(&Path));

fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = vec![
        ("nothing", |_| {}),
        ("file", |path| fs::write(path, "precious").unwrap()),
        ("directory", |path| fs::create_dir(path).unwrap()),
        ("link to a file", |path| symlink("../precious", path).unwrap()),
        ("link to itself", |path| symlink(path.file_name().unwrap(), path).unwrap()),
        ("link to nowhere", |path| symlink("../nowhere", path).unwrap()),
        ("socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("fifo", |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap()),
    ];
    if is_root() {
        kinds.push(("device", |path| {
            use nix::sys::stat::{Mode, SFlag, makedev, mknod};
            mknod(path, SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 3)).unwrap();
        }));
    }
    kinds
}

/// A service with a supervise, one of whose files has been replaced.
struct Replaced {
    what: String,
    service: Service,
    pid: u32,
}

impl Replaced {
    fn new(tree: &TestTree, file: &str, kind: &str) -> Self {
        let name = format!("{file}-{}", kind.replace(' ', "-"));
        let run = "trap '' HUP\nexec sleep 1000";
        let service = tree.folder(&name, |f| f.run(run).file("precious", "precious"));
        Self { what: name, service, pid: 0 }
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.service.file("supervise").join(file)
    }

    fn ask(&self, tree: &TestTree, program: &str, option: Option<&str>) -> Ran {
        tree.tool(&ours(program)).args(option).arg(&self.what).run()
    }
}

/// What of the machine's time a process has had, in ticks.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn whatever_takes_their_names_is_left_alone_and_nobody_waits_or_spins() {
    let tree = TestTree::new();
    let kinds = kinds();
    let cases: Vec<(&str, &Kind)> =
        FILES.iter().flat_map(|file| kinds.iter().map(move |kind| (*file, kind))).collect();
    let mut all: Vec<(Replaced, &str, &Kind)> =
        cases.into_iter().map(|(file, kind)| (Replaced::new(&tree, file, kind.0), file, kind)).collect();
    let svscan = tree.svscan();
    for (replaced, file, (_, make)) in &mut all {
        replaced.service.wait_for(up());
        replaced.pid = replaced.service.pid();
        fs::remove_file(replaced.path(file)).unwrap();
        make(&replaced.path(file));
    }
    let mut supervises = Vec::new();
    for (replaced, file, (kind, _)) in &all {
        let what = &replaced.what;
        let supervise = process::parent(replaced.pid).unwrap();
        supervises.push((supervise, ticks(supervise)));
        // Each ends, whatever it says: a letter is delivered, or told not to be.
        let stat = replaced.ask(&tree, "svstat", None);
        stat.exits(0);
        let svc = replaced.ask(&tree, "svc", Some("-h"));
        assert_eq!(svc.end, Ok(0), "{what}");
        assert_eq!(svc.stderr.is_empty(), *file != "control", "{what}: {svc:?}");
        let svok = replaced.ask(&tree, "svok", None);
        assert_eq!(svok.end == Ok(0), *file != "ok", "{what}: {svok:?}");
        let told = String::from_utf8_lossy(&stat.stdout).into_owned();
        let is_up = told.starts_with(&format!("{what}: up (pid {})", replaced.pid));
        assert_eq!(is_up, matches!(*file, "lock" | "control"), "{told}");
        assert_eq!(fs::read(replaced.service.file("precious")).unwrap(), b"precious", "{what}");
        if *kind == "file" {
            assert_eq!(fs::read(replaced.path(file)).unwrap(), b"precious", "{what}");
        }
        assert!(!replaced.service.file("nowhere").exists(), "{what}");
        assert!(process::is_alive(replaced.pid), "{what}");
    }
    for (pid, before) in supervises {
        assert!(ticks(pid) - before < 20, "{pid} has turned and turned");
    }
    assert_eq!(svscan.errors(), "");
    // Each is stopped all the same.
    svscan.stop();
    assert!(!all.iter().any(|(replaced, ..)| process::is_alive(replaced.pid)));
}

/// Says what is in its way, changes nothing, and starts nothing.
#[track_caller]
fn refused(tree: &TestTree, service: &Service, file: &str, launch: Launch) {
    let mut supervise = launch.arg(service.path().file_name().unwrap()).start();
    assert_eq!(supervise.wait(), Ok(111), "{file}");
    let name = service.path().strip_prefix(tree.services()).unwrap().display();
    let said = supervise.errors();
    let unable = said.starts_with("supervise: fatal: unable to ");
    assert!(
        unable && said.contains(&format!(" {name}/supervise/{file}: ")) && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn the_next_supervise_says_what_is_in_its_way() {
    let tree = TestTree::new();
    for file in FILES {
        for (kind, make) in
            kinds().iter().filter(|(kind, _)| kind.starts_with("link to") || *kind == "device")
        {
            let name = format!("{file}-{}", kind.replace(' ', "-"));
            let web = tree
                .folder(&name, |f| f.run("exec sleep 1000").directory("supervise").mode("supervise", 0o700));
            make(&web.file("supervise").join(file));
            refused(&tree, &web, file, tree.launch(&ours("supervise")));
            assert!(!web.file("nowhere").exists() && !web.file("precious").exists());
        }
    }
}

#[test]
fn without_permission_for_one_of_them_it_does_not_begin() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    for file in FILES {
        let path = format!("supervise/{file}");
        let build = |f: Folder| f.run("exec sleep 1000").directory("supervise").mode("supervise", 0o700);
        let web = tree.folder(&format!("no-{file}"), |f| {
            let f = build(f);
            let f = if ["control", "ok"].contains(&file) { f.fifo(&path) } else { f.file(&path, "") };
            f.mode(&path, 0).owner(&alice)
        });
        refused(&tree, &web, file, tree.launch(&ours("supervise")).account(&alice));
    }
}
