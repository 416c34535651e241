//! Calls that `std` does not let through: no argument at all, a variable twice, entries without `=`.

use crate::tool::Ran;
use crate::wait::DEADLINE;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::mpsc::channel;

/// Runs a program to its end with exactly these arguments (`argv[0]` is the first of them), exactly this environment,
/// and no input.
///
/// # Panics
///
/// Where it cannot be started, or does not end in time (it is killed then).
#[must_use]
#[track_caller]
pub fn call<T: AsRef<[u8]>>(program: &Path, arguments: &[T], environment: &[T]) -> Ran {
    let [mut stdout, mut stderr] = [(); 2].map(|()| tempfile::tempfile().expect("a file in $TMPDIR"));
    let mut files = PosixSpawnFileActions::init().expect("memory");
    files.add_open(0, "/dev/null", OFlag::O_RDONLY, Mode::empty()).expect("memory");
    for (file, number) in [(&stdout, 1), (&stderr, 2)] {
        files.add_dup2(file.as_raw_fd(), number).expect("memory");
    }
    let attributes = PosixSpawnAttr::init().expect("memory");
    let pid = posix_spawn(program, &files, &attributes, &strings(arguments), &strings(environment));
    let pid = pid.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let (done, ended) = channel();
    std::thread::spawn(move || done.send(waitpid(pid, None)));
    let Ok(status) = ended.recv_timeout(DEADLINE) else {
        let _ = kill(pid, Signal::SIGKILL);
        panic!("{} does not end", program.display());
    };
    let end = match status {
        Ok(WaitStatus::Exited(_, code)) => Ok(code),
        Ok(WaitStatus::Signaled(_, signal, _)) => Err(signal as i32),
        other => panic!("{}: {other:?}", program.display()),
    };
    Ran { stdout: content(&mut stdout), stderr: content(&mut stderr), end }
}

fn strings<T: AsRef<[u8]>>(strings: &[T]) -> Vec<CString> {
    strings.iter().map(|string| CString::new(string.as_ref()).expect("no NUL")).collect()
}

fn content(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("what it wrote");
    bytes
}
