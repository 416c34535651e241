//! What the shell of the first line does not understand: words that only bash knows under a plain sh, and options that the kernel
//! passes on as one.

use super::steps::{Step, Term};
use super::syntax::Bashism;
use super::view::View;
use crate::check::Finding;

/// Commands of bash that dash has not.
const COMMANDS: &[&str] =
    &["declare", "let", "mapfile", "popd", "pushd", "readarray", "shopt", "source", "typeset"];

/// What the script says that its shell does not know.
pub(super) fn examine(view: &View, bashisms: &[Bashism]) -> Option<Finding> {
    if !view.is_dash {
        return None;
    }
    let steps = view.story.steps.iter().filter_map(|step| command(step, view));
    let found = bashisms
        .iter()
        .map(|bashism| (bashism.line, bashism.what.to_owned()))
        .chain(steps)
        .min_by_key(|(line, _)| *line);
    let (line, word) = found?;
    let what = format!(
        "line {line}: {word} is bash, and the first line asks for sh, which is dash on this machine and does not know it"
    );
    Some(view.fault(
        "bash-syntax",
        what,
        "write #!/bin/bash into the first line, or say it as a plain sh does",
    ))
}

fn command(step: &Step, view: &View) -> Option<(usize, String)> {
    let name = step.name()?;
    if view.story.functions.contains(name) {
        return None;
    }
    let has = |wanted: &str| {
        step.words.iter().skip(1).any(|word| word.known() == Some(wanted) && word.source == wanted)
    };
    let found = match name {
        "[" | "test" if has("==") => "== in [ ]".to_owned(),
        "set" if has("pipefail") => "set -o pipefail".to_owned(),
        "trap" => {
            let signals = step.words.iter().skip(2).filter_map(Term::known);
            let foreign = signals
                .into_iter()
                .find(|signal| signal.starts_with("SIG") || matches!(*signal, "ERR" | "DEBUG" | "RETURN"))?;
            format!("trap with {foreign}")
        }
        name if COMMANDS.contains(&name) => name.to_owned(),
        _ => return None,
    };
    Some((step.line, found))
}

/// The first line: options that become one, and shells that read what is meant for people.
pub(super) fn first_line(view: &View) -> Option<Finding> {
    let option = view.script.interpreter.get(1)?.to_string_lossy().into_owned();
    let path = view.script.interpreter.first()?.to_string_lossy().into_owned();
    let option_shown = cli::text::shown(option.as_bytes()).into_owned();
    if path.ends_with("/env") {
        let is_split =
            option.starts_with("-S") || option.starts_with("--split-string") || option.starts_with("-vS");
        if is_split || !option.contains([' ', '\t']) {
            return None;
        }
        let what = format!(
            "line 1: the kernel passes on the rest of the line as one word, and env seeks a program called \"{option_shown}\""
        );
        return Some(view.fault(
            "shebang-options",
            what,
            format!("write the path of the shell itself, or #!{path} -S {option_shown}"),
        ));
    }
    if option.starts_with('-') && option.contains([' ', '\t']) {
        let what =
            format!("line 1: the kernel passes on the rest of the line as one word, \"{option_shown}\"");
        return Some(view.fault(
            "shebang-options",
            what,
            "write one word of options, as in #!/bin/sh -eu, or set -eu on a line of its own",
        ));
    }
    let is_login = option == "--login"
        || (option.starts_with('-') && !option.starts_with("--") && option.contains(['l', 'i']));
    if !is_login {
        return None;
    }
    let what = format!(
        "line 1: with {option_shown} the shell reads what people have in their profiles, which is another thing on each machine"
    );
    Some(view.advice("login-shell", what, "leave the option out, and put variables into env/"))
}
