//! Killed at each system call in turn, from the first rotation to the last, and started again on the same pipe: every line
//! is there once, in order. Theirs loses what it has read and not written.

use super::logger::{Logger, Pipe, soon, wait_for};
use super::place::{Place, from_file};
use nix::sys::signal::Signal;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use testkit::{ours, process, skip, theirs, wait_until};

/// A system call of a run: the how manieth of that name it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) number: usize,
    /// With its arguments and result.
    pub(super) shown: String,
}

/// Two files full, and something more.
pub(super) fn numbered_lines() -> String {
    (0..700).map(|number| format!("line {number}\n")).collect()
}

pub(super) fn has_strace() -> bool {
    let found = Path::new("/usr/bin/strace").exists();
    if !found {
        skip("it needs strace");
    }
    found
}

/// The system calls in a trace of strace.
pub(super) fn calls_in(trace: &str) -> Vec<Call> {
    let mut numbers = HashMap::new();
    let calls = trace.lines().filter_map(|line| {
        let name = line.split_once('(')?.0;
        let number = numbers.entry(name.to_owned()).and_modify(|number| *number += 1).or_insert(1);
        Some(Call { name: name.to_owned(), number: *number, shown: line.to_owned() })
    });
    calls.collect()
}

/// The system calls that a logger makes with these lines in its pipe, from its first rotation to the end of its last.
pub(super) fn calls_of_rotations(program: &Path, script: &[&str]) -> Vec<Call> {
    let (place, pipe, traces) = (Place::new(), Pipe::new(), Place::new());
    let trace = traces.file("trace");
    pipe.write(numbered_lines());
    let options = ["-o", trace.to_str().unwrap()];
    let mut logger = Logger::traced(&options, program, &place, script, pipe.reader());
    wait_for("all is written", &place, "main", || pipe.is_empty() && place.all("main") == numbered_lines());
    logger.signal(Signal::SIGTERM);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    let mut calls = calls_in(&whole_trace(&traces));
    let is_of = |call: &Call, names: &[&str]| names.iter().any(|name| call.name.starts_with(name));
    // It begins by making sure that what is written is on disk, and ends with the removal of a name.
    let start =
        calls.iter().position(|call| is_of(call, &["fsync", "fdatasync", "rename"])).expect("a rotation");
    let end = calls.iter().rposition(|call| is_of(call, &["unlink", "link", "rename"])).expect("its end");
    calls.truncate(end + 2);
    calls.split_off(start)
}

/// The trace in that place, once strace has written all of it.
pub(super) fn whole_trace(traces: &Place) -> String {
    let is_whole = || Some(traces.read("trace")).filter(|trace| trace.contains("exit_group("));
    wait_until("the trace is whole", &[traces.path()], is_whole)
}

/// What is left after a kill at that call, then after another run.
struct Outcome {
    names_after_kill: Vec<String>,
    names: Vec<String>,
    all: String,
}

/// Runs a logger that is killed when it makes that call.
pub(super) fn kill_at(program: &Path, place: &Place, script: &[&str], input: File, call: &Call) {
    let inject = format!("inject={}:signal=KILL:when={}", call.name, call.number);
    let options = ["-o", "/dev/null", "-e", &format!("trace={}", call.name), "-e", &inject];
    let mut logger = Logger::traced(&options, program, place, script, input);
    assert_eq!(logger.wait(), Err(9), "at {}", call.shown);
    wait_until_nobody_is_in(place);
}

fn killed_at(program: &Path, script: &[&str], call: &Call) -> Outcome {
    let (place, pipe) = (Place::new(), Pipe::new());
    pipe.write(numbered_lines());
    kill_at(program, &place, script, pipe.reader(), call);
    let names_after_kill = place.names("main");
    let mut logger = Logger::start(program, &place, script, pipe.reader());
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{} after {}", logger.errors(), call.shown);
    Outcome { names_after_kill, names: place.names("main"), all: place.all("main") }
}

/// A processor outlives the multilog that started it.
fn wait_until_nobody_is_in(place: &Place) {
    let is_in = |pid: &u32| process::folder(*pid).is_some_and(|folder| folder.starts_with(place.path()));
    soon("nobody is there", || !process::all().iter().any(is_in));
}

