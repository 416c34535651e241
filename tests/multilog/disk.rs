//! A disk that is full, in earnest: small filesystems in memory, and limits to the size of a file. By default nothing is
//! lost: multilog stops reading, obeys TERM, and goes on by itself when there is room again.

use super::logger::{Logger, Pipe, wait_for};
use super::place::Place;
use nix::sys::signal::Signal;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use testkit::{Tool, needs_root, ours, process, theirs};

/// A small filesystem of its own, in which the logs are `disk/main` and the like.
pub(super) struct Disk {
    pub(super) place: Place,
}

impl Disk {
    /// One with these mount options, such as `size=64k`; only root can make it.
    #[track_caller]
    pub(super) fn new(options: &str) -> Option<Self> {
        if !needs_root() {
            return None;
        }
        let place = Place::new();
        place.folder("disk", 0o755);
        let call = ["-t", "tmpfs", "-o", options, "upkeep-test", "disk"];
        Tool::new(Path::new("mount")).args(call).dir(place.path()).run().exits(0).errors("");
        Some(Self { place })
    }

    /// Takes all the room but that many blocks of 4096 bytes.
    pub(super) fn fill(&self, but: usize) {
        let mut filler = File::create(self.place.file("disk/filler")).unwrap();
        let mut blocks: u64 = 0;
        while filler.write_all(&[0; 4096]).is_ok() {
            blocks += 1;
        }
        filler.set_len(blocks.saturating_sub(but as u64) * 4096).unwrap();
    }

