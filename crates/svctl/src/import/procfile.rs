//! A Procfile, as foreman and Heroku read it: a line `NAME: COMMAND` for each process, and a `.env` beside it.
//!
//! | here | there |
//! |---|---|
//! | a service of that name | a process |
//! | `run` goes to the folder of the Procfile and becomes the command | a shell runs it there |
//! | `env/PORT` | foreman gives each a port: 5000, 5100 and so on, or from the `PORT` of `.env` on |
//! | the other files of `env/` | the lines of `.env` |
//! | `user` | nothing: processes run as who calls foreman |
//! | `log/` | one terminal for all |

mod dotenv;
pub(super) mod owner;
pub(super) mod shell;

use super::plan::{Note, Plan, Program, Source, variable};
use super::script::change_folder;
use crate::blueprint::Blueprint;
use anyhow::{Context, Result, bail};
use dotenv::Variables;
use owner::User;

/// The port of the first process, and what the next ones have more.
const FIRST_PORT: u32 = 5000;
const NEXT_PORT: u32 = 100;

/// What is called so is run once when a new version comes, and never as a service.
const RELEASE: &str = "release";

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry<'a> {
    name: &'a str,
    command: &'a str,
}

/// Services for the processes of a Procfile.
pub(super) fn plan(source: &Source, user: Option<&str>) -> Result<Plan> {
    let variables = dotenv::beside(source)?;
    let user = User::choose(user, source)?;
    plan_with(source, &variables, &user)
}

/// The same, when everything has been looked at.
fn plan_with(source: &Source, variables: &Variables, user: &User) -> Result<Plan> {
    let text = std::str::from_utf8(&source.text).context("it is not UTF-8")?;
    let Some(folder) = source.folder().to_str() else { bail!("the name of its folder is not UTF-8") };
    let mut plan = Plan::default();
    let entries = entries(text, &mut plan.notes);
    if entries.is_empty() {
        bail!("there is no line NAME: COMMAND in it");
    }
    plan.notes.extend(variables.notes.iter().cloned());
    plan.notes
        .push(Note::changed("foreman stops all processes when one ends; here that one is started again", ""));
    let (base, mut taken) = (variables.port().unwrap_or(FIRST_PORT), Vec::new());
    for (number, entry) in (0_u32..).zip(&entries) {
        let port = base.saturating_add(number.saturating_mul(NEXT_PORT));
        if entry.name == RELEASE {
            plan.notes.push(Note::no_equal(
                "release is run once when a new version comes, and is no service",
                format!("run it yourself then, in {folder}: {}", entry.command),
            ));
        } else if taken.contains(&entry.name) {
            plan.notes.push(Note::no_equal(
                format!("{} is there twice, and only the first was taken", entry.name),
                "give the other another name",
            ));
        } else {
            taken.push(entry.name);
            plan.programs.push(program(*entry, folder, port, variables, user));
        }
    }
    Ok(plan)
}

fn program(entry: Entry<'_>, folder: &str, port: u32, variables: &Variables, user: &User) -> Program {
    let mut program = Program { name: entry.name.to_owned(), blueprints: Vec::new(), notes: Vec::new() };
    let mut blueprint = match Blueprint::new(entry.name) {
        Ok(blueprint) => blueprint,
        Err(why) => {
            program.notes.push(Note::no_equal(why.to_string(), "give it another name"));
            return program;
        }
    };
    let notes = &mut program.notes;
    shell::run(&mut blueprint, &[change_folder(folder)], entry.command, notes);
    user.write(&mut blueprint, notes);
    for (name, value) in variables.values.iter().filter(|(name, _)| name.as_str() != dotenv::PORT) {
        if let Err(why) = variable(&mut blueprint, variables.is_private, name, value) {
            notes.push(Note::no_equal(why.to_string(), "set it in run"));
        }
    }
    if !variables.values.is_empty() {
        notes.push(Note::carried(".env"));
    }
    if variable(&mut blueprint, false, dotenv::PORT, &port.to_string()).is_ok() {
        notes.push(Note::carried(format!("PORT={port}, as foreman gives it")));
    }
    blueprint.file("log/stderr", "");
    notes.push(Note::carried("a log in log/main"));
    program.blueprints.push(blueprint);
    program
}

/// The lines that name a process; of others, comments and empty ones need not be told of.
fn entries<'a>(text: &'a str, notes: &mut Vec<Note>) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match entry(line) {
            Some(entry) => entries.push(entry),
            None => notes.push(Note::no_equal(
                format!("line {number} is no NAME: COMMAND, and was passed over, as foreman does"),
                "a name has letters, digits, _ and - only",
            )),
        }
    }
    entries
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let (name, command) = line.split_once(':')?;
    let (name, command) = (name.trim(), command.trim());
    let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    (!name.is_empty() && name.chars().all(is_name) && !command.is_empty()).then_some(Entry { name, command })
}

#[cfg(test)]
mod tests;
