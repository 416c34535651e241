use super::*;
use crate::process::{Ending, wait};
use std::ffi::CStr;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

fn program(words: &[&CStr], word: &UnixStream) -> Program {
    let strings =
        |words: &[&CStr]| Strings::new(words.iter().map(|word| (*word).to_owned().into()).collect());
    Program {
        file: words[0].to_owned(),
        arguments: strings(words),
        environment: strings(&[c"GREETING=hello"]),
        close: Vec::new(),
        word: word.as_raw_fd(),
        keep: Vec::new(),
        joins_stderr: false,
        failure: b"<....>".to_vec(),
        errno_at: 1,
    }
}

fn shell(script: &CStr, word: &UnixStream) -> Program {
    program(&[c"/bin/sh", c"-c", script], word)
}

#[test]
fn it_waits_for_the_word_and_becomes_the_program() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let (pid, spawned) = shell(c"test $GREETING = hello && exit 7", &theirs).spawn().unwrap();
    drop(theirs);
    ours.write_all(b"\n").unwrap();
    assert_eq!(ours.read(&mut [0]).unwrap(), 0, "closed, since it is executed");
    assert_eq!(spawned.0.shares.load(Ordering::Acquire), 0);
    assert_eq!(wait(pid), Ok(Ending::Exited(7)));
}

#[test]
fn it_goes_on_when_it_is_told_in_either_way() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let (pid, spawned) = shell(c"exit 7", &theirs).spawn().unwrap();
    spawned.go_on();
    ours.write_all(b"\n").unwrap();
    assert_eq!(wait(pid), Ok(Ending::Exited(7)));
}

#[test]
fn without_the_word_it_ends_and_nothing_is_run() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut program = shell(c"exit 7", &theirs);
    program.close = vec![ours.as_raw_fd()];
    let (pid, _spawned) = program.spawn().unwrap();
    drop((ours, theirs));
    assert_eq!(wait(pid), Ok(Ending::Exited(0)));
}

#[test]
fn it_has_a_session_and_no_signal_blocked_and_what_is_kept() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let (mut reader, writer) = UnixStream::pair().unwrap();
    let script = format!(
        "grep -q '^SigBlk:.0*$' /proc/self/status && test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo $$ >&{}",
        writer.as_raw_fd()
    );
    let script = CString::new(script).unwrap();
    let mut program = program(&[c"/bin/bash", c"-c", &script], &theirs);
    program.environment = Strings::new(vec![c"PATH=/usr/bin:/bin".into()]);
    program.keep = vec![writer.as_raw_fd()];
    let (pid, _spawned) = program.spawn().unwrap();
    drop((theirs, writer));
    ours.write_all(b"\n").unwrap();
    assert_eq!(wait(pid), Ok(Ending::Exited(0)));
    let mut told = String::new();
    reader.read_to_string(&mut told).unwrap();
    assert_eq!(told, format!("{pid}\n"));
}

#[test]
fn what_cannot_be_executed_is_told_with_its_error() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let (pid, spawned) = program(&[c"/no/such/program"], &theirs).spawn().unwrap();
    drop((theirs, spawned));
    ours.write_all(b"\n").unwrap();
    let mut told = Vec::new();
    ours.read_to_end(&mut told).unwrap();
    assert_eq!(told, [b"<", &libc::ENOENT.to_ne_bytes()[..], b">"].concat());
    assert_eq!(wait(pid), Ok(Ending::Exited(111)));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_ours, theirs) = UnixStream::pair().unwrap();
    let long = Program { failure: vec![0; MOST + 1], ..shell(c"exit 0", &theirs) };
    assert_eq!(long.spawn().unwrap_err(), Errno::E2BIG);
    let beyond = Program { errno_at: MOST, ..shell(c"exit 0", &theirs) };
    assert_eq!(beyond.spawn().unwrap_err(), Errno::E2BIG);
}
