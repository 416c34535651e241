//! supervise, beside Debian's: what is fatal at its start, the files that it makes, what run gets, what the record says in
//! the end.

use crate::asked::Chance;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{
    Account, Folder, Ran, TestTree, is_root, not_supervised, ours, same_as_theirs, supervised, theirs, up,
    wait_until,
};

#[test]
fn a_wrong_call_is_told_how() {
    let tree = TestTree::new();
    let cases: [&[&str]; 4] = [&[], &["a", "b"], &["--", "a"], &["a", "b", "c"]];
    let said = same_as_theirs("supervise", |program| {
        cases.map(|arguments| tree.tool(program).args(arguments).run())
    });
    let Some(said) = said else { return };
    for ran in said {
        ran.exits(100).prints("").errors("supervise: usage: supervise dir\n");
    }
}

/// A folder whose service is never started.
fn idle(f: Folder) -> Folder {
    f.run("exec sleep 1000").down()
}

#[test]
fn what_is_fatal_is_told_in_their_words() {
    let tree = TestTree::new();
    tree.folder("stat", |f| f.run("exec sleep 1000").link("down", "down"));
    tree.folder("lock", |f| idle(f).directory("supervise").directory("supervise/lock"));
    tree.folder("lock-loop", |f| idle(f).directory("supervise").link("supervise/lock", "lock"));
    tree.folder("closed", |f| idle(f).mode(".", 0o700));
    fs::write(tree.services().join("file"), "").unwrap();
    let names = ["", "nosuch", "file", "file/log", "./stat/", "stat", "lock", "lock-loop", "-t"];
    let nobody = Account::find("nobody").filter(|_| is_root());
    let said = same_as_theirs("supervise", |program| {
        let mut said: Vec<Ran> = names.iter().map(|name| tree.tool(program).arg(name).run()).collect();
        said.extend(nobody.as_ref().map(|nobody| tree.tool(program).account(nobody).arg("closed").run()));
        said
    });
    for ran in said.into_iter().flatten().take(names.len() - 1) {
        assert!(ran.exits(111).stderr.starts_with(b"supervise: fatal: unable to "), "{ran:?}");
    }
}

#[test]
fn a_second_one_is_told_that_the_lock_is_taken() {
    same_as_theirs("supervise", |program| {
        let tree = TestTree::new();
        let web = tree.folder("web", idle);
        let mut first = tree.launch(program).stop_by_control(web.path()).arg("web").start();
        web.wait_for(supervised());
        let ran = tree.tool(program).arg("web").run();
        ran.exits(111).errors("supervise: fatal: unable to acquire web/supervise/lock: temporary failure\n");
        tree.svc(["-x", "web"]);
        (ran, first.wait(), first.errors())
    });
}

/// Debian's speaks of the lock in it.
#[test]
fn a_folder_that_cannot_be_supervises_is_named_itself() {
    let tree = TestTree::new();
    tree.folder("file", |f| idle(f).file("supervise", ""));
    tree.folder("loop", |f| idle(f).link("supervise", "supervise"));
    let call = |program: &Path, name: &str| tree.tool(program).arg(name).run();
    for name in ["file", "loop"] {
        let text = format!("supervise: fatal: unable to use {name}/supervise: not a directory\n");
        call(&ours("supervise"), name).exits(111).errors(text);
    }
    let Some(their_supervise) = theirs("supervise") else { return };
    for (name, reason) in [("file", "not a directory"), ("loop", "symbolic link loop")] {
        let text = format!("supervise: fatal: unable to acquire {name}/supervise/lock: {reason}\n");
        call(&their_supervise, name).exits(111).errors(text);
    }
}

/// Both say at which file they were stopped. They open others, in another order.
#[test]
fn too_few_open_files_are_told() {
    let tree = TestTree::new();
    tree.folder("web", idle);
    for limit in 4..=7 {
        for program in [Some(ours("supervise")), theirs("supervise")].into_iter().flatten() {
            let shell = tree.tool(Path::new("/bin/sh"));
            let ran = shell.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" web")]).arg(program).run();
            let said = String::from_utf8(ran.exits(111).stderr.clone()).unwrap();
            assert!(said.starts_with("supervise: fatal: unable to "), "{limit}: {said}");
            assert!(
                said.ends_with(": process cannot open more files\n") && said.lines().count() == 1,
                "{said}"
            );
        }
    }
}

