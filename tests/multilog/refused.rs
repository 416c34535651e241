//! What a logger says and how it ends where it cannot begin: every fatal text of 0.76.

use super::place::{Place, Seen, same_after};
use std::os::unix::fs::chown;
use std::path::Path;
use testkit::{Account, Tool, account, needs_root, ours, same_as_theirs, theirs};

const LINE: &str = "one\n";

/// Both refuse that script in a folder that was prepared, with that text after `multilog: fatal: `.
#[track_caller]
fn refused(prepare: impl Fn(&Place), script: &[&str], text: &str) {
    let Some((ran, _)) = same_after(prepare, script, LINE) else { return };
    ran.exits(111).prints("").errors(format!("multilog: fatal: {text}\n"));
}

#[test]
fn files_for_an_equals_sign_that_cannot_be_made() {
    let create = |file: &str, why: &str| {
        refused(|_| {}, &[&format!("={file}")], &format!("unable to create {file}: {why}"))
    };
    create("", "file does not exist");
    create("none/last", "file does not exist");
    create("/", "is a directory");
    create("/dev/null/last", "not a directory");
    let long = "n".repeat(300);
    create(&long, "file name too long");
    refused(|place| place.folder("last", 0o700), &["=last"], "unable to create last: is a directory");
    refused(|place| place.link("last", "last"), &["=last"], "unable to create last: symbolic link loop");
    refused(|place| fifo(place, "last"), &["=last"], "unable to create last: device not configured");
    // They come before the logs, and in their order.
    refused(|_| {}, &["./main", "=x/a", "=y/b"], "unable to create x/a: file does not exist");
}

fn fifo(place: &Place, name: &str) {
    nix::unistd::mkfifo(&place.file(name), nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
}

#[test]
fn a_file_for_an_equals_sign_that_can_only_be_appended_to() {
    if !needs_root() {
        return;
    }
    let append_only = |program: &Path| {
        let place = Place::new();
        place.write("last", "", 0o600);
        let chattr = |flag: &str| Tool::new(Path::new("chattr")).args([flag, "last"]).dir(place.path()).run();
        let is_set = chattr("+a").end == Ok(0);
        let ran = place.log(program, &["=last"], LINE.as_bytes());
        chattr("-a");
        is_set.then_some(ran)
    };
    match same_as_theirs("multilog", append_only) {
        Some(Some(ran)) => {
            _ = ran.exits(111).errors("multilog: fatal: unable to write last: permission denied\n")
        }
        Some(None) => testkit::skip("files on this filesystem cannot be made append-only"),
        None => {}
    }
}

#[test]
fn folders_that_cannot_be_opened() {
    let open = |prepare: &dyn Fn(&Place), log: &str, why: &str| {
        refused(prepare, &[log], &format!("unable to open directory {log}: {why}"));
    };
    open(&|_| {}, "./none/main", "file does not exist");
    open(&|place| place.write("main", "", 0o644), "./main", "not a directory");
    open(&|place| place.write("main", "", 0o644), "./main/log", "not a directory");
    open(&|place| place.link("main", "none"), "./main", "file does not exist");
    open(&|place| place.link("main", "main"), "./main", "symbolic link loop");
    let long = format!("./{}", "n".repeat(300));
    open(&|_| {}, &long, "file name too long");
    // The logs before it are there by then.
    refused(|_| {}, &["./a", "./b/c", "./d"], "unable to open directory ./b/c: file does not exist");
}

#[test]
fn things_in_a_folder_that_are_not_what_they_should_be() {
    let refused = |prepare: &dyn Fn(&Place), text: &str| refused(prepare, &["./main"], text);
    refused(&|p| p.folder("main/lock", 0o700), "unable to lock directory ./main: is a directory");
    let looped = |name: &'static str| {
        move |place: &Place| {
            place.folder("main", 0o700);
            place.link(&format!("main/{name}"), name);
        }
    };
    refused(&looped("lock"), "unable to lock directory ./main: symbolic link loop");
    refused(&looped("current"), "unable to stat ./main/current: symbolic link loop");
    refused(&looped("processed"), "unable to stat ./main/processed: symbolic link loop");
    refused(&|p| p.folder("main/current", 0o700), "unable to append to ./main/current: is a directory");
    refused(&|p| p.folder("main/state", 0o700), "unable to write to ./main/state: is a directory");
    let elsewhere = |place: &Place| {
        place.folder("main", 0o700);
        place.link("main/current", "none/current");
    };
    refused(&elsewhere, "unable to write to ./main/current: file does not exist");
}

