//! Logs side by side: each has its own selection and its own limits, and no two loggers write into one.

use super::logger::{Logger, Pipe, wait_for_current};
use super::place::{Entry, Place, content, entry, same, same_after};
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use testkit::{ours, same_as_theirs};

const LINES: &str = "one\ntwo\nthree\nfour\n";

#[test]
fn a_new_log_has_a_lock_a_state_and_a_current() {
    for script in [&["./main"][..], &["./main/"], &["./main/."], &["./main//../main"]] {
        same(script, LINES);
    }
    let Some((ran, seen)) = same(&["./main"], LINES) else { return };
    ran.exits(0).errors("").prints("");
    let files: Vec<_> = seen.iter().map(|file| (file.name.as_str(), file.mode, file.content.len())).collect();
    let expected = [
        ("main", 0o40_700, 0),
        ("main/current", 0o100_744, LINES.len()),
        ("main/lock", 0o100_600, 0),
        ("main/state", 0o100_644, 0),
    ];
    assert_eq!(files, expected);
}

#[test]
fn the_umask_of_the_caller_does_not_matter() {
    let modes = |program: &std::path::Path| {
        ["000", "077", "777"].map(|umask| {
            let place = Place::new();
            let command = format!("umask {umask}; exec \"$0\" \"$@\"");
            let script = ["s4096", "!cat; umask >&5", "./main", "=last"];
            let tool = place.tool(std::path::Path::new("/bin/sh"), &["-c", &command]);
            let ran = tool.arg(program).args(script).input("0123456789\n".repeat(500)).run();
            (ran, place.view())
        })
    };
    let Some(seen) = same_as_theirs("multilog", modes) else { return };
    for (_, seen) in &seen {
        assert_eq!(content(seen, "main/state"), "0022\n");
    }
}

#[test]
fn each_log_has_the_selection_and_the_limits_before_it() {
    let input: String =
        (0..3000).map(|n| format!("line {n}{}\n", if n % 3 == 0 { " odd" } else { "" })).collect();
    let script = [
        "./all", "s5000", "-*odd", "./even", "n3", "-*", "+*odd", "./odd", "s9000", "n2", "+*", "./more",
        "-*", "./none", "s4096",
    ];
    same(&script, &input);
    let Some((_, seen)) = same(&script, &input) else { return };
    let sizes = |log: &str| -> Vec<usize> {
        let old = |file: &&Entry| file.name.starts_with(&format!("{log}/@"));
        seen.iter().filter(old).map(|file| file.content.len()).collect()
    };
    assert_eq!(content(&seen, "all/current").len(), input.len());
    // In the last 2000 bytes, the next end of a line is the end of the file.
    assert!(sizes("even").iter().all(|size| (3000..=5000).contains(size)) && !sizes("even").is_empty());
    assert_eq!((sizes("odd").len(), sizes("more").len()), (2, 1));
    assert_eq!(content(&seen, "none/current"), "");
}

#[test]
fn a_log_may_be_anywhere() {
    let prepare = |place: &Place| {
        place.folder("a/b", 0o755);
        place.folder("public", 0o777);
        place.link("link", "a/b");
        place.link("dangling", "nowhere");
    };
    for log in
        ["./a/b", "./a/b/c", "./link", "./link/../d", "./public", "../", "./.", ".", ".hidden", "..", "./-x"]
    {
        // In a folder below, so that `..` is within what is looked at.
        let seen = same_as_theirs("multilog", |program| {
            let place = Place::new();
            place.folder("here", 0o755);
            let here = Place::new();
            prepare(&here);
            let tool = here.tool(program, &[log]).input(LINES);
            let ran = if log.starts_with("..") { tool.dir(&place.file("here")).run() } else { tool.run() };
            (ran, place.view(), here.view())
        });
        if let Some((ran, ..)) = seen {
            assert_eq!(ran.end, Ok(0), "{log}");
        }
    }
    let absolute = Place::new();
    let log = absolute.file("main");
    let Some(_) = same(&[log.to_str().unwrap()], LINES) else { return };
    assert_eq!(absolute.read("main/current"), LINES.repeat(2));
    // An existing folder keeps its mode.
    let Some((_, seen)) = same_after(prepare, &["./public"], LINES) else { return };
    assert_eq!(entry(&seen, "public").mode, 0o40_777);
}

#[test]
fn a_log_is_locked_while_it_is_written() {
    let lock_is_busy = |program: &std::path::Path| {
        let place = Place::new();
        let pipe = Pipe::new();
        let mut first = Logger::start(program, &place, &["./main"], pipe.reader());
        pipe.write("one\n");
        wait_for_current(&place, "main", "one\n");
        let second = place.log(program, &["./main"], b"two\n");
        let nested = place.log(program, &["./other", "./main"], b"three\n");
        drop(pipe);
        let end = first.wait();
        let third = place.log(program, &["./main"], b"four\n");
        (second, nested, end, first.errors(), third, place.view())
    };
    let Some((second, nested, _, _, _, seen)) = same_as_theirs("multilog", lock_is_busy) else { return };
    let busy = "multilog: fatal: unable to lock directory ./main: temporary failure\n";
    second.exits(111).errors(busy);
    nested.exits(111).errors(busy);
    assert_eq!(content(&seen, "main/current"), "one\nfour\n");
}

#[test]
fn one_log_twice_in_a_script_is_refused() {
    for script in [&["./main", "./main"][..], &["./main", "-*", "./main/."], &["./link", "./main"]] {
        let prepare = |place: &Place| {
            place.folder("main", 0o700);
            place.link("link", "main");
        };
        let Some((ran, _)) = same_after(prepare, script, LINES) else { return };
        let last = script.last().unwrap();
        let text = format!("multilog: fatal: unable to lock directory {last}: temporary failure\n");
        ran.exits(111).errors(text);
    }
}

#[test]
fn the_lock_is_the_one_that_setlock_takes() {
    let place = Place::new();
    place.write("main/lock", "", 0o600);
    let lock = File::open(place.file("main/lock")).unwrap();
    let held = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error).unwrap();
    let ran = place.log(&ours("multilog"), &["./main"], b"one\n");
    ran.exits(111).errors("multilog: fatal: unable to lock directory ./main: temporary failure\n");
    drop(held);
    place.log(&ours("multilog"), &["./main"], b"one\n").exits(0).errors("");
}