    /// Makes room again.
    pub(super) fn make_room(&self) {
        fs::remove_file(self.place.file("disk/filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a logger of a test that failed may still be in it.
        let _ = Tool::new(Path::new("umount")).args(["-l", "disk"]).dir(self.place.path()).run();
    }
}

const LOG: &str = "disk/main";
const SCRIPT: [&str; 3] = ["s8192", "n100", "./disk/main"];
const FULL: &str = "pausing: out of disk space\n";

/// About 50,000 bytes.
fn lines() -> String {
    (0..2500).map(|number| format!("the line {number}\n")).collect()
}

#[test]
fn a_full_disk_loses_nothing_and_it_goes_on_when_there_is_room() {
    for room in [0, 3] {
        let Some(disk) = Disk::new("size=160k") else { return };
        disk.fill(room);
        let pipe = Pipe::new();
        pipe.write(lines());
        let mut logger = Logger::start(&ours("multilog"), &disk.place, &SCRIPT, pipe.reader());
        logger.wait_for_errors(FULL);
        assert!(!disk.place.all(LOG).contains("line 2499"));
        disk.make_room();
        wait_for("all is written", &disk.place, LOG, || disk.place.all(LOG) == lines());
        pipe.write("more\n");
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        assert!(disk.place.all(LOG) == lines() + "more\n", "with room {room}");
        let text = logger.errors();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.starts_with("multilog: warning: unable to ./disk/main") || text.contains("./disk/main"),
            "{text}"
        );
    }
}

#[test]
fn term_is_obeyed_while_a_disk_is_full_and_the_next_one_has_all_lines() {
    for room in [0, 1, 2, 3, 5] {
        let Some(disk) = Disk::new("size=160k") else { return };
        disk.fill(room);
        let pipe = Pipe::new();
        pipe.write(lines());
        for _ in 0..2 {
            let mut logger = Logger::start(&ours("multilog"), &disk.place, &SCRIPT, pipe.reader());
            logger.wait_for_errors(FULL);
            logger.signal(Signal::SIGTERM);
            assert!(logger.wait().is_ok(), "{}", logger.errors());
        }
        disk.make_room();
        let mut logger = Logger::start(&ours("multilog"), &disk.place, &SCRIPT, pipe.reader());
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        assert!(disk.place.all(LOG) == lines(), "with room {room}: {}", disk.place.all(LOG).len());
        assert_eq!(logger.errors(), "");
    }
}

#[test]
fn a_disk_without_room_for_another_name_loses_nothing() {
    // The log, its lock, state, current and previous, and an old name; then it is at its end.
    for inodes in 6..12 {
        let Some(disk) = Disk::new(&format!("nr_inodes={inodes}")) else { return };
        disk.place.log(&ours("multilog"), &SCRIPT, b"first\n").exits(0).errors("");
        for number in 0..20 {
            if File::create(disk.place.file(&format!("disk/filler{number}"))).is_err() {
                break;
            }
        }
        let pipe = Pipe::new();
        pipe.write(lines());
        let mut logger = Logger::start(&ours("multilog"), &disk.place, &SCRIPT, pipe.reader());
        logger.wait_for_errors(FULL);
        let is_stopped = inodes % 2 == 0;
        if is_stopped {
            logger.signal(Signal::SIGTERM);
            assert!(logger.wait().is_ok(), "{}", logger.errors());
        }
        Tool::new(Path::new("mount"))
            .args(["-o", "remount,nr_inodes=100", "disk"])
            .dir(disk.place.path())
            .run()
            .exits(0);
        if is_stopped {
            logger = Logger::start(&ours("multilog"), &disk.place, &SCRIPT, pipe.reader());
        }
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        assert!(disk.place.all(LOG) == "first\n".to_owned() + &lines(), "{}", disk.place.all(LOG));
    }
}

#[test]
fn one_full_disk_holds_the_other_log_back_and_nothing_is_there_twice() {
    let Some(disk) = Disk::new("size=160k") else { return };
    disk.fill(3);
    let pipe = Pipe::new();
    pipe.write(lines());
    let script = ["s8192", "n100", "./other", "./disk/main", "-*7", "./third"];
    let mut logger = Logger::start(&ours("multilog"), &disk.place, &script, pipe.reader());
    logger.wait_for_errors(FULL);
    logger.signal(Signal::SIGTERM);
    assert!(logger.wait().is_ok(), "{}", logger.errors());
    disk.make_room();
    let mut logger = Logger::start(&ours("multilog"), &disk.place, &script, pipe.reader());
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    assert!(disk.place.all(LOG) == lines(), "{}", disk.place.all(LOG));
    assert!(disk.place.all("other") == lines(), "{}", disk.place.all("other"));
    // The star of a pattern ends at the first 7.
    let first_at_end = |line: &&str| line.find('7') != Some(line.len() - 1);
    let third: String = lines().lines().filter(first_at_end).map(|line| format!("{line}\n")).collect();
    assert!(disk.place.all("third") == third);
}

/// A logger that the system lets write files of that size only.
fn limited(program: &Path, place: &Place, limit: usize, pipe: &Pipe) -> Logger {
    let mut command = Command::new("prlimit");
    command.arg(format!("--fsize={limit}:")).arg("--").arg(program).args(["s100000", "n1000", "./main"]);
    Logger::command(command, place, pipe.reader())
}

#[test]
fn a_limit_to_the_size_of_files_makes_files_smaller() {
    for limit in [300, 5000, 8192, 20_000] {
        let (place, pipe) = (Place::new(), Pipe::new());
        pipe.write(lines());
        let mut logger = limited(&ours("multilog"), &place, limit, &pipe);
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        assert!(place.all("main") == lines(), "{limit}: {}", place.all("main").len());
    }
}

#[test]
fn a_limit_that_lets_nothing_be_written_loses_nothing() {
    for is_lifted in [false, true] {
        let (place, pipe) = (Place::new(), Pipe::new());
        pipe.write(lines());
        // Its stderr is a file as well, so it cannot say anything either.
        let mut logger = limited(&ours("multilog"), &place, 0, &pipe);
        wait_for("it waits", &place, "main", || {
            place.file("main/current").exists() && process::state(logger.pid()) == Some('S')
        });
        if is_lifted {
            let pid = logger.pid().to_string();
            Tool::new(Path::new("prlimit")).args(["--fsize=unlimited:", "--pid", &pid]).run().exits(0);
        } else {
            logger.signal(Signal::SIGTERM);
            assert!(logger.wait().is_ok());
            logger = Logger::start(&ours("multilog"), &place, &["n1000", "./main"], pipe.reader());
        }
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        assert!(place.all("main") == lines(), "{}", place.all("main").len());
    }
}

#[test]
fn theirs_is_killed_by_a_limit_to_the_size_of_files() {
    let Some(theirs) = theirs("multilog") else { return };
    let (place, pipe) = (Place::new(), Pipe::new());
    pipe.write(lines());
    let mut logger = limited(&theirs, &place, 5000, &pipe);
    assert_eq!(logger.wait(), Err(Signal::SIGXFSZ as i32));
}
