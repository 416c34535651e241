//! Another service of the same directory, seen from outside: what it needs, whether a supervise keeps it, and how it is.
//!
//! Its folder may be somebody else's. What is in it is read with care, its record believed only where nobody else can write it.

use crate::held::Held;
use crate::private_folder::told;
use crate::supervise::service::{Named, Template, named};
use anyhow::Context;
use nix::errno::Errno;
use nix::sys::stat::fstat;
use protocol::control;
use protocol::file::{
    Unusable, is_trusted, look, open_owners_folder, open_regular, open_trusted_folder, read_all,
};
use protocol::folder::{LOCK, NEEDS, OK, STATUS, VARIABLE, control_folder};
use protocol::identity::FolderId;
use protocol::lock;
use protocol::needs::{self, LONGEST_FILE};
use protocol::process::Boot;
use protocol::status::{Detail, Phase, Status, Want};
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where svscan keeps its lock.
const SVSCAN: &str = ".svscan";

/// How a service is, for one who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is up, and ready if it ever says that.
    Ready,
    /// It is on its way there.
    Coming,
    /// Nothing runs, and nothing is due.
    Down,
    /// No supervise keeps it.
    Unsupervised,
}

/// A service's condition, and who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) condition: Condition,
    /// Its supervise is another program, which tells nobody of what happens.
    pub(crate) is_foreign: bool,
}

impl Seen {
    /// What is seen where no supervise ever was.
    pub(crate) const NOBODY: Self = Self { condition: Condition::Unsupervised, is_foreign: false };
}

