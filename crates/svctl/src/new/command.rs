//! The command of a new service: the script that becomes it, and why it would not run so. Pure.

use super::around::{Around, There};
use super::fault;
use super::switch::{Switch, switch};
use super::words::{mentions_instance, written};
use crate::arguments::New;
use crate::check::{Finding, Weight};
use crate::import::script::{change_folder, command, quoted, run};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// Programs whose first word that is no option is a script that they run.
const INTERPRETERS: [&str; 10] =
    ["python", "python3", "node", "nodejs", "ruby", "perl", "php", "sh", "bash", "deno"];

/// Where programs are sought where nobody has said otherwise.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command, and what it is judged by.
pub(super) struct Command<'a> {
    pub(super) call: &'a New,
    /// Its words may mention the name of the instance.
    pub(super) has_instance: bool,
    pub(super) around: &'a Around<'a>,
}

/// The content of run.
///
/// # Errors
///
/// Why the command would not run.
pub(super) fn script(given: &Command<'_>, advice: &mut Vec<Finding>) -> Result<String, Finding> {
    let mut words = texts(&given.call.command)?;
    judge(given, &words)?;
    let folder = given.folder()?;
    if let Some(first) = words.first_mut() {
        advice.extend(given.only_in_callers_path(first));
        *first = given.program(first, folder.as_deref())?;
    }
    advice.extend(given.relative(&words, folder.as_deref())?);
    if !given.call.instances.is_empty() && !words.iter().any(|word| mentions_instance(word)) {
        advice.push(Finding::advice(
            "same-instances",
            "run".to_owned(),
            "the command is the same for all instances",
            "write '$INSTANCE' where they differ, in single quotes; they have it as a variable as well",
        ));
    }
    let lines: Vec<String> = folder.iter().map(|folder| change_folder(&folder.to_string_lossy())).collect();
    let words: Vec<String> = words.iter().map(|word| written(word, given.has_instance)).collect();
    Ok(run(&lines, &words.join(" ")))
}

fn texts(words: &[OsString]) -> Result<Vec<String>, Finding> {
    let texts = words.iter().map(|word| {
        word.to_str().map(str::to_owned).ok_or_else(|| {
            fault(
                "odd-command",
                format!("a word of the command is not UTF-8: {}", word.to_string_lossy()),
                "write it into a script, and name that as the command".to_owned(),
            )
        })
    });
    texts.collect()
}

/// What is wrong with a command by itself.
fn judge(given: &Command<'_>, words: &[String]) -> Result<(), Finding> {
    let name = &given.call.name;
    let first = words.first().map(String::as_str).unwrap_or_default();
    if first.is_empty() || first.starts_with('-') {
        let cure = format!(
            "write svctl's own options in front of the two dashes: svctl new {name} ... -- COMMAND..."
        );
        return Err(fault(
            "odd-command",
            format!("the command begins with {first:?}, which is no program"),
            cure,
        ));
    }
    if let Some((variable, _)) = first.split_once('=').filter(|(before, _)| !before.contains('/')) {
        return Err(fault(
            "odd-command",
            format!("the command begins with a variable, {variable}"),
            format!("svctl new {name} --env {} -- {}", quoted(first), rest(words)),
        ));
    }
    if let Some(switch) = switch(words) {
        return Err(switches(given, &switch));
    }
    let is_script = first.contains(char::is_whitespace) && words.len() == 1;
    if is_script && given.look(Path::new(first)) == There::Nothing {
        return Err(fault(
            "odd-command",
            format!("no program is called {first:?}: it was given as one word"),
            format!(
                "leave the quotes out, or have a shell read it: svctl new {name} -- sh -c {}",
                quoted(first)
            ),
        ));
    }
    if !given.has_instance
        && given.is_called_as_instance()
        && words.iter().any(|word| mentions_instance(word))
    {
        let (base, instance) = name.split_once('@').unwrap_or((name, ""));
        return Err(fault(
            "no-template",
            format!("the command mentions its instance, and {name} is none: there is no template {base}@"),
            format!("make both: svctl new {base} --instances {instance} -- {}", command(words)),
        ));
    }
    Ok(())
}

/// A command that becomes somebody else by itself.
fn switches(given: &Command<'_>, switch: &Switch) -> Finding {
    let (name, program) = (&given.call.name, &switch.program);
    let rest = switch.command.as_deref().map_or_else(|| "COMMAND...".to_owned(), command);
    let sudo = if given.around.is_root { "" } else { "sudo " };
    Finding::fault(
        "switches",
        "run".to_owned(),
        format!(
            "{program} would stay between supervise and the program, and get its signals; a service becomes {} by itself, with its HOME and its groups",
            switch.user
        ),
        format!("{sudo}svctl new {name} --user {} -- {rest}", switch.user),
    )
}