/// What is below a folder: names, kinds, modes, owners.
fn picture(folder: &Path) -> Vec<(PathBuf, String)> {
    use std::os::unix::fs::MetadataExt;
    let mut found: Vec<(PathBuf, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let stat = entry.metadata().unwrap();
            let kind = if stat.file_type().is_fifo() { "fifo" } else { "file" };
            let text = format!("{kind} {:o} {} {}", stat.permissions().mode(), stat.uid(), stat.gid());
            (PathBuf::from(entry.file_name()), text)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn its_files_are_theirs_under_any_umask() {
    for (umask, existing) in [
        ("022", None),
        ("000", None),
        ("077", None),
        ("027", Some(0o700)),
        ("022", Some(0o755)),
        ("022", Some(0o500)),
    ] {
        // Whoever is not root can make nothing in that one.
        if existing == Some(0o500) && !is_root() {
            continue;
        }
        same_as_theirs("supervise", |program| {
            let tree = TestTree::new();
            let web = tree.folder("web", |f| match existing {
                None => idle(f),
                Some(mode) => idle(f).directory("supervise").mode("supervise", mode),
            });
            let launch = tree.launch(Path::new("/bin/sh")).stop_by_control(web.path());
            let script = format!("umask {umask}; exec \"$0\" web");
            let mut running = launch.arg("-c").arg(script).arg(program).start();
            web.wait_for(supervised());
            wait_until("there is a record", &[&web.file("supervise")], || {
                (fs::metadata(web.file("supervise/status")).ok()?.len() >= 18).then_some(())
            });
            let mode = fs::metadata(web.file("supervise")).unwrap().permissions().mode();
            // Theirs writes each record under another name first.
            let made = wait_until("the record has its name", &[&web.file("supervise")], || {
                Some(picture(&web.file("supervise")))
                    .filter(|made| !made.iter().any(|(name, _)| name == Path::new("status.new")))
            });
            tree.svc(["-x", "web"]);
            web.wait_for(not_supervised());
            // Nothing is removed at the end.
            assert_eq!(picture(&web.file("supervise")), made);
            (mode, made, running.wait())
        });
    }
}

#[test]
fn run_gets_what_theirs_gets() {
    const TELL: &str = "(printf '%s\\n' \"$0\" \"$#\" \"$@\"; env | sort; umask; ulimit -a; nice; \
                        ls /proc/$$/fd | head -n 3; ls -l /proc/$$/fd/0) >told.new; mv told.new told; exec sleep 1000";
    let told = same_as_theirs("supervise", |program| {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| f.run(TELL));
        // Through nice and a shell, with something odd of everything.
        let script = "umask 031; ulimit -Sn 200; ulimit -Sc 0; exec env -i PATH=/usr/bin:/bin 'ODD=a b' EMPTY= Z=1 A=2 \
                      nice -n 3 \"$0\" web </dev/null";
        let running = tree.launch(Path::new("/bin/sh")).stop_by_control(web.path());
        let running = running.arg("-c").arg(script).arg(program).start();
        let told = web.wait_until("run has told", |web| fs::read_to_string(web.file("told")).ok());
        drop(running);
        // The time that the listing shows for its own descriptor is not the same twice.
        let without_time =
            |line: &str| line.split_once(" -> ").map_or(line.to_owned(), |(_, file)| file.to_owned());
        told.lines()
            .map(without_time)
            .filter(|line| !line.starts_with("PWD=") && !line.starts_with("OLDPWD="))
            .collect::<Vec<_>>()
    });
    let Some(told) = told else { return };
    assert_eq!(told[..2], ["./run", "0"]);
    for line in ["ODD=a b", "EMPTY=", "0031", "3", "/dev/null"] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
    }
}

/// What the record and the exit code say at the end of any row of letters; run minds no signal but KILL.
#[test]
fn any_row_of_letters_ends_the_same() {
    const RUN: &str = "trap '' HUP ALRM INT TERM\nexec sleep 1000";
    let mut chance = Chance::new(4);
    let rows: Vec<String> = (0..24)
        .map(|_| (0..chance.below(9)).map(|_| char::from(*chance.pick(b"udopchaitzlZ\x7f"))).collect())
        .collect();
    // All at the same time: after each start, Debian's hears nothing for a second.
    let end_of = |program: &Path, row: &str| {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| f.run(RUN).down());
        let mut running = tree.launch(program).stop_by_control(web.path()).arg("web").start();
        web.wait_for(supervised());
        fs::write(web.file("supervise/control"), row).unwrap();
        // It may run or not by now; it leaves in both cases.
        fs::write(web.file("supervise/control"), "xk").unwrap();
        let code = running.wait();
        (fs::read(web.file("supervise/status")).unwrap()[12..18].to_vec(), code, running.errors())
    };
    same_as_theirs("supervise", |program| {
        std::thread::scope(|scope| {
            let ends: Vec<_> =
                rows.iter().map(|row| scope.spawn(|| (row.clone(), end_of(program, row)))).collect();
            ends.into_iter().map(|end| end.join().unwrap()).collect::<Vec<_>>()
        })
    });
}

/// In encore, 100 means that it is not to be started again.
#[test]
fn every_exit_code_is_followed_by_a_start() {
    let Some(their_supervise) = theirs("supervise") else { return };
    let starts_again = |program: &Path, code: u8| {
        let tree = TestTree::new();
        let beacon = tree.beacon("web");
        let again = beacon.say("again");
        let run = format!("[ -e again ] && {{ {again}; exec sleep 1000; }}\n: >again\nexit {code}");
        let web = tree.folder("web", |f| f.run(&run));
        let _running = tree.launch(program).stop_by_control(web.path()).arg("web").start();
        assert_eq!(beacon.hear(), "again", "{code}");
        web.wait_for(up());
    };
    std::thread::scope(|scope| {
        for program in [their_supervise, ours("supervise")] {
            for code in [0, 1, 100, 111] {
                let program = program.clone();
                scope.spawn(move || starts_again(&program, code));
            }
        }
    });
}
