//! What the run script says: which programs it runs, and what is wrong with how it does that. It is read, never run.
//!
//! | file | what is in it |
//! |---|---|
//! | `lexer.rs`, `parser.rs`, `syntax.rs` | the shell's language, as far as run scripts use it |
//! | `steps.rs` | each command with what is known of its words and its place |
//! | `execline.rs` | the same for scripts of execline |
//! | `chain.rs` | programs that run the next one of their command line |
//! | `view.rs` | what the rules look at |
//! | `programs.rs`, `background.rs`, `home.rs`, `ports.rs` | rules about the program that stays |
//! | `endings.rs`, `habits.rs`, `places.rs`, `dialect.rs` | rules about the script around it |
//!
//! Where a script cannot be followed, or a word is not known, nothing is said: a rule speaks only of what is certain. Scripts in other
//! languages are the service itself, and nobody's affair here.

mod background;
mod chain;
mod dialect;
mod endings;
mod execline;
mod habits;
mod home;
mod lexer;
mod parser;
mod places;
mod ports;
mod programs;
mod steps;
mod syntax;
mod view;

use super::scene::{Program, Said, Scene, Script};
use chain::{follow, passage};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use steps::{Step, Story, Term};
use syntax::{Bashism, base_name};
use view::View;

/// Shells whose scripts are read.
const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "mksh", "sh"];

/// What a script runs, and what is wrong with how it does that.
pub(super) fn examine(scene: &Scene) -> Said {
    let Some(script) = &scene.run else { return Said::default() };
    let Some(language) = language(script) else { return Said::default() };
    let text = String::from_utf8_lossy(&script.content);
    let read = match language {
        Language::Shell => read_shell(scene, &text),
        Language::Execline => {
            execline::read(&text, known(scene), scene.folder.clone()).map(|story| (story, Vec::new()))
        }
    };
    let Some((story, bashisms)) = read else { return Said::default() };
    let is_dash = is_dash(script);
    let view = View::new(scene, script, &story, is_dash);
    Said { findings: findings(&view, &bashisms), programs: programs(&view) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Shell,
    Execline,
}

/// The language of a script, by its first line: also behind env and the like.
fn language(script: &Script) -> Option<Language> {
    let words: Vec<String> =
        script.interpreter.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (path, argument) = (words.first()?, words.get(1).map(String::as_str).unwrap_or_default());
    let mut inner = argument.split_whitespace().filter(|word| !word.starts_with('-'));
    let name = match base_name(path) {
        "env" | "with-contenv" | "busybox" => base_name(inner.next()?),
        name => name,
    };
    match name {
        "execlineb" => Some(Language::Execline),
        name if SHELLS.contains(&name) => Some(Language::Shell),
        _ => None,
    }
}

/// Whether its shell is dash: others know more.
fn is_dash(script: &Script) -> bool {
    let path = script.interpreter.first().map(Path::new);
    let name =
        path.and_then(|path| path.canonicalize().ok()).and_then(|path| Some(path.file_name()?.to_owned()));
    name.is_some_and(|name| name == "dash")
}

fn read_shell(scene: &Scene, text: &str) -> Option<(Story, Vec<Bashism>)> {
    let (list, bashisms) = parser::parse(text).ok()?;
    Some((steps::read(&list, known(scene), scene.folder.clone()), bashisms))
}

/// The variables that run gets, with the instance's.
fn known(scene: &Scene) -> BTreeMap<String, String> {
    let text = |text: &OsString| text.to_str().map(str::to_owned);
    let variables =
        scene.environment.variables.iter().filter_map(|(name, value)| Some((text(name)?, text(value)?)));
    let instance = scene.instance.as_ref().and_then(text);
    variables
        .chain(
            ["1", "INSTANCE"]
                .into_iter()
                .zip(instance.into_iter().cycle())
                .map(|(name, value)| (name.to_owned(), value)),
        )
        .collect()
}

fn findings(view: &View, bashisms: &[Bashism]) -> Vec<super::Finding> {
    let mut findings = Vec::new();
    findings.extend(dialect::first_line(view));
    findings.extend(dialect::examine(view, bashisms));
    findings.extend(habits::examine(view));
    // What else it says of it is said of a program that run is not.
    if findings.iter().any(|finding| matches!(finding.code, "init-script" | "systemd-unit")) {
        return findings;
    }
    findings.extend(programs::examine(view));
    let goes_away = findings.iter().any(|finding| matches!(finding.code, "background" | "started-elsewhere"));
    // A program that does not stay leaves no shell in front of it.
    findings.extend(
        endings::examine(view).into_iter().filter(|finding| !goes_away || finding.code == "after-exec"),
    );
    findings.extend(home::examine(view));
    findings.extend(ports::examine(view, ports::first_unprivileged()));
    findings.extend(places::examine(view));
    findings
}

/// The programs that are run on every way through the script.
fn programs(view: &View) -> Vec<Program> {
    let certain = |step: &&Step| {
        let place = step.place;
        place.is_certain && !place.is_asked && !place.is_in_function && !place.is_in_loop
    };
    let exec = |step: &&Step| {
        view.services.iter().any(|service| service.is_exec && std::ptr::eq(service.step, *step))
    };
    let steps = view.story.steps.iter().filter(|step| certain(step) || exec(step));
    steps.flat_map(|step| of_step(view, step)).collect()
}

fn of_step(view: &View, step: &Step) -> Vec<Program> {
    let is_function = |name: &str| view.story.functions.contains(name);
    if step.name().is_none_or(is_function) {
        return Vec::new();
    }
    let stages = follow(&step.words);
    let mut programs = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let passage = passage(stages.get(..index).unwrap_or_default());
        let path = path(step, &passage);
        let has_slash = stage.words.first().is_some_and(|word| word.text.contains('/'));
        if path.is_none() && !has_slash {
            continue;
        }
        programs.push(Program {
            file: view.script.file.clone(),
            line: step.line,
            words: stage.words.iter().map(|word| word.known().map(OsString::from)).collect(),
            account: passage.account.as_ref().and_then(Term::known).map(OsString::from),
            folder: passage
                .folder_from(step.folder.clone())
                .map(clean)
                .filter(|folder| is_settled(view, folder)),
            path: path.flatten(),
        });
    }
    programs
}

/// The PATH of a command: none where it is not known, `Some(None)` for the one that run gets.
fn path(step: &Step, passage: &chain::Passage) -> Option<Option<OsString>> {
    if let Some(set) = passage.sets.get("PATH") {
        return set.as_ref().map(|path| Some(path.into()));
    }
    if passage.has_unseen_variables {
        return None;
    }
    if let Some((_, set)) = step.sets.iter().find(|(name, _)| name == "PATH") {
        return set.as_ref().map(|path| Some(path.into()));
    }
    if !step.touched.contains("PATH") {
        return Some(None);
    }
    step.known.get("PATH").map(|path| Some(path.into()))
}

/// Whether it is known what that folder is: what is not there may be made by the script, or is told of by itself.
fn is_settled(view: &View, folder: &Path) -> bool {
    let own = &view.scene.folder;
    folder == own || folder.exists() || (folder.starts_with(own) && !view.calls(places::MAKERS))
}

/// Without `.` in it.
fn clean(path: PathBuf) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests;
