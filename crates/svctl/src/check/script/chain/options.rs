//! What of a command line belongs to a program: its options with their values, and what comes before the next program.

use crate::check::script::lexer::expansion::is_name;
use crate::check::script::steps::Term;

/// The words of one program.
#[derive(Clone, Debug, Default)]
pub(in crate::check::script) struct Given {
    /// In their order: `-u` with its value, `--foreground`.
    pub(in crate::check::script) options: Vec<(String, Option<Term>)>,
    pub(in crate::check::script) operands: Vec<Term>,
    /// `NAME=value`
    pub(in crate::check::script) variables: Vec<Term>,
    /// How many words that are, with the name.
    pub(super) length: usize,
}

impl Given {
    /// Whether that option is there.
    pub(in crate::check::script) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(given, _)| given == option)
    }

    /// Its last value.
    pub(in crate::check::script) fn value(&self, option: &str) -> Option<&Term> {
        self.options.iter().rev().find(|(given, _)| given == option).and_then(|(_, value)| value.as_ref())
    }
}

/// Reads the words of a program, the first of which is its name; `None` where it cannot be told what is an option.
pub(super) fn split(
    words: &[Term],
    values: &str,
    long_values: &[&str],
    operands: usize,
    takes_variables: bool,
) -> Option<Given> {
    let mut given = Given { length: 1, ..Given::default() };
    let mut ends_options = false;
    while let Some(word) = words.get(given.length) {
        let text = word.text.as_str();
        let is_option = !ends_options && text.starts_with('-') && text.len() > 1;
        let is_greedy = operands == usize::MAX;
        if is_option && (given.operands.is_empty() || is_greedy) {
            given.length = given.length.saturating_add(1);
            if text == "--" && word.is_known {
                ends_options = true;
            } else if text.starts_with("--") {
                given.long(word, words, long_values);
            } else {
                given.short(word, words, values);
            }
        } else if takes_variables && is_variable(text) {
            given.length = given.length.saturating_add(1);
            given.variables.push(word.clone());
            ends_options = true;
        } else if text == "-" && word.is_known && !is_greedy {
            given.length = given.length.saturating_add(1);
            given.options.push(("-".to_owned(), None));
        } else if given.operands.len() < operands {
            given.length = given.length.saturating_add(1);
            // A variable outside of quotes may hold options as well: as an operand it is one word, nearly always.
            given.operands.push(word.clone());
        } else if word.splits
            && text.is_empty()
            && !word.is_known
            && words.len() > given.length.saturating_add(1)
        {
            // What stands there may be options, a program, or nothing.
            return None;
        } else {
            break;
        }
    }
    Some(given)
}

impl Given {
    fn long(&mut self, word: &Term, words: &[Term], long_values: &[&str]) {
        let (name, value) = match word.text.split_once('=') {
            Some((name, value)) => (name, Some(Term { text: value.to_owned(), ..word.clone() })),
            None if long_values.contains(&word.text.as_str()) => {
                let value = words.get(self.length).cloned();
                self.length = self.length.saturating_add(1);
                (word.text.as_str(), value)
            }
            None => (word.text.as_str(), None),
        };
        self.options.push((name.to_owned(), value));
    }

    fn short(&mut self, word: &Term, words: &[Term], values: &str) {
        for (at, letter) in word.text.char_indices().skip(1) {
            let name = format!("-{letter}");
            if !values.contains(letter) {
                self.options.push((name, None));
                continue;
            }
            let attached = word.text.get(at.saturating_add(letter.len_utf8())..).unwrap_or_default();
            let value = if attached.is_empty() && word.is_known {
                let value = words.get(self.length).cloned();
                self.length = self.length.saturating_add(1);
                value
            } else {
                Some(Term { text: attached.to_owned(), ..word.clone() })
            };
            self.options.push((name, value));
            return;
        }
    }
}

fn is_variable(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| is_name(name))
}
