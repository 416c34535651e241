//! Input as no well-behaved service sends it: time and memory stay bounded, and every byte is kept.

use super::logger::{Logger, Pipe, wait_for, wait_for_current};
use super::place::{Place, content, same};
use crate::asked::Chance;
use std::io::Write;
use testkit::{ours, process, same_as_theirs, wait_until};

/// The most memory that a process has had so far, in kB.
fn peak(pid: u32) -> u64 {
    let field = process::field(pid, "VmHWM").expect("its memory");
    field.split_whitespace().next().unwrap().parse().expect("a number")
}

#[test]
fn a_pattern_of_ten_thousand_stars_takes_no_time() {
    let line = format!("{}\n", "ab".repeat(500_000));
    let stars =
        ["*".repeat(10_000), "*a".repeat(10_000), "a*".repeat(5000), format!("{}x", "*a*b".repeat(2500))];
    for stars in &stars {
        let [minus, plus] = ["-", "+"].map(|sign| format!("{sign}{stars}"));
        let input = format!("{line}short\n{line}");
        same(&["s16777215", &minus, "./minus", "-*", &plus, "./plus"], &input);
        // With the shell's stars there is none to compare with: it ends.
        let place = Place::new();
        let script = ["F", "s16777215", "-*", &plus, "./main", "-*", "+[!b]*[!a]?*[[:alpha:]]*z", "./none"];
        place.log(&ours("multilog"), &script, input.as_bytes()).exits(0).errors("");
        assert_eq!(place.read("none/current"), "");
    }
}

#[test]
fn many_patterns_and_many_lines_take_no_time() {
    let patterns: Vec<String> = (0..2000).map(|number| format!("-*a*b*c{number}*x")).collect();
    let mut script: Vec<&str> = patterns.iter().map(String::as_str).collect();
    script.extend(["./main", "F"]);
    script.extend(patterns.iter().map(String::as_str));
    script.push("./shell");
    let place = Place::new();
    let input = format!("{}\n", "abc".repeat(300)).repeat(50);
    place.log(&ours("multilog"), &script, input.as_bytes()).exits(0).errors("");
    assert_eq!([place.read("main/current"), place.read("shell/current")], [input.clone(), input]);
}

#[test]
fn a_line_of_300_megabytes_takes_little_memory() {
    let (place, pipe) = (Place::new(), Pipe::with_room(1 << 20));
    let script = ["t", "s16777215", "n2", "-*nothing*", "./main", "e", "=last"];
    let mut logger = Logger::start(&ours("multilog"), &place, &script, pipe.reader());
    let mut writer = pipe.writer();
    let written = std::thread::spawn(move || {
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..300 {
            writer.write_all(&piece).unwrap();
        }
        writer.write_all(b"\nlast\n").unwrap();
    });
    wait_for("the last line is there", &place, "main", || {
        let current = std::fs::read(place.file("main/current")).unwrap_or_default();
        current.ends_with(b" last\n")
    });
    written.join().unwrap();
    let peak = peak(logger.pid());
    assert!(peak < 8 * 1024, "{peak} kB");
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0));
    let old = place.old_files("main");
    assert_eq!(place.file(&old[0]).metadata().unwrap().len(), 16_777_215);
}

#[test]
fn a_long_line_is_kept_whole_over_files() {
    let mut line = vec![0; 3_000_000];
    let mut chance = Chance::new(11);
    line.iter_mut().for_each(|byte| *byte = u8::try_from(chance.below(256)).unwrap());
    line.retain(|byte| *byte != b'\n' && *byte != b'@');
    for script in [
        &["s100000", "n100", "./main"][..],
        &["s4096", "n1000", "./main"],
        &["s777777", "n100", "!cat", "./main"],
    ] {
        let place = Place::new();
        place.log(&ours("multilog"), script, &line).exits(0).errors("");
        let mut all = Vec::new();
        for file in place.old_files("main").iter().map(String::as_str).chain(["main/current"]) {
            all.extend(std::fs::read(place.file(file)).unwrap());
        }
        assert!(all == [&line[..], b"\n"].concat(), "{script:?}: {}", all.len());
    }
    same(&["s100000", "./main"], &line);
    same(&["t", "s5000", "n1000", "./main", "-*", "./none"], &line[..200_000]);
}

#[test]
fn many_logs_take_memory_for_each_and_no_more_when_much_comes() {
    let place = Place::new();
    let logs: Vec<String> = (0..20).map(|number| format!("./{number}")).collect();
    let mut script = vec!["t", "s16777215"];
    script.extend(logs.iter().map(String::as_str));
    let pipe = Pipe::new();
    let mut logger = Logger::start(&ours("multilog"), &place, &script, pipe.reader());
    let line = format!("{}\n", "l".repeat(99));
    pipe.write(line.repeat(100_000));
    wait_for("all is there", &place, "19", || {
        place.file("19/current").metadata().is_ok_and(|stat| stat.len() == 126 * 100_000)
    });
    let peak = peak(logger.pid());
    assert!(peak < 16 * 1024, "{peak} kB");
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0));
}

