//! The command of an app: pm2 finds the interpreter by the name of the script, and takes a script with blanks for a shell's.
//! Pure, but for whether a file is there.

use super::around::Around;
use super::fields::Fields;
use crate::import::plan::Note;
use crate::import::script::{command, quoted};
use std::path::Path;

/// What runs scripts with these ends.
const INTERPRETERS: [(&str, &str); 10] = [
    ("js", "node"),
    ("mjs", "node"),
    ("cjs", "node"),
    ("py", "python3"),
    ("sh", "bash"),
    ("rb", "ruby"),
    ("php", "php"),
    ("pl", "perl"),
    ("coffee", "coffee"),
    ("ts", "bun"),
];

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// As a shell reads it.
    pub(super) text: String,
    /// It is node that runs it.
    pub(super) is_node: bool,
}

/// Takes the command out of an app; `None` where it names none. It is to be run in `folder`.
pub(super) fn take(
    fields: &mut Fields,
    folder: &str,
    around: &Around<'_>,
    notes: &mut Vec<Note>,
) -> Option<Command> {
    let script = fields.text("script").filter(|script| !script.trim().is_empty())?;
    let arguments = fields.words("args");
    let interpreter = fields.text("interpreter");
    let options = fields.words("node_args");
    if script.contains(' ') && !(around.is_file)(&Path::new(folder).join(&script)) {
        if !arguments.is_empty() {
            let what = "args do not count where the script is a whole command, there as here";
            notes.push(Note::no_equal(what, ""));
        }
        return Some(Command { text: script, is_node: false });
    }
    let found = interpreter.or_else(|| by_name(&script)).filter(|name| name != "none");
    if let Some(python) =
        found.as_deref().filter(|_| script.ends_with(".py")).filter(|name| *name == "python")
    {
        notes.push(Note::changed(
            format!("{python} is not everywhere"),
            "write python3 in run if that is meant",
        ));
    }
    let mut words = Vec::new();
    let is_node = match found {
        Some(interpreter) => {
            let is_node = interpreter.rsplit('/').next().is_some_and(|name| name.starts_with("node"));
            words.push(interpreter);
            words.extend(options);
            words.push(script);
            is_node
        }
        None => {
            // A shell seeks a bare name in PATH alone, pm2 in the folder first.
            let is_here = !script.contains('/') && (around.is_file)(&Path::new(folder).join(&script));
            words.push(if is_here { format!("./{script}") } else { script });
            false
        }
    };
    words.extend(arguments);
    let text = match words.first().map(String::as_str) {
        Some(first) if first.contains('=') => format!("env {}", command(&words)),
        _ => command(&words),
    };
    Some(Command { text, is_node })
}

fn by_name(script: &str) -> Option<String> {
    let extension = Path::new(script).extension()?.to_str()?;
    let (_, interpreter) = INTERPRETERS.into_iter().find(|(end, _)| *end == extension)?;
    Some(interpreter.to_owned())
}

/// The line that gives an instance its number in a variable of that name.
pub(super) fn export_instance(variable: &str) -> String {
    format!("export {}=\"$INSTANCE\"", quoted(variable))
}
