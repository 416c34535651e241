//! What is shown to people: whatever bytes it is made of, it is one line without control characters.

use crate::record::decoded;
use cli::text::shown;
use logging::readproctitle::shift;
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::write;
use protocol::explain::execution;
use protocol::report::Step;
use protocol::script::Interpreter;
use protocol::status::Failed;
use protocol::tai64n::Tai64n;
use std::ffi::CString;
use std::os::fd::AsRawFd;
use supervision::svstat::words;

#[track_caller]
fn is_one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// A name or a text from elsewhere: plain text is shown as it is.
pub fn text(data: &[u8]) {
    let text = shown(data);
    is_one_line(&text);
    assert!(text.len() <= 4 * data.len());
    assert_eq!(shown(text.as_bytes()), text, "what can be shown is not changed");
    if let Ok(plain) = std::str::from_utf8(data) {
        assert_eq!(text == plain, !plain.chars().any(char::is_control));
    }
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let kept = data.iter().copied().filter(printable);
    let mut shown = text.bytes();
    assert!(
        kept.into_iter().all(|byte| shown.any(|other| other == byte)),
        "nothing that is readable is lost"
    );
}

/// The first line of a script: the interpreter is a part of it.
pub fn script(data: &[u8]) {
    for start in [data.to_vec(), [b"#!", data].concat()] {
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let words = line.strip_prefix(b"#!").map(|line| line.split(|byte| matches!(byte, b' ' | b'\t')));
        let model = words.and_then(|mut words| words.find(|word| !word.is_empty()));
        let read = Interpreter::of(&start);
        assert_eq!(read.map(|interpreter| interpreter.path), model);
        assert_eq!(
            read.is_some_and(Interpreter::has_dos_line_end),
            model.is_some_and(|path| path.last() == Some(&b'\r'))
        );
    }
}

/// A `run` that cannot be executed: why, whatever is in it.
pub fn explain(data: &[u8]) {
    let file = memfd_create(c"run", MFdFlags::MFD_CLOEXEC).expect("a file in memory");
    write(&file, data).expect("to write into it");
    let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd())).expect("a path");
    for error in [Errno::ENOENT, Errno::EACCES, Errno::ENOEXEC, Errno::ENOTDIR, Errno::ELOOP, Errno::EAGAIN] {
        is_one_line(&execution(&path, error).unwrap_or_default());
    }
}

/// What svstat says of a status record: daemontools' words first.
pub fn svstat(data: &[u8]) {
    let Ok(status) = decoded(data) else { return };
    let at = data.last_chunk().copied().map_or(status.since, Tai64n::from_bytes);
    for normally_up in [false, true] {
        let line = words(&status, normally_up, at, None);
        is_one_line(&line);
        let start = status.pid.map_or("down ".to_owned(), |pid| format!("up (pid {pid}) "));
        let rest = line.strip_prefix(&start).expect("up or down");
        let (age, notes) = rest.split_once(" seconds").expect("for how long");
        assert!(age.parse::<u64>().is_ok());
        let Some(detail) = &status.detail else { continue };
        let [started, ended] = [", not started: ", ", ended: "].map(|words| notes.contains(words));
        match &detail.failed {
            Some(Failed { step: Step::Ready | Step::Watchdog, .. }) => assert!(ended),
            Some(_) => assert!(started),
            // What it says of itself is its own affair.
            None if detail.says.is_empty() && detail.note.is_empty() => assert!(!started && !ended),
            None => {}
        }
    }
}

/// The window of readproctitle, as large as the first byte says, which is filled read by read: newlines end a read.
pub fn title(data: &[u8]) {
    let Some((size, text)) = data.split_first() else { return };
    let mut window = vec![b'.'; usize::from(*size)];
    let mut model = window.clone();
    for read in text.split_inclusive(|byte| *byte == b'\n') {
        shift(&mut window, read);
        for byte in read.iter().filter(|byte| **byte != 0) {
            if model.len() > 3 {
                model.remove(3);
                model.push(*byte);
            }
        }
        assert_eq!(window, model);
    }
    assert!(!window.contains(&0), "it is one argument");
}
