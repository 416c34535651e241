//! Signals: TERM ends it between two lines, ALRM begins a new file.

use super::live::Live;
use super::logger::{Logger, Pipe, wait_for, wait_for_current};
use super::place::{Place, content, entry};
use crate::asked::Chance;
use nix::sys::signal::Signal;
use std::path::Path;
use testkit::{ours, same_as_theirs, theirs};

#[test]
fn term_between_lines_ends_it_at_once() {
    let term = |program: &Path| {
        let live = Live::new(program, &["t", "./main", "-*", "./other"]);
        live.pipe.write("one\n");
        wait_for("a line", &live.place, "main", || live.place.all("main").ends_with(" one\n"));
        live.logger.signal(Signal::SIGTERM);
        live.end()
    };
    let Some(((ran, seen), _)) = same_as_theirs("multilog", term) else { return };
    ran.exits(0).errors("");
    assert_eq!(content(&seen, "main/current"), "@label one\n");
    assert_eq!(["main/current", "other/current"].map(|name| entry(&seen, name).mode & 0o777), [0o744; 2]);
}

#[test]
fn term_before_the_first_line_ends_it_at_once() {
    same_as_theirs("multilog", |program| {
        let live = Live::new(program, &["./main"]);
        wait_for_current(&live.place, "main", "");
        wait_for("it waits", &live.place, "main", || live.logger.is_waiting() && live.mode() == 0o644);
        live.logger.signal(Signal::SIGTERM);
        live.end()
    });
}

#[test]
fn term_within_a_line_waits_for_its_end_and_takes_no_more() {
    for more in ["def\nghi\n", "\n\n", "def\n", "d\ne", "\n"] {
        let within = |program: &Path| {
            let live = Live::new(program, &["./main"]);
            live.write("one\nabc", "one\n");
            live.wait_until_it_has_read_all();
            live.logger.signal_taken(Signal::SIGTERM);
            live.pipe.write(more);
            live.end()
        };
        let Some(((ran, seen), rest)) = same_as_theirs("multilog", within) else { return };
        ran.exits(0).errors("");
        let (line, left) = more.split_once('\n').unwrap();
        assert_eq!((content(&seen, "main/current"), rest.as_str()), (format!("one\nabc{line}\n"), left));
    }
    same_as_theirs("multilog", |program| {
        let live = Live::new(program, &["./main"]);
        live.write("abc", "");
        live.wait_until_it_has_read_all();
        live.logger.signal_taken(Signal::SIGTERM);
        live.end_of_input()
    });
}

#[test]
fn alrm_rotates_what_is_not_empty() {
    let alarm = |program: &Path| {
        let live = Live::new(program, &["./main", "-*", "./other"]);
        wait_for_current(&live.place, "main", "");
        wait_for_current(&live.place, "other", "");
        live.write("one\n", "one\n");
        live.wait_until_it_has_read_all();
        live.logger.signal(Signal::SIGALRM);
        live.wait_for_old_files(1);
        // Nothing in it: nothing happens.
        live.logger.signal_taken(Signal::SIGALRM);
        live.write("two\n", "two\n");
        live.wait_until_it_has_read_all();
        live.logger.signal(Signal::SIGALRM);
        live.wait_for_old_files(2);
        live.write("three\n", "three\n");
        live.logger.signal(Signal::SIGTERM);
        live.end()
    };
    let Some(((_, seen), _)) = same_as_theirs("multilog", alarm) else { return };
    let old = seen.iter().filter(|file| file.name.starts_with("main/@"));
    let old: Vec<_> = old.map(|file| (file.name.as_str(), file.mode & 0o777, &*file.content)).collect();
    assert_eq!(old, [("main/@label.s", 0o744, &b"one\n"[..]), ("main/@label.s", 0o744, b"two\n")]);
    assert_eq!(content(&seen, "main/current"), "three\n");
    assert_eq!(seen.iter().filter(|file| file.name.starts_with("other/@")).count(), 0);
}

