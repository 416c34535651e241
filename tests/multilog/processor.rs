//! The processor: what it is given, what becomes of what it writes, and when it is run again.

use super::logger::{Logger, Pipe, wait_for};
use super::place::{Entry, Place, content, from_file, same, same_after};
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::{ours, same_as_theirs, theirs};

/// Four files full.
fn input() -> Vec<u8> {
    (0..1200).flat_map(|number| format!("line {number}\n").into_bytes()).collect()
}

#[test]
fn an_old_file_is_what_the_processor_makes_of_it() {
    for processor in [
        "!cat",
        "!tr a-z A-Z",
        "!true",
        "!",
        "!cat >/dev/null; echo only this",
        "!sed 's/line //' | sort -n | uniq -c",
        "!exec cat",
        "!head -n 1",
        "!cat; echo told >&2",
        "!cat - previous; echo more >>processed",
        "!cat >made-by-it",
    ] {
        same(&["s4096", processor, "./main"], input());
        same(&["s4096", "n3", processor, "./main", "./same", "-*", "./none"], input());
    }
    let Some((ran, seen)) = same(&["s4096", "!tr a-z A-Z", "./main"], input()) else { return };
    ran.exits(0).errors("");
    assert!(content(&seen, "main/@label.s").starts_with("LINE 0\nLINE 1\n"));
    assert!(content(&seen, "main/current").starts_with("line "));
}

#[test]
fn its_state_goes_from_one_run_to_the_next() {
    let count = "!cat; read n <&4; echo $((n + 1)) >&5; echo $((n + 1))";
    let prepare = |place: &Place| {
        place.write("main/state", "40\n", 0o640);
        place.write("main/current", "first\n", 0o744);
    };
    same(&["s4096", count, "./main"], input());
    let Some((_, seen)) = same_after(prepare, &["s4096", count, "./main"], input()) else { return };
    let last: Vec<String> =
        old(&seen).map(|entry| String::from_utf8_lossy(&entry.content).into_owned()).collect();
    let last: Vec<&str> = last.iter().map(|text| text.lines().last().unwrap()).collect();
    let expected: Vec<String> = (41..41 + last.len()).map(|number| number.to_string()).collect();
    assert_eq!(last, expected);
    assert_eq!(content(&seen, "main/state").trim(), *last.last().unwrap());
}

fn old(seen: &[Entry]) -> impl Iterator<Item = &Entry> {
    seen.iter().filter(|entry| entry.name.starts_with("main/@"))
}

#[test]
fn it_inherits_what_multilog_was_given_and_five_descriptors() {
    let told = |program: &Path| {
        let tells = [
            "pwd -P | sed s,.*/,,; umask; echo $0 $#; for fd in 0 1 4 5; do readlink /proc/$$/fd/$fd | sed s,.*/,,; done",
            "cat /proc/$$/environ | tr '\\0' '\\n'",
            "exec ls /proc/self/fd",
            "exec grep -E '^Sig(Blk|Ign|Cgt)|^CapEff|^Groups' /proc/self/status",
        ];
        tells.map(|tell| {
            let place = Place::new();
            let tool = place.tool(program, &["s4096", &format!("!{tell}"), "./main"]);
            let tool = tool
                .input(&input()[..5000])
                .env_clear()
                .env("PATH", "/usr/bin:/bin")
                .env("ODD NAME", "a\u{e9}")
                .env("A", "2");
            (tool.run(), place.view())
        })
    };
    let Some(told) = same_as_theirs("multilog", told) else { return };
    let [files, environment, descriptors, status] = told.map(|(ran, seen)| {
        ran.exits(0).errors("");
        content(&seen, "main/@label.s")
    });
    assert_eq!(files, "main\n0022\nsh 0\nprevious\nprocessed\nstate\nnewstate\n");
    assert!(environment.contains("A=2\n") && environment.contains("ODD NAME=a\u{e9}\n"), "{environment}");
    // 3 is how ls reads the folder.
    assert!(
        ["0", "1", "2", "3", "4", "5"].iter().all(|number| descriptors.lines().any(|line| line == *number))
    );
    assert!(status.contains("SigBlk:\t0000000000000000\n"), "{status}");
}

/// One that fails, or is killed, the first time, after it has written something.
const FAILS_ONCE: [&str; 2] = [
    "!echo half; echo half >&5; [ -e tried ] || { : >tried; exit 3; }; cat",
    "!echo half; echo half >&5; [ -e tried ] || { : >tried; kill -9 $$; }; cat",
];

/// Takes the five seconds that theirs pauses, once for all.
#[test]
fn one_that_fails_or_is_killed_is_run_again_from_the_beginning() {
    let start = |program: &Path, processor: &str| {
        let place = Place::new();
        let logger =
            Logger::start(program, &place, &["s4096", processor, "./main"], from_file(&input()[..5000]));
        (logger, place)
    };
    let end = |(mut logger, place): (Logger, Place)| (logger.wait(), logger.errors(), place.view());
    let started = FAILS_ONCE.map(|processor| start(&ours("multilog"), processor));
    // Theirs pauses twice when it is killed.
    let theirs = theirs("multilog").map(|program| start(&program, FAILS_ONCE[0]));
    let [failed, killed] = started.map(end);
    assert_eq!(failed.0, Ok(0));
    assert_eq!(failed.1, "multilog: warning: processor failed in ./main, pausing\n");
    assert!(killed.1.starts_with("multilog: warning: processor crashed in ./main"), "{}", killed.1);
    assert!(content(&failed.2, "main/@label.s").starts_with("half\nline 0\n"));
    assert_eq!(content(&failed.2, "main/state"), "half\n");
    assert_eq!((killed.0, &killed.2), (Ok(0), &failed.2));
    if let Some(theirs) = theirs.map(end) {
        assert_eq!(failed, theirs, "left ours, right theirs");
    }
}

#[test]
fn while_one_fails_and_fails_term_is_obeyed_and_nothing_is_lost() {
    let (place, pipe) = (Place::new(), Pipe::new());
    pipe.write(input());
    let mut logger =
        Logger::start(&ours("multilog"), &place, &["s4096", "n50", "!exit 1", "./main"], pipe.reader());
    logger.wait_for_errors("processor failed");
    logger.signal(Signal::SIGTERM);
    assert!(logger.wait().is_ok(), "{}", logger.errors());
    let mut logger =
        Logger::start(&ours("multilog"), &place, &["s4096", "n50", "!cat", "./main"], pipe.reader());
    drop(pipe);
    assert_eq!(logger.wait(), Ok(0), "{}", logger.errors());
    assert_eq!(place.all("main"), String::from_utf8(input()).unwrap());
}

#[test]
fn a_processor_is_not_disturbed_by_the_signals_of_multilog() {
    // It waits until it is told; meanwhile multilog gets TERM and ALRM.
    let wait = |program: &Path| {
        let (place, pipe, gate) = (Place::new(), Pipe::new(), Pipe::new());
        pipe.write(&input()[..5000]);
        let processor = format!("!: >started; read word <{}; cat", gate.path().display());
        let mut logger = Logger::start(program, &place, &["s4096", &processor, "./main"], pipe.reader());
        wait_for("it has started", &place, "main", || place.file("main/started").exists());
        logger.signal(Signal::SIGALRM);
        logger.signal(Signal::SIGTERM);
        gate.write("go\ngo\n");
        drop(pipe);
        let end = logger.wait();
        (end, logger.errors(), old(&place.view()).next().map(|entry| entry.content.clone()))
    };
    same_as_theirs("multilog", wait);
}
