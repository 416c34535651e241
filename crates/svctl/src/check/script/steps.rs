//! What a script does, step by step: each simple command with what is known of its words, its folder and its place in the script.
//!
//! Values are known where the script or the service folder says them plainly; whatever else a shell could do to a word makes it
//! unknown. Which way a branch goes is never guessed.

mod expand;
mod knowledge;
mod names;

pub(super) use expand::Term;

use super::syntax::{Command, Link, List, Pipeline, Statement, What, base_name};
use expand::{assignment, expand, value};
use knowledge::Knowledge;
use names::{Changes, changes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A simple command.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    /// Its words, without the variables before them.
    pub(super) words: Vec<Term>,
    /// The variables that are set before the words.
    pub(super) sets: Vec<(String, Option<String>)>,
    pub(super) redirections: Vec<Redirected>,
    pub(super) place: Place,
    /// The folder that it runs in, where that is known.
    pub(super) folder: Option<PathBuf>,
    /// The variables that are known there, also those that the script has set.
    pub(super) known: BTreeMap<String, String>,
    /// What the script has set so far, to known values or not.
    pub(super) touched: BTreeSet<String>,
}

/// A redirection.
#[derive(Clone, Debug)]
pub(super) struct Redirected {
    pub(super) descriptor: Option<u32>,
    pub(super) sign: &'static str,
    pub(super) target: Option<Term>,
}

/// Where in the script a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// It runs whenever nothing before it fails.
    pub(super) is_certain: bool,
    /// Nothing comes after it.
    pub(super) is_last: bool,
    /// It ends in `&`.
    pub(super) is_background: bool,
    /// It is one of several with `|` between them.
    pub(super) is_piped: bool,
    /// What it says decides what comes next: `if`, `&&`, `||`.
    pub(super) is_asked: bool,
    /// It is in a `while` or `until`.
    pub(super) is_in_loop: bool,
    /// It is in a function, and runs where that is called.
    pub(super) is_in_function: bool,
}

/// All that a script does.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) steps: Vec<Step>,
    /// The functions that it defines.
    pub(super) functions: BTreeSet<String>,
    /// The lines of an `exec` that always runs, and of what stands after it.
    pub(super) dead: Option<(usize, usize)>,
    /// It looks which of `start`, `stop` and so on it was called with: the line.
    pub(super) init_script: Option<usize>,
    /// The lines of loops without end.
    pub(super) endless_loops: Vec<usize>,
}

/// Where a command stands that is the whole script.
pub(super) const TOP: Place = Place {
    is_certain: true,
    is_last: true,
    is_background: false,
    is_piped: false,
    is_asked: false,
    is_in_loop: false,
    is_in_function: false,
};

/// Commands that only prepare: what stands behind their `&&` is meant to run.
const PREPARATIONS: &[&str] = &[
    ".", ":", "cd", "chmod", "chown", "echo", "export", "install", "mkdir", "printf", "set", "source",
    "touch", "true", "ulimit", "umask",
];

/// Reads a script, with the variables that it gets and the folder that it begins in.
pub(super) fn read(list: &List, known: BTreeMap<String, String>, folder: PathBuf) -> Story {
    let mut reader = Reader {
        story: Story::default(),
        now: Knowledge::new(known, folder),
        in_functions: Changes::default(),
        may_have_left: false,
    };
    names::functions(list, &mut |name, body| {
        reader.story.functions.insert(name.to_owned());
        reader.in_functions.add(changes(std::slice::from_ref(body)));
    });
    reader.list(list, TOP);
    reader.story
}

#[derive(Debug)]
struct Reader {
    story: Story,
    now: Knowledge,
    /// What calling a function may change.
    in_functions: Changes,
    /// A branch before this has ended in `exec`.
    may_have_left: bool,
}

impl Reader {
    fn list(&mut self, list: &List, place: Place) {
        for (index, statement) in list.iter().enumerate() {
            let is_last = place.is_last && index.saturating_add(1) == list.len();
            self.statement(statement, Place { is_last, ..place });
            let Some(line) = leaves(statement) else { continue };
            if let Some(dead) = list.get(index.saturating_add(1)) {
                // Functions may stand anywhere.
                let is_function = |command: &Command| matches!(command.what, What::Function { .. });
                if place == TOP && !self.may_have_left && !dead.first.commands.iter().all(is_function) {
                    let after = dead.first.commands.first().map_or(line, |command| command.line);
                    self.story.dead = self.story.dead.or(Some((line, after)));
                }
                return;
            }
        }
    }

