//! What people bring along from elsewhere, and a supervisor does better or not at all: pauses, loops, kills, scripts of init.

use super::chain::follow;
use super::endings::is_tool;
use super::steps::{Step, Term};
use super::view::{View, shown};
use crate::check::Finding;

/// A longer pause in a loop is a timetable, and no wait for the next start.
const PAUSE: u64 = 10;

/// What the script does besides running the service.
pub(super) fn examine(view: &View) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(line) = view.story.init_script {
        let what = format!(
            "line {line}: this is a script for init, which is called with start and stop; run is called without, and stays"
        );
        findings.push(view.fault(
            "init-script",
            what,
            "let run be only the program, in the foreground: exec PROGRAM",
        ));
        return findings;
    }
    if let Some(unit) = unit(view) {
        return vec![unit];
    }
    findings.extend(pause(view));
    findings.extend(restarting_loop(view));
    findings.extend(kill(view));
    findings.extend(argument(view));
    findings.extend(tilde(view));
    findings.extend(windows(view));
    findings
}

/// Lines of a systemd unit.
fn unit(view: &View) -> Option<Finding> {
    let is_unit = |step: &&Step| {
        let section = step
            .words
            .first()
            .is_some_and(|word| matches!(word.source.as_str(), "[Unit]" | "[Service]" | "[Install]"));
        section
            || step.sets.iter().any(|(name, _)| {
                matches!(name.as_str(), "ExecStart" | "ExecStartPre" | "ExecStop" | "WantedBy")
            })
    };
    let step = view.story.steps.iter().find(is_unit)?;
    let what = format!("line {} is from a unit of systemd: run is a program, most often a script", step.line);
    Some(view.fault("systemd-unit", what, "write what stands behind ExecStart= as exec PROGRAM, User= into the file user, Environment= into env/"))
}

fn pause(view: &View) -> Option<Finding> {
    let exec = view.services.iter().find(|service| service.is_exec)?.step.line;
    let is_pause = |step: &&Step| {
        let place = step.place;
        step.name() == Some("sleep")
            && place.is_certain
            && !place.is_asked
            && !place.is_last
            && !place.is_background
            && step.line <= exec
    };
    let step = view.story.steps.iter().find(is_pause)?;
    let what = format!(
        "line {}: {} delays each start, and is too short on a slow day; the service counts as up meanwhile",
        step.line,
        shown(&step.words)
    );
    let cure = format!(
        "name what it waits for in the file {}; a check says when a service is ready, and supervise itself waits between two starts",
        view.scene.file("needs")
    );
    Some(view.advice("sleep", what, cure))
}

/// `while true; do prog; sleep 1; done`
fn restarting_loop(view: &View) -> Option<Finding> {
    let line = *view.story.endless_loops.first()?;
    let inside: Vec<&Step> =
        view.story.steps.iter().filter(|step| step.place.is_in_loop && step.line >= line).collect();
    let waits = inside.iter().any(|step| match step.name() {
        Some("sleep") => step
            .words
            .get(1)
            .and_then(Term::known)
            .and_then(|time| time.parse::<u64>().ok())
            .is_none_or(|time| time > PAUSE),
        Some("wait" | "read" | "inotifywait" | "trap" | "break" | "exit") => true,
        _ => false,
    });
    let runs = |step: &&&Step| {
        let name = step.name().unwrap_or_default();
        !step.place.is_background
            && !step.place.is_asked
            && !step.place.is_piped
            && !view.story.functions.contains(name)
            && follow(&step.words).last().is_some_and(|stage| stage.is_last && !is_tool(&stage.name))
    };
    let mut programs = inside.iter().filter(runs);
    let (Some(program), None) = (programs.next(), programs.next()) else { return None };
    if waits || view.calls(&["trap"]) {
        return None;
    }
    let what = format!(
        "line {line}: the loop starts {} again when it ends, which is what supervise does",
        shown(&program.words)
    );
    Some(view.advice(
        "restart-loop",
        what,
        format!("leave the loop out: exec {}", super::view::whole(&program.words)),
    ))
}

fn kill(view: &View) -> Option<Finding> {
    let is_kill = |step: &&Step| {
        let words = || step.words.iter().skip(1).filter_map(Term::known);
        match step.name() {
            Some("pkill" | "killall") => true,
            Some("kill") => words().any(|word| matches!(word, "-9" | "-KILL" | "-SIGKILL")),
            _ => false,
        }
    };
    let step = view
        .story
        .steps
        .iter()
        .filter(|step| !step.place.is_in_function && !step.place.is_in_loop)
        .find(is_kill)?;
    let what = format!(
        "line {}: {} ends whatever fits, not only what an earlier run has left",
        step.line,
        shown(&step.words)
    );
    let cure = format!(
        "leave it out, and write kill into the file {}: supervise knows what a run has left behind",
        view.scene.file("leftovers")
    );
    Some(view.advice("kill", what, cure))
}

/// `$1` where there is no instance.
fn argument(view: &View) -> Option<Finding> {
    let scene = view.scene;
    if scene.instance.is_some() || scene.is_template || view.script.interpreter.len() > 2 {
        return None;
    }
    let uses = |term: &Term, name: &str| {
        let braces = format!("${{{name}}}");
        let plain = format!("${name}");
        let is_plain = term
            .source
            .split(plain.as_str())
            .skip(1)
            .any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'));
        !term.is_known
            && !term.source.contains('\'')
            && !term.source.contains('\\')
            && (is_plain || term.source.contains(&braces))
    };
    for service in &view.services {
        for name in ["1", "INSTANCE"] {
            let is_set = service.step.touched.contains(name) || service.step.known.contains_key(name);
            let is_set =
                is_set || (name == "INSTANCE" && !scene.environment.is_complete && service.may_set(name));
            if !is_set && service.step.words.iter().any(|term| uses(term, name)) {
                let what = format!(
                    "line {} uses ${name}, which only an instance of a template has: here it is empty",
                    service.step.line
                );
                let called = scene.called.split('/').next().unwrap_or_default();
                let called = cli::text::shown(called.as_bytes()).into_owned();
                let cure = format!(
                    "call the folder {called}@, and make an empty folder {called}@NAME beside it for each instance"
                );
                return Some(view.fault("no-instance", what, cure));
            }
        }
    }
    None
}

/// `"~/prog"`
fn tilde(view: &View) -> Option<Finding> {
    let is_path = |step: &&Step| {
        let commands = ["exec", "cd", ".", "source"];
        let words = step.words.iter().take(if step.name().is_some_and(|name| commands.contains(&name)) {
            2
        } else {
            1
        });
        let targets = step.redirections.iter().filter_map(|redirection| redirection.target.as_ref());
        words.chain(targets).any(|term| term.has_dead_tilde)
    };
    let step = view.story.steps.iter().find(is_path)?;
    let what = format!(
        "line {}: the ~ is in quotes, where it is a character as any other, and not the home folder",
        step.line
    );
    Some(view.fault("quoted-tilde", what, "write \"$HOME\"/... in its place"))
}

/// `C:\Program Files\prog.exe`
fn windows(view: &View) -> Option<Finding> {
    let is_windows = |term: &Term| {
        let text = term.source.trim_start_matches(['"', '\'']);
        let mut characters = text.chars();
        characters.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && text.get(1..3) == Some(":\\")
    };
    let named = |step: &&Step| step.words.iter().any(is_windows);
    let step = view.story.steps.iter().find(named)?;
    let what = format!("line {} has a path of Windows in it: {}", step.line, shown(&step.words));
    Some(view.fault("windows-path", what, "write the path that it has on this machine"))
}
