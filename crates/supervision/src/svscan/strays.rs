//! Supervises that an earlier svscan has left running in folders that are gone: removed, renamed away or replaced while no svscan
//! was there. No listing shows these folders any more, so they are sought among the processes.

use super::events::Part;
use super::takeover::{self, Running};
use crate::held::Held;
use crate::proc;
use nix::sys::stat::stat;
use nix::unistd::{Pid, getpid, getppid};
use protocol::folder::LOG;
use protocol::identity::{FolderId, VARIABLE};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path};

/// One of them.
#[derive(Debug)]
pub(super) struct Stray {
    /// The folder that it works in.
    pub(super) id: FolderId,
    /// What it was called last.
    pub(super) name: OsString,
    pub(super) part: Part,
    pub(super) running: Running,
}

/// Finds those of the directory at that path, which is the current one. Where /proc cannot be asked, there are none.
pub(super) fn find(here: &Path) -> Vec<Stray> {
    let reapers = [getpid(), getppid(), Pid::from_raw(1)];
    let may_be_one = |stat: &proc::Stat| reapers.contains(&stat.parent) && stat.is_alive();
    let found = proc::find(may_be_one).unwrap_or_default();
    found.iter().filter_map(|process| stray(process.pid, here)).collect()
}

fn stray(pid: Pid, here: &Path) -> Option<Stray> {
    // What somebody runs by hand is not svscan's.
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let is_svscans = |entry: &[u8]| entry.starts_with(VARIABLE.as_bytes());
    if !environment.split(|byte| *byte == 0).any(is_svscans) {
        return None;
    }
    let works_in = Path::new("/proc").join(pid.to_string()).join("cwd");
    let (name, part) = place(&works_in.read_link().ok()?, here)?;
    let folder = proc::working_folder(pid)?;
    // Nobody else's process is told anything.
    let is_ours = works_in.parent()?.metadata().ok()?.uid() == nix::unistd::geteuid().as_raw();
    let path = match part {
        Part::Service => Path::new(&name).to_owned(),
        Part::Logger => Path::new(&name).join(OsStr::from_bytes(LOG.to_bytes())),
    };
    let is_hidden = name.as_bytes().starts_with(b".");
    let is_there = !is_hidden && stat(&path).is_ok_and(|stat| FolderId::from(&stat) == folder);
    if !is_ours || is_there {
        return None;
    }
    let held = Held::open(pid).ok().flatten()?;
    let running = takeover::running(held)?;
    Some(Stray { id: folder, name, part, running })
}

/// The service whose supervise works in that folder, as the kernel tells its path, and whether it is the logger's.
#[must_use]
fn place(folder: &Path, here: &Path) -> Option<(OsString, Part)> {
    let path = folder.as_os_str().as_bytes();
    let path = Path::new(OsStr::from_bytes(path.strip_suffix(b" (deleted)").unwrap_or(path)));
    let mut parts = path.strip_prefix(here).ok()?.components();
    let Component::Normal(name) = parts.next()? else { return None };
    let part = match (parts.next(), parts.next()) {
        (None, _) => Part::Service,
        (Some(Component::Normal(inner)), None) if inner.as_bytes() == LOG.to_bytes() => Part::Logger,
        _ => return None,
    };
    Some((name.to_owned(), part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_folder_names_its_service() {
        let place = |folder: &str| place(Path::new(folder), Path::new("/service"));
        let named = |name: &str, part| Some((OsString::from(name), part));
        assert_eq!(place("/service/web"), named("web", Part::Service));
        assert_eq!(place("/service/web (deleted)"), named("web", Part::Service));
        assert_eq!(place("/service/.web/log (deleted)"), named(".web", Part::Logger));
        for other in ["/service", "/service (deleted)", "/services/web", "/", "/service/web/log/main"] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
