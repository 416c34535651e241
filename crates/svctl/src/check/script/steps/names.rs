//! What commands may change: variables and the current folder, as far as a look at their words tells.

use super::expand::assignment;
use crate::check::script::syntax::base_name;
use crate::check::script::syntax::{Command, List, Pipeline, Statement, What, Word};
use std::collections::BTreeSet;

/// What may be another afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) names: BTreeSet<String>,
    pub(super) is_everything: bool,
    pub(super) moves: bool,
}

impl Changes {
    pub(super) fn everything() -> Self {
        Self { names: BTreeSet::new(), is_everything: true, moves: true }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        self.is_everything |= other.is_everything;
        self.moves |= other.moves;
    }
}

/// All commands of a statement.
pub(super) fn commands(statement: &Statement) -> impl Iterator<Item = &Command> {
    let rest = statement.rest.iter().map(|(_, pipeline)| pipeline);
    std::iter::once(&statement.first).chain(rest).flat_map(|pipeline: &Pipeline| &pipeline.commands)
}

/// What commands may change, with all that is in them.
pub(super) fn changes<'a>(commands: impl IntoIterator<Item = &'a Command>) -> Changes {
    let mut changes = Changes::default();
    for command in commands {
        match &command.what {
            What::Simple(words) => changes.add(of_simple(words)),
            // It has variables and a folder of its own.
            What::Subshell(_) | What::Condition => {}
            other => {
                if let What::For { variable, .. } = other {
                    changes.names.insert(variable.clone());
                }
                lists(other)
                    .into_iter()
                    .for_each(|list| changes.add(self::changes(list.iter().flat_map(self::commands))));
                if let What::Function { body, .. } = other {
                    changes.add(self::changes([&**body]));
                }
            }
        }
    }
    changes
}

fn lists(what: &What) -> Vec<&List> {
    match what {
        What::Group(list) | What::Subshell(list) | What::For { body: list, .. } => vec![list],
        What::If { branches, otherwise } => {
            branches.iter().flat_map(|(condition, body)| [condition, body]).chain(otherwise).collect()
        }
        What::Loop { condition, body } => vec![condition, body],
        What::Case { arms, .. } => arms.iter().map(|(_, body)| body).collect(),
        What::Simple(_) | What::Function { .. } | What::Condition => Vec::new(),
    }
}

fn of_simple(words: &[Word]) -> Changes {
    let mut changes = Changes::default();
    let set = words.iter().map_while(assignment);
    changes.names.extend(set.map(|(name, _)| name.to_owned()));
    let mut words = words.iter().skip_while(|word| assignment(word).is_some());
    let Some(first) = words.next() else { return changes };
    let Some(name) = first.plain() else { return Changes::everything() };
    changes.add(match base_name(name) {
        "cd" | "pushd" | "popd" => Changes { moves: true, ..Changes::default() },
        "export" | "readonly" | "local" | "declare" | "typeset" => {
            let names = words.filter_map(assignment).map(|(name, _)| name.to_owned());
            Changes { names: names.collect(), ..Changes::default() }
        }
        name => changes_by(name, words.map(Word::plain)),
    });
    changes
}

/// What a command of that name changes in the shell that runs it.
pub(super) fn changes_by<'a>(name: &str, mut arguments: impl Iterator<Item = Option<&'a str>>) -> Changes {
    match name {
        // Anything can be in there.
        "." | "source" | "eval" => Changes::everything(),
        "read" | "unset" | "getopts" | "mapfile" | "readarray" => {
            let mut changes = Changes::default();
            for argument in arguments {
                match argument {
                    Some(name) => changes.names.extend(Some(name.to_owned())),
                    None => changes.is_everything = true,
                }
            }
            changes
        }
        "set" if is_only_options(&mut arguments) => Changes::default(),
        "set" | "shift" => {
            let names = (1..10).map(|number: u8| number.to_string());
            Changes { names: names.collect(), ..Changes::default() }
        }
        _ => Changes::default(),
    }
}

/// `set -e` and the like, which leave the arguments as they are.
fn is_only_options<'a>(arguments: &mut impl Iterator<Item = Option<&'a str>>) -> bool {
    let first = arguments.next().flatten();
    first.is_some_and(|first| first.starts_with(['-', '+']) && !matches!(first, "-" | "--"))
}

/// Calls `found` with each function that is defined anywhere in the list.
pub(super) fn functions<'a>(list: &'a List, found: &mut impl FnMut(&'a str, &'a Command)) {
    for command in list.iter().flat_map(commands) {
        in_command(command, found);
    }
}

fn in_command<'a>(command: &'a Command, found: &mut impl FnMut(&'a str, &'a Command)) {
    if let What::Function { name, body } = &command.what {
        found(name, body);
        in_command(body, found);
    }
    for list in lists(&command.what) {
        functions(list, found);
    }
}
