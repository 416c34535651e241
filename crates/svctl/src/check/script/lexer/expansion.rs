//! What begins with a dollar or a backquote. Of all that, only the plain value of a variable can be known.

use super::Lexer;
use crate::check::script::syntax::{Kind, Piece, Unclear};

/// How deep expansions may stand in each other.
const DEEPEST: usize = 50;

impl Lexer {
    /// At a `$` or a backquote.
    pub(super) fn expansion(&mut self, quoted: bool) -> Result<Piece, Unclear> {
        self.depth = self.depth.saturating_add(1);
        let piece = if self.depth > DEEPEST { Err(Unclear) } else { self.expansion_within(quoted) };
        self.depth = self.depth.saturating_sub(1);
        piece
    }

    fn expansion_within(&mut self, quoted: bool) -> Result<Piece, Unclear> {
        let unknown = Piece { text: String::new(), kind: Kind::Unknown { quoted } };
        if self.take() == Some('`') {
            return self.backquotes().map(|()| unknown);
        }
        match self.peek() {
            Some('(') => self.skip_parentheses().map(|()| unknown),
            Some('{') => {
                self.take();
                let inner = self.braces()?;
                let is_name = is_name(&inner) || inner.parse::<u32>().is_ok();
                // Whatever else is in the braces (a default, an array) cannot be known.
                if is_name { Ok(Piece { text: inner, kind: Kind::Variable { quoted } }) } else { Ok(unknown) }
            }
            Some('\'') if !quoted => {
                self.take();
                self.ansi_quotes().map(|()| Piece { kind: Kind::Unknown { quoted: true }, ..unknown })
            }
            Some('@' | '*') => {
                self.take();
                // Also in quotes these are any number of words.
                Ok(Piece { kind: Kind::Unknown { quoted: false }, ..unknown })
            }
            Some('#' | '?' | '$' | '!' | '-') => {
                self.take();
                Ok(unknown)
            }
            Some(digit) if digit.is_ascii_digit() => {
                self.take();
                Ok(Piece { text: digit.to_string(), kind: Kind::Variable { quoted } })
            }
            Some(first) if is_letter(first) => {
                let mut name = String::new();
                while let Some(character) =
                    self.peek().filter(|other| is_letter(*other) || other.is_ascii_digit())
                {
                    self.take();
                    name.push(character);
                }
                Ok(Piece { text: name, kind: Kind::Variable { quoted } })
            }
            _ => Ok(Piece { text: "$".to_owned(), kind: if quoted { Kind::Quoted } else { Kind::Plain } }),
        }
    }

    fn backquotes(&mut self) -> Result<(), Unclear> {
        loop {
            match self.take().ok_or(Unclear)? {
                '`' => return Ok(()),
                '\\' => {
                    self.take();
                }
                _ => {}
            }
        }
    }

    fn ansi_quotes(&mut self) -> Result<(), Unclear> {
        loop {
            match self.take().ok_or(Unclear)? {
                '\'' => return Ok(()),
                '\\' => {
                    self.take();
                }
                _ => {}
            }
        }
    }

    /// From an opening parenthesis to the one that closes it.
    pub(super) fn skip_parentheses(&mut self) -> Result<(), Unclear> {
        self.skip_nested('(', ')').map(|_| ())
    }

    fn braces(&mut self) -> Result<String, Unclear> {
        let start = self.at;
        let mut depth = 1_usize;
        while depth > 0 {
            match self.take().ok_or(Unclear)? {
                '{' => depth = depth.saturating_add(1),
                '}' => depth = depth.saturating_sub(1),
                other => self.skip_quoted(other)?,
            }
        }
        let inner = self.characters.get(start..self.at.saturating_sub(1)).unwrap_or_default();
        Ok(inner.iter().collect())
    }

    fn skip_nested(&mut self, open: char, close: char) -> Result<(), Unclear> {
        let mut depth = 0_usize;
        loop {
            match self.take().ok_or(Unclear)? {
                character if character == open => depth = depth.saturating_add(1),
                character if character == close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(());
                    }
                }
                other => self.skip_quoted(other)?,
            }
        }
    }

    /// What that character begins, if it is a quote.
    fn skip_quoted(&mut self, character: char) -> Result<(), Unclear> {
        match character {
            '\\' => {
                self.take();
            }
            '\'' => {
                self.until('\'')?;
            }
            '"' => self.double_quotes(&mut Vec::new())?,
            '`' => self.backquotes()?,
            _ => {}
        }
        Ok(())
    }
}

/// Whether a variable or a function can be called so.
pub(in crate::check::script) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_letter)
        && characters.all(|character| is_letter(character) || character.is_ascii_digit())
}

fn is_letter(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}
