//! Why no supervise keeps a service, and what is to be done about it.

use crate::directory::{Directory, Service};
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use protocol::control::path_of;
use protocol::file::{look, open_folder};
use protocol::folder::{LOG, RUN};
use protocol::instance::{Kind, kind};
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervision::neighbour::{is_locked, path_of_svscan, place};

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// One may come: svscan runs there.
    Coming,
    /// None will.
    Hopeless(String),
}

/// Whether a svscan runs on a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanner {
    Runs,
    Absent,
    /// It is somebody else's to know.
    Hidden,
}

/// Why no supervise keeps the service of an opened folder.
pub(super) fn why(service: &Service, folder: &OwnedFd) -> Absence {
    let name = service.file_name();
    let above = above(service);
    let shown = cli::text::shown(above.as_os_str().as_bytes()).into_owned();
    if kind(&name) == Kind::Template {
        return Absence::Hopeless(of_template(&above, &name));
    }
    if name.as_bytes().starts_with(b".") {
        return Absence::Hopeless("svscan passes over what begins with a dot".to_owned());
    }
    if !has_something_to_run(service, folder, &above) {
        return Absence::Hopeless(format!("its folder has no run (svctl check {} tells more)", service.name));
    }
    match scanner(&above) {
        Scanner::Runs | Scanner::Hidden => Absence::Coming,
        Scanner::Absent => {
            Absence::Hopeless(format!("no svscan runs on {shown}, which would start it: svscan {shown}"))
        }
    }
}

/// What is said of one that svscan does not start.
pub(super) fn never_came(service: &Service) -> String {
    let name = &service.name;
    format!("svscan has not started it: what svscan says on stderr tells why, and perhaps svctl check {name}")
}

/// The service directory of a service, or of a logger's.
pub(super) fn above(service: &Service) -> PathBuf {
    let path = &service.path;
    let above = if is_logger(service) { path.parent().and_then(Path::parent) } else { path.parent() };
    match above {
        Some(above) if above != Path::new("") => above.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether it is the logger of another one.
pub(super) fn is_logger(service: &Service) -> bool {
    service.path.ends_with(OsStr::from_bytes(LOG.to_bytes()))
}

/// Whether a svscan runs on that directory: it holds its lock.
pub(super) fn scanner(directory: &Path) -> Scanner {
    let Ok(name) = CString::new(directory.as_os_str().as_bytes()) else { return Scanner::Absent };
    let Ok(opened) = open_folder(AT_FDCWD, &name) else { return Scanner::Absent };
    let Ok(path) = path_of_svscan(|| path_of(&opened)) else { return Scanner::Absent };
    if let Some(place) = place(opened.as_fd(), &path) {
        return if is_locked(&place) { Scanner::Runs } else { Scanner::Absent };
    }
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return Scanner::Absent };
    match open_folder(&opened, &path) {
        Err(Errno::ENOENT) => Scanner::Absent,
        _ => Scanner::Hidden,
    }
}

/// Whether supervise would find a program: its own, its template's, or for a logger multilog.
fn has_something_to_run(service: &Service, folder: &OwnedFd, above: &Path) -> bool {
    let has_run = !matches!(look(folder, RUN), Ok(None));
    let of_template = || match kind(&service.file_name()) {
        Kind::Instance { template, .. } => above.join(template).is_dir(),
        _ => false,
    };
    has_run || is_logger(service) || of_template()
}

fn of_template(directory: &Path, name: &OsStr) -> String {
    let names = Directory::choose(Some(directory)).and_then(|directory| directory.names());
    let is_its = |other: &&std::ffi::OsString| matches!(kind(other), Kind::Instance { template, .. } if template == name);
    let instances: Vec<String> = names
        .unwrap_or_default()
        .iter()
        .filter(is_its)
        .map(|name| cli::text::shown(name.as_bytes()).into_owned())
        .collect();
    let name = cli::text::shown(name.as_bytes());
    if instances.is_empty() {
        format!(
            "a template is never started, its instances are, and there is none yet: mkdir {name}1 makes one"
        )
    } else {
        format!("a template is never started, its instances are: {}", instances.join(", "))
    }
}
