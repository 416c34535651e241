//! What would go with a service folder: its log, and files that are nobody's setting.

use crate::directory::Service;
use crate::output::bytes;
use crate::seen::open;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, SFlag};
use protocol::file::{kind, look, names};
use protocol::folder::{
    CAPABILITIES, CHECK, DOWN, DOWN_SIGNAL, ENV, FINISH, KILL_GROUP, LEFTOVERS, LISTEN, LISTEN_CLOSE, LOG,
    NEEDS, NOTIFICATION_FD, NOTIFY_SOCKET, RESTART_MAX, RUN, SUPERVISE, TIMEOUT_FINISH, TIMEOUT_KILL,
    TIMEOUT_READY, USER, WATCHDOG,
};
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

/// What a service folder has by itself.
const SETTINGS: [&CStr; 22] = [
    CAPABILITIES,
    CHECK,
    DOWN,
    DOWN_SIGNAL,
    ENV,
    FINISH,
    KILL_GROUP,
    LEFTOVERS,
    LISTEN,
    LISTEN_CLOSE,
    LOG,
    NEEDS,
    NOTIFICATION_FD,
    NOTIFY_SOCKET,
    RESTART_MAX,
    RUN,
    SUPERVISE,
    TIMEOUT_FINISH,
    TIMEOUT_KILL,
    TIMEOUT_READY,
    USER,
    WATCHDOG,
];

/// In `log/`: its stderr goes there too.
const STDERR: &CStr = c"stderr";

/// Folders within each other are followed so far.
const DEPTH: u32 = 32;

/// So many names are said of files that nobody knows.
const NAMES: usize = 3;

/// What is there beside settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Bytes of its log.
    log: u64,
    /// The names of what else there is.
    others: Vec<String>,
}

impl Contents {
    /// Looks into a service's folder; no link is followed.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn of(service: &Service) -> Result<Self, Errno> {
        let folder = open(service)?;
        let mut contents = Self::default();
        for name in names(&folder)? {
            if !SETTINGS.contains(&name.as_c_str()) {
                contents.others.push(shown(name.to_bytes()).into_owned());
            }
        }
        contents.others.sort();
        if let Ok(log) = enter(&folder, LOG) {
            for name in names(&log)? {
                if !SETTINGS.contains(&name.as_c_str()) && name.as_c_str() != STDERR {
                    contents.log = contents.log.saturating_add(size(&log, &name, DEPTH));
                }
            }
        }
        Ok(contents)
    }

    /// What there is that somebody could miss.
    pub(super) fn words(&self) -> Option<String> {
        let log = (self.log > 0).then(|| format!("its log ({})", bytes(self.log)));
        let (named, rest) = self.others.split_at(self.others.len().min(NAMES));
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let others = (!named.is_empty()).then(|| format!("{}{more}", named.join(", ")));
        let parts: Vec<String> = log.into_iter().chain(others).collect();
        (!parts.is_empty()).then(|| parts.join(", and "))
    }
}

fn enter(folder: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

/// The bytes of a file, or of all in a folder; what cannot be looked at counts for nothing.
fn size(folder: &OwnedFd, name: &CStr, depth: u32) -> u64 {
    let Ok(Some(stat)) = look(folder, name) else { return 0 };
    match (kind(&stat), depth.checked_sub(1)) {
        (SFlag::S_IFREG, _) => u64::try_from(stat.st_size).unwrap_or(0),
        (SFlag::S_IFDIR, Some(depth)) => {
            let Ok(inner) = enter(folder, name) else { return 0 };
            let sizes = names(&inner).unwrap_or_default().into_iter().map(|name| size(&inner, &name, depth));
            sizes.fold(0, u64::saturating_add)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_log_and_what_is_no_setting_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let service = Service { name: "web".to_owned(), path: folder.path().to_owned() };
        let words = || Contents::of(&service).unwrap().words();
        for name in ["run", "user", "down", "log/user", "log/stderr", "env/HOME"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        assert_eq!(words(), None);
        fs::create_dir(folder.path().join("log/main")).unwrap();
        fs::write(folder.path().join("log/main/current"), [b'x'; 1500]).unwrap();
        std::os::unix::fs::symlink("/usr", folder.path().join("log/main/link")).unwrap();
        assert_eq!(words().unwrap(), "its log (1.5 kB)");
        for name in ["b", "a\x1b", "c", "d", "e"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(words().unwrap(), "its log (1.5 kB), and a\\x1b, b, c and 2 more");
    }
}