    fn statement(&mut self, statement: &Statement, place: Place) {
        let place = Place { is_background: place.is_background || statement.is_background, ..place };
        let count = statement.rest.len();
        let before = statement.is_background.then(|| self.now.clone());
        let asked = |index: usize| Place {
            is_asked: place.is_asked || index < count,
            is_last: place.is_last && index == count,
            ..place
        };
        self.pipeline(&statement.first, asked(0));
        let mut is_certain = place.is_certain;
        let mut last = &statement.first;
        for (index, (link, pipeline)) in statement.rest.iter().enumerate() {
            is_certain &= *link == Link::And && is_preparation(last);
            let here = Place { is_certain, ..asked(index.saturating_add(1)) };
            if is_certain {
                self.pipeline(pipeline, here);
            } else {
                let changed = changes_of_pipeline(pipeline);
                let kept = self.now.clone();
                // Where it is `cd /srv || exit 1`, what was before goes on.
                self.pipeline(pipeline, here);
                self.now = kept;
                self.now.forget(&changed);
            }
            last = pipeline;
        }
        if let Some(before) = before {
            self.now = before;
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, place: Place) {
        let [command] = pipeline.commands.as_slice() else {
            for command in &pipeline.commands {
                let before = self.now.clone();
                self.command(command, Place { is_piped: true, ..place });
                self.now = before;
            }
            return;
        };
        self.command(command, place);
    }

    fn command(&mut self, command: &Command, place: Place) {
        let inner = Place { is_certain: false, is_asked: false, ..place };
        match &command.what {
            What::Simple(_) => self.simple(command, place),
            What::Group(list) => self.list(list, place),
            What::Subshell(list) => {
                let before = self.now.clone();
                self.list(list, Place { is_last: false, ..place });
                self.now = before;
            }
            What::If { branches, otherwise } => {
                let mut ways = Vec::new();
                for (condition, body) in branches {
                    self.list(condition, Place { is_asked: true, is_last: false, ..inner });
                    ways.push(body);
                }
                ways.extend(otherwise);
                self.branches(&ways, inner);
            }
            What::Case { subject, arms } => {
                if is_first_argument(subject) && arms.iter().any(|(patterns, _)| is_start(patterns)) {
                    self.story.init_script = self.story.init_script.or(Some(command.line));
                }
                self.branches(&arms.iter().map(|(_, body)| body).collect::<Vec<_>>(), inner);
            }
            What::Loop { condition, body } => {
                if is_always_true(condition) {
                    self.story.endless_loops.push(command.line);
                }
                self.forget_in(body);
                let place = Place { is_in_loop: true, is_last: false, ..inner };
                self.list(condition, Place { is_asked: true, ..place });
                self.list(body, place);
                self.forget_in(body);
            }
            What::For { variable, body } => {
                self.now.known.remove(variable);
                self.forget_in(body);
                self.list(body, Place { is_in_loop: true, is_last: false, ..inner });
                self.forget_in(body);
            }
            What::Function { body, .. } => {
                let (before, left) = (self.now.clone(), self.may_have_left);
                self.now.forget(&Changes::everything());
                self.command(body, Place { is_in_function: true, is_last: false, ..inner });
                (self.now, self.may_have_left) = (before, left);
            }
            What::Condition => {}
        }
    }

    fn branches(&mut self, ways: &[&List], place: Place) {
        for way in ways {
            let before = self.now.clone();
            self.list(way, place);
            self.now = before;
            self.may_have_left |= way.last().is_some_and(|last| leaves(last).is_some());
        }
        for way in ways {
            self.forget_in(way);
        }
    }

    fn forget_in(&mut self, list: &List) {
        let changed = changes(list.iter().flat_map(names::commands));
        self.now.forget(&changed);
    }

    fn simple(&mut self, command: &Command, place: Place) {
        let What::Simple(words) = &command.what else { return };
        let assigned = words.iter().take_while(|word| assignment(word).is_some()).count();
        let (assignments, words) = words.split_at(assigned);
        let sets: Vec<(String, Option<String>)> = assignments
            .iter()
            .filter_map(assignment)
            .map(|(name, rest)| (name.to_owned(), value(&rest, &self.now.known)))
            .collect();
        let words: Vec<Term> = words.iter().flat_map(|word| expand(word, &self.now.known)).collect();
        let redirected = command.redirections.iter().map(|redirection| Redirected {
            descriptor: redirection.descriptor,
            sign: redirection.sign,
            target: expand(&redirection.target, &self.now.known).into_iter().next(),
        });
        let step = Step {
            line: command.line,
            redirections: redirected.collect(),
            place: Place { is_certain: place.is_certain && !self.may_have_left, ..place },
            folder: self.now.folder.clone(),
            known: self.now.known.clone(),
            touched: self.now.touched.clone(),
            words,
            sets,
        };
        self.after(&step);
        self.story.steps.push(step);
    }

    /// What is known after a command.
    fn after(&mut self, step: &Step) {
        let Some(first) = step.words.first() else {
            for (name, value) in &step.sets {
                self.now.set(name, value.clone());
            }
            return;
        };
        let Some(name) = first.known().map(base_name) else {
            self.now.forget(&Changes::everything());
            return;
        };
        let arguments = step.words.get(1..).unwrap_or_default();
        match name {
            "cd" => self.now.folder = self.now.folder_after(arguments),
            "pushd" | "popd" => self.now.folder = None,
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                for argument in arguments {
                    match argument.text.split_once('=') {
                        Some((name, value)) => {
                            self.now.set(name, argument.is_known.then(|| value.to_owned()))
                        }
                        None if argument.is_known => {}
                        None => self.now.forget(&Changes::everything()),
                    }
                }
            }
            name if self.story.functions.contains(name) => self.now.forget(&self.in_functions),
            _ => {
                let changed = names::changes_by(name, arguments.iter().map(Term::known));
                self.now.forget(&changed);
            }
        }
    }
}

