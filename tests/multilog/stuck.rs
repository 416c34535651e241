//! Things in a log's folder that no logger made, where its own files should be: it waits until somebody has removed them,
//! or takes them for what they are.

use super::logger::{Logger, Pipe};
use super::place::{Entry, Place, from_file, same_after};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs;
use std::path::Path;
use testkit::{ours, theirs};

const SCRIPT: [&str; 3] = ["s4096", "n2", "./main"];

fn lines() -> String {
    (0..600).map(|number| format!("line {number}\n")).collect()
}

/// Folders with these names and modes, and a clean `current` if there is one to be.
const FOLDERS: [(&str, u32, bool); 6] = [
    ("main/@400000005000000000000000.s", 0o755, true),
    ("main/@400000005000000000000000.s", 0o755, false),
    ("main/previous", 0o755, false),
    ("main/previous", 0o700, true),
    ("main/processed", 0o755, false),
    ("main/current", 0o644, false),
];

fn prepare((name, mode, is_clean): (&str, u32, bool)) -> Place {
    let place = Place::new();
    if is_clean {
        place.write("main/current", "before\n", 0o744);
    }
    place.folder(name, mode);
    place
}

/// The first line that a logger says of it.
fn first_warning(program: &Path, folder: (&str, u32, bool)) -> String {
    let place = prepare(folder);
    let logger = Logger::start(program, &place, &SCRIPT, from_file(lines().as_bytes()));
    logger.wait_for_errors("\n");
    logger.errors().lines().next().unwrap().to_owned()
}

#[test]
fn a_folder_in_the_place_of_a_file_is_told_as_theirs_tells_it() {
    for folder in FOLDERS {
        let warning = first_warning(&ours("multilog"), folder);
        assert!(
            warning.starts_with("multilog: warning: unable to ")
                && warning.ends_with(", pausing: is a directory")
        );
        if let Some(theirs) = theirs("multilog") {
            assert_eq!(warning, first_warning(&theirs, folder), "left ours, right theirs");
        }
    }
}

#[test]
fn term_is_obeyed_meanwhile_and_when_the_folder_is_gone_it_goes_on() {
    for folder in FOLDERS.into_iter().filter(|(name, ..)| !name.contains('@')) {
        let place = prepare(folder);
        let pipe = Pipe::new();
        pipe.write(lines());
        let mut logger = Logger::start(&ours("multilog"), &place, &["s4096", "./main"], pipe.reader());
        logger.wait_for_errors("is a directory\n");
        logger.signal(Signal::SIGTERM);
        assert!(logger.wait().is_ok(), "{}", logger.errors());
        let mut logger = Logger::start(&ours("multilog"), &place, &["s4096", "./main"], pipe.reader());
        logger.wait_for_errors("is a directory\n");
        fs::remove_dir(place.file(folder.0)).unwrap();
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        let before = if folder.2 { "before\n" } else { "" };
        assert_eq!(place.all("main"), before.to_owned() + &lines(), "{folder:?}");
    }
}

#[test]
fn a_folder_that_is_in_nobodys_way_is_left_there() {
    for folder in ["main/processed", "main/newstate", "main/previous"] {
        let prepare = |place: &Place| {
            place.folder(folder, 0o644);
            if folder == "main/previous" {
                place.write("main/processed", "processed\n", 0o744);
            }
        };
        same_after(prepare, &["./main"], lines());
    }
}

#[test]
fn pipes_and_links_in_the_place_of_files_are_as_to_theirs() {
    let fifo = |place: &Place, name: &str, mode: u32| {
        place.folder("main", 0o700);
        mkfifo(&place.file(name), Mode::from_bits_truncate(mode)).unwrap();
    };
    let link = |place: &Place, name: &str, target: &str| {
        place.folder("main", 0o700);
        place.write("elsewhere", "elsewhere\n", 0o644);
        place.link(name, target);
    };
    let same = |prepare: &dyn Fn(&Place)| {
        let Some((_, mut seen)) = same_after(prepare, &SCRIPT, lines()) else { return Vec::new() };
        seen.retain(|entry| entry.name == "elsewhere");
        seen
    };
    for name in ["main/current", "main/previous", "main/processed", "main/state", "main/newstate"] {
        for mode in [0o644, 0o744] {
            same(&|place| fifo(place, name, mode));
        }
        for target in ["../elsewhere", "nowhere", "/dev/null", "current"] {
            let seen: Vec<Entry> = same(&|place| link(place, name, target));
            // What a link leads to keeps what it had.
            assert!(
                seen.iter().all(|entry| entry.content.starts_with(b"elsewhere\n")),
                "{name} {target} {seen:?}"
            );
        }
    }
}

#[test]
fn a_stderr_whose_reader_is_gone_is_no_reason_to_end() {
    let run = |program: &Path| {
        let place = Place::new();
        let (reader, writer) = nix::unistd::pipe().unwrap();
        drop(reader);
        let mut tool = place.tool(program, &["e", "./main"]);
        tool.command().stdin(from_file(lines().as_bytes())).stderr(writer);
        (tool.run().end, place.read("main/current"))
    };
    assert_eq!(run(&ours("multilog")), (Ok(0), lines()));
    if let Some(theirs) = theirs("multilog") {
        assert_eq!(run(&theirs), (Err(Signal::SIGPIPE as i32), String::new()));
    }
}

#[test]
fn a_status_file_that_cannot_be_written_holds_nothing_up() {
    const SCRIPT: [&str; 2] = ["=/dev/full", "./main"];
    let (place, pipe) = (Place::new(), Pipe::new());
    let mut logger = Logger::start(&ours("multilog"), &place, &SCRIPT, pipe.reader());
    for line in ["one\n", "two\n", "three\n"] {
        pipe.write(line);
        pipe.wait_until_taken();
    }
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0));
    assert_eq!(logger.errors(), "multilog: warning: unable to write /dev/full: out of disk space\n", "once");
    assert_eq!(place.read("main/current"), "one\ntwo\nthree\n");
    if let Some(theirs) = theirs("multilog") {
        let place = Place::new();
        let logger = Logger::start(&theirs, &place, &SCRIPT, from_file(b"one\ntwo\n"));
        logger.wait_for_errors("unable to write /dev/full, pausing: out of disk space\n");
        assert_eq!(place.read("main/current"), "");
    }
}
