//! A command line in which one program runs the next: `exec setuidgid www env A=1 node server.js`.
//!
//! Each stage is a program with all words behind it; the last one is the program that stays. Where the next program cannot be told,
//! there is no last one.

mod options;
mod table;

use super::parser::parse;
use super::steps::Term;
use super::syntax::base_name;
pub(super) use options::Given;
use options::split;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How many programs are followed.
const LONGEST: usize = 30;

/// A program in a chain.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    /// The last part of its path.
    pub(super) name: String,
    /// Its name or path, then all words behind it.
    pub(super) words: Vec<Term>,
    /// What of that is its own; all, for the last one.
    pub(super) own: Given,
    /// It stays: there is no next one.
    pub(super) is_last: bool,
}

/// What the programs of a chain have made of the process before the last one runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage {
    /// The account that was changed to, as written.
    pub(super) account: Option<Term>,
    /// Variables that are set to what is known, or not.
    pub(super) sets: BTreeMap<String, Option<String>>,
    /// Variables come from somewhere where they cannot be seen.
    pub(super) has_unseen_variables: bool,
    /// HOME has become the account's.
    pub(super) sets_home: bool,
    /// A folder that was changed to.
    pub(super) folder: Option<Term>,
}

/// The programs of a command; none where it is no program (a builtin, a function, something unknown).
pub(super) fn follow(words: &[Term]) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut words = words.to_vec();
    while stages.len() < LONGEST {
        let Some(name) = words.first().and_then(Term::known).map(base_name) else { return stages };
        let name = name.to_owned();
        if matches!(name.as_str(), "exec" | "command" | "builtin") {
            match after_builtin(&words) {
                Some(rest) => words = rest,
                None => return stages,
            }
            continue;
        }
        if stages.is_empty() && is_builtin(&name) {
            return stages;
        }
        match next(&name, &words) {
            Next::None => {
                let own = split(&words, "", &[], usize::MAX, false).unwrap_or_default();
                stages.push(Stage { name, words, own, is_last: true });
                return stages;
            }
            Next::Unclear => {
                stages.push(Stage { name, words, own: Given::default(), is_last: false });
                return stages;
            }
            Next::Program(own, rest) => {
                stages.push(Stage { name, words, own, is_last: false });
                words = rest;
            }
        }
    }
    stages
}

/// What all stages but the last one change.
pub(super) fn passage(stages: &[Stage]) -> Passage {
    let mut passage = Passage::default();
    for stage in stages.iter().filter(|stage| !stage.is_last) {
        passage.add(stage);
    }
    passage
}

impl Passage {
    fn add(&mut self, stage: &Stage) {
        let own = &stage.own;
        let account = account(stage);
        if account.is_some() {
            self.account = account;
            // Of the account before.
            self.sets_home = false;
        }
        match stage.name.as_str() {
            "envdir" | "s6-envdir" | "envini" | "with-contenv" | "setpriv" => {
                self.has_unseen_variables = true
            }
            "chpst" if own.value("-e").is_some() => self.has_unseen_variables = true,
            "env" => {
                self.has_unseen_variables |= own.has("-i") || own.has("--ignore-environment") || own.has("-");
                self.folder = own.value("-C").or(own.value("--chdir")).cloned().or(self.folder.take());
            }
            "runas" | "setuser" | "gosu" | "su-exec" | "su" => self.sets_home = true,
            "runuser" => self.sets_home |= own.value("-u").is_none(),
            "sudo" => {
                self.sets_home |=
                    own.has("-i") || own.has("-H") || own.has("--login") || own.has("--set-home")
            }
            _ => {}
        }
        if matches!(stage.name.as_str(), "cd" | "execline-cd") {
            self.folder = own.operands.first().cloned();
        }
        let enters_home = match stage.name.as_str() {
            "setuser" => true,
            "runas" => own.has("-H"),
            "sudo" => own.has("-i") || own.has("--login"),
            "su" | "runuser" => own.has("-") || own.has("-l") || own.has("--login"),
            _ => false,
        };
        // A text for a shell may change it on its way.
        let changes = |word: &Term| word.text.split([' ', '\t', '\n', ';', '&']).any(|word| word == "cd");
        if enters_home || stage.words.iter().any(changes) && stage.name != "cd" {
            self.folder = Some(Term::unknown(""));
        }
        if stage.name == "chpst" {
            self.folder = own.value("-C").cloned().or(self.folder.take());
        }
        if stage.name == "chroot" || (stage.name == "chpst" && own.value("-/").is_some()) {
            self.has_unseen_variables = true;
            self.folder = Some(Term::unknown(""));
        }
        for variable in &own.variables {
            if let Some((name, value)) = variable.text.split_once('=') {
                self.sets.insert(name.to_owned(), variable.is_known.then(|| value.to_owned()));
            }
        }
    }

    /// Whether a variable has got a value on the way, or may have.
    pub(super) fn may_set(&self, name: &str) -> bool {
        self.has_unseen_variables || self.sets.contains_key(name)
    }

    /// The folder after the chain, from the one before.
    pub(super) fn folder_from(&self, before: Option<PathBuf>) -> Option<PathBuf> {
        match &self.folder {
            None => before,
            Some(folder) => Some(before?.join(folder.known()?)),
        }
    }
}

