//! The programs of the folder itself: `run`, `finish`, `check`. What their content, their modes and their file system say of them;
//! whether the account can get at them is [`super::reach`]'s affair.

use super::executable::{interpreter, trouble};
use super::found::Found;
use super::scene::Script;
use super::subject::Subject;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::sys::statvfs::{FsFlags, fstatvfs};
use protocol::control::path_of;
use protocol::file::{Unusable, is_trusted, is_trusted_folder, kind, link, look, read_all};
use protocol::folder::{CHECK, FINISH, RUN};
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use supervision::supervise::sources::Source;

/// The longest script that is read. What is longer is a binary.
const LONGEST: usize = 1024 * 1024;

/// A program of the folder that could be executed.
#[derive(Debug)]
pub(super) struct Executable {
    /// What it is called in the folder.
    pub(super) name: &'static CStr,
    /// What is known of it.
    pub(super) script: Script,
    /// It is in the template's folder, and so executed by its absolute path.
    pub(super) is_templates: bool,
    /// Nothing has been found that would keep it from being executed.
    pub(super) is_sound: bool,
}

/// Looks at all of them.
pub(super) fn examine(subject: &Subject<'_>, found: &mut Found) -> Vec<Executable> {
    [RUN, FINISH, CHECK].into_iter().filter_map(|name| one(subject, name, found)).collect()
}

fn one(subject: &Subject<'_>, name: &'static CStr, found: &mut Found) -> Option<Executable> {
    let source = match subject.sources.source_of(name) {
        Ok(Some(source)) => source,
        Ok(None) => {
            if name == RUN {
                missing(subject, found);
            }
            return None;
        }
        Err(error) => {
            found.system(
                "folder-unusable",
                &subject.file_of(name),
                error,
                "mend the folder's owner and mode",
            );
            return None;
        }
    };
    let file = subject.called(source, name);
    let (opened, stat) = open(source, name, &file, found)?;
    let before = found.findings.len();
    if stat.st_mode & 0o111 == 0 {
        let cure = format!("chmod +x {}", path(source, name));
        found.fault("not-executable", file.clone(), "it is not executable", cure);
    }
    let is_noexec = fstatvfs(&opened).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOEXEC));
    if is_noexec {
        let what = "its file system is mounted noexec, so nothing on it is executed";
        found.fault(
            "noexec",
            file.clone(),
            what,
            "put the folder on another file system, or remount it with exec",
        );
    }
    let content = content(opened, &file, found);
    if let Some(trouble) = content.as_deref().and_then(trouble) {
        let cure = trouble.cure.replace(" on it", &format!(" {}", path(source, name)));
        found.fault(trouble.code, file.clone(), trouble.what, cure);
    }
    let content = content.unwrap_or_default();
    let interpreter = interpreter(&content);
    if found.findings.len() == before {
        if let Some(path) = interpreter.first() {
            look_for(path, &file, found);
        }
    }
    let is_sound = found.findings.len() == before;
    let path = path_of(&source.folder).ok()?.join(OsStr::from_bytes(name.to_bytes()));
    let is_templates = !source.prefix.is_empty();
    Some(Executable { name, script: Script { file, path, content, interpreter }, is_templates, is_sound })
}

/// There is no run.
fn missing(subject: &Subject<'_>, found: &mut Found) {
    if subject.is_log() {
        // Then it keeps the log itself.
        return;
    }
    let at_sign = subject.called.find('@').filter(|at| *at > 0);
    let is_instance = at_sign.is_some() && !subject.is_template;
    if is_instance && subject.sources.instance().is_none() {
        let template = subject.called.get(..=at_sign.unwrap_or(0)).unwrap_or_default();
        let template = shown(template.as_bytes());
        let what = format!("there is no run, and no template {template} to take one from");
        let cure = format!("make the folder {template} with a run beside it, or write a run here");
        found.fault("template-missing", subject.own("run"), what, cure);
    } else {
        let what = if is_instance { "there is no run, here or in the template" } else { "there is no run" };
        let cure = "write what is to be run into it, for instance #!/bin/sh and exec COMMAND, then chmod +x";
        found.fault("run-missing", subject.own("run"), what, cure);
    }
}

