//! Starts that fail: each says why, once in the log and in the record as well.

use protocol::report::Step;
use std::fs::{self, File};
use std::path::Path;
use testkit::{
    Account, Folder, Running, Service, TestTree, Tool, account, failed, is_root, needs_root, ours, skip,
    status, up,
};

/// A folder whose start fails.
fn fails(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> (Service, Running) {
    let service = tree.folder(name, |f| build(f.run("exec sleep 1000")));
    (service, tree.supervise(name))
}

/// It says that this is why, and says it once, however often it is tried.
#[track_caller]
fn because((service, supervise): &(Service, Running), step: Step, errno: i32, why: &str) {
    service.wait_for(failed(why));
    let tries = |service: &Service| service.status().unwrap().detail.unwrap().starts;
    let before = tries(service);
    fs::write(service.file("supervise/control"), "u").unwrap();
    service.wait_for(status("tried again", move |status| status.detail.as_ref().unwrap().starts > before));
    service.wait_for(failed(why));
    let told = service.status().unwrap().detail.unwrap().failed.unwrap();
    assert_eq!((told.step, told.errno, told.reason.as_str()), (step, errno, why));
    let name = service.path().file_name().unwrap().to_str().unwrap();
    let line = format!("supervise: warning: unable to start {name}: {why}\n");
    supervise.wait_for_errors(&line);
    assert_eq!(supervise.errors(), line);
}

fn without_run(f: Folder) -> Folder {
    fs::remove_file(f.path().join("run")).unwrap();
    f
}

#[test]
fn a_run_that_cannot_be_executed_says_what_is_wrong_with_it() {
    let tree = TestTree::new();
    let check = |name: &str, errno: i32, why: &str, build: &dyn Fn(Folder) -> Folder| {
        because(&fails(&tree, name, build), Step::Execute, errno, &format!("unable to run ./run: {why}"));
    };
    let file = |content: &'static str| move |f: Folder| f.file("run", content).mode("run", 0o755);
    check("absent", libc::ENOENT, "file does not exist", &without_run);
    check("not-executable", libc::EACCES, "access denied: it is not executable: chmod +x", &|f| {
        f.mode("run", 0o644)
    });
    let missing = "file does not exist: its interpreter /no/such/python does not exist";
    check("interpreter", libc::ENOENT, missing, &file("#!/no/such/python\n"));
    let dos = "file does not exist: its first line ends in a carriage return: it has the line ends of DOS";
    check("dos", libc::ENOENT, dos, &file("#!/bin/sh\r\nexit\r\n"));
    let neither =
        "exec format error: it is neither a program for this machine nor a script that begins with #!";
    check("no-head", libc::ENOEXEC, neither, &file("exec sleep 1000\n"));
    check("empty", libc::ENOEXEC, neither, &file(""));
    check("directory", libc::EACCES, "access denied: it is not a regular file", &|f| {
        without_run(f).directory("run")
    });
    check("fifo", libc::EACCES, "access denied: it is not a regular file", &|f| {
        without_run(f).fifo("run").mode("run", 0o755)
    });
    check("nowhere", libc::ENOENT, "file does not exist", &|f| without_run(f).link("run", "nothing"));
    let circle = fails(&tree, "circle", |f| without_run(f).link("run", "run"));
    because(&circle, Step::Owner, libc::ELOOP, "unable to use run: symbolic link loop");
}

#[test]
fn the_same_is_said_through_runas() {
    let tree = TestTree::new();
    let check = |name: &str, errno: i32, why: &str, build: &dyn Fn(Folder) -> Folder| {
        let failing = fails(&tree, name, |f| build(f.env("A", "b")));
        because(&failing, Step::Execute, errno, &format!("unable to run ./run: {why}"));
    };
    check("absent", libc::ENOENT, "file does not exist", &without_run);
    check("not-executable", libc::EACCES, "access denied: it is not executable: chmod +x", &|f| {
        f.mode("run", 0o644)
    });
    let missing = "file does not exist: its interpreter /no/such/python does not exist";
    check("interpreter", libc::ENOENT, missing, &|f| f.file("run", "#!/no/such/python\n").mode("run", 0o755));
}

#[test]
fn a_program_that_is_being_written_is_tried_again_until_it_is_whole() {
    let tree = TestTree::new();
    let beside = tree.root().join("sleep");
    fs::copy("/bin/sleep", &beside).unwrap();
    let busy = File::options().append(true).open(&beside).unwrap();
    let (web, _supervise) = fails(&tree, "busy", |f| without_run(f).link("run", &beside));
    web.wait_for(failed("unable to run ./run: text busy"));
    // Without an argument it ends at once, but it has been run.
    drop(busy);
    web.wait_for(status("it was executed", |status| {
        let detail = status.detail.as_ref().unwrap();
        detail.failed.is_none() && detail.last == Some(sys::process::Ending::Exited(1))
    }));
}

#[test]
fn the_account_that_is_not_there_or_not_allowed_is_told() {
    let tree = TestTree::new();
    let unknown = fails(&tree, "unknown", |f| f.user("nosuch"));
    because(&unknown, Step::User, 0, "user: unknown account nosuch");
    let unknown = fails(&tree, "digits", |f| f.user("1000"));
    because(&unknown, Step::User, 0, "user: unknown account 1000: numbers are written :UID:GID");
    let odd = fails(&tree, "odd", |f| f.user("bob:"));
    because(&odd, Step::User, 0, "user: a name between the colons is missing");
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    alice.own(&tree.services());
    let as_alice = |name: &str, build: &dyn Fn(Folder) -> Folder| {
        let service = tree.folder(name, |f| build(f.run("exec sleep 1000")).owner(&alice));
        (service, tree.launch(&ours("supervise")).arg(name).account(&alice).start())
    };
    let root = as_alice("root", &|f| f.user("root"));
    root.0.wait_for(failed("unable to become root"));
    assert_eq!(root.0.status().unwrap().detail.unwrap().failed.unwrap().step, Step::Switch);
}

#[test]
fn an_account_that_may_not_execute_run_is_told_apart_from_one_that_nobody_can() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    let failing = fails(&tree, "web", |f| f.user(&alice.name).mode("run", 0o700));
    let why = "unable to run ./run: access denied: this account may not execute it";
    because(&failing, Step::Execute, libc::EACCES, why);
}

