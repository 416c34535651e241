//! Two small languages of Python's shlex: the words of a `command`, and the pairs of an `environment`.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// Why a text has no words, or no pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// A quote is not closed.
    Quote,
    /// A backslash is the last character.
    Backslash,
    /// A pair is not `NAME=value`, or its comma is missing.
    Pair,
}

impl fmt::Display for Odd {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Quote => {
                "a quote is not closed (what follows a blank and ; or # is a comment, also in quotes)"
            }
            Self::Backslash => "it ends with a backslash",
            Self::Pair => "it is not NAME=\"value\",NAME2=\"value2\"",
        })
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// The words of a command: `shlex.split`. There are quotes and backslashes, and nothing else of a shell.
///
/// # Errors
///
/// What Python would not split either.
pub(super) fn split(text: &str) -> Result<Vec<String>, Odd> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if is_blank(character) {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match character {
            '\\' => word.push(rest.next().ok_or(Odd::Backslash)?),
            '\'' => single(&mut rest, word)?,
            '"' => double(&mut rest, word)?,
            plain => word.push(plain),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single(rest: &mut Chars<'_>, word: &mut String) -> Result<(), Odd> {
    loop {
        match rest.next().ok_or(Odd::Quote)? {
            '\'' => return Ok(()),
            plain => word.push(plain),
        }
    }
}

/// In double quotes a backslash is one, unless a double quote or another backslash follows.
fn double(rest: &mut Chars<'_>, word: &mut String) -> Result<(), Odd> {
    loop {
        match rest.next().ok_or(Odd::Quote)? {
            '"' => return Ok(()),
            '\\' => match rest.next().ok_or(Odd::Backslash)? {
                escaped @ ('"' | '\\') => word.push(escaped),
                plain => word.extend(['\\', plain]),
            },
            plain => word.push(plain),
        }
    }
}

/// The pairs of an environment, in their order: `A="x",B=y`. The later of two of one name counts.
///
/// # Errors
///
/// What Python would not take either.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, Odd> {
    let tokens = tokens(text)?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    // What stands where a comma should is not looked at.
    for pair in tokens.chunks(4) {
        let [name, equals, value, ..] = pair else { return Err(Odd::Pair) };
        if equals != "=" {
            return Err(Odd::Pair);
        }
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.clone(), value.trim_matches(['\'', '"']).to_owned()));
    }
    Ok(pairs)
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '_' | '/' | '.' | '+' | '-' | '(' | ')' | ':' | '\'' | '"')
}

/// Words, quoted texts with their quotes, and single signs.
fn tokens(text: &str) -> Result<Vec<String>, Odd> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            blank if is_blank(blank) => {}
            '#' => drop_line(&mut rest),
            quote @ ('\'' | '"') => tokens.push(quoted(quote, &mut rest)?),
            first if is_word(first) => tokens.push(word(first, &mut rest)),
            sign => tokens.push(sign.to_string()),
        }
    }
    Ok(tokens)
}

fn quoted(quote: char, rest: &mut Peekable<Chars<'_>>) -> Result<String, Odd> {
    let mut token = String::from(quote);
    loop {
        let character = rest.next().ok_or(Odd::Quote)?;
        token.push(character);
        if character == quote {
            return Ok(token);
        }
    }
}

/// A word goes on behind a comment, in the next line.
fn word(first: char, rest: &mut Peekable<Chars<'_>>) -> String {
    let mut token = String::from(first);
    while let Some(character) = rest.next_if(|character| is_word(*character) || *character == '#') {
        if character == '#' {
            drop_line(rest);
        } else {
            token.push(character);
        }
    }
    token
}

fn drop_line(rest: &mut Peekable<Chars<'_>>) {
    let _ = rest.find(|character| *character == '\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command() {
        let words = |text| split(text).unwrap();
        assert_eq!(
            words("python  a.py --x=\"b c\" 'd\"e' f\\ g"),
            ["python", "a.py", "--x=b c", "d\"e", "f g"]
        );
        assert_eq!(words("bash -c \"exec a \\\"b\\\" \\$c\\n\""), ["bash", "-c", "exec a \"b\" \\$c\\n"]);
        assert_eq!(
            words("a\n  b '' #c $D *"),
            ["a", "b", "", "#c", "$D", "*"],
            "no comments, nothing of a shell"
        );
        assert_eq!(words("a\\\nb"), ["a\nb"], "a line that ends with a backslash does not go on");
        assert_eq!(words(" "), [""; 0]);
        assert_eq!(split("a 'b"), Err(Odd::Quote));
        assert_eq!(split("a \"b"), Err(Odd::Quote));
        assert_eq!(split("a \\"), Err(Odd::Backslash));
    }

    #[test]
    fn pairs_of_an_environment() {
        let pairs = |text| {
            let pairs = super::pairs(text).unwrap();
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(pairs("HOME=\"/home/bob\",USER='bob'"), ["HOME=/home/bob", "USER=bob"]);
        assert_eq!(pairs("A=/x/y:z-1,B=\"a,b = c\",\n  C=\"\""), ["A=/x/y:z-1", "B=a,b = c", "C="]);
        assert_eq!(pairs("A=1,B=2,A=3"), ["B=2", "A=3"]);
        assert_eq!(pairs("A=b#c,D=e"), ["A=b"], "a comment");
        assert_eq!(pairs("A=\"b#c\""), ["A=b#c"]);
        assert_eq!(pairs(""), [""; 0]);
        assert_eq!(pairs("A=1;B=2"), ["A=1", "B=2"], "any sign does for a comma");
        for text in ["A", "A=", "A=1,B", "A=a@b,C=d"] {
            assert_eq!(super::pairs(text), Err(Odd::Pair), "{text}");
        }
        assert_eq!(super::pairs("A=\"b"), Err(Odd::Quote));
    }
}
