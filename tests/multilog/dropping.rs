//! With `d`, a full disk does not stop the service: the oldest lines that wait are dropped, and a line in the log says how
//! many they were.

use super::disk::Disk;
use super::logger::{Logger, Pipe, wait_for};
use super::place::Place;
use nix::sys::signal::Signal;
use std::io::Write;
use testkit::{DEADLINE, ours};

const LOG: &str = "disk/main";

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("the line {number}\n")).collect()
}

/// Writes more than any pipe holds, as a service does; it must not have to wait for the disk.
#[track_caller]
fn a_service_writes(pipe: &Pipe, text: String) {
    let mut writer = pipe.writer();
    let (done, written) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(writer.write_all(text.as_bytes())));
    written.recv_timeout(DEADLINE).expect("the service can write").expect("written");
}

/// The numbers of the lines that are there, in order, and how many the notes say were dropped, with their bytes.
#[track_caller]
fn account(all: &str, stamp: usize) -> (Vec<usize>, usize, usize) {
    let (mut there, mut dropped, mut bytes) = (Vec::new(), 0, 0);
    for line in all.lines() {
        let line = &line[stamp..];
        if let Some(note) = line.strip_prefix("multilog: dropped ") {
            // dropped N lines, M bytes: REASON
            let (lines, rest) = note.split_once(" lines, ").expect(line);
            let (count, reason) = rest.split_once(" bytes: ").expect(line);
            assert_eq!(reason, "out of disk space");
            dropped += lines.parse::<usize>().expect(line);
            bytes += count.parse::<usize>().expect(line);
        } else {
            let number = line.strip_prefix("the line ").unwrap_or_else(|| panic!("half a line: {line:?}"));
            there.push(number.parse().expect(line));
        }
    }
    assert!(there.windows(2).all(|two| two[0] < two[1]), "not in order");
    (there, dropped, bytes)
}

#[test]
fn the_service_goes_on_and_what_was_dropped_is_counted() {
    for (room, stamp) in [(0, ""), (1, "t"), (4, "r")] {
        let Some(disk) = Disk::new("size=1m") else { return };
        disk.fill(room);
        let script = [stamp, "s16384", "n100", "d", "./disk/main"];
        let pipe = Pipe::new();
        let mut logger = Logger::start(&ours("multilog"), &disk.place, &script, pipe.reader());
        let count = 60_000;
        a_service_writes(&pipe, lines(count));
        logger.wait_for_errors("out of disk space\n");
        disk.make_room();
        // It goes on by itself.
        wait_for("it says what was dropped", &disk.place, LOG, || {
            disk.place.all(LOG).contains("multilog: dropped ")
        });
        pipe.write(format!("the line {count}\n"));
        drop(pipe);
        assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
        let width = match stamp {
            "t" => 26,
            "r" => 31,
            _ => 0,
        };
        let all = disk.place.all(LOG);
        let (there, dropped, bytes) = account(&all, width);
        assert_eq!(there.len() + dropped, count + 1, "{}", logger.errors());
        assert_eq!(there.last(), Some(&count));
        let missing: usize = (0..count)
            .filter(|number| there.binary_search(number).is_err())
            .map(|number| format!("the line {number}\n").len() + width)
            .sum();
        assert_eq!(bytes, missing);
        assert!(
            disk.place
                .old_files(LOG)
                .iter()
                .all(|file| disk.place.file(file).metadata().unwrap().len() <= 16_384)
        );
    }
}

#[test]
fn nothing_is_dropped_while_it_can_wait() {
    let Some(disk) = Disk::new("size=160k") else { return };
    disk.fill(1);
    let pipe = Pipe::new();
    let mut logger = Logger::start(&ours("multilog"), &disk.place, &["d", "./disk/main"], pipe.reader());
    a_service_writes(&pipe, lines(1000));
    logger.wait_for_errors("out of disk space\n");
    disk.make_room();
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    assert_eq!(disk.place.all(LOG), lines(1000));
}

#[test]
fn other_logs_get_every_line_meanwhile() {
    let Some(disk) = Disk::new("size=160k") else { return };
    disk.fill(2);
    let script = ["s16384", "n1000", "b", "./other", "d", "./disk/main", "s16777215", "./third"];
    let pipe = Pipe::new();
    let mut logger = Logger::start(&ours("multilog"), &disk.place, &script, pipe.reader());
    let count = 30_000;
    a_service_writes(&pipe, lines(count));
    wait_for("the others have all", &disk.place, "third", || disk.place.all("third") == lines(count));
    assert_eq!(disk.place.all("other"), lines(count));
    logger.signal(Signal::SIGTERM);
    assert!(logger.wait().is_ok());
    let (there, _, _) = account(&disk.place.all(LOG), 0);
    assert!(there.len() < count);
    assert_eq!([disk.place.all("other"), disk.place.all("third")], [lines(count), lines(count)]);
}

#[test]
fn what_is_dropped_at_the_end_is_told_on_stderr() {
    for signal in [Some(Signal::SIGTERM), None] {
        let Some(disk) = Disk::new("size=160k") else { return };
        disk.fill(2);
        let pipe = Pipe::new();
        let mut logger =
            Logger::start(&ours("multilog"), &disk.place, &["s16384", "d", "./disk/main"], pipe.reader());
        let count = 30_000;
        a_service_writes(&pipe, lines(count));
        logger.wait_for_errors("out of disk space\n");
        wait_for("all is read", &disk.place, LOG, || pipe.is_empty());
        match signal {
            Some(signal) => logger.signal(signal),
            None => drop(pipe),
        }
        // At the end of its input there is nobody to wait for: it ends.
        assert!(logger.wait().is_ok(), "{}", logger.errors());
        let (there, dropped, _) = account(&disk.place.all(LOG), 0);
        let said = logger.errors();
        let told = said.lines().find_map(|line| {
            line.strip_prefix("multilog: warning: ")?
                .split_once(" lines were dropped: ")?
                .0
                .parse::<usize>()
                .ok()
        });
        assert_eq!(there.len() + dropped + told.unwrap_or_else(|| panic!("{said}")), count, "{said}");
    }
}

#[test]
fn a_b_takes_a_d_back() {
    let Some(disk) = Disk::new("size=160k") else { return };
    disk.fill(2);
    let pipe = Pipe::new();
    pipe.write(lines(3000));
    let script = ["s8192", "n100", "d", "b", "./disk/main"];
    let mut logger = Logger::start(&ours("multilog"), &disk.place, &script, pipe.reader());
    logger.wait_for_errors("out of disk space\n");
    disk.make_room();
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    assert_eq!(disk.place.all(LOG), lines(3000));
}

#[test]
fn without_trouble_a_d_changes_nothing() {
    let input: Vec<u8> = lines(5000).into_bytes();
    let views = ["d", "b"].map(|letter| {
        let place = Place::new();
        let ran = place.log(&ours("multilog"), &["t", "s5000", "n4", letter, "./main"], &input);
        (ran, place.view())
    });
    assert_eq!(views[0], views[1]);
}
