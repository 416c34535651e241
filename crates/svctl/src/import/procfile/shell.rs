//! A command that was written for a shell, made a run script in which one process stays: the program, if that can be.
//! Pure.
//!
//! A shell that stays in front of the program gets the signals, and keeps them for itself. So `exec` goes in front of the last
//! command, where that is a simple one and nothing comes after it. Where it is not, the shell stays, and `kill-group` has
//! signals sent to the whole group.

use crate::blueprint::Blueprint;
use crate::import::plan::Note;
use crate::import::script;

/// First words that are the shell's own, with which nothing can be replaced by a program.
const OWN: [&str; 36] = [
    ".", ":", "[", "[[", "alias", "break", "case", "cd", "command", "continue", "do", "done", "echo", "esac",
    "eval", "exit", "export", "fi", "for", "function", "if", "printf", "read", "return", "set", "shift",
    "source", "test", "then", "time", "trap", "ulimit", "umask", "until", "wait", "while",
];

/// What only bash and its like know.
const BASH: [&str; 6] = ["source ", "[[ ", "<(", ">(", "&>", "set -o pipefail"];

/// A command for a shell, taken apart as far as is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) struct Line {
    /// As it is to be in a script.
    pub(in crate::import) text: String,
    /// In the end there is one process, the program.
    pub(in crate::import) is_one: bool,
    /// `sh` would not do.
    pub(in crate::import) needs_bash: bool,
}

/// Makes `run` of a command, behind those lines, and says what is different.
pub(in crate::import) fn run(
    blueprint: &mut Blueprint,
    lines: &[String],
    command: &str,
    notes: &mut Vec<Note>,
) {
    let line = Line::new(command);
    let head = script::run(lines, "");
    let head = head.strip_suffix("exec \n").unwrap_or(&head);
    let head = if line.needs_bash { head.replacen("#!/bin/sh", "#!/bin/bash", 1) } else { head.to_owned() };
    blueprint.script("run", format!("{head}{}\n", line.text));
    if line.is_one {
        notes.push(Note::carried("command"));
    } else {
        blueprint.file("kill-group", "");
        notes.push(Note::changed(
            "its command is more than one program, so a shell stays in front of them, and signals go to all of them (kill-group)",
            "better one program a service, or a script that ends with exec",
        ));
    }
}

impl Line {
    /// Reads a command.
    pub(in crate::import) fn new(command: &str) -> Self {
        let command = command.trim();
        let needs_bash = BASH.iter().any(|word| command.contains(word));
        let read = Reading::of(command);
        let last = command.get(read.last..read.end).unwrap_or_default();
        let before = command.get(..read.last).unwrap_or_default();
        let become_it = (!read.has_others).then(|| become_last(last.trim())).flatten();
        let is_one = become_it.is_some();
        let text = match become_it {
            Some(last) if before.is_empty() => last,
            Some(last) => format!("{} {last}", before.trim_end()),
            None => command.to_owned(),
        };
        Self { text, is_one, needs_bash }
    }
}

/// A simple command that takes the place of the shell; `None` where that cannot be.
fn become_last(command: &str) -> Option<String> {
    let first = command.split_whitespace().next()?;
    if first == "exec" {
        return Some(command.to_owned());
    }
    if first.starts_with(['{', '!', '(']) || OWN.contains(&first) {
        return None;
    }
    if is_assignment(first) {
        // Assignments alone are no program.
        let words = shlex::split(command)?;
        return words.iter().any(|word| !is_assignment(word)).then(|| format!("exec env {command}"));
    }
    Some(format!("exec {command}"))
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) && name.chars().all(is_part)
}

/// Where the last command of a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    /// Where it begins.
    last: usize,
    /// Where it ends: a comment, or a last `;`, is none of it.
    end: usize,
    /// There is something else than commands that follow each other: a pipe, a job in the background, a group, a choice.
    has_others: bool,
}

