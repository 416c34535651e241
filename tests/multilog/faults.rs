//! System calls that fail, each in turn: multilog waits, tries again, goes on by itself, and has lost nothing.

use super::killed::{Call, calls_of_rotations, has_strace, numbered_lines};
use super::logger::{Logger, Pipe};
use super::place::Place;
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::{ours, theirs};

/// Names of calls that have to do with files, and the errors of a disk.
const CALLS: [&str; 9] =
    ["write", "pwrite", "fsync", "fdatasync", "rename", "open", "fchmod", "link", "unlink"];
const ERRORS: [&str; 5] = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "ENOMEM"];

/// A logger on whose calls of that name an error is injected, and its pipe with lines in it. Writes are those to
/// `current`: it still has a stderr.
fn with_error(
    program: &Path,
    script: &[&str],
    calls: &str,
    error: &str,
    when: &str,
) -> (Logger, Place, Pipe) {
    let (place, pipe) = (Place::new(), Pipe::new());
    pipe.write(numbered_lines());
    let [trace, inject] = [format!("trace={calls}"), format!("inject={calls}:error={error}:when={when}")];
    let current = place.file("main/current");
    let mut options = vec!["-o", "/dev/null", "-e", &trace, "-e", &inject];
    if calls.starts_with("write") {
        options.extend(["-P", current.to_str().unwrap()]);
    }
    let logger = Logger::traced(&options, program, &place, script, pipe.reader());
    (logger, place, pipe)
}

/// Every one fails once, all loggers at the same time: each pauses.
#[track_caller]
fn each_call_fails_once(script: &[&str]) {
    if !has_strace() {
        return;
    }
    let program = ours("multilog");
    let calls = calls_of_rotations(&program, script);
    let calls: Vec<&Call> =
        calls.iter().filter(|call| CALLS.iter().any(|name| call.name.starts_with(name))).collect();
    assert!(calls.len() > 10, "{calls:?}");
    let mut started = Vec::new();
    for (call, error) in calls.iter().zip(ERRORS.iter().cycle()) {
        started.push((
            call,
            error,
            with_error(&program, script, &call.name, error, &call.number.to_string()),
        ));
    }
    let mut faults = String::new();
    for (call, error, (mut logger, place, pipe)) in started {
        drop(pipe);
        let end = logger.wait();
        if end != Ok(0) || place.all("main") != numbered_lines() {
            let bytes = place.all("main").len();
            faults += &format!("{error} of {}: {end:?}, {bytes} bytes: {}", call.shown, logger.errors());
        }
        let left =
            ["previous", "processed", "newstate"].iter().find(|name| place.file("main").join(name).exists());
        if let Some(left) = left {
            faults += &format!("{error} of {}: {left} is left\n", call.shown);
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn each_call_of_a_rotation_fails_once_and_nothing_is_lost() {
    each_call_fails_once(&["s4096", "n20", "./main"]);
}

#[test]
fn each_call_of_a_rotation_with_a_processor_fails_once_and_nothing_is_lost() {
    each_call_fails_once(&["s4096", "n20", "!cat; cat <&4 >&5; echo x >&5", "./main"]);
}

/// While calls fail for ever: TERM ends it, and the next one has all the lines.
#[track_caller]
fn term_while_calls_fail(calls: &str, error: &str, when: &str, text: &str) {
    if !has_strace() {
        return;
    }
    let script = ["s4096", "n20", "./main"];
    let (mut logger, place, pipe) = with_error(&ours("multilog"), &script, calls, error, when);
    logger.wait_for_errors(text);
    assert_eq!(logger.errors().lines().count(), 1, "{}", logger.errors());
    logger.signal(Signal::SIGTERM);
    assert!(logger.wait().is_ok(), "{}", logger.errors());
    let mut logger = Logger::start(&ours("multilog"), &place, &script, pipe.reader());
    pipe.write("the last one\n");
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    assert!(place.all("main") == numbered_lines() + "the last one\n", "{calls}: {}", place.all("main"));
}

#[test]
fn term_is_obeyed_when_the_quota_is_used_up() {
    term_while_calls_fail(
        "write,writev",
        "EDQUOT",
        "1+",
        "unable to write to ./main/current, pausing: disk quota exceeded\n",
    );
    term_while_calls_fail(
        "write,writev",
        "EDQUOT",
        "3+",
        "unable to write to ./main/current, pausing: disk quota exceeded\n",
    );
}

#[test]
fn term_is_obeyed_when_the_disk_has_errors() {
    term_while_calls_fail(
        "write,writev",
        "EIO",
        "2+",
        "unable to write to ./main/current, pausing: input/output error\n",
    );
    term_while_calls_fail(
        "fsync,fdatasync",
        "EIO",
        "1+",
        "unable to write ./main/current to disk, pausing: input/output error\n",
    );
    term_while_calls_fail(
        "fsync,fdatasync",
        "EIO",
        "2+",
        "unable to write ./main/current to disk, pausing: input/output error\n",
    );
}

#[test]
fn term_is_obeyed_when_the_filesystem_has_become_read_only() {
    let rename = "rename,renameat,renameat2";
    let text = "unable to rename current to previous in directory ./main, pausing: read-only file system\n";
    term_while_calls_fail(rename, "EROFS", "1+", text);
    term_while_calls_fail(rename, "EROFS", "2+", text);
    term_while_calls_fail(
        "write,writev",
        "EROFS",
        "2+",
        "unable to write to ./main/current, pausing: read-only file system\n",
    );
    term_while_calls_fail("unlink,unlinkat", "EROFS", "3+", "pausing: read-only file system\n");
}

#[test]
fn a_reason_is_said_once_while_it_lasts_and_again_when_it_comes_again() {
    if !has_strace() {
        return;
    }
    let script = ["s4096", "n20", "./main"];
    let (mut logger, place, pipe) = with_error(&ours("multilog"), &script, "fsync,fdatasync", "EIO", "1..2");
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0));
    let text = "multilog: warning: unable to write ./main/current to disk, pausing: input/output error\n";
    assert_eq!(logger.errors(), text);
    assert_eq!(place.all("main"), numbered_lines());
}

#[test]
fn theirs_does_not_obey_term_while_the_disk_has_errors() {
    let Some(theirs) = theirs("multilog") else { return };
    if !has_strace() {
        return;
    }
    let (logger, _place, _pipe) = with_error(&theirs, &["s4096", "./main"], "fsync", "EIO", "1+");
    let text = "multilog: warning: unable to write ./main/current to disk, pausing: input/output error\n";
    logger.wait_for_errors(text);
    logger.signal(Signal::SIGTERM);
    // Five seconds later it is there still.
    logger.wait_for_errors(&text.repeat(2));
}