#[test]
fn alrm_within_a_line_rotates_what_is_before_it() {
    let within = |program: &Path| {
        let live = Live::new(program, &["./main"]);
        live.write("one\nabc", "one\n");
        live.wait_until_it_has_read_all();
        live.logger.signal(Signal::SIGALRM);
        live.wait_for_old_files(1);
        live.write("def\nghi", "abcdef\n");
        live.wait_until_it_has_read_all();
        live.logger.signal_taken(Signal::SIGTERM);
        live.logger.signal(Signal::SIGALRM);
        live.wait_for_old_files(2);
        live.pipe.write("\nrest");
        live.end()
    };
    same_as_theirs("multilog", within);
    // What is over 1000 bytes is written as it comes, and cut.
    same_as_theirs("multilog", |program| {
        let live = Live::new(program, &["./main"]);
        live.write(&"l".repeat(1500), &"l".repeat(1500));
        live.wait_until_it_has_read_all();
        live.logger.signal(Signal::SIGALRM);
        live.wait_for_old_files(1);
        live.write("more\n", "more\n");
        live.end_of_input()
    });
}

/// How it ends by that signal, and the mode of `current` then.
fn ended_by(program: &Path, signal: Signal) -> (Result<i32, i32>, u32) {
    let live = Live::new(program, &["./main"]);
    live.write("one\n", "one\n");
    live.logger.signal(signal);
    let ((ran, seen), _) = live.end();
    assert_eq!(content(&seen, "main/current"), "one\n");
    (ran.end, entry(&seen, "main/current").mode & 0o777)
}

#[test]
fn a_kill_ends_it_in_the_middle() {
    let killed = same_as_theirs("multilog", |program| ended_by(program, Signal::SIGKILL));
    assert_eq!(killed.unwrap_or((Err(9), 0o644)), (Err(9), 0o644));
}

#[test]
fn hup_int_and_quit_are_as_term() {
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        assert_eq!(ended_by(&ours("multilog"), signal), (Ok(0), 0o744), "{signal}");
        if let Some(theirs) = theirs("multilog") {
            assert_eq!(ended_by(&theirs, signal), (Err(signal as i32), 0o644), "{signal}");
        }
    }
}

#[test]
fn the_signals_that_its_caller_ignores_do_not_matter() {
    let live = |program: &Path| {
        let (place, pipe) = (Place::new(), Pipe::new());
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "trap '' TERM ALRM; exec \"$0\" ./main"]).arg(program);
        let mut logger = Logger::command(command, &place, pipe.reader());
        pipe.write("one\n");
        wait_for_current(&place, "main", "one\n");
        logger.signal(Signal::SIGTERM);
        (logger.wait(), place.view())
    };
    same_as_theirs("multilog", live);
}

#[test]
fn generated_pieces_of_lines_with_signals_in_between() {
    for seed in 0..30 {
        let generated = |program: &Path| {
            let mut chance = Chance::new(seed);
            let mut live = Live::new(program, &["./main", "-*x*", "./other"]);
            let mut is_stopped = false;
            for _ in 0..10 {
                let piece: Vec<u8> = (0..chance.below(8)).map(|_| *chance.pick(b"xyz\n")).collect();
                live.pipe.write(&piece);
                if !is_stopped {
                    live.wait_until_it_has_read_all();
                    match chance.below(8) {
                        0..3 => live.logger.signal_taken(Signal::SIGALRM),
                        // In the middle of a line only, so that what is to come is for it as well.
                        3 if !matches!(piece.last(), None | Some(b'\n')) => {
                            live.logger.signal_taken(Signal::SIGTERM);
                            is_stopped = true;
                        }
                        _ => {}
                    }
                }
            }
            if !is_stopped {
                live.pipe = Pipe::new();
            }
            live.pipe.write("\nrest\n");
            live.end()
        };
        same_as_theirs("multilog", generated);
    }
}
