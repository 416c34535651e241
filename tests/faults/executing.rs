//! A run that cannot be executed, or cannot any more: it was replaced while it ran, by what an editor, a copy or a package
//! leaves there.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use testkit::{Folder, Invariants, Service, TestTree, down, failed, process, status, up, wait_until};

#[test]
fn too_much_to_pass_and_an_interpreter_without_end_are_told() {
    let tree = TestTree::new();
    // Each is short enough, and all together are not.
    let huge = "x".repeat(100_000);
    let add = |f: Folder, number| f.env(&format!("HUGE{number}"), &huge);
    let services = [
        (
            "huge",
            tree.folder("huge", |f| (0..40).fold(f.run("exec sleep 1000"), add)),
            "argument list too long",
        ),
        ("endless", tree.folder("endless", |f| f.run("#!./run")), "symbolic link loop"),
    ];
    let svscan = tree.svscan();
    let invariants = Invariants::watch(&tree).may_rest(["endless"]);
    for (name, service, why) in &services {
        service.wait_for(failed(&format!("unable to run ./run: {why}")));
        let said = tree.svstat(name);
        assert!(said.contains(&format!(", not started: unable to run ./run: {why}")), "{said}");
        assert_eq!(svscan.errors().matches(&format!("unable to start {name}: ")).count(), 1);
    }
    fs::remove_dir_all(services[0].1.file("env")).unwrap();
    services[0].1.wait_for(up());
    invariants.hold();
}

/// Puts something else in the place of run, in one go.
fn replace(service: &Service, make: impl FnOnce(&Path)) {
    let new = service.file("run.new");
    make(&new);
    // A directory is not renamed over a file.
    let _ = fs::remove_file(service.file("run"));
    fs::rename(new, service.file("run")).unwrap();
}

/// Waits until it is up and its shell has read the script to its end: the kernel has started the shell long before it opens that.
fn past_its_script(service: &Service) -> u32 {
    service.wait_for(up());
    let pid = service.pid();
    wait_until("the shell has become sleep", &[], || {
        (process::name(pid).as_deref() == Some("sleep")).then_some(pid)
    })
}

fn executable(path: &Path, content: &str, mode: u32) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_replaces_run_while_it_runs_matters_at_the_next_start_alone() {
    type Make = fn(&Path);
    let replacements: [(&str, Make); 5] = [
        ("symbolic link loop", |new| symlink("run", new).unwrap()),
        ("it is not a regular file", |new| fs::create_dir(new).unwrap()),
        ("it has the line ends of DOS", |new| executable(new, "#!/bin/sh\r\nexit\r\n", 0o755)),
        ("exec format error", |new| {
            executable(new, "", 0o755);
            // Without a block on the disk.
            File::options().write(true).open(new).unwrap().set_len(4 << 30).unwrap();
        }),
        ("it is not executable", |new| executable(new, "#!/bin/sh\n", 0o644)),
    ];
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let svscan = tree.svscan();
    let invariants = Invariants::watch(&tree);
    for (why, make) in replacements {
        let pid = past_its_script(&web);
        replace(&web, make);
        assert!(tree.svstat("web").starts_with(&format!("web: up (pid {pid}) ")));
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        tree.svc(["-u", "web"]);
        web.wait_for(failed(why));
        assert!(tree.svstat("web").contains(why));
        // Back again, from whatever it was.
        let _ = fs::remove_dir(web.file("run"));
        replace(&web, |new| executable(new, "#!/bin/sh\nexec sleep 1000\n", 0o755));
        tree.svc(["-u", "web"]);
        past_its_script(&web);
        assert_eq!(svscan.errors().matches(why).count(), 1, "{}", svscan.errors());
    }
    invariants.hold();
}

/// The system ignores these bits of a script; whoever starts it remains who he is.
#[test]
fn a_set_user_id_script_runs_as_it_would_without() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let svscan = tree.svscan();
    let first = past_its_script(&web);
    let script = format!("#!/bin/sh\n{}\nexec sleep 1000\n", beacon.say("'$(id -u) $(id -ru)'"));
    replace(&web, |new| executable(new, &script, 0o6755));
    tree.svc(["-t", "web"]);
    let me = nix::unistd::getuid();
    assert_eq!(beacon.hear(), format!("{me} {me}"));
    web.wait_for(status("another", move |status| status.pid.is_some_and(|pid| pid.get() != first)));
    assert_eq!(svscan.errors(), "");
}
