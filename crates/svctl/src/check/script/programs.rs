//! What is said about the service itself by the programs in its command: sudo and su in front, programs that leave the foreground,
//! and those that look after their program themselves.

use super::background::judge;
use super::chain::{Stage, account};
use super::steps::Term;
use super::syntax::base_name;
use super::view::{Service, View, shown, whole};
use crate::check::Finding;

/// Scripts and programs that keep another one running, and stand between it and the signals.
const SUPERVISORS: &[(&str, &str)] =
    &[("mariadbd-safe", "mariadbd"), ("mysqld_safe", "mysqld"), ("safe_asterisk", "asterisk -f")];

/// Programs that are asked to start a service of another system's.
const STARTERS: &[&str] = &["service", "systemctl", "rc-service", "invoke-rc.d", "initctl"];

/// What the commands of the service say.
pub(super) fn examine(view: &View) -> Vec<Finding> {
    view.services.iter().flat_map(|service| of_service(view, service)).collect()
}

fn of_service(view: &View, service: &Service) -> Vec<Finding> {
    let substitute =
        service.stages.iter().position(|stage| matches!(stage.name.as_str(), "sudo" | "su" | "runuser"));
    let substitute = substitute.and_then(|at| {
        Some(substituted(view, service, service.stages.get(at)?, service.stages.get(at.saturating_add(1))))
    });
    let program = service.program();
    let others = program.and_then(|program| {
        started_elsewhere(view, service, program)
            .or_else(|| background(view, service, program))
            .or_else(|| supervisor(view, service, program))
    });
    substitute.into_iter().chain(others).collect()
}

fn substituted(view: &View, service: &Service, stage: &Stage, next: Option<&Stage>) -> Finding {
    let (line, name) = (service.step.line, &stage.name);
    let account = account(stage).and_then(|account| account.known().map(str::to_owned));
    let command = match stage.own.value("-c").and_then(Term::known) {
        // What stands there for a shell is right in a script as well.
        Some(script) if matches!(name.as_str(), "su" | "runuser") && script.contains("exec ") => {
            cli::text::shown(script.trim().as_bytes()).into_owned()
        }
        _ => next.map_or_else(|| "exec PROGRAM".to_owned(), |next| format!("exec {}", whole(&next.words))),
    };
    let what = format!(
        "line {line} runs its program through {name} ({}): {name} stays in front of it as a process of its own, and gets the signals that are meant for the program",
        shown(&stage.words)
    );
    let user = view.scene.file("user");
    let is_root =
        matches!(account.as_deref(), None | Some("root")) && !(name == "runuser" && account.is_none());
    let cure = if is_root {
        format!(
            "leave {name} out: {command} (the file {user} says who it runs as; listen and capabilities give rights of root's)"
        )
    } else {
        let account = account.unwrap_or_else(|| "the account".to_owned());
        format!(
            "write {account} into the file {user}, which sets HOME, USER and the groups too, and here: {command}"
        )
    };
    view.fault("sudo", what, cure)
}

fn background(view: &View, service: &Service, program: &Stage) -> Option<Finding> {
    // An fghack in front is there for just that.
    if service.stages.iter().any(|stage| stage.name == "fghack") {
        return None;
    }
    let folder = service.passage.folder_from(service.step.folder.clone());
    let found = judge(program, folder.as_deref())?;
    let because = match found.because.as_str() {
        "" => format!("{} puts itself into the background unless it is told not to", program.name),
        because => format!("{} goes into the background: {because}", program.name),
    };
    let what = format!(
        "line {}: {because}; supervise would take its end for the end of the service",
        service.step.line
    );
    Some(view.fault("background", what, format!("keep it in the foreground: {}", found.cure)))
}

fn started_elsewhere(view: &View, service: &Service, program: &Stage) -> Option<Finding> {
    let operands: Vec<&str> = program.own.operands.iter().filter_map(Term::known).collect();
    let starts = operands.iter().take(2).any(|operand| matches!(*operand, "start" | "restart"));
    let path = program.words.first().and_then(Term::known).unwrap_or_default();
    let is_init_script = path.starts_with("/etc/init.d/") || path.starts_with("/etc/rc.d/");
    if !starts || !(is_init_script || STARTERS.contains(&program.name.as_str())) {
        return None;
    }
    let what = format!(
        "line {} has another system start the service ({}) and ends: supervise would do it again and again",
        service.step.line,
        shown(&program.words)
    );
    Some(view.fault(
        "started-elsewhere",
        what,
        "run the program itself, with the option that keeps it in the foreground",
    ))
}

fn supervisor(view: &View, service: &Service, program: &Stage) -> Option<Finding> {
    let (name, inner) = SUPERVISORS.iter().find(|(name, _)| *name == base_name(&program.name))?;
    let what = format!(
        "line {}: {name} keeps its program running itself, and does not pass on the signals that supervise sends",
        service.step.line
    );
    Some(view.advice("second-supervisor", what, format!("run the program itself: exec {inner}")))
}