/// Opens it: a link only where nobody but root and we can have made it.
fn open(source: &Source, name: &CStr, file: &str, found: &mut Found) -> Option<(OwnedFd, FileStat)> {
    let link = match link(&source.folder, name) {
        Ok(link) => link,
        Err(error) => {
            found.system("folder-unusable", file, error, "mend the folder's owner and mode");
            return None;
        }
    };
    let mut flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    match &link {
        None => flags |= OFlag::O_NOFOLLOW,
        Some(link)
            if is_trusted(link.uid) && fstat(&source.folder).is_ok_and(|stat| is_trusted_folder(&stat)) => {}
        // Whose it may be, the owners' judgement says; what it leads to is not ours to show.
        Some(_) => {
            found.is_partial = true;
            return None;
        }
    }
    if link.is_none() && look(&source.folder, name).is_ok_and(|stat| stat.is_some_and(|stat| is_odd(&stat))) {
        not_a_file(file, found);
        return None;
    }
    match openat(&source.folder, name, flags, Mode::empty()) {
        Ok(opened) => match fstat(&opened) {
            Ok(stat) if is_odd(&stat) => {
                not_a_file(file, found);
                None
            }
            Ok(stat) => Some((opened, stat)),
            Err(_) => None,
        },
        Err(Errno::ENOENT) => {
            let target = link.map(|link| shown(link.target.as_bytes()).into_owned()).unwrap_or_default();
            let what = format!("it is a link to {target}, which is not there");
            found.fault("link-dangling", file.to_owned(), what, "make what it leads to, or remove the link");
            None
        }
        Err(error) => {
            found.system("not-readable", file, error, "chmod u+rx it");
            None
        }
    }
}

fn is_odd(stat: &FileStat) -> bool {
    kind(stat) != SFlag::S_IFREG
}

fn not_a_file(file: &str, found: &mut Found) {
    found.fault(
        "not-a-file",
        file.to_owned(),
        "it is not a regular file",
        "put a program or a script in its place",
    );
}

fn content(opened: OwnedFd, file: &str, found: &mut Found) -> Option<Vec<u8>> {
    match read_all(&mut File::from(opened), LONGEST) {
        Ok(content) => Some(content),
        // No script is so long.
        Err(Unusable::TooLong) => Some(b"\x7fELF".to_vec()),
        Err(why) => {
            found.unusable("not-readable", file, why, "chmod u+r it");
            None
        }
    }
}

fn look_for(interpreter: &OsStr, file: &str, found: &mut Found) {
    let shown = shown(interpreter.as_bytes());
    match std::fs::metadata(interpreter) {
        Ok(stat) if stat.is_file() => {}
        Ok(_) => {
            let what = format!("its interpreter {shown} is not a program");
            found.fault(
                "interpreter-missing",
                file.to_owned(),
                what,
                "write the path of a program behind the #!",
            );
        }
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            let name = std::path::Path::new(interpreter).file_name().unwrap_or_default();
            let place = ["/bin", "/usr/bin", "/usr/local/bin"]
                .map(|folder| std::path::Path::new(folder).join(name))
                .into_iter()
                .find(|path| path.is_file());
            let cure = place.map_or_else(
                || "install it, or write the path of one that is there behind the #!".to_owned(),
                |place| format!("write #!{} instead, which is there", place.display()),
            );
            found.fault(
                "interpreter-missing",
                file.to_owned(),
                format!("its interpreter {shown} does not exist"),
                cure,
            );
        }
        Err(_) => found.is_partial = true,
    }
}

fn path(source: &Source, name: &CStr) -> String {
    let path = path_of(&source.folder).unwrap_or_default().join(OsStr::from_bytes(name.to_bytes()));
    super::quoted(&path)
}