/// Opens the folder of that name; `None` where there is none.
///
/// # Errors
///
/// Where it is no folder, a link that is not followed, or the system says no.
pub(crate) fn open(directory: impl AsFd, name: &CStr) -> Result<Option<OwnedFd>, Unusable> {
    match open_trusted_folder(directory, name) {
        Ok(folder) => Ok(Some(folder)),
        Err(Unusable::System(Errno::ENOENT)) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Where svscan keeps its own files: in the service directory, and relative to it; or where the services' files are as well,
/// and then absolute. `directory` is asked for the directory's path only where it is needed.
///
/// # Errors
///
/// Those of `directory`.
pub fn path_of_svscan<E>(directory: impl FnOnce() -> Result<PathBuf, E>) -> Result<PathBuf, E> {
    let setting = sys::environment::value(VARIABLE);
    if setting.is_some_and(|value| Path::new(OsStr::from_bytes(value)).is_absolute()) {
        return control_folder(setting, || Ok(directory()?.join(SVSCAN)));
    }
    Ok(PathBuf::from(SVSCAN))
}

/// The folder at that path, absolute or relative to an opened one, if it is there and ours alone: a `supervise/`, or svscan's.
pub fn place(folder: impl AsFd, path: &Path) -> Option<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let place = open_owners_folder(folder, &path).ok()?;
    let stat = fstat(&place).ok()?;
    (is_trusted(stat.st_uid) && stat.st_mode & 0o022 == 0).then_some(place)
}

/// Whether somebody holds the lock in such a place: a supervise, or svscan.
pub fn is_locked(place: impl AsFd) -> bool {
    // Held by us for a moment where it is free: who begins just then tries again.
    matches!(lock::take(place, LOCK), Err(Errno::EAGAIN))
}

/// The record in such a place.
#[must_use]
pub fn record(place: impl AsFd) -> Option<Status> {
    control::status(place).ok()
}

/// Opens a FIFO in such a place for writing; `None` where nobody reads it.
pub(crate) fn open_fifo(place: impl AsFd, name: &CStr) -> Option<OwnedFd> {
    control::open_fifo(place, name).ok().flatten()
}

/// How the service is whose `supervise/` that is. A record that its supervise has not written itself, such as one from
/// before the machine was started, says nothing.
pub(crate) fn look_at(place: impl AsFd, boot: Option<Boot>) -> Seen {
    let Some(status) = record(place.as_fd()) else { return Seen::NOBODY };
    let is_ready = status.is_ready();
    let is_foreign = status.detail.is_none();
    let (is_kept, is_down) = match &status.detail {
        Some(detail) => (wrote_it(place, detail, boot), detail.phase == Phase::Down),
        None => (open_fifo(place, OK).is_some(), status.want != Want::Up && status.pid.is_none()),
    };
    let condition = match (is_kept, is_ready, is_down) {
        (false, _, _) => return Seen::NOBODY,
        (true, true, _) => Condition::Ready,
        (true, false, true) => Condition::Down,
        (true, false, false) => Condition::Coming,
    };
    Seen { condition, is_foreign }
}

/// Whether the supervise that wrote the record is there, and wrote it in this place: a folder may be a copy of another.
fn wrote_it(place: impl AsFd, detail: &Detail, boot: Option<Boot>) -> bool {
    let file = look(place.as_fd(), STATUS).ok().flatten().map(|stat| FolderId::from(&stat));
    let is_whole = detail.boot == boot && detail.file == file;
    let Some(supervise) = detail.supervise.filter(|_| is_whole) else { return false };
    match Held::find(supervise) {
        Ok(found) => found.is_some_and(|held| !held.has_ended()),
        // It cannot be held on this system.
        Err(_) => open_fifo(place, OK).is_some(),
    }
}

/// The services that the one at that path, relative to the service directory, needs: `web`, or `web/log` for a logger. None
/// where the file cannot be used, which its own supervise says.
pub fn needs_of(directory: impl AsFd, path: &CStr) -> Vec<CString> {
    let Ok(Some(folder)) = open(directory.as_fd(), path) else { return Vec::new() };
    let Ok(Named { template, .. }) = named(path.to_bytes()) else { return Vec::new() };
    needs_in(folder, directory, template.as_ref()).unwrap_or_default()
}

/// The services that the `needs` in an opened folder names, or where it has none, that in its template's.
///
/// # Errors
///
/// Where a file is there that cannot be read, or has a line that names no service.
pub fn needs_in(
    folder: impl AsFd,
    directory: impl AsFd,
    template: Option<&Template>,
) -> anyhow::Result<Vec<CString>> {
    let own = content(folder).context("unable to use needs")?;
    let Some(Template { folder: template, instance, .. }) = template else {
        return own.map_or(Ok(Vec::new()), |own| needs::parse(&own, None).context("needs"));
    };
    let shown = template.to_string_lossy();
    let unable = || format!("unable to use {shown}/needs");
    let (content, what) = match own {
        Some(own) => (own, String::new()),
        None => {
            let folder = open(directory.as_fd(), template).map_err(told);
            let Some(folder) = folder.with_context(|| format!("unable to use {shown}"))? else {
                return Ok(Vec::new());
            };
            let Some(content) = content(folder).with_context(unable)? else { return Ok(Vec::new()) };
            (content, format!("{shown}/"))
        }
    };
    // Without its template it is no instance.
    let instance = look(directory, template).with_context(unable)?.map(|_| instance.to_bytes());
    needs::parse(&content, instance).with_context(|| format!("{what}needs"))
}

fn content(folder: impl AsFd) -> anyhow::Result<Option<Vec<u8>>> {
    let Some((mut file, _)) = open_regular(folder, NEEDS).map_err(told)? else { return Ok(None) };
    read_all(&mut file, LONGEST_FILE).map(Some).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::file::open_folder;
    use std::fs;

    /// A service directory, in which those files are.
    fn directory(files: &[(&str, &str)]) -> (tempfile::TempDir, OwnedFd) {
        let directory = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let opened = open_folder(
            nix::fcntl::AT_FDCWD,
            &CString::new(directory.path().as_os_str().as_bytes()).unwrap(),
        );
        (directory, opened.unwrap())
    }

    #[test]
    fn its_own_file_comes_before_the_templates() {
        let (_directory, opened) = directory(&[
            ("web/needs", "db\n"),
            ("web/log/needs", "net\n"),
            ("t@/needs", "db@$INSTANCE\n"),
            ("t@/log/needs", "net@$INSTANCE\n"),
            ("t@1/run", ""),
            ("t@1/log/run", ""),
            ("t@2/needs", "own-$INSTANCE\n"),
            ("u@3/needs", "own-$INSTANCE\n"),
            ("bad/needs", "a/b\n"),
        ]);
        let needs = |path: &str| -> Vec<String> {
            let names = needs_of(&opened, &CString::new(path).unwrap());
            names.into_iter().map(|name| name.into_string().unwrap()).collect()
        };
        assert_eq!(needs("web"), ["db"]);
        assert_eq!(needs("web/log"), ["net"]);
        assert_eq!(needs("t@1"), ["db@1"]);
        assert_eq!(needs("t@1/log"), ["net@1"]);
        assert_eq!(needs("t@2"), ["own-2"]);
        for without in ["t@2/log", "u@3", "bad", "nosuch", "t@"] {
            assert_eq!(needs(without), [""; 0], "{without}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        let (directory, opened) = directory(&[("t@/needs", "x/y\n"), ("t@1/run", ""), ("web/run", "")]);
        fs::create_dir(directory.path().join("web/needs")).unwrap();
        let refusal = |path: &str| {
            let folder = open(&opened, &CString::new(path).unwrap()).unwrap().unwrap();
            let template = named(path.as_bytes()).unwrap().template;
            let why = needs_in(folder, &opened, template.as_ref()).unwrap_err();
            cli::errno::chain(&why)
        };
        assert!(
            refusal("t@1").starts_with("t@/needs: line 1: a service is named without /"),
            "{}",
            refusal("t@1")
        );
        assert_eq!(refusal("web"), "unable to use needs: not a regular file");
    }

    #[test]
    fn where_no_supervise_was_there_is_none() {
        let (directory, opened) = directory(&[("web/supervise/status", "whatever this is, it is no record")]);
        assert!(place(&opened, Path::new("web/nosuch")).is_none());
        fs::set_permissions(
            directory.path().join("web/supervise"),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        )
        .unwrap();
        assert!(place(&opened, Path::new("web/supervise")).is_none(), "anybody can write there");
        fs::set_permissions(
            directory.path().join("web/supervise"),
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )
        .unwrap();
        let place = place(&opened, Path::new("web/supervise")).unwrap();
        assert_eq!(look_at(&place, Boot::current()), Seen::NOBODY);
    }
}
