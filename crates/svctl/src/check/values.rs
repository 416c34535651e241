//! The files of one line: whether they say something, and whether what they say comes to anything.

use super::found::Found;
use super::subject::Subject;
use nix::sys::signal::Signal;
use protocol::file::Unusable;
use protocol::folder::{
    CHECK, DOWN_SIGNAL, FINISH, LEFTOVERS, LISTEN, LISTEN_CLOSE, NOTIFICATION_FD, NOTIFY_SOCKET, RESTART_MAX,
    TIMEOUT_FINISH, TIMEOUT_KILL, TIMEOUT_READY, WATCHDOG,
};
use protocol::value::{self, BadValue};
use std::ffi::CStr;

/// A plain number of milliseconds below this was most likely meant as seconds.
const FEW: u32 = 200;

/// Looks at all of them; `sockets` is how many sockets run gets.
pub(super) fn examine(subject: &Subject<'_>, sockets: usize, found: &mut Found) {
    for name in [TIMEOUT_KILL, TIMEOUT_FINISH] {
        if read(subject, name, value::timeout, found).is_some() {
            milliseconds(subject, name, found);
        }
    }
    for name in [TIMEOUT_READY, WATCHDOG, RESTART_MAX] {
        read(subject, name, value::duration, found);
    }
    read(subject, LEFTOVERS, value::leftovers, found);
    if let Some(signal) = read(subject, DOWN_SIGNAL, value::signal, found) {
        ends_nothing(subject, signal.number(), found);
    }
    let number = read(subject, NOTIFICATION_FD, value::descriptor, found);
    let taken = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
    if number.is_some() && sockets > 0 && taken < sockets.saturating_add(3) {
        let what =
            format!("{taken} is the number of a socket: those of listen have the first numbers from 3 on");
        let cure = format!("write {}, and tell the program", sockets.saturating_add(3));
        found.fault("bad-value", subject.file_of(NOTIFICATION_FD), what, cure);
    }
    useless(subject, found);
}

/// The value of a file; `None` where there is none, or a bad one.
fn read<T>(
    subject: &Subject<'_>,
    name: &'static CStr,
    parse: fn(&[u8]) -> Result<T, BadValue>,
    found: &mut Found,
) -> Option<T> {
    let file = subject.file_of(name);
    match subject.sources.value(name) {
        Ok(None) => None,
        Ok(Some(content)) => match parse(&content) {
            Ok(value) => Some(value),
            Err(bad) => {
                let (what, cure) = split(&bad.to_string(), "see upkeep(7)");
                found.fault("bad-value", file, what, cure);
                None
            }
        },
        Err(
            why @ (Unusable::NotRegular | Unusable::TooLong | Unusable::ForeignLink | Unusable::System(_)),
        ) => {
            found.unusable("bad-value", &file, why, "make it a file with one line");
            None
        }
    }
}

/// How what is to be done begins.
const CURES: [&str; 7] = ["write ", "chmod ", "use ", "remove ", "give ", "name ", "numbers are written "];

/// A reason whose end says what to do, divided there; where it does not, `cure` is what to do.
pub(super) fn split(text: &str, cure: &str) -> (String, String) {
    match text.rsplit_once(": ") {
        Some((what, cure)) if CURES.iter().any(|begin| cure.starts_with(begin)) => {
            (what.to_owned(), cure.to_owned())
        }
        _ => (text.to_owned(), cure.to_owned()),
    }
}

fn milliseconds(subject: &Subject<'_>, name: &'static CStr, found: &mut Found) {
    let content = subject.sources.value(name).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let number = text.lines().next().and_then(|line| line.trim_end().parse::<u32>().ok());
    if let Some(number) = number.filter(|number| (1..FEW).contains(number)) {
        let what = format!(
            "a number without a unit is milliseconds, as in s6: {number} of them are next to nothing"
        );
        found.advice("few-milliseconds", subject.file_of(name), what, format!("write {number}s for seconds"));
    }
}

fn ends_nothing(subject: &Subject<'_>, signal: i32, found: &mut Found) {
    let harmless = [Signal::SIGSTOP, Signal::SIGCONT, Signal::SIGCHLD, Signal::SIGURG, Signal::SIGWINCH];
    if let Some(signal) = harmless.into_iter().find(|harmless| *harmless as i32 == signal) {
        // Some servers take SIGWINCH for a graceful stop.
        if signal != Signal::SIGWINCH {
            let what = format!("{} ends no program, so the service could never be stopped", signal.as_str());
            found.fault("signal-ends-nothing", subject.file_of(DOWN_SIGNAL), what, "write TERM, INT or QUIT");
        }
    }
}

/// What is said and comes to nothing, since something else is missing.
fn useless(subject: &Subject<'_>, found: &mut Found) {
    let has = |name| subject.sources.has(name).unwrap_or(true);
    let mut tell = |name: &'static CStr, what: &str, cure: &str| {
        found.advice("without-effect", subject.file_of(name), what, cure);
    };
    if has(TIMEOUT_FINISH) && !has(FINISH) {
        tell(TIMEOUT_FINISH, "there is no finish that it could hold for", "remove it, or write a finish");
    }
    if has(LISTEN_CLOSE) && !has(LISTEN) {
        tell(LISTEN_CLOSE, "there is no listen that it could hold for", "remove it, or write a listen");
    }
    let says = [NOTIFICATION_FD, NOTIFY_SOCKET, WATCHDOG].into_iter().any(has);
    if has(TIMEOUT_READY) && !says && !has(CHECK) {
        tell(
            TIMEOUT_READY,
            "nothing says when the service is ready, so it always is at once",
            "add notification-fd, notify-socket or check, whichever the program can do",
        );
    }
    if has(CHECK) && [NOTIFICATION_FD, NOTIFY_SOCKET].into_iter().any(has) {
        tell(
            CHECK,
            "the service says itself when it is ready, so check is never called",
            "remove it, or notification-fd and notify-socket",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsers_text_is_a_reason_and_a_cure() {
        let text = value::duration(b"30").unwrap_err().to_string();
        let divided = |text: &str| split(text, "mend it");
        assert_eq!(divided(&text), ("a time needs a unit".to_owned(), "write 30s or 1m 30s".to_owned()));
        assert_eq!(divided("a: b"), ("a: b".to_owned(), "mend it".to_owned()));
    }
}