fn rest(words: &[String]) -> String {
    match words.get(1..) {
        Some(rest) if !rest.is_empty() => command(rest),
        _ => "COMMAND...".to_owned(),
    }
}

impl Command<'_> {
    fn is_called_as_instance(&self) -> bool {
        self.call.instances.is_empty() && self.call.name.contains('@')
    }

    /// What there is at a path from where svctl was called.
    fn look(&self, path: &Path) -> There {
        (self.around.look)(&absolute(self.around.here, path))
    }

    /// The folder to work in: absolute.
    fn folder(&self) -> Result<Option<PathBuf>, Finding> {
        let Some(folder) = &self.call.folder else { return Ok(None) };
        let folder = absolute(self.around.here, folder);
        match (self.around.look)(&folder) {
            There::Folder if folder.to_str().is_some() => Ok(Some(folder)),
            There::Folder => Err(fault(
                "odd-command",
                format!("the name of {} is not UTF-8", folder.display()),
                "go there in a script, and name that as the command".to_owned(),
            )),
            There::Nothing | There::Other => Err(fault(
                "no-folder",
                format!("there is no folder {} to work in", folder.display()),
                format!("make it, or name another: mkdir -p {}", quoted(&folder.to_string_lossy())),
            )),
        }
    }

    /// The program as run names it. A bare name is sought by whoever starts it; a path is one from where svctl was called, or,
    /// where nothing is there, from the folder that the service works in.
    fn program(&self, name: &str, folder: Option<&Path>) -> Result<String, Finding> {
        if !name.contains('/') {
            return Ok(name.to_owned());
        }
        let candidates = [Some(self.around.here), folder].into_iter().flatten();
        let mut candidates = candidates.map(|from| absolute(from, Path::new(name)));
        let found = candidates.find(|path| (self.around.look)(path) == There::Other);
        match found.as_deref().and_then(Path::to_str) {
            Some(found) => Ok(found.to_owned()),
            None => Err(fault(
                "program-missing",
                format!("there is no program {}", absolute(self.around.here, Path::new(name)).display()),
                "name one that is there".to_owned(),
            )),
        }
    }

    /// A bare name that the caller finds, and perhaps nobody else.
    fn only_in_callers_path(&self, name: &str) -> Option<Finding> {
        let find = |path: &OsStr| {
            let mut places = std::env::split_paths(path).filter(|folder| folder.is_absolute());
            places.find_map(|folder| {
                Some(folder.join(name)).filter(|path| (self.around.look)(path) == There::Other)
            })
        };
        if name.contains('/') || find(OsStr::new(USUAL_PATH)).is_some() {
            return None;
        }
        let found = find(self.around.path.as_deref()?)?;
        let whole = quoted(&found.to_string_lossy());
        Some(Finding::advice(
            "callers-path",
            "run".to_owned(),
            format!("{name} is {whole}, where your PATH leads; that of svscan may well lead elsewhere"),
            format!("write it as {whole}"),
        ))
    }

    /// What is named by a path from where svctl was called, which is not where the service works.
    fn relative(&self, words: &[String], folder: Option<&Path>) -> Result<Option<Finding>, Finding> {
        let is_lost = |word: &str| {
            let path = Path::new(word);
            let is_there = |from: &Path| (self.around.look)(&absolute(from, path)) == There::Other;
            path.is_relative() && is_there(self.around.here) && !folder.is_some_and(is_there)
        };
        let Some(program) = words.first().and_then(|first| first.rsplit('/').next()) else { return Ok(None) };
        let program = program.trim_end_matches(|last: char| last.is_ascii_digit() || last == '.');
        let is_interpreter = INTERPRETERS.iter().any(|name| name.trim_end_matches('3') == program);
        let operands = words.iter().skip(1).filter(|word| !word.starts_with('-'));
        let Some((at, word)) = operands.enumerate().find(|(_, word)| is_lost(word)) else { return Ok(None) };
        let works =
            folder.map_or("in its own folder".to_owned(), |folder| format!("in {}", folder.display()));
        let what = format!("{word} is a file where you are, and a service works {works}");
        let whole = absolute(self.around.here, Path::new(word));
        let cure = format!("write {}, or have it work here: --chdir .", quoted(&whole.to_string_lossy()));
        let finding = Finding::advice("relative-path", "run".to_owned(), what, cure);
        if is_interpreter && at == 0 {
            return Err(Finding { weight: Weight::Fault, ..finding });
        }
        Ok(Some(finding))
    }
}

/// A path from a folder, without the parts that say nothing.
fn absolute(from: &Path, path: &Path) -> PathBuf {
    from.join(path).components().filter(|part| *part != Component::CurDir).collect()
}