#[test]
fn a_service_that_writes_byte_by_byte() {
    let text = "one\n\ntwo three\n\0\u{e9}\n four";
    let byte_by_byte = |program: &std::path::Path| {
        let (place, pipe) = (Place::new(), Pipe::new());
        let script = ["./main", "-*o*", "e", "=last"];
        let mut logger = Logger::start(program, &place, &script, pipe.reader());
        for byte in text.as_bytes() {
            pipe.write([*byte]);
            // The next one comes when this one has been taken.
            pipe.wait_until_taken();
        }
        drop(pipe);
        (logger.wait(), logger.errors(), place.view())
    };
    let Some((_, _, seen)) = same_as_theirs("multilog", byte_by_byte) else { return };
    assert_eq!(content(&seen, "main/current"), format!("{text}\n"));
}

#[test]
fn generated_pieces_give_the_same_lines() {
    for seed in 0..6 {
        let pieces = |program: &std::path::Path| {
            let mut chance = Chance::new(seed);
            let (place, pipe) = (Place::new(), Pipe::new());
            let mut logger =
                Logger::start(program, &place, &["s4096", "n1000", "-a*", "./main"], pipe.reader());
            let mut text = Vec::new();
            for _ in 0..60 {
                let piece: Vec<u8> = (0..1 + chance.below(900)).map(|_| *chance.pick(b"ab c\0d\n")).collect();
                pipe.write(&piece);
                if chance.below(3) == 0 {
                    pipe.wait_until_taken();
                }
                text.extend(piece);
            }
            drop(pipe);
            (logger.wait(), logger.errors(), place.all("main"), String::from_utf8(text).unwrap())
        };
        // Where files end depends on the reads of theirs; what is in them does not.
        let Some((end, said, all, text)) = same_as_theirs("multilog", pieces) else { return };
        assert_eq!((end, said.as_str()), (Ok(0), ""));
        let selected: String = text
            .split_inclusive('\n')
            .filter(|line| !line.starts_with('a'))
            .map(|line| line.trim_end_matches('\n').to_owned() + "\n")
            .collect();
        assert_eq!(all, selected);
    }
}

#[test]
fn several_services_share_a_pipe() {
    let (place, pipe) = (Place::new(), Pipe::new());
    let mut logger = Logger::start(&ours("multilog"), &place, &["s8192", "n1000", "./main"], pipe.reader());
    let write = |service: usize| {
        let mut writer = pipe.writer();
        std::thread::spawn(move || {
            for number in 0..3000 {
                writer.write_all(format!("{service} {number}\n").as_bytes()).unwrap();
            }
        })
    };
    for service in (0..4).map(write).collect::<Vec<_>>() {
        service.join().unwrap();
    }
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0));
    let all = place.all("main");
    for service in 0..4 {
        let prefix = format!("{service} ");
        let numbers: Vec<usize> =
            all.lines().filter_map(|line| line.strip_prefix(&prefix)?.parse().ok()).collect();
        assert_eq!(numbers, (0..3000).collect::<Vec<_>>());
    }
}

#[test]
fn input_that_is_no_pipe() {
    // A socket, nothing at all, a folder, what cannot be read, and a stdin that is closed.
    let (mut ours_end, theirs_end) = std::os::unix::net::UnixStream::pair().unwrap();
    let place = Place::new();
    let mut logger =
        Logger::start(&ours("multilog"), &place, &["./main"], std::os::fd::OwnedFd::from(theirs_end));
    ours_end.write_all(b"one\ntwo").unwrap();
    wait_for_current(&place, "main", "one\n");
    drop(ours_end);
    assert_eq!(logger.wait(), Ok(0));
    assert_eq!(place.read("main/current"), "one\ntwo\n");
    let odd = |program: &std::path::Path| {
        ["/dev/null", "/", "/proc/self/mem"].map(|path| {
            let place = Place::new();
            let ran = place.log_from(program, &["./main"], std::fs::File::open(path).unwrap());
            (ran, place.view())
        })
    };
    same_as_theirs("multilog", odd);
    let closed = |program: &std::path::Path| {
        let place = Place::new();
        let tool = place.tool(std::path::Path::new("/bin/sh"), &["-c", "exec \"$0\" ./main <&-"]);
        (tool.arg(program).run(), place.view())
    };
    same_as_theirs("multilog", closed);
}

#[test]
fn term_is_obeyed_although_nobody_reads_stderr() {
    let (place, pipe, full) = (Place::new(), Pipe::new(), Pipe::new());
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", "exec \"$0\" e ./main 2>\"$1\""]).arg(ours("multilog")).arg(full.path());
    let mut logger = Logger::command(command, &place, pipe.reader());
    pipe.write("line\n".repeat(10_000));
    wait_until("it says what it can", &[], || (!full.is_empty()).then_some(()));
    logger.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(logger.wait().is_ok());
}
