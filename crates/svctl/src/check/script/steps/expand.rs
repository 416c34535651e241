//! What becomes of a word.

use crate::check::script::lexer::expansion::is_name;
use crate::check::script::syntax::{Kind, Piece, Word};
use cli::text::shown;
use std::collections::BTreeMap;

/// A word with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check::script) struct Term {
    /// Its text, as far as it is known from the left.
    pub(in crate::check::script) text: String,
    /// That is all of it.
    pub(in crate::check::script) is_known: bool,
    /// It can become several words, or none.
    pub(in crate::check::script) splits: bool,
    /// How it stands in the script.
    pub(in crate::check::script) source: String,
    /// It begins with a `~` that is only a character, because it is in quotes.
    pub(in crate::check::script) has_dead_tilde: bool,
}

impl Term {
    /// One that is known.
    pub(in crate::check::script) fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { source: text.clone(), text, is_known: true, splits: false, has_dead_tilde: false }
    }

    /// One of which nothing is known but that it is one.
    pub(in crate::check::script) fn unknown(text: impl Into<String>) -> Self {
        Self { is_known: false, ..Self::plain(text) }
    }

    /// Its text, if all of it is known.
    pub(in crate::check::script) fn known(&self) -> Option<&str> {
        self.is_known.then_some(self.text.as_str())
    }

    /// As a person reads it in a message.
    pub(in crate::check::script) fn shown(&self) -> String {
        shown(self.source.as_bytes()).into_owned()
    }
}

/// The words that a word becomes.
pub(super) fn expand(word: &Word, known: &BTreeMap<String, String>) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    let mut term = Term::plain("");
    let mut is_there = false;
    for (index, piece) in word.pieces.iter().enumerate() {
        match resolve(piece, known) {
            Resolved::Text(text) if piece.kind == Kind::Plain => {
                is_there = true;
                let text = text.as_str();
                let is_home = index == 0 && text.starts_with('~');
                if is_home || has_pattern(text) {
                    term.unknown_from_here(!is_home);
                } else {
                    term.push(text);
                }
            }
            Resolved::Text(text) if matches!(piece.kind, Kind::Variable { quoted: false }) => {
                // The value of a variable outside of quotes is cut at its blanks.
                if has_pattern(&text) {
                    is_there = true;
                    term.unknown_from_here(true);
                    continue;
                }
                if text.starts_with(char::is_whitespace) && is_there {
                    terms.push(std::mem::replace(&mut term, Term::plain("")));
                    is_there = false;
                }
                let mut parts = text.split_whitespace().peekable();
                while let Some(part) = parts.next() {
                    term.push(part);
                    is_there = true;
                    if parts.peek().is_some() || text.ends_with(char::is_whitespace) {
                        terms.push(std::mem::replace(&mut term, Term::plain("")));
                        is_there = false;
                    }
                }
            }
            Resolved::Text(text) => {
                is_there = true;
                term.has_dead_tilde |= index == 0 && text.starts_with("~/");
                term.push(&text);
            }
            Resolved::Unknown { splits } => {
                is_there = true;
                term.unknown_from_here(splits);
            }
        }
    }
    if is_there || word.pieces.is_empty() {
        terms.push(term);
    }
    // Of several words that one has become, each is shown as what it is.
    let is_one = terms.len() == 1;
    for term in &mut terms {
        term.source = if is_one || !term.is_known { word.source.clone() } else { term.text.clone() };
    }
    terms
}

/// The one value of a word, as in an assignment, where nothing is cut.
pub(super) fn value(pieces: &[Piece], known: &BTreeMap<String, String>) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match resolve(piece, known) {
            Resolved::Text(part) if piece.kind == Kind::Plain && part.starts_with('~') => return None,
            Resolved::Text(part) => text.push_str(&part),
            Resolved::Unknown { .. } => return None,
        }
    }
    Some(text)
}

/// The name and the value of `NAME=value`.
pub(super) fn assignment(word: &Word) -> Option<(&str, Vec<Piece>)> {
    let first = word.pieces.first().filter(|piece| piece.kind == Kind::Plain)?;
    let (name, rest) = first.text.split_once('=')?;
    let (name, is_more) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    let added = is_more.then(|| Piece { text: String::new(), kind: Kind::Unknown { quoted: true } });
    let rest =
        Some(Piece { text: rest.to_owned(), kind: Kind::Plain }).filter(|piece| !piece.text.is_empty());
    let pieces = added.into_iter().chain(rest).chain(word.pieces.iter().skip(1).cloned());
    is_name(name).then(|| (name, pieces.collect()))
}

impl Term {
    fn push(&mut self, text: &str) {
        if self.is_known {
            self.text.push_str(text);
        }
    }

    fn unknown_from_here(&mut self, splits: bool) {
        self.is_known = false;
        self.splits |= splits;
    }
}

enum Resolved {
    Text(String),
    Unknown { splits: bool },
}

fn resolve(piece: &Piece, known: &BTreeMap<String, String>) -> Resolved {
    match piece.kind {
        Kind::Plain | Kind::Quoted => Resolved::Text(piece.text.clone()),
        Kind::Variable { quoted } => known
            .get(&piece.text)
            .map_or(Resolved::Unknown { splits: !quoted }, |text| Resolved::Text(text.clone())),
        Kind::Unknown { quoted } => Resolved::Unknown { splits: !quoted },
    }
}

/// Whether a shell would look for files that fit.
fn has_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
        || (text.contains('[') && text.contains(']'))
        || (text.contains('{') && text.contains(','))
}