impl Reading {
    fn of(command: &str) -> Self {
        let mut reading = Self { end: command.len(), ..Self::default() };
        let mut quote = None;
        let mut depth = 0_u32;
        let mut before = ' ';
        let mut characters = command.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let behind = at.saturating_add(1);
            match (quote, character) {
                (None | Some('"' | '`'), '\\') => skip(&mut characters),
                (Some(open), _) if open == character => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => quote = Some(character),
                (None, '(') if before == '$' || depth > 0 || matches!(before, '<' | '>') => {
                    depth = depth.saturating_add(1)
                }
                (None, ')') if depth > 0 => depth = depth.saturating_sub(1),
                (None, _) if depth > 0 => {}
                (None, '#') if before.is_whitespace() => {
                    reading.end = at;
                    break;
                }
                (None, '&') if next == Some('&') => {
                    skip(&mut characters);
                    reading.last = behind.saturating_add(1);
                }
                (None, ';') if next == Some(';') => reading.has_others = true,
                (None, ';') if command.get(behind..).is_some_and(|rest| rest.trim().is_empty()) => {
                    reading.end = at;
                    break;
                }
                (None, ';') => reading.last = behind,
                // Of a redirection: 2>&1, &>file.
                (None, '&') if matches!(before, '>' | '<') || next == Some('>') => {}
                (None, '|' | '&' | '(' | ')' | '\n') => reading.has_others = true,
                (None, _) => {}
            }
            before = character;
        }
        // A choice or a loop is one command, however many it is made of.
        let begins = |word: &str| {
            let words = ["if", "for", "while", "until", "case", "{"];
            words.contains(&word)
        };
        let mut words = command.split([' ', ';', '&']).map(str::trim);
        reading.has_others = reading.has_others || words.any(begins);
        reading
    }
}

/// Passes over the next one, whatever it is.
fn skip(characters: &mut impl Iterator) {
    let _ = characters.next();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_one(command: &str, text: &str) {
        let line = Line::new(command);
        assert!(line.is_one, "{line:?}");
        assert_eq!(line.text, text);
    }

    #[test]
    fn a_simple_command_takes_the_place_of_the_shell() {
        is_one("bundle exec puma -p ${PORT:-3000}", "exec bundle exec puma -p ${PORT:-3000}");
        is_one("web 'a; b | c' \"$(id | cut -c1)\" x\\;y", "exec web 'a; b | c' \"$(id | cut -c1)\" x\\;y");
        is_one("web $(nproc | tail -1) >log 2>&1", "exec web $(nproc | tail -1) >log 2>&1");
        is_one("exec web", "exec web");
        is_one("web; ", "exec web");
        is_one("web # the web", "exec web");
        is_one("web --color=#fff", "exec web --color=#fff");
        is_one("RAILS_ENV=production A='b c' rails s", "exec env RAILS_ENV=production A='b c' rails s");
        is_one("bash -c 'a | b'", "exec bash -c 'a | b'");
    }

    #[test]
    fn of_commands_that_follow_each_other_it_is_the_last() {
        is_one("cd app && npm start", "cd app && exec npm start");
        is_one("export A=b; cd app&&A=c web", "export A=b; cd app&& exec env A=c web");
        is_one("rake db:migrate && exec web", "rake db:migrate && exec web");
    }

    #[test]
    fn otherwise_the_shell_stays() {
        for command in [
            "web | tee log",
            "web &",
            "a & b",
            "a || b",
            "(cd x; web)",
            "{ web; }",
            "if x; then y; fi",
            "cd app",
            "while true; do web; done",
            "A=b",
            "web && echo done",
            "for i in 1 2; do web $i; done",
            "! web",
        ] {
            let line = Line::new(command);
            assert!(!line.is_one, "{line:?}");
            assert_eq!(line.text, command);
        }
    }

    #[test]
    fn bash_is_taken_where_sh_would_not_do() {
        assert!(Line::new("source venv/bin/activate && gunicorn app").needs_bash);
        assert!(Line::new("web &> log").needs_bash);
        assert!(!Line::new(". venv/bin/activate && gunicorn app").needs_bash);
    }
}