/// The account that a program changes to, as it is written: without groups.
pub(super) fn account(stage: &Stage) -> Option<Term> {
    let own = &stage.own;
    let account = match stage.name.as_str() {
        "setuidgid" | "s6-setuidgid" | "setuser" | "runas" | "gosu" | "su-exec" => own.operands.first(),
        "chpst" | "runuser" | "sudo" => own.value("-u").or(own.value("--user")).or(own.operands.first()),
        "su" => own.operands.first(),
        "setpriv" => own.value("--reuid").or(own.value("--ruid")),
        _ => None,
    }?;
    let text = account.text.split(':').next().unwrap_or_default().to_owned();
    Some(Term { text, ..account.clone() })
}

/// Whether the shell does it itself.
pub(super) fn is_builtin(name: &str) -> bool {
    const BUILTINS: &[&str] = &[
        "",
        ".",
        ":",
        "[",
        "alias",
        "bg",
        "break",
        "cd",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "eval",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ];
    BUILTINS.binary_search(&name).is_ok()
}

enum Next {
    /// It is the last one.
    None,
    /// It runs another one, and which cannot be told.
    Unclear,
    /// What is its own, and what it runs.
    Program(Given, Vec<Term>),
}

fn next(name: &str, words: &[Term]) -> Next {
    let program = match name {
        "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => return shell(words),
        "busybox" | "toybox" => rest(Given::default(), words.get(1..)),
        "su" | "runuser" => return substitute_user(name, words),
        "svwait" | "s6-svwait" => match words.iter().position(|word| word.known() == Some("--")) {
            Some(at) => rest(Given::default(), words.get(at.saturating_add(1)..)),
            None => return Next::None,
        },
        _ => {
            let Some(loader) = table::find(name) else { return Next::None };
            let own =
                split(words, loader.values, loader.long_values, loader.operands, loader.takes_variables);
            let Some(own) = own else { return Next::Unclear };
            let is_split = own.has("-S") || own.has("--split-string");
            // sudo -i and the like: the words are for a shell, which runs them as they are.
            let length = own.length;
            if is_split { None } else { rest(own, words.get(length..)) }
        }
    };
    program.map_or(Next::Unclear, |(own, rest)| Next::Program(own, rest))
}

fn rest(own: Given, words: Option<&[Term]>) -> Option<(Given, Vec<Term>)> {
    let words = words.filter(|words| !words.is_empty())?;
    Some((own, words.to_vec()))
}

fn after_builtin(words: &[Term]) -> Option<Vec<Term>> {
    let own = split(words, "a", &[], 0, false)?;
    if words.first().and_then(Term::known) != Some("exec") && !own.options.is_empty() {
        // command -v asks.
        return None;
    }
    rest(Given::default(), words.get(own.length..)).map(|(_, rest)| rest)
}

/// `sh -c 'exec prog'`, or a script, which is the program then.
fn shell(words: &[Term]) -> Next {
    let options = words.iter().skip(1).take_while(|word| word.text.starts_with('-'));
    let count = options.count();
    let has_command =
        words.iter().skip(1).take(count).any(|word| !word.text.starts_with("--") && word.text.contains('c'));
    if !has_command {
        return Next::None;
    }
    let command = words.get(count.saturating_add(1)).and_then(Term::known);
    command.and_then(only_command).map_or(Next::Unclear, |rest| Next::Program(Given::default(), rest))
}

/// `su - bob -c 'prog'`, `runuser -u bob -- prog`.
fn substitute_user(name: &str, words: &[Term]) -> Next {
    let long = [
        "--command",
        "--session-command",
        "--group",
        "--shell",
        "--supp-group",
        "--user",
        "--whitelist-environment",
    ];
    let of_program = if name == "runuser" { "ucgGsw" } else { "cgGsw" };
    let Some(own) = split(words, of_program, &long, 0, false) else { return Next::Unclear };
    if own.value("-u").is_some() {
        let length = own.length;
        return rest(own, words.get(length..)).map_or(Next::Unclear, |(own, rest)| Next::Program(own, rest));
    }
    // Its options may also stand behind the account.
    let Some(mut own) = split(words, of_program, &long, usize::MAX, false) else { return Next::Unclear };
    if own.operands.first().is_some_and(|operand| operand.text == "-") {
        own.operands.remove(0);
        own.options.push(("-".to_owned(), None));
    }
    let command = own.value("-c").or(own.value("--command")).or(own.value("--session-command"));
    match command.and_then(Term::known).and_then(only_command) {
        Some(rest) => Next::Program(own, rest),
        None => Next::Program(own, vec![Term::unknown("")]),
    }
}

/// The words of a text that is one simple command, or ends in `exec` and one.
fn only_command(text: &str) -> Option<Vec<Term>> {
    let (list, _) = parse(text).ok()?;
    let story = super::steps::read(&list, BTreeMap::new(), PathBuf::new());
    let step = story.steps.last().filter(|step| step.place.is_certain && !step.place.is_piped)?;
    (!step.words.is_empty()).then(|| step.words.clone())
}

#[cfg(test)]
mod tests;