/// The line of an `exec PROGRAM`, or of an `exit`, that a statement always comes to: nothing runs behind it.
fn leaves(statement: &Statement) -> Option<usize> {
    let [command] = statement.first.commands.as_slice() else { return None };
    let What::Simple(words) = &command.what else { return None };
    let is_exec = |words: &[super::syntax::Word]| match words {
        [first, _, ..] => first.plain() == Some("exec"),
        _ => false,
    };
    let is_only_caught = statement.rest.first().is_none_or(|(link, _)| *link == Link::Or);
    let words =
        words.get(words.iter().take_while(|word| assignment(word).is_some()).count()..).unwrap_or_default();
    (is_exec(words) && is_only_caught && !statement.is_background).then_some(command.line)
}

fn is_preparation(pipeline: &Pipeline) -> bool {
    match pipeline.commands.as_slice() {
        [Command { what: What::Simple(words), .. }] => {
            let first = words.iter().find(|word| assignment(word).is_none());
            first.is_none_or(|word| word.plain().is_some_and(|name| PREPARATIONS.contains(&base_name(name))))
        }
        _ => false,
    }
}

fn changes_of_pipeline(pipeline: &Pipeline) -> Changes {
    changes(&pipeline.commands)
}

fn is_first_argument(word: &super::syntax::Word) -> bool {
    use super::syntax::Kind;
    word.pieces.iter().any(|piece| matches!(piece.kind, Kind::Variable { .. }) && piece.text == "1")
}

fn is_start(patterns: &[super::syntax::Word]) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern.pieces.iter().map(|piece| piece.text.as_str()).collect::<String>() == "start")
}

fn is_always_true(condition: &List) -> bool {
    let [statement] = condition.as_slice() else { return false };
    let [command] = statement.first.commands.as_slice() else { return false };
    match &command.what {
        What::Simple(words) => matches!(
            words.iter().map(super::syntax::Word::plain).collect::<Vec<_>>().as_slice(),
            [Some("true" | ":")] | [Some("["), Some("1"), Some("]")]
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
