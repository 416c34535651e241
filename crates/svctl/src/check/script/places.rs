//! Folders and files that a script names outright, outside of its own folder: whether they are there. Where something in the script
//! may make them, nothing is said.

use super::steps::{Redirected, Step, Term};
use super::view::View;
use crate::check::Finding;
use std::io::ErrorKind;
use std::path::Path;

/// Commands that may make what is missing.
pub(super) const MAKERS: &[&str] = &[
    "bindfs",
    "cp",
    "git",
    "install",
    "ln",
    "mkdir",
    "mkfifo",
    "mktemp",
    "mount",
    "mv",
    "rsync",
    "s6-mkdir",
    "sshfs",
    "systemd-tmpfiles",
    "tar",
    "tee",
    "touch",
    "unzip",
];

/// What the script names that is not there, and where it sends what the service writes.
pub(super) fn examine(view: &View) -> Vec<Finding> {
    let mut findings = Vec::new();
    let calls_functions = view
        .story
        .steps
        .iter()
        .any(|step| step.name().is_some_and(|name| view.story.functions.contains(name)));
    if !view.calls(MAKERS) && !calls_functions {
        let certain =
            view.story.steps.iter().filter(|step| step.place.is_certain && !step.place.is_in_function);
        findings.extend(certain.flat_map(|step| missing(view, step)));
    }
    if view.scene.has_log {
        findings.extend(past_the_log(view));
    }
    findings
}

fn missing(view: &View, step: &Step) -> Vec<Finding> {
    let named =
        step.words.get(1).and_then(Term::known).filter(|path| path.starts_with('/') && step.words.len() == 2);
    let mut findings = Vec::new();
    match (step.name(), named) {
        (Some("cd"), Some(path)) if !is_folder(path) => {
            let what = format!("line {}: there is no folder {}", step.line, shown(path));
            findings.push(view.fault("folder-missing", what, "make it, or name the one that is meant"));
        }
        (Some("." | "source"), Some(path)) if !step.place.is_asked && is_missing(path) => {
            let what = format!(
                "line {}: {} is not there, and is read without a look before",
                step.line,
                shown(path)
            );
            let cure = format!("if it may be missing: [ ! -r {0} ] || . {0}", shown(path));
            // A plain sh ends there.
            findings.push(if view.is_dash {
                view.fault("source-missing", what, cure)
            } else {
                view.advice("source-missing", what, cure)
            });
        }
        _ => {}
    }
    findings
        .extend(step.redirections.iter().filter_map(|redirection| target_missing(view, step, redirection)));
    findings
}

fn target_missing(view: &View, step: &Step, redirection: &Redirected) -> Option<Finding> {
    let path = redirection.target.as_ref()?.known().filter(|path| path.starts_with('/'))?;
    let (wanted, what) = match redirection.sign {
        ">" | ">>" | ">|" | "&>" | "&>>" => (Path::new(path).parent()?.to_str()?, "to be written"),
        "<" => (path, "to be read"),
        _ => return None,
    };
    if !is_missing(wanted) {
        return None;
    }
    let what = format!("line {}: {} is {what}, and there is no {}", step.line, shown(path), shown(wanted));
    Some(view.fault(
        "redirect-missing",
        what,
        "make it, or leave the redirection out; a folder log/ takes what the service writes",
    ))
}

/// What does not come to the log that is there.
fn past_the_log(view: &View) -> Option<Finding> {
    let log = "log/";
    let writes = |step: &&Step| {
        step.name() == Some("exec") || view.services.iter().any(|service| service.step.line == step.line)
    };
    let certain = view.story.steps.iter().filter(|step| step.place.is_certain && !step.place.is_in_function);
    for step in certain.filter(writes) {
        let elsewhere = step.redirections.iter().find(|redirection| {
            matches!(redirection.sign, ">" | ">>" | ">|" | "&>" | "&>>")
                && matches!(redirection.descriptor, None | Some(1))
        });
        let Some(target) = elsewhere.and_then(|redirection| redirection.target.as_ref()) else { continue };
        if target.known().is_none_or(|path| path.starts_with("/dev/") && path != "/dev/null") {
            continue;
        }
        let what = format!("line {} writes to {}, so that nothing comes to {log}", step.line, target.shown());
        return Some(view.advice("past-the-log", what, "leave the redirection out, or the folder log/"));
    }
    let mut redirections = view.story.steps.iter().flat_map(|step| &step.redirections);
    let moves_stderr = redirections.any(|redirection| {
        redirection.descriptor == Some(2) || redirection.sign.starts_with('&') || redirection.sign == "<<<"
    });
    if moves_stderr || view.scene.has_log_stderr || view.scene.is_log || view.services.is_empty() {
        return None;
    }
    let line = view.services.first()?.step.line;
    let what = format!(
        "line {line}: what the program writes to stderr, as most do with errors, does not come to {log} but to svscan's stderr"
    );
    Some(view.advice(
        "stderr-not-logged",
        what,
        "make the empty file log/stderr, or write exec 2>&1 on a line before",
    ))
}

fn is_folder(path: &str) -> bool {
    match Path::new(path).metadata() {
        Ok(metadata) => metadata.is_dir(),
        // What cannot be looked at may be there.
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

fn is_missing(path: &str) -> bool {
    Path::new(path)
        .metadata()
        .is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

fn shown(path: &str) -> String {
    cli::text::shown(path.as_bytes()).into_owned()
}
