//! How services come: renamed, linked or copied in; and what is passed over.

use super::{outside, rename, steady, watching};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use testkit::{Service, TestTree, Tool, account, is_root, not_supervised, skip, supervised, up};

#[test]
fn what_is_renamed_or_linked_in_starts_before_what_was_made_and_may_not_be_whole() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let order = tree.beacon("order");
    let run = |name: &str| format!("{}\nexec sleep 1000", order.say(name));
    let source = outside(&tree, "source", |f| f.run(&run("made")));
    let linked = outside(&tree, "target", |f| f.run(&run("linked")));
    Tool::new(Path::new("/bin/cp"))
        .arg("-r")
        .args([source.path(), &tree.services().join("made")])
        .run()
        .exits(0);
    tree.folder("renamed", |f| f.run(&run("renamed")));
    assert_eq!(order.hear(), "renamed");
    symlink(linked.path(), tree.services().join("linked")).unwrap();
    assert_eq!(order.hear(), "linked");
    assert_eq!(order.hear(), "made");
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_folder_that_is_copied_slowly_starts_when_it_is_whole_and_as_its_user() {
    let user = is_root().then(|| account("upkeep-a"));
    let uid = user.as_ref().map_or_else(|| nix::unistd::geteuid().as_raw(), |user| user.uid);
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    for attempt in 0..5 {
        let beacon = tree.beacon("copied");
        let folder = tree.services().join(format!("copied{attempt}"));
        let early = beacon.say("early");
        let whole = format!("{}\nexec sleep 1000", beacon.say("'$(id -u)'"));
        let longest_pause = copy_slowly(&folder, &early, &whole, user.as_ref().map(|user| &*user.name));
        if longest_pause >= 0.9 {
            // The machine was busy: it may well have started in between.
            continue;
        }
        assert_eq!(beacon.hear(), uid.to_string());
        Service::at(folder).wait_for(up());
        assert_eq!(svscan.errors(), "", "no start was tried before");
        return;
    }
    skip("the machine is too busy to write a file in less than a second");
}

/// Copies as over a slow line: `run` is executable while it is empty and when it is half, and `user` comes last. Says
/// for how many seconds nothing changed at most.
fn copy_slowly(folder: &Path, early: &str, whole: &str, user: Option<&str>) -> f64 {
    let script = r##"
        set -eu
        now() { cut -d' ' -f1 /proc/uptime; }
        change() { now; eval "$1"; now; sleep 0.4; }
        change 'mkdir "$FOLDER"'
        change ': >"$FOLDER/run"; chmod 755 "$FOLDER/run"'
        change 'printf "#!/bin/sh\n%s\n" "$EARLY" >"$FOLDER/run"'
        change 'mkdir "$FOLDER/data"'
        change ': >"$FOLDER/data/file"'
        change 'printf "#!/bin/sh\n%s\n" "$WHOLE" >"$FOLDER/run"'
        if [ "$ACCOUNT" ]; then change 'echo "$ACCOUNT" >"$FOLDER/user"'; fi
    "##;
    let copier = Tool::new(Path::new("/bin/sh")).args(["-c", script]).env("FOLDER", folder);
    let ran = copier.env("EARLY", early).env("WHOLE", whole).env("ACCOUNT", user.unwrap_or_default()).run();
    let said = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
    let times: Vec<f64> = said.lines().map(|line| line.parse().unwrap()).collect();
    // From before one change to after the next.
    times.windows(4).step_by(2).map(|times| times[3] - times[0]).fold(0.0, f64::max)
}