/// As [`same_after`], as an account that the folder's owner is not.
#[track_caller]
fn same_as_account(account: &Account, prepare: impl Fn(&Place), script: &[&str]) -> Option<Seen> {
    same_as_theirs("multilog", |program| {
        let place = Place::new();
        prepare(&place);
        let ran = place.tool(program, script).account(account).input(LINE).run();
        (ran, place.view())
    })
}

#[test]
fn what_an_account_may_not_do() {
    if !needs_root() {
        return;
    }
    let bob = account("upkeep-a");
    let refused = |prepare: &dyn Fn(&Place), script: &[&str], text: &str| {
        let Some((ran, _)) = same_as_account(&bob, prepare, script) else { return };
        ran.exits(111).errors(format!("multilog: fatal: {text}\n"));
    };
    let denied = "access denied";
    refused(&|_| {}, &["./main"], "unable to open directory ./main: file does not exist");
    refused(&|_| {}, &["=last"], &format!("unable to create last: {denied}"));
    refused(&|p| p.write("last", "", 0o644), &["=last"], &format!("unable to create last: {denied}"));
    refused(&|p| p.folder("main", 0o700), &["./main"], &format!("unable to open directory ./main: {denied}"));
    refused(&|p| p.folder("main", 0o744), &["./main"], &format!("unable to open directory ./main: {denied}"));
    refused(&|p| p.folder("main", 0o755), &["./main"], &format!("unable to lock directory ./main: {denied}"));
    let lock = |place: &Place| place.write("main/lock", "", 0o600);
    let open_folder = |place: &Place| place.folder("main", 0o777);
    refused(
        &|p| (lock(p), open_folder(p)).1,
        &["./main"],
        &format!("unable to lock directory ./main: {denied}"),
    );
    // A current that is somebody else's.
    let roots = |mode: u32| {
        move |place: &Place| {
            place.write("main/current", "roots\n", mode);
            open_folder(place);
        }
    };
    refused(&roots(0o744), &["./main"], &format!("unable to append to ./main/current: {denied}"));
    refused(&roots(0o766), &["./main"], "unable to set mode of ./main/current: permission denied");
    // And what it may.
    let bobs = |place: &Place| {
        place.folder("main", 0o700);
        chown(place.file("main"), Some(bob.uid), Some(bob.gid)).unwrap();
    };
    let Some((ran, _)) = same_as_account(&bob, bobs, &["./main"]) else { return };
    ran.exits(0).errors("");
}

#[test]
fn a_starting_folder_that_cannot_be_read() {
    if !needs_root() {
        return;
    }
    let bob = account("upkeep-a");
    let run = |program: &Path| {
        let (place, logs) = (Place::new(), Place::new());
        place.folder(".", 0o711);
        logs.folder("main", 0o700);
        chown(logs.file("main"), Some(bob.uid), Some(bob.gid)).unwrap();
        let log = logs.file("main");
        place.tool(program, &[log.to_str().unwrap()]).account(&bob).input(LINE).run()
    };
    run(&ours("multilog")).exits(0).errors("");
    if let Some(theirs) = theirs("multilog") {
        run(&theirs)
            .exits(111)
            .errors("multilog: fatal: unable to switch to current directory: access denied\n");
    }
}

#[test]
fn a_folder_on_a_filesystem_that_is_read_only() {
    if !needs_root() {
        return;
    }
    let read_only = |program: &Path| {
        let place = Place::new();
        place.folder("main", 0o700);
        let command = "mount --bind main main && mount -o remount,bind,ro main && exec \"$@\"";
        let tool = place.tool(Path::new("unshare"), &["-m", "sh", "-c", command, "sh"]);
        tool.arg(program).args(["./main"]).input(LINE).run()
    };
    let Some(ran) = same_as_theirs("multilog", read_only) else { return };
    ran.exits(111).errors("multilog: fatal: unable to lock directory ./main: read-only file system\n");
}

#[test]
fn names_in_messages_are_shown_so_that_no_terminal_obeys_them() {
    let run = |program: &Path| Place::new().log(program, &["./\x1b[2J/a\n"], b"");
    run(&ours("multilog"))
        .exits(111)
        .errors("multilog: fatal: unable to open directory ./\\x1b[2J/a\\x0a: file does not exist\n");
    if let Some(theirs) = theirs("multilog") {
        run(&theirs)
            .exits(111)
            .errors("multilog: fatal: unable to open directory ./\x1b[2J/a\n: file does not exist\n");
    }
}
