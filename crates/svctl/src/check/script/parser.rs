//! The grammar of a shell script: from tokens to commands. Where it does not fit, nothing is said about the script at all.

use super::lexer::expansion::is_name;
use super::lexer::{Token, Tokens, tokens};
use super::syntax::{
    Bashism, Command, Kind, Link, List, Pipeline, Redirection, Statement, Unclear, What, Word,
};

/// How deep commands may stand in each other.
const DEEPEST: usize = 50;

/// Words that end a list where a command would begin.
const ENDS: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];

/// A script, and what in it only bash knows.
pub(super) fn parse(text: &str) -> Result<(List, Vec<Bashism>), Unclear> {
    let (tokens, bashisms) = tokens(text)?;
    let mut parser = Parser { tokens, line: 1, depth: 0, bashisms };
    let list = parser.list()?;
    if parser.tokens.is_empty() { Ok((list, parser.bashisms)) } else { Err(Unclear) }
}

#[derive(Debug)]
struct Parser {
    tokens: Tokens,
    /// The line of what was taken last.
    line: usize,
    depth: usize,
    bashisms: Vec<Bashism>,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.front().map(|(token, _)| token)
    }

    fn second(&self) -> Option<&Token> {
        self.tokens.get(1).map(|(token, _)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let (token, line) = self.tokens.pop_front()?;
        self.line = line;
        Some(token)
    }

    fn here(&self) -> usize {
        self.tokens.front().map_or(self.line, |(_, line)| *line)
    }

    fn bashism(&mut self, what: &'static str) {
        self.bashisms.push(Bashism { line: self.line, what });
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Sign(other)) if *other == sign);
        if is_it {
            self.take();
        }
        is_it
    }

    fn reserved(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Word(word)) => word.plain(),
            _ => None,
        }
    }

    fn takes_reserved(&mut self, text: &str) -> bool {
        let is_it = self.reserved() == Some(text);
        if is_it {
            self.take();
        }
        is_it
    }

    fn expect_reserved(&mut self, text: &str) -> Result<(), Unclear> {
        if self.takes_reserved(text) { Ok(()) } else { Err(Unclear) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Unclear> {
        if self.takes_sign(sign) { Ok(()) } else { Err(Unclear) }
    }

    fn skip_newlines(&mut self) {
        while matches!(self.peek(), Some(Token::Newline)) {
            self.take();
        }
    }

    fn is_at_end(&self) -> bool {
        match self.peek() {
            None | Some(Token::Sign(")" | ";;" | ";&" | ";;&")) => true,
            _ => self.reserved().is_some_and(|word| ENDS.contains(&word)),
        }
    }

    fn list(&mut self) -> Result<List, Unclear> {
        let mut list = List::new();
        self.skip_newlines();
        while !self.is_at_end() {
            let first = self.pipeline()?;
            let mut rest = Vec::new();
            while let Some(link) = self.link() {
                self.skip_newlines();
                rest.push((link, self.pipeline()?));
            }
            let is_background = self.takes_sign("&");
            if !is_background
                && !self.takes_sign(";")
                && !matches!(self.peek(), Some(Token::Newline))
                && !self.is_at_end()
            {
                return Err(Unclear);
            }
            list.push(Statement { first, rest, is_background });
            self.skip_newlines();
        }
        Ok(list)
    }

    /// A list in which something stands.
    fn full_list(&mut self) -> Result<List, Unclear> {
        self.list().and_then(|list| if list.is_empty() { Err(Unclear) } else { Ok(list) })
    }

    fn link(&mut self) -> Option<Link> {
        if self.takes_sign("&&") {
            Some(Link::And)
        } else if self.takes_sign("||") {
            Some(Link::Or)
        } else {
            None
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, Unclear> {
        while self.takes_reserved("!") {}
        let mut commands = vec![self.command()?];
        while self.takes_sign("|") || self.takes_sign("|&") {
            self.skip_newlines();
            commands.push(self.command()?);
        }
        Ok(Pipeline { commands })
    }

    fn command(&mut self) -> Result<Command, Unclear> {
        self.depth = self.depth.saturating_add(1);
        let command = if self.depth > DEEPEST { Err(Unclear) } else { self.command_within() };
        self.depth = self.depth.saturating_sub(1);
        command
    }

    fn command_within(&mut self) -> Result<Command, Unclear> {
        let line = self.here();
        if let Some(what) = self.compound()? {
            return Ok(Command { what, redirections: self.redirections()?, line });
        }
        if matches!(self.peek(), Some(Token::Word(_))) && matches!(self.second(), Some(Token::Sign("("))) {
            if let Some(what) = self.function()? {
                return Ok(Command { what, redirections: Vec::new(), line });
            }
        }
        let (mut words, mut redirections) = (Vec::new(), Vec::new());
        loop {
            match self.peek() {
                Some(Token::Word(_)) => words.push(self.word()?),
                Some(Token::Redirect(..)) => redirections.push(self.redirection()?),
                Some(Token::Sign("(")) if words.last().is_some_and(ends_in_equals) => {
                    // An array, of which nothing is known but that.
                    self.bashism("name=( )");
                    while !self.takes_sign(")") {
                        self.take().ok_or(Unclear)?;
                    }
                    if let Some(last) = words.last_mut() {
                        last.pieces.push(super::syntax::Piece {
                            text: String::new(),
                            kind: Kind::Unknown { quoted: false },
                        });
                    }
                }
                _ => break,
            }
        }
        if words.is_empty() && redirections.is_empty() {
            return Err(Unclear);
        }
        Ok(Command { what: What::Simple(words), redirections, line })
    }

    fn word(&mut self) -> Result<Word, Unclear> {
        match self.take() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(Unclear),
        }
    }

    fn name(&mut self) -> Result<String, Unclear> {
        self.word()?.plain().map(str::to_owned).ok_or(Unclear)
    }

    fn redirections(&mut self) -> Result<Vec<Redirection>, Unclear> {
        let mut redirections = Vec::new();
        while matches!(self.peek(), Some(Token::Redirect(..))) {
            redirections.push(self.redirection()?);
        }
        Ok(redirections)
    }

    fn redirection(&mut self) -> Result<Redirection, Unclear> {
        let Some(Token::Redirect(descriptor, sign)) = self.take() else { return Err(Unclear) };
        let target = self.word()?;
        Ok(Redirection { descriptor, sign, target })
    }

    fn compound(&mut self) -> Result<Option<What>, Unclear> {
        if self.takes_sign("((") {
            self.bashism("(( ))");
            return self.arithmetic().map(Some);
        }
        if self.takes_sign("(") {
            let list = self.full_list()?;
            self.expect_sign(")")?;
            return Ok(Some(What::Subshell(list)));
        }
        let what = match self.reserved() {
            Some("{") => self.group()?,
            Some("if") => self.branches()?,
            Some("while" | "until") => {
                self.take();
                let condition = self.full_list()?;
                What::Loop { condition, body: self.loop_body()? }
            }
            Some("for") => self.for_loop()?,
            Some("case") => self.case()?,
            Some("[[") => {
                self.take();
                self.bashism("[[ ]]");
                while !self.takes_reserved("]]") {
                    self.take().ok_or(Unclear)?;
                }
                What::Condition
            }
            Some("function") => {
                self.take();
                self.bashism("function");
                let name = self.name()?;
                if self.takes_sign("(") {
                    self.expect_sign(")")?;
                }
                self.skip_newlines();
                What::Function { name, body: Box::new(self.command()?) }
            }
            Some(word) if ENDS.contains(&word) || matches!(word, "select" | "coproc" | "in") => {
                return Err(Unclear);
            }
            _ => return Ok(None),
        };
        Ok(Some(what))
    }

    /// Behind `((`, up to what closes it.
    fn arithmetic(&mut self) -> Result<What, Unclear> {
        let mut depth = 2_usize;
        while depth > 0 {
            match self.take().ok_or(Unclear)? {
                Token::Sign("((") => depth = depth.saturating_add(2),
                Token::Sign("(") => depth = depth.saturating_add(1),
                Token::Sign(")") => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(What::Condition)
    }

    fn group(&mut self) -> Result<What, Unclear> {
        self.take();
        let list = self.full_list()?;
        self.expect_reserved("}")?;
        Ok(What::Group(list))
    }

    fn branches(&mut self) -> Result<What, Unclear> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        while self.takes_reserved("if") || self.takes_reserved("elif") {
            let condition = self.full_list()?;
            self.expect_reserved("then")?;
            branches.push((condition, self.full_list()?));
            if self.reserved() != Some("elif") {
                break;
            }
        }
        if self.takes_reserved("else") {
            otherwise = Some(self.full_list()?);
        }
        self.expect_reserved("fi")?;
        Ok(What::If { branches, otherwise })
    }

    fn loop_body(&mut self) -> Result<List, Unclear> {
        self.expect_reserved("do")?;
        let body = self.full_list()?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn for_loop(&mut self) -> Result<What, Unclear> {
        self.take();
        let mut variable = String::new();
        if self.takes_sign("((") {
            self.bashism("for (( ))");
            self.arithmetic()?;
        } else {
            variable = self.name()?;
            self.skip_newlines();
            if self.takes_reserved("in") {
                while matches!(self.peek(), Some(Token::Word(_))) {
                    self.take();
                }
            }
        }
        self.takes_sign(";");
        self.skip_newlines();
        Ok(What::For { variable, body: self.loop_body()? })
    }

    fn case(&mut self) -> Result<What, Unclear> {
        self.take();
        let subject = self.word()?;
        self.skip_newlines();
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines();
            if self.takes_reserved("esac") {
                return Ok(What::Case { subject, arms });
            }
            self.takes_sign("(");
            let mut patterns = Vec::new();
            loop {
                patterns.push(self.word()?);
                if self.takes_sign(")") {
                    break;
                }
                self.expect_sign("|")?;
            }
            arms.push((patterns, self.list()?));
            if !self.takes_sign(";;") && !self.takes_sign(";&") && !self.takes_sign(";;&") {
                self.skip_newlines();
                self.expect_reserved("esac")?;
                return Ok(What::Case { subject, arms });
            }
        }
    }

    /// `name()` and what follows; `None` where it is another thing.
    fn function(&mut self) -> Result<Option<What>, Unclear> {
        let Some(name) = self.reserved().map(str::to_owned) else { return Ok(None) };
        if name.ends_with('=') || !matches!(self.tokens.get(2), Some((Token::Sign(")"), _))) {
            return Ok(None);
        }
        for _ in 0..3 {
            self.take();
        }
        self.skip_newlines();
        Ok(Some(What::Function { name, body: Box::new(self.command()?) }))
    }
}

/// `name=`, or `name+=`, as it stands before an array.
fn ends_in_equals(word: &Word) -> bool {
    word.plain()
        .and_then(|text| text.strip_suffix('='))
        .is_some_and(|name| is_name(name.trim_end_matches('+')))
}

#[cfg(test)]
mod tests;