#[test]
fn a_folder_that_was_there_before_svscan_starts_as_well() {
    let tree = TestTree::new();
    let (web, beacon) = steady(&tree, "web");
    let svscan = tree.svscan();
    let start = beacon.next();
    web.wait_for(up());
    assert_eq!(web.pid(), start.pid);
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_folder_without_run_is_told_once_and_starts_when_it_gets_one() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("empty");
    let empty = tree.services().join("empty");
    fs::create_dir(&empty).unwrap();
    let told = "svscan: warning: empty has no run: it starts when it gets one\n";
    svscan.wait_for_errors(told);
    // Something else happens in it, and beside it.
    fs::write(empty.join("data"), "").unwrap();
    let (_, other) = steady(&tree, "other");
    let _ = other.next();
    let script = outside(&tree, "script", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    fs::rename(script.file("run"), empty.join("run")).unwrap();
    let start = beacon.next();
    let empty = Service::at(empty);
    empty.wait_for(up());
    assert_eq!(empty.pid(), start.pid);
    assert_eq!(svscan.errors(), told);
}

#[test]
fn hidden_names_and_files_are_passed_over_and_a_link_to_nowhere_is_told_once() {
    let tree = TestTree::new();
    let beacon = tree.beacon("passed over");
    let hidden = tree.folder(".hidden", |f| f.run(&format!("{beacon}")));
    fs::write(tree.services().join("file"), "").unwrap();
    nix::unistd::mkfifo(&tree.services().join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let target = tree.root().join("later");
    symlink(&target, tree.services().join("nowhere")).unwrap();
    symlink("circle", tree.services().join("circle")).unwrap();
    let mut svscan = watching(tree.svscan());
    let nowhere = "svscan: warning: unable to stat nowhere: file does not exist\n";
    let circle = "svscan: warning: unable to stat circle: symbolic link loop\n";
    svscan.wait_for_errors(nowhere);
    svscan.wait_for_errors(circle);
    for name in ["a", "b", "c"] {
        let (service, _) = steady(&tree, name);
        service.wait_for(up());
    }
    assert!(!hidden.file("supervise").exists() && beacon.told().is_none());
    // Where a link leads, svscan does not watch; a HUP makes it look.
    let (late, told) = steady(&tree, ".late");
    rename(late.path(), target.as_os_str());
    svscan.signal(nix::sys::signal::Signal::SIGHUP);
    let _ = told.next();
    tree.service("nowhere").wait_for(up());
    let said = svscan.errors();
    assert_eq!(said.len(), nowhere.len() + circle.len(), "each once: {said}");
}

#[test]
fn any_name_that_a_folder_can_have_is_a_services_name() {
    let names: Vec<Vec<u8>> = [
        b"new\nline".to_vec(),
        b"-t".to_vec(),
        b"--".to_vec(),
        b" space ".to_vec(),
        b"\xff\xfe".to_vec(),
        b"\x1b[2J".to_vec(),
        b"$(touch x)".to_vec(),
        b"@".to_vec(),
        b"@home".to_vec(),
        b".x".to_vec(),
        b"%s%n".to_vec(),
        "🐚".into(),
        vec![b'n'; 255],
    ]
    .into();
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    for (number, name) in names.into_iter().enumerate() {
        let beacon = tree.beacon("odd");
        let out = tree.root().join(format!("out{number}"));
        let run = format!("{beacon}\nexec echo from $$");
        let logger = format!("exec cat >>'{}'", out.display());
        let new = tree.folder(".new", |f| f.run(&run).log(&logger));
        let hidden = name.starts_with(b".");
        let service = rename(new.path(), &OsString::from_vec(name));
        if hidden {
            assert!(beacon.told().is_none());
            continue;
        }
        let first = beacon.next().pid;
        service.log().wait_for(up());
        service.wait_until("its line is logged", |_| {
            fs::read_to_string(&out).ok().filter(|said| said.starts_with(&format!("from {first}\n")))
        });
        assert_eq!(svscan.errors(), "");
        let gone = rename(service.path(), OsStr::new(".gone"));
        gone.wait_for(not_supervised());
        gone.log().wait_for(not_supervised());
        fs::remove_dir_all(gone.path()).unwrap();
    }
}

#[test]
fn a_template_that_is_made_slowly_after_its_instance_starts_it() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let instance = tree.service("web@6001");
    fs::create_dir(instance.path()).unwrap();
    let told = "svscan: warning: web@6001 has no run: it starts when it gets one\n";
    svscan.wait_for_errors(told);
    let template = tree.service("web@");
    fs::create_dir(template.path()).unwrap();
    // Until svscan has seen the folder, without anything in it.
    let (other, _) = steady(&tree, "other");
    other.wait_for(supervised());
    let script = outside(&tree, "script", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    fs::rename(script.file("run"), template.file("run")).unwrap();
    assert_eq!(beacon.next().arguments[1..], ["6001"]);
    instance.wait_for(up());
    template.wait_for(not_supervised());
    assert_eq!(svscan.errors(), told);
}

#[test]
fn events_that_overflow_are_made_up_for_by_a_listing() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let (web, _) = steady(&tree, "web");
    web.wait_for(up());
    svscan.signal(nix::sys::signal::Signal::SIGSTOP);
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 500_000 {
        svscan.signal(nix::sys::signal::Signal::SIGCONT);
        return skip("fs.inotify.max_queued_events is too large here to overflow");
    }
    let file = tree.services().join("file");
    for _ in 0..=limit / 2 {
        File::create(&file).unwrap();
        fs::remove_file(&file).unwrap();
    }
    let (late, beacon) = steady(&tree, "late");
    svscan.signal(nix::sys::signal::Signal::SIGCONT);
    let _ = beacon.next();
    late.wait_for(up());
}
