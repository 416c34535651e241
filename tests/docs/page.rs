//! A page, typed in from top to bottom.

use super::machine::Machine;
use super::output::is_as_shown;
use crate::house::{Part, all_parts, file, read};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use testkit::wait_until;

/// How long a command that looks is asked again.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to do with a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write that file.
    File { path: String, content: String },
    /// Give these commands: all succeed.
    Commands(String),
    /// Give this command: it prints that, as the page shows it.
    Shown { command: String, output: String },
}

/// Commands that only look: what they show may take a moment, so they are asked again.
const LOOKS: [&str; 11] = [
    "cat ",
    "curl ",
    "grep ",
    "head ",
    "ls ",
    "ps ",
    "runas ",
    "supervisorctl status",
    "sv status ",
    "svctl ",
    "svstat ",
];
/// Of svctl, these change something.
const ACTS: [&str; 9] = ["start", "stop", "restart", "reload", "once", "new", "remove", "import", "upgrade"];

fn only_looks(command: &str) -> bool {
    let acts = |command: &str| ACTS.contains(&command);
    match command.split_whitespace().collect::<Vec<_>>()[..] {
        ["svctl", what, ..] if acts(what) => false,
        _ => LOOKS.iter().any(|look| command.starts_with(look)),
    }
}

/// The steps of a page. Blocks of an unknown kind are an error; what is in `elsewhere` (lines of commands, or first lines of blocks
/// that are no files) is left out.
#[track_caller]
pub(super) fn steps(path: &str, elsewhere: &[&str]) -> Vec<Step> {
    let mut left_out = BTreeSet::new();
    let mut steps = Vec::new();
    for part in all_parts(&read(path)).into_iter().filter(Part::has_code) {
        let first = part.code.lines().next().unwrap_or_default();
        let is_whole = part.language != "sh" && elsewhere.contains(&first);
        match (&part.language[..], file(&part)) {
            _ if is_whole => {
                left_out.insert(first.to_owned());
            }
            ("", _) => panic!("{path}: a block without a language: {first}"),
            (_, Some(name)) => steps.push(Step::File { path: name.to_owned(), content: part.code.clone() }),
            ("sh", _) => {
                let (others, mine): (Vec<&str>, Vec<&str>) =
                    part.code.lines().partition(|line| elsewhere.contains(line));
                left_out.extend(others.into_iter().map(str::to_owned));
                let commands = mine.join("\n");
                steps.extend((!commands.is_empty()).then_some(Step::Commands(commands)));
            }
            ("console", _) => steps.extend(session(path, &part)),
            _ => panic!("{path}: neither commands nor a file, nor in the list of the others: {first}"),
        }
    }
    for line in elsewhere {
        assert!(left_out.contains(*line), "{path} has no {line:?} any more");
    }
    steps
}

/// The commands of a block, each behind a `$`, and what is below.
#[track_caller]
pub(super) fn session(path: &str, part: &Part) -> Vec<Step> {
    let code = format!("\n{}", part.code);
    let (before, commands) = code.split_once("\n$ ").unwrap_or_else(|| panic!("{path}: no $: {code}"));
    assert!(before.is_empty(), "{path}: before the first $: {before}");
    let commands = commands.trim_end_matches('\n').split("\n$ ");
    let parts = commands.map(|text| text.split_once('\n').unwrap_or((text, "")));
    parts
        .map(|(command, output)| Step::Shown { command: command.to_owned(), output: output.to_owned() })
        .collect()
}

/// Types it in.
#[track_caller]
pub(super) fn play(machine: &mut Machine, path: &str, steps: &[Step]) {
    for step in steps {
        match step {
            Step::File { path, content } => machine.write(path, content),
            Step::Commands(commands) => {
                machine.must(path, commands);
                machine.rest();
            }
            Step::Shown { command, output } => show(machine, path, command, output),
        }
    }
}

#[track_caller]
fn show(machine: &mut Machine, path: &str, command: &str, output: &str) {
    let mut is_so = || {
        let said = machine.run(command);
        // Where nothing is shown, it is also meant to succeed.
        let is_so = is_as_shown(output, &said.text) && (!output.is_empty() || said.code == Some(0));
        (is_so, said)
    };
    let (mut so, mut said) = is_so();
    if !so && only_looks(command) {
        let end = Instant::now() + PATIENCE;
        wait_until("a page's command has been asked often enough", &[], || {
            (so, said) = is_so();
            (so || Instant::now() > end).then_some(())
        });
    }
    assert!(so, "{path}: $ {command}\nshown:\n{output}\nprinted ({:?}):\n{}", said.code, said.text);
}

#[test]
fn blocks_are_commands_sessions_and_files() {
    let page = "```sh\na\nb\n```\n\nSee:\n\n```console\n$ c\nsaid\n\nmore\n$ d\n```\n\n`/x/run`: it.\n\n```sh\n#!/bin/sh\n```\n";
    let parts: Vec<Part> = all_parts(page).into_iter().filter(Part::has_code).collect();
    assert_eq!(parts.iter().map(|part| &part.language[..]).collect::<Vec<_>>(), ["sh", "console", "sh"]);
    let shown = |command: &str, output: &str| Step::Shown { command: command.into(), output: output.into() };
    assert_eq!(session("a page", &parts[1]), [shown("c", "said\n\nmore"), shown("d", "")]);
    assert_eq!(file(&parts[2]), Some("/x/run"));
}
