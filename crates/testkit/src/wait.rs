//! Waiting without sleeping: inotify wakes, the probe decides, and one deadline ends it.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long anything is waited for. Far longer than anything takes, also where a shared machine stands still for half a minute: it
/// only turns a hang into a failure.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// For what makes no event in a folder, such as the end of a process: looked at again that often.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Waits until `probe` gives a value. It is asked at once, whenever something changes in one of the `folders`
/// (which may be made later), and now and then.
#[track_caller]
pub fn wait_until<T>(what: &str, folders: &[&Path], probe: impl FnMut() -> Option<T>) -> T {
    in_time(folders, probe).unwrap_or_else(|| panic!("waited in vain until {what}"))
}

/// As [`wait_until`]; `None` at the deadline.
pub fn in_time<T>(folders: &[&Path], mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + DEADLINE;
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).expect("inotify");
    loop {
        // Watched before looked at, so that no change falls between. Watching a folder twice is once.
        for folder in folders {
            let _ = inotify.add_watch(*folder, changes());
        }
        if let Some(value) = probe() {
            return Some(value);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        readable(inotify.as_fd(), left.min(LOOK_AGAIN));
        while inotify.read_events().is_ok_and(|events| !events.is_empty()) {}
    }
}

/// Not the opening and closing of files: the probes do that themselves.
fn changes() -> AddWatchFlags {
    AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_MODIFY
        | AddWatchFlags::IN_ATTRIB
        | AddWatchFlags::IN_MOVE
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_MOVE_SELF
}

/// Waits until there is something to read, or the end of it, or the time is up.
pub(crate) fn readable(descriptor: BorrowedFd<'_>, at_most: Duration) -> bool {
    let timeout = PollTimeout::try_from(at_most + Duration::from_millis(1)).expect("a short time");
    let mut asked = [PollFd::new(descriptor, PollFlags::POLLIN)];
    poll(&mut asked, timeout).is_ok_and(|count| count > 0)
}

/// Reads one line, byte by byte, from a FIFO or pipe opened without waiting; the newline is cut off.
///
/// `None` when nothing (more) came within `at_most`.
#[track_caller]
pub fn read_line(from: impl AsFd, at_most: Duration) -> Option<String> {
    let end = Instant::now() + at_most;
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match nix::unistd::read(from.as_fd(), &mut byte) {
            Ok(1) if byte == *b"\n" => return Some(String::from_utf8_lossy(&line).into_owned()),
            Ok(1) => line.extend(byte),
            _ => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() || !readable(from.as_fd(), left) {
                    return None;
                }
            }
        }
    }
}
