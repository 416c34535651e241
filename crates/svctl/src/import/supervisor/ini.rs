//! The file format of Supervisor: Python's RawConfigParser as `supervisord` sets it up.
//!
//! It decides what the sections and options of a text are, comments and lines that go on included, exactly as Python does; what
//! the values mean, and which files are read, is decided elsewhere. What Python refuses is refused here, with the line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The section whose options all others have as well.
const DEFAULT: &str = "DEFAULT";

/// What begins a comment.
const COMMENTS: [char; 2] = [';', '#'];

/// What stands between the name of an option and its value.
const DELIMITERS: [char; 2] = ['=', ':'];

/// What one or more files say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ini {
    sections: Vec<Section>,
    /// Where in `sections` a name is.
    places: BTreeMap<String, usize>,
    defaults: BTreeMap<String, Value>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What is between its brackets.
    pub name: String,
    /// The file that it first came in.
    pub file: Arc<str>,
    options: BTreeMap<String, Value>,
}

/// What is set for an option, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The text, lines that go on behind newlines.
    pub text: String,
    /// The file.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
}

/// Why a text is no such file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odd {
    /// The file.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for Odd {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}, line {}: {}", self.file, self.line, self.what)
    }
}

impl std::error::Error for Odd {}

/// Where a line that goes on would be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Defaults,
    Section(usize),
}

impl Ini {
    /// Reads one more file: its options replace those of earlier ones.
    ///
    /// # Errors
    ///
    /// The first line that Python would not take either.
    pub fn read(&mut self, file: &str, text: &[u8]) -> Result<(), Odd> {
        let file: Arc<str> = file.into();
        let odd = |line: usize, what| Odd { file: Arc::clone(&file), line, what };
        let text = std::str::from_utf8(text).map_err(|error| {
            let before = text.get(..error.valid_up_to()).unwrap_or_default();
            odd(before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1), "it is not in UTF-8")
        })?;
        let mut place = None;
        let mut option: Option<String> = None;
        let mut indent = 0;
        for (line, number) in lines(text).zip(1..) {
            let (kept, has_comment) = without_comment(line);
            if kept.is_empty() {
                if !has_comment {
                    self.go_on(place, option.as_deref(), "");
                }
                continue;
            }
            let begins_at = line.chars().take_while(|character| is_space(*character)).count();
            if option.is_some() && begins_at > indent {
                self.go_on(place, option.as_deref(), kept);
                continue;
            }
            indent = begins_at;
            if let Some(name) = header(kept) {
                place = Some(self.section(name, &file));
                option = None;
                continue;
            }
            let Some(section) = place else {
                return Err(odd(number, "there is no [section] above it"));
            };
            let Some((name, text)) = kept.split_once(DELIMITERS) else {
                return Err(odd(
                    number,
                    "it is neither a [section], nor NAME=VALUE, nor indented to go on with a value",
                ));
            };
            let name = trim(name).to_lowercase();
            if name.is_empty() {
                return Err(odd(number, "there is no name in front of its value"));
            }
            let value = Value { text: trim(text).to_owned(), file: Arc::clone(&file), line: number };
            if let Some(options) = self.options_mut(section) {
                options.insert(name.clone(), value);
            }
            option = Some(name);
        }
        self.trim_ends();
        Ok(())
    }

    /// The sections, in the order in which they came first.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter()
    }

    /// The section of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Section> {
        self.sections.get(*self.places.get(name)?)
    }

    /// What an option of a section is set to, there or for all.
    #[must_use]
    pub fn value<'a>(&'a self, section: &'a Section, option: &str) -> Option<&'a Value> {
        section.options.get(option).or_else(|| self.defaults.get(option))
    }

    /// Replaces a text in all values.
    pub fn replace(&mut self, text: &str, by: &str) {
        let options = self.sections.iter_mut().flat_map(|section| section.options.values_mut());
        for value in options.chain(self.defaults.values_mut()) {
            if value.text.contains(text) {
                value.text = value.text.replace(text, by);
            }
        }
    }

    fn section(&mut self, name: &str, file: &Arc<str>) -> Place {
        if name == DEFAULT {
            return Place::Defaults;
        }
        let new = self.sections.len();
        let place = *self.places.entry(name.to_owned()).or_insert(new);
        if place == new {
            let section = Section { name: name.to_owned(), file: Arc::clone(file), options: BTreeMap::new() };
            self.sections.push(section);
        }
        Place::Section(place)
    }

    fn options_mut(&mut self, place: Place) -> Option<&mut BTreeMap<String, Value>> {
        match place {
            Place::Defaults => Some(&mut self.defaults),
            Place::Section(place) => self.sections.get_mut(place).map(|section| &mut section.options),
        }
    }

    fn go_on(&mut self, place: Option<Place>, option: Option<&str>, text: &str) {
        let options = place.and_then(|place| self.options_mut(place));
        if let Some(value) = options.zip(option).and_then(|(options, option)| options.get_mut(option)) {
            value.text.push('\n');
            value.text.push_str(text);
        }
    }

    fn trim_ends(&mut self) {
        let options = self.sections.iter_mut().flat_map(|section| section.options.values_mut());
        for value in options.chain(self.defaults.values_mut()) {
            let end = value.text.trim_end_matches(is_space).len();
            value.text.truncate(end);
        }
    }
}

impl Section {
    /// The names of the options that are set in it, in the order of the alphabet.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        self.options.keys().map(String::as_str)
    }
}

/// What Python counts as white space.
#[must_use]
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\x1c'..='\x1f')
}

/// The text without white space around it.
#[must_use]
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Lines, which end as on any system.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((line, after)) = text.split_once(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let is_dos = text.get(line.len()..).is_some_and(|end| end.starts_with("\r\n"));
        rest = Some(if is_dos { after.get(1..).unwrap_or_default() } else { after });
        Some(line)
    })
}

/// What is in a line besides a comment, and whether there is a comment.
fn without_comment(line: &str) -> (&str, bool) {
    let text = trim(line);
    if text.starts_with(COMMENTS) {
        return ("", true);
    }
    match comment(line) {
        Some(start) => (trim(line.get(..start).unwrap_or_default()), true),
        None => (text, false),
    }
}

/// Where the comment in a line begins: at a sign that has a blank in front. The first signs of both kinds are looked at, then
/// the second ones, and so on until one of a pair begins a comment; so a later `#` can hide an earlier `;`, as in Python.
fn comment(line: &str) -> Option<usize> {
    let begins =
        |at: usize| line.get(..at).is_some_and(|before| before.is_empty() || before.ends_with(is_space));
    let mut signs = COMMENTS.map(|sign| line.match_indices(sign));
    loop {
        let [semicolon, hash] = &mut signs;
        let found = [semicolon.next(), hash.next()];
        if found.iter().all(Option::is_none) {
            return None;
        }
        let start = found.into_iter().flatten().map(|(at, _)| at).filter(|at| begins(*at)).min();
        if start.is_some() {
            return start;
        }
    }
}

/// The name of the section that a line begins.
fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let end = inner.rfind(']')?;
    inner.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