#[test]
fn a_reason_that_changes_is_told_again_and_forgotten_at_success() {
    let tree = TestTree::new();
    let (web, supervise) = fails(&tree, "web", without_run);
    web.wait_for(failed("file does not exist"));
    let run = web.file("run");
    let try_again = || tree.svc(["-u", "web"]);
    fs::write(&run, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    try_again();
    web.wait_for(failed("chmod +x"));
    Tool::new(Path::new("/bin/chmod")).arg("+x").arg(&run).run().exits(0);
    try_again();
    web.wait_for(up());
    assert!(web.status().unwrap().detail.unwrap().failed.is_none());
    assert!(!tree.svstat("web").contains("not started"));
    assert_eq!(supervise.errors().lines().count(), 2);
    // The same trouble is news again.
    Tool::new(Path::new("/bin/chmod")).arg("-x").arg(&run).run().exits(0);
    tree.svc(["-tu", "web"]);
    web.wait_for(failed("chmod +x"));
    assert_eq!(supervise.errors().lines().count(), 3);
}

#[test]
fn a_folder_without_exec_permission_of_its_file_system_is_told() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    tree.folder("web", |f| f);
    let script = "mount -t tmpfs -o noexec,mode=755 tmpfs web && printf '#!/bin/sh\\n' >web/run && \
                  chmod 755 web/run && exec \"$0\" web";
    let unshare = tree.launch(Path::new("/usr/bin/unshare")).arg("--mount").arg("sh").arg("-c").arg(script);
    let supervise = unshare.arg(ours("supervise")).start();
    let why = "unable to run ./run: access denied: its file system is mounted noexec";
    supervise.wait_for_errors(&format!("supervise: warning: unable to start web: {why}\n"));
}

#[test]
fn no_process_can_be_made_for_a_while() {
    if !is_root() {
        return skip("it needs root");
    }
    let alice: Account = account("upkeep-a");
    let tree = TestTree::new();
    alice.own(&tree.services());
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")).owner(&alice));
    let prlimit = tree.launch(Path::new("/usr/bin/prlimit")).arg("--nproc=1:").arg(ours("supervise"));
    let supervise = prlimit.arg("web").account(&alice).start();
    web.wait_for(failed("unable to fork: temporary failure"));
    assert_eq!(web.status().unwrap().detail.unwrap().failed.unwrap().step, Step::Fork);
    let lift = Tool::new(Path::new("/usr/bin/prlimit")).account(&alice).arg("--pid");
    lift.arg(supervise.pid().to_string()).arg("--nproc=4000:").run().exits(0);
    // By itself, soon.
    let _ = beacon.next();
    web.wait_for(up());
    assert_eq!(supervise.errors().lines().count(), 1);
}