#[track_caller]
fn nothing_is_lost_or_doubled(script: &[&str]) {
    if !has_strace() {
        return;
    }
    let program = ours("multilog");
    let mut faults = String::new();
    let calls = calls_of_rotations(&program, script);
    for call in &calls {
        let Outcome { names_after_kill, names, all } = killed_at(&program, script, call);
        let known = |name: &String| {
            ["current", "lock", "state", "previous", "processed", "newstate"].contains(&name.as_str())
                || (name.starts_with('@')
                    && (name.ends_with(".s") || name.ends_with(".u"))
                    && name.len() == 27)
        };
        let left = |name: &String| ["previous", "processed", "newstate"].contains(&name.as_str());
        let (lost, doubled) = lost_and_doubled(&all, &numbered_lines());
        if all != numbered_lines() {
            faults += &format!("{}: {lost} lines lost, {doubled} doubled\n", call.shown);
        }
        if !names_after_kill.iter().all(known) || !names.iter().all(known) || names.iter().any(left) {
            faults += &format!("{}: {names_after_kill:?}, {names:?}\n", call.shown);
        }
    }
    assert!(faults.is_empty(), "of {} calls, killed at these:\n{faults}", calls.len());
    assert!(calls.len() > 3, "{calls:?}");
}

/// How many lines are not there, and how many are there more than once.
pub(super) fn lost_and_doubled(all: &str, expected: &str) -> (usize, usize) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for line in all.lines() {
        *counts.entry(line).or_default() += 1;
    }
    let lost = expected.lines().filter(|line| !counts.contains_key(line)).count();
    (lost, counts.values().filter(|count| **count > 1).count())
}

#[test]
fn a_kill_at_any_call_of_a_rotation_or_between_loses_and_doubles_nothing() {
    nothing_is_lost_or_doubled(&["s4096", "n20", "./main"]);
}

#[test]
fn a_kill_at_any_call_of_a_rotation_with_a_processor_loses_and_doubles_nothing() {
    let script = ["s4096", "n20", "!cat; cat <&4 >&5; echo x >&5", "./main"];
    nothing_is_lost_or_doubled(&script);
}

#[test]
fn theirs_loses_lines_when_it_is_killed_in_a_rotation() {
    let Some(theirs) = theirs("multilog") else { return };
    if !has_strace() {
        return;
    }
    let script = ["s4096", "n20", "./main"];
    let calls = calls_of_rotations(&theirs, &script);
    let call = calls.iter().find(|call| call.name.starts_with("rename")).unwrap();
    let outcome = killed_at(&theirs, &script, call);
    assert_ne!(outcome.all, numbered_lines());
}

#[test]
fn what_a_kill_leaves_theirs_and_ours_put_in_order_alike() {
    // Either may be exchanged for the other after a crash.
    let Some(theirs) = theirs("multilog") else { return };
    if !has_strace() {
        return;
    }
    let script = ["s4096", "n20", "./main"];
    let calls = calls_of_rotations(&ours("multilog"), &script);
    for call in calls.iter().filter(|call| call.name.contains("link") || call.name.contains("rename")) {
        let views = [&theirs, &ours("multilog")].map(|second| {
            let (place, pipe) = (Place::new(), Pipe::new());
            pipe.write(numbered_lines());
            kill_at(&ours("multilog"), &place, &script, pipe.reader(), call);
            let ran = place.log(second, &script, b"");
            (ran, place.view())
        });
        assert_eq!(views[0], views[1], "left theirs, right ours, after {}", call.shown);
    }
}

#[test]
fn a_kill_at_any_call_of_a_recovery_or_of_a_clean_end_loses_and_doubles_nothing() {
    if !has_strace() {
        return;
    }
    let program = ours("multilog");
    for leftovers in
        [&[("previous", 0o744), ("current", 0o644)][..], &[("processed", 0o744), ("current", 0o644)]]
    {
        let prepare = || {
            let place = Place::new();
            for (name, mode) in leftovers {
                place.write(&format!("main/{name}"), format!("{name}\n"), *mode);
            }
            place
        };
        let (place, traces) = (prepare(), Place::new());
        let trace = traces.file("trace");
        let options = ["-o", trace.to_str().unwrap()];
        assert_eq!(
            Logger::traced(&options, &program, &place, &["./main"], from_file(b"last\n")).wait(),
            Ok(0)
        );
        let calls = calls_in(&whole_trace(&traces));
        let locked = calls.iter().position(|call| call.name == "flock").expect("a lock");
        let calls: Vec<&Call> = calls[locked..].iter().filter(|call| call.name != "exit_group").collect();
        for call in &calls {
            let place = prepare();
            kill_at(&program, &place, &["./main"], from_file(b"last\n"), call);
            let is_written = place.all("main").ends_with("last\n");
            let rest: &[u8] = if is_written { b"" } else { b"last\n" };
            place.log(&program, &["./main"], rest).exits(0).errors("");
            let expected = format!("{}\ncurrent\nlast\n", leftovers[0].0);
            assert_eq!(place.all("main"), expected, "after {}", call.shown);
        }
        assert!(calls.len() > 15, "{calls:?}");
    }
}
