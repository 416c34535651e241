//! One folder, looked at from all sides: in the order in which a start would stumble.

use super::around::Around;
use super::executable::sought_by_env;
use super::found::Found;
use super::programs::Executable;
use super::scene::{Program, Said, Scene};
use super::subject::Subject;
use super::{
    account, capabilities, names, order, past, place, programs, rights, script, sockets, values, variables,
};
use cli::text::shown;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{SFlag, fstat};
use protocol::control::path_of;
use protocol::file::{kind, look};
use protocol::folder::{DOWN, KILL_GROUP, LOG, RUN};
use protocol::instance::{Kind, kind as kind_of};
use std::ffi::{CString, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use supervision::private_folder::open_service;
use supervision::supervise::service::{Logged, Named, Template, named};
use supervision::supervise::sources::Sources;

/// What is wrong with the folder of a service, or with that of a logger where `called` ends in `/log`.
pub(super) fn examine(folder: &Path, called: &str, around: &Around) -> Found {
    let owner = std::fs::metadata(folder).map_or(u32::MAX, |stat| stat.uid());
    let mut found = Found::by(around.me(owner).uid);
    let is_template = kind_of(OsStr::new(called)) == Kind::Template;
    let parts = if is_template { None } else { named(called.as_bytes()).ok() };
    let (is_log, template) = parts.map_or((false, None), |Named { is_log, template, .. }| (is_log, template));
    if is_log {
        let above = folder.parent().unwrap_or(Path::new("."));
        if let Some(service) = open(above, around, &mut found) {
            log(&service, called, template.as_ref(), around, &mut found);
        }
        return found;
    }
    names::of_service(called, &mut found);
    let Some(opened) = open(folder, around, &mut found) else { return found };
    let logs = opened.try_clone();
    let above = folder.parent().map(|above| if above == Path::new("") { Path::new(".") } else { above });
    let is_in_it = folder.file_name() == Some(OsStr::new(called))
        && above.and_then(|above| above.canonicalize().ok()).is_some_and(|above| above == around.path);
    if is_in_it {
        place::in_the_directory(&opened, called, is_template, around, &mut found);
    }
    one(opened, called, template.as_ref(), None, is_template, around, &mut found);
    if let Ok(opened) = logs {
        let called = format!("{called}/log");
        let template =
            if is_template { None } else { named(called.as_bytes()).ok().and_then(|named| named.template) };
        match look(&opened, LOG) {
            Ok(Some(stat)) if matches!(kind(&stat), SFlag::S_IFDIR | SFlag::S_IFLNK) => {
                log(&opened, &called, template.as_ref(), around, &mut found);
            }
            Ok(Some(_)) => {
                let what = "it is not a folder, so nothing is logged";
                found.fault("log-not-a-folder", "log".to_owned(), what, "rm it, and mkdir log");
            }
            Ok(None) | Err(_) => {}
        }
    }
    found
}

fn open(folder: &Path, around: &Around, found: &mut Found) -> Option<OwnedFd> {
    let path = CString::new(folder.as_os_str().as_bytes()).ok()?;
    match open_service(AT_FDCWD, &path, around.trusting) {
        Ok(opened) => Some(opened),
        Err(error) => {
            let errno = cli::errno::of(error.root_cause());
            if !errno.is_some_and(|error| found.hides(error)) {
                let what = format!("its folder cannot be opened: {}", cli::errno::chain(&error));
                let cure = "make it a folder, or a link of root's in a folder that only root can write";
                found.fault("folder-unusable", None, what, cure);
            }
            None
        }
    }
}

/// The logger in an opened service folder.
fn log(service: &OwnedFd, called: &str, template: Option<&Template>, around: &Around, found: &mut Found) {
    let opened = match open_service(service, LOG, around.trusting) {
        Ok(opened) => opened,
        Err(error) => {
            if !cli::errno::of(error.root_cause()).is_some_and(|error| found.hides(error)) {
                let what = format!("it cannot be opened: {}", cli::errno::chain(&error));
                let cure = "make it a folder, or a link of root's in a folder that only root can write";
                found.fault("folder-unusable", "log".to_owned(), what, cure);
            }
            return;
        }
    };
    let Ok(folder) = service.try_clone() else { return };
    let name = shown(called.trim_end_matches("/log").as_bytes()).into_owned();
    let logged = Logged { name, folder, template: template.map(|template| template.of_service.clone()) };
    one(opened, called, template, Some(&logged), called.ends_with("@/log"), around, found);
}

/// One folder, a service's or a logger's.
fn one(
    folder: OwnedFd,
    called: &str,
    template: Option<&Template>,
    logged: Option<&Logged>,
    is_template: bool,
    around: &Around,
    found: &mut Found,
) {
    let Ok(stat) = fstat(&folder) else { return };
    let path = path_of(&folder).unwrap_or_default();
    let before = found.findings.len();
    let is_kept = !is_template && past::examine(&folder, called, found);
    let files = protocol::file::names(&folder).unwrap_or_default();
    let sources = match Sources::of(folder, &around.directory, template) {
        Ok(sources) => sources,
        Err(report) => {
            let name = template.map(|template| template.folder.to_string_lossy().into_owned());
            let cure = "make the template a folder, or a link of root's in a folder that only root can write";
            return found.report("template-unusable", name, report, cure);
        }
    };
    let me = around.me(stat.st_uid);
    let subject = Subject { called: called.to_owned(), path, stat, around, sources, me, is_template, logged };
    let files: Vec<String> = files.iter().filter_map(|name| name.to_str().ok().map(str::to_owned)).collect();
    names::of_files(&files, |name| subject.own(name), found);
    place::examine(&subject, found);
    let executables = programs::examine(&subject, found);
    let whom = account::examine(&subject, found);
    let capabilities = capabilities::examine(&subject, whom.as_ref(), found);
    let listen = sockets::examine(&subject, whom.as_ref().and_then(|whom| whom.only), is_kept, found);
    values::examine(&subject, listen.len(), found);
    order::examine(&subject, template, found);
    down(&subject, found);
    let variables = variables::examine(&subject, whom.as_ref().map(|whom| whom.who.uid), found);
    let run = executables.iter().find(|one| one.name == RUN);
    let scene = Scene {
        called: called.to_owned(),
        folder: subject.path.clone(),
        is_log: subject.is_log(),
        is_template,
        has_log: has_log(&subject),
        has_log_stderr: subject.sources.logs_stderr().unwrap_or(false),
        has_kill_group: subject.sources.has(KILL_GROUP).unwrap_or(false),
        instance: subject.sources.instance().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned()),
        run: run.map(|run| run.script.clone()),
        environment: variables::environment(&subject, whom.as_ref(), &variables),
        who: whom.as_ref().map(|whom| whom.who.clone()),
        listen,
        capabilities,
    };
    let mut said = Said::default();
    if let Some(run) = run.filter(|run| run.is_sound) {
        said = script::examine(&scene);
        for finding in std::mem::take(&mut said.findings) {
            found.add(finding);
        }
        if let Some(name) = sought_by_env(&run.script.interpreter) {
            said.programs.insert(0, by_env(name, &scene, run));
        }
    }
    if let Some(whom) = &whom {
        rights::examine(&subject, &scene, whom, &executables, &variables, &said.programs, found);
    }
    past::leave_to_others(before, found);
}

/// What env looks for, by the first line of run.
fn by_env(name: OsString, scene: &Scene, run: &Executable) -> Program {
    Program {
        file: run.script.file.clone(),
        line: 1,
        words: vec![Some(name)],
        account: None,
        folder: Some(scene.folder.clone()),
        path: None,
    }
}

/// Whether there is a folder for a logger.
fn has_log(subject: &Subject<'_>) -> bool {
    let source = subject.sources.source_of(LOG).ok().flatten();
    let stat = source.and_then(|source| look(&source.folder, LOG).ok().flatten());
    stat.is_some_and(|stat| matches!(kind(&stat), SFlag::S_IFDIR | SFlag::S_IFLNK))
}

/// A logger that is down holds up its service when the pipe is full.
fn down(subject: &Subject<'_>, found: &mut Found) {
    let Some(own) = subject.sources.all().next().filter(|_| subject.is_log()) else { return };
    if matches!(look(&own.folder, DOWN), Ok(Some(_))) {
        let what = "the logger is normally down: the service stands still when the pipe to it is full";
        found.advice("logger-down", subject.own("down"), what, "rm it");
    }
}
