//! Scripts of execline, which are one long command line: what runs the next program is taken off from the front.
//!
//! Words in braces are a block, an argument of the program before it. A word with a `$` in it is not known.

use super::steps::{Step, Story, TOP, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Programs of execline that run the next one: how many words and blocks of their own they have, behind their options.
const OWN: &[(&str, &str, usize)] = &[
    ("backtick", "dD", 2),
    ("background", "", 1),
    ("cd", "", 1),
    ("define", "dD", 2),
    ("elgetpositionals", "P", 0),
    ("emptyenv", "", 0),
    ("exec", "a", 0),
    ("execline-cd", "", 1),
    ("execline-umask", "", 1),
    ("export", "", 2),
    ("fdblock", "", 1),
    ("fdclose", "", 1),
    ("fdmove", "", 2),
    ("fdswap", "", 2),
    ("foreground", "", 1),
    ("heredoc", "", 2),
    ("if", "xt", 1),
    ("importas", "dD", 2),
    ("multidefine", "dD", 2),
    ("multisubstitute", "", 1),
    ("piperw", "", 2),
    ("redirfd", "", 2),
    ("umask", "", 1),
    ("unexport", "", 1),
    ("with-contenv", "", 0),
    ("withstdinas", "", 1),
];

#[derive(Clone, Debug)]
enum Part {
    Word(Term, usize),
    Block,
}

/// Reads a script; `None` where it cannot be followed.
pub(super) fn read(text: &str, known: BTreeMap<String, String>, folder: PathBuf) -> Option<Story> {
    let parts = parts(text)?;
    let mut rest = parts.as_slice();
    let (mut folder, mut touched) = (Some(folder), BTreeSet::new());
    loop {
        let Some(Part::Word(word, line)) = rest.first() else { return None };
        let name = super::syntax::base_name(word.known()?);
        let Some((_, values, count)) = OWN.iter().find(|(own, ..)| *own == name) else {
            // A block further on belongs to a program that is not followed here.
            if rest.iter().any(|part| matches!(part, Part::Block)) {
                return None;
            }
            return Some(story(rest, *line, known, folder, touched));
        };
        let own = rest.get(1..)?;
        let options = options(own, values);
        let arguments = own.get(options..options.checked_add(*count)?)?;
        match (name, arguments) {
            ("cd" | "execline-cd", [Part::Word(to, _)]) => {
                folder = folder.and_then(|folder| Some(folder.join(to.known()?)))
            }
            ("export" | "unexport", [Part::Word(variable, _), ..]) => {
                touched.extend(variable.known().map(str::to_owned))
            }
            ("emptyenv" | "with-contenv", _) => touched.extend(["PATH", "HOME"].map(str::to_owned)),
            _ => {}
        }
        rest = own.get(options.checked_add(*count)?..)?;
    }
}

/// How many words are options, with their values.
fn options(parts: &[Part], values: &str) -> usize {
    let mut count = 0_usize;
    while let Some(Part::Word(word, _)) = parts.get(count) {
        let Some(letters) = word.text.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        let takes_next = letters.chars().last().is_some_and(|letter| values.contains(letter));
        count = count.saturating_add(if takes_next { 2 } else { 1 });
    }
    count
}

fn story(
    parts: &[Part],
    line: usize,
    known: BTreeMap<String, String>,
    folder: Option<PathBuf>,
    touched: BTreeSet<String>,
) -> Story {
    let words = parts.iter().map_while(|part| match part {
        Part::Word(word, _) => Some(word.clone()),
        Part::Block => None,
    });
    // The whole script is one exec.
    let words: Vec<Term> = std::iter::once(Term::plain("exec")).chain(words).collect();
    let step =
        Step { line, words, sets: Vec::new(), redirections: Vec::new(), place: TOP, folder, known, touched };
    Story { steps: vec![step], ..Story::default() }
}

fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut characters = text.chars().peekable();
    let mut line = 1_usize;
    while let Some(character) = characters.next() {
        match character {
            '\n' => line = line.saturating_add(1),
            ' ' | '\t' | '\r' => {}
            '#' => {
                while characters.peek().is_some_and(|next| *next != '\n') {
                    characters.next();
                }
            }
            first => {
                let (word, lines) = word(first, &mut characters)?;
                match word.source.as_str() {
                    "{" => depth = depth.checked_add(1)?,
                    "}" => {
                        depth = depth.checked_sub(1)?;
                        if depth == 0 {
                            parts.push(Part::Block);
                        }
                    }
                    _ if depth == 0 => parts.push(Part::Word(word, line)),
                    _ => {}
                }
                line = line.saturating_add(lines);
            }
        }
    }
    (depth == 0).then_some(parts)
}

/// A word, and how many lines it goes over.
fn word(first: char, rest: &mut std::iter::Peekable<std::str::Chars>) -> Option<(Term, usize)> {
    let (mut text, mut source, mut lines) = (String::new(), String::new(), 0_usize);
    let (mut in_quotes, mut is_known) = (false, true);
    let mut next = Some(first);
    while let Some(character) = next {
        source.push(character);
        match character {
            '"' => in_quotes = !in_quotes,
            '\\' => {
                let escaped = rest.next()?;
                source.push(escaped);
                text.push(escaped);
            }
            '$' => is_known = false,
            other => text.push(other),
        }
        if character == '\n' {
            lines = lines.saturating_add(1);
        }
        let ends = !in_quotes && rest.peek().is_none_or(char::is_ascii_whitespace);
        next = if ends { None } else { Some(rest.next()?) };
    }
    let term = if is_known { Term::plain(text) } else { Term::unknown(text) };
    (!in_quotes).then_some((Term { source, ..term }, lines))
}

#[cfg(test)]
mod tests;
