//! The words and signs of a shell script. What they mean together is the parser's affair.

pub(super) mod expansion;

use super::syntax::{Bashism, Kind, Piece, Unclear, Word};
use std::collections::VecDeque;

/// What a script is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// A sign that separates commands: `;`, `&&`, `(` ...
    Sign(&'static str),
    /// The sign of a redirection, with the number before it.
    Redirect(Option<u32>, &'static str),
    Newline,
}

/// The signs that begin with each other: the longest first.
const SIGNS: &[&str] = &[";;&", ";;", ";&", ";", "&&", "&", "||", "|&", "|", "((", "(", ")"];
const REDIRECTIONS: &[&str] = &["<<-", "<<<", "<<", "<&", "<>", "<", "&>>", "&>", ">>", ">&", ">|", ">"];

/// A script's tokens, each with its line.
pub(super) type Tokens = VecDeque<(Token, usize)>;

/// Reads all of a script, and notes what in it only bash knows.
pub(super) fn tokens(text: &str) -> Result<(Tokens, Vec<Bashism>), Unclear> {
    let mut lexer = Lexer::new(text);
    let mut tokens = VecDeque::new();
    while let Some(token) = lexer.next()? {
        tokens.push_back(token);
    }
    Ok((tokens, lexer.bashisms))
}

/// A here-document that begins with the next line.
#[derive(Debug)]
struct HereDocument {
    end: String,
    /// Tabs at the beginning of its lines do not count.
    strips_tabs: bool,
}

#[derive(Debug)]
struct Lexer {
    characters: Vec<char>,
    at: usize,
    line: usize,
    /// The next word ends a here-document.
    expected: Option<bool>,
    documents: VecDeque<HereDocument>,
    /// How many expansions this one stands in.
    depth: usize,
    bashisms: Vec<Bashism>,
}

impl Lexer {
    fn new(text: &str) -> Self {
        Self {
            characters: text.chars().collect(),
            at: 0,
            line: 1,
            expected: None,
            documents: VecDeque::new(),
            depth: 0,
            bashisms: Vec::new(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn take(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at = self.at.saturating_add(1);
        if character == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(character)
    }

    fn starts_with(&self, text: &str) -> bool {
        let rest = self.characters.get(self.at..).unwrap_or_default();
        text.chars().enumerate().all(|(index, character)| rest.get(index) == Some(&character))
    }

    fn skip(&mut self, text: &str) {
        for _ in text.chars() {
            self.take();
        }
    }

    fn bashism(&mut self, what: &'static str) {
        self.bashisms.push(Bashism { line: self.line, what });
    }

    fn next(&mut self) -> Result<Option<(Token, usize)>, Unclear> {
        self.skip_blanks();
        let line = self.line;
        let Some(character) = self.peek() else {
            return if self.documents.is_empty() { Ok(None) } else { Err(Unclear) };
        };
        if character == '\n' {
            self.take();
            self.skip_documents()?;
            return Ok(Some((Token::Newline, line)));
        }
        if let Some(token) = self.sign() {
            return Ok(Some((token, line)));
        }
        let word = self.word()?;
        if let Some(strips_tabs) = self.expected.take() {
            let end = word.pieces.iter().map(|piece| piece.text.as_str()).collect();
            self.documents.push_back(HereDocument { end, strips_tabs });
        }
        Ok(Some((Token::Word(word), line)))
    }

    /// Blanks, lines that go on, comments.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t') => {
                    self.take();
                }
                Some('\\') if self.starts_with("\\\n") => self.skip("\\\n"),
                Some('#') => {
                    while self.peek().is_some_and(|character| character != '\n') {
                        self.take();
                    }
                }
                _ => return,
            }
        }
    }

    fn skip_documents(&mut self) -> Result<(), Unclear> {
        while let Some(document) = self.documents.pop_front() {
            loop {
                self.peek().ok_or(Unclear)?;
                let mut line = String::new();
                while let Some(character) = self.take().filter(|character| *character != '\n') {
                    line.push(character);
                }
                let line = if document.strips_tabs { line.trim_start_matches('\t') } else { line.as_str() };
                if line == document.end {
                    break;
                }
            }
        }
        Ok(())
    }

    fn sign(&mut self) -> Option<Token> {
        let digits = self.characters.get(self.at..).unwrap_or_default();
        let digits: String = digits.iter().take_while(|character| character.is_ascii_digit()).collect();
        let after = self.characters.get(self.at.saturating_add(digits.len()));
        if !digits.is_empty() && !matches!(after, Some('<' | '>')) {
            return None;
        }
        let start = self.at;
        self.skip(&digits);
        if !self.starts_with("<(") && !self.starts_with(">(") {
            if let Some(sign) = REDIRECTIONS.iter().find(|sign| self.starts_with(sign)) {
                self.skip(sign);
                self.expected = matches!(*sign, "<<" | "<<-").then_some(*sign == "<<-");
                if matches!(*sign, "&>" | "&>>" | "<<<") {
                    self.bashism(sign);
                }
                return Some(Token::Redirect(digits.parse().ok(), sign));
            }
        }
        self.at = start;
        let sign = SIGNS.iter().find(|sign| self.starts_with(sign))?;
        self.skip(sign);
        Some(Token::Sign(sign))
    }

    fn word(&mut self) -> Result<Word, Unclear> {
        let start = self.at;
        let mut word = Word { pieces: Vec::new(), source: String::new(), line: self.line };
        let mut plain = String::new();
        while let Some(character) = self.peek() {
            if matches!(character, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')') {
                break;
            }
            if matches!(character, '<' | '>') {
                if !word.pieces.is_empty()
                    || !plain.is_empty()
                    || !matches!(self.characters.get(self.at.saturating_add(1)), Some('('))
                {
                    break;
                }
                self.bashism("<( )");
                self.take();
                self.skip_parentheses()?;
                word.pieces.push(Piece { text: String::new(), kind: Kind::Unknown { quoted: true } });
                continue;
            }
            if !matches!(character, '\'' | '"' | '\\' | '$' | '`') {
                plain.extend(self.take());
                continue;
            }
            if self.starts_with("\\\n") {
                self.skip("\\\n");
                continue;
            }
            if !plain.is_empty() {
                word.pieces.push(Piece { text: std::mem::take(&mut plain), kind: Kind::Plain });
            }
            self.special(character, &mut word.pieces)?;
        }
        if !plain.is_empty() {
            word.pieces.push(Piece { text: plain, kind: Kind::Plain });
        }
        word.source = self.characters.get(start..self.at).unwrap_or_default().iter().collect();
        Ok(word)
    }

    /// A part of a word that begins with one of `'"\$` or a backquote.
    fn special(&mut self, character: char, pieces: &mut Vec<Piece>) -> Result<(), Unclear> {
        match character {
            '\'' => {
                self.take();
                let text = self.until('\'')?;
                pieces.push(Piece { text, kind: Kind::Quoted });
            }
            '"' => {
                self.take();
                self.double_quotes(pieces)?;
            }
            '\\' => {
                self.take();
                // At the end of the script it stands for itself.
                let text = self.take().unwrap_or('\\').to_string();
                pieces.push(Piece { text, kind: Kind::Quoted });
            }
            _ => pieces.push(self.expansion(false)?),
        }
        Ok(())
    }

    fn double_quotes(&mut self, pieces: &mut Vec<Piece>) -> Result<(), Unclear> {
        let mut text = String::new();
        loop {
            match self.peek().ok_or(Unclear)? {
                '"' => {
                    self.take();
                    pieces.push(Piece { text, kind: Kind::Quoted });
                    return Ok(());
                }
                '\\' => {
                    self.take();
                    match self.take().ok_or(Unclear)? {
                        '\n' => {}
                        escaped @ ('"' | '\\' | '$' | '`') => text.push(escaped),
                        other => text.extend(['\\', other]),
                    }
                }
                '$' | '`' => {
                    pieces.push(Piece { text: std::mem::take(&mut text), kind: Kind::Quoted });
                    pieces.push(self.expansion(true)?);
                }
                _ => text.extend(self.take()),
            }
        }
    }

    /// Everything up to that character, which is taken as well.
    fn until(&mut self, end: char) -> Result<String, Unclear> {
        let mut text = String::new();
        loop {
            match self.take().ok_or(Unclear)? {
                character if character == end => return Ok(text),
                character => text.push(character),
            }
        }
    }
}

#[cfg(test)]
mod tests;
