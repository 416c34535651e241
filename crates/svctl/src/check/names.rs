//! Names that are not what somebody meant: of the service, and of the files in its folder. Pure.

use super::found::Found;
use cli::text::shown;
use protocol::folder::{
    CAPABILITIES, CHECK, DOWN, DOWN_SIGNAL, ENV, FINISH, KILL_GROUP, LEFTOVERS, LISTEN, LISTEN_CLOSE, LOG,
    NEEDS, NOTIFICATION_FD, NOTIFY_SOCKET, RESTART_MAX, RUN, TIMEOUT_FINISH, TIMEOUT_KILL, TIMEOUT_READY,
    USER, WATCHDOG,
};
use std::ffi::CStr;

/// What a name in a service folder may mean to supervise.
const KNOWN: [&CStr; 21] = [
    RUN,
    DOWN,
    FINISH,
    TIMEOUT_FINISH,
    TIMEOUT_KILL,
    DOWN_SIGNAL,
    KILL_GROUP,
    RESTART_MAX,
    LEFTOVERS,
    NOTIFICATION_FD,
    NOTIFY_SOCKET,
    WATCHDOG,
    TIMEOUT_READY,
    CHECK,
    NEEDS,
    LISTEN,
    LISTEN_CLOSE,
    CAPABILITIES,
    USER,
    ENV,
    LOG,
];

/// Other words for what has a name here.
const OTHER_WORDS: [(&str, &CStr); 12] = [
    ("environment", ENV),
    ("enviroment", ENV),
    ("environ", ENV),
    ("envs", ENV),
    ("username", USER),
    ("account", USER),
    ("requires", NEEDS),
    ("depends", NEEDS),
    ("dependencies", NEEDS),
    ("stop-signal", DOWN_SIGNAL),
    ("logger", LOG),
    ("capability", CAPABILITIES),
];

/// Endings of copies that editors and people keep.
const COPIES: [&str; 8] = ["~", ".bak", ".old", ".orig", ".save", ".swp", ".dpkg-old", ".dpkg-dist"];

/// Endings that programs have elsewhere.
const ENDINGS: [&str; 6] = [".sh", ".py", ".txt", ".conf", ".pl", ".bash"];

/// A name shorter than this is too easily like another.
const SHORTEST_LIKE: usize = 4;

/// What is odd in a service's own name.
pub(super) fn of_service(name: &str, found: &mut Found) {
    if name.chars().any(char::is_control) {
        found.fault(
            "name-control",
            None,
            format!("there is a control character in its name: {}", shown(name.as_bytes())),
            "rename it to letters, digits, - and _",
        );
    } else if name.contains(char::is_whitespace) {
        found.advice(
            "name-blank",
            None,
            "there is a blank in its name, so each command needs it in quotes",
            "rename it, for instance with - for the blank",
        );
    }
}

/// What looks like a file that supervise would use, under a name that it passes over.
pub(super) fn of_files(names: &[String], called: impl Fn(&str) -> String, found: &mut Found) {
    for name in names {
        let Some(meant) = meant(name).and_then(|meant| meant.to_str().ok()) else { continue };
        if names.iter().any(|other| other == meant) {
            continue;
        }
        let shown = shown(name.as_bytes());
        found.advice(
            "misspelt",
            called(&shown),
            format!("nothing reads a file of this name: it looks as if {meant} were meant"),
            format!("mv {shown} {meant}, if it is"),
        );
    }
}

/// The name that another one looks like.
fn meant(name: &str) -> Option<&'static CStr> {
    let is_known = |name: &str| KNOWN.iter().copied().find(|known| known.to_bytes() == name.as_bytes());
    if is_known(name).is_some() || name.starts_with('.') || COPIES.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let plain = name.to_ascii_lowercase().replace(['_', ' '], "-");
    let plain = ENDINGS.iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(&plain);
    let other = || OTHER_WORDS.iter().find(|(word, _)| *word == plain).map(|(_, known)| *known);
    let squeezed = plain.replace('-', "");
    let like = || {
        KNOWN.iter().copied().find(|known| {
            let known = known.to_str().unwrap_or_default();
            known.replace('-', "") == squeezed
                || (known.len() >= SHORTEST_LIKE
                    && plain.len() >= SHORTEST_LIKE
                    && is_one_slip(plain.as_bytes(), known.as_bytes()))
        })
    };
    is_known(plain).or_else(other).or_else(like)
}

/// Whether one letter too many, too few, another one, or two exchanged make one of the other.
fn is_one_slip(one: &[u8], other: &[u8]) -> bool {
    let start = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (one.get(start..).unwrap_or_default(), other.get(start..).unwrap_or_default());
    match (one, other) {
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([_, one @ ..], other) if one == other => true,
        (one, [_, other @ ..]) if one == other => true,
        ([a, b, one @ ..], [c, d, other @ ..]) => (a, b) == (d, c) && one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen() {
        for (name, wanted) in [
            ("Run", "run"),
            ("run.sh", "run"),
            ("users", "user"),
            ("User", "user"),
            ("timeout_kill", "timeout-kill"),
            ("timeoutkill", "timeout-kill"),
            ("timeout-kil", "timeout-kill"),
            ("enviroment", "env"),
            ("ENV", "env"),
            ("fnish", "finish"),
            ("listne", "listen"),
            ("need", "needs"),
            ("capabilites", "capabilities"),
            ("notification_fd", "notification-fd"),
        ] {
            assert_eq!(meant(name).map(|name| name.to_str().unwrap()), Some(wanted), "{name}");
        }
    }

    #[test]
    fn files_of_the_services_own_are_left_alone() {
        for name in [
            "run",
            "env",
            "log",
            "supervise",
            "data",
            "conf",
            "control",
            "type",
            "event",
            "hello.py",
            "root",
            "main",
            "config",
            "README",
            "run~",
            "user.bak",
            "runner",
            "logs",
            "down-signal",
            "nosetsid",
            "start",
            "max-death-tally",
            "timeout-up",
            "timeout-down",
            "app.py",
            "keys",
            "lock",
            "cache",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }

    #[test]
    fn a_copy_beside_the_file_itself_is_no_slip() {
        let told = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut found = Found::by(0);
            of_files(&names, str::to_owned, &mut found);
            found.findings.len()
        };
        assert_eq!(told(&["run", "run.sh"]), 0);
        assert_eq!(told(&["run.sh"]), 1);
    }

    #[test]
    fn names_of_services() {
        let codes = |name: &str| {
            let mut found = Found::by(0);
            of_service(name, &mut found);
            found.findings.iter().map(|finding| finding.code).collect::<Vec<_>>()
        };
        assert!(codes("web@6001").is_empty() && codes("wéb").is_empty());
        assert_eq!(codes("my web"), ["name-blank"]);
        assert_eq!(codes("my\tweb"), ["name-control"]);
        assert!(codes(".web").is_empty(), "so it is called while it is made");
    }
}
