//! `%(name)s` and its like: Python's way of putting values into a text.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// The longest field: nobody means more, and it costs memory.
const WIDEST: usize = 1000;

/// The longest text that can come of it: no word of a command is longer.
const LONGEST: usize = 128 << 10;

/// What names stand for.
pub(super) type Names = BTreeMap<String, Value>;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// Why a text cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// It has a name that stands for nothing.
    Unknown(String),
    /// It has a `%` that begins nothing.
    Format,
    /// What comes of it is longer than any word of a command.
    TooLong,
}

impl fmt::Display for Odd {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => match name.strip_prefix("ENV_") {
                Some(variable) => write!(
                    to,
                    "%({name})s stands for the variable {variable}, which is not set here: call svctl with it, as Supervisor was (env {variable}=... svctl import ...)"
                ),
                None => write!(to, "%({name})s stands for nothing that Supervisor knows"),
            },
            Self::Format => {
                to.write_str("there is a % in it that begins no %(name)s: a plain one is written %%")
            }
            Self::TooLong => to.write_str("what comes of it is longer than 128 kB"),
        }
    }
}

/// The flags, the width and the precision of a field.
#[derive(Debug, Default)]
struct Field {
    is_left: bool,
    has_zeros: bool,
    sign: Option<char>,
    width: usize,
    precision: Option<usize>,
}

/// The text with the values in it.
///
/// # Errors
///
/// What Python would not expand either.
pub(super) fn expand(text: &str, names: &Names) -> Result<String, Odd> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '%' {
            expanded.push(character);
            continue;
        }
        match rest.next() {
            Some('%') => expanded.push('%'),
            Some('(') => expanded.push_str(&field(&mut rest, names)?),
            _ => return Err(Odd::Format),
        }
        if expanded.len() > LONGEST {
            return Err(Odd::TooLong);
        }
    }
    if expanded.len() > LONGEST { Err(Odd::TooLong) } else { Ok(expanded) }
}

/// What stands for a field, from behind its first bracket on.
fn field(rest: &mut Peekable<Chars<'_>>, names: &Names) -> Result<String, Odd> {
    let name = name(rest)?;
    let mut field = Field::default();
    while let Some(flag) = rest.next_if(|character| matches!(character, '-' | '0' | '+' | ' ' | '#')) {
        match flag {
            '-' => field.is_left = true,
            '0' => field.has_zeros = true,
            '+' => field.sign = Some('+'),
            ' ' if field.sign.is_none() => field.sign = Some(' '),
            _ => {}
        }
    }
    field.width = number(rest)?.unwrap_or(0);
    if rest.next_if_eq(&'.').is_some() {
        field.precision = Some(number(rest)?.unwrap_or(0));
    }
    // How long a number is in C, which Python takes and passes over.
    let _ = rest.next_if(|character| matches!(character, 'h' | 'l' | 'L'));
    let kind = rest.next().ok_or(Odd::Format)?;
    let value = names.get(&name).ok_or(Odd::Unknown(name))?;
    match (kind, value) {
        ('%', _) => Ok("%".to_owned()),
        ('s', Value::Text(text)) => Ok(field.text(text)),
        ('s', Value::Number(number)) => Ok(field.text(&number.to_string())),
        ('d' | 'i' | 'u', Value::Number(number)) => {
            Ok(field.number(*number, number.unsigned_abs().to_string()))
        }
        ('x', Value::Number(number)) => Ok(field.number(*number, format!("{:x}", number.unsigned_abs()))),
        ('X', Value::Number(number)) => Ok(field.number(*number, format!("{:X}", number.unsigned_abs()))),
        ('o', Value::Number(number)) => Ok(field.number(*number, format!("{:o}", number.unsigned_abs()))),
        _ => Err(Odd::Format),
    }
}

/// What is between the brackets, which may have brackets inside.
fn name(rest: &mut Peekable<Chars<'_>>) -> Result<String, Odd> {
    let mut depth = 1_usize;
    let mut name = String::new();
    for character in rest.by_ref() {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Ok(name);
        }
        name.push(character);
    }
    Err(Odd::Format)
}

fn number(rest: &mut Peekable<Chars<'_>>) -> Result<Option<usize>, Odd> {
    let mut number = None;
    while let Some(digit) = rest.next_if(char::is_ascii_digit).and_then(|digit| digit.to_digit(10)) {
        let so_far: usize = number.unwrap_or(0);
        let next = so_far.saturating_mul(10).saturating_add(usize::try_from(digit).unwrap_or(0));
        if next > WIDEST {
            return Err(Odd::Format);
        }
        number = Some(next);
    }
    Ok(number)
}

impl Field {
    fn text(&self, text: &str) -> String {
        let text: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
        self.padded(text)
    }

    fn number(&self, number: i64, digits: String) -> String {
        let sign = if number < 0 { Some('-') } else { self.sign };
        let sign_width = usize::from(sign.is_some());
        let zeros = if self.has_zeros && !self.is_left { self.width.saturating_sub(sign_width) } else { 0 };
        let zeros = zeros.max(self.precision.unwrap_or(0));
        let sign = sign.map_or_else(String::new, String::from);
        self.padded(format!("{sign}{digits:0>zeros$}"))
    }

    fn padded(&self, text: String) -> String {
        let width = self.width;
        if self.is_left { format!("{text:<width$}") } else { format!("{text:>width$}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, Odd> {
        let names = [
            ("program_name", Value::Text("web".to_owned())),
            ("process_num", Value::Number(7)),
            ("cold", Value::Number(-7)),
            ("a(b)", Value::Text("x".to_owned())),
        ];
        expand(text, &names.map(|(name, value)| (name.to_owned(), value)).into())
    }

    #[test]
    fn values_are_put_in() {
        assert_eq!(expanded("%(program_name)s_%(process_num)02d").unwrap(), "web_07");
        assert_eq!(expanded("--port=80%(process_num)02d 100%%").unwrap(), "--port=8007 100%");
        assert_eq!(
            expanded("%(process_num)s|%(process_num)i|%(process_num)4d|%(process_num)-4d|").unwrap(),
            "7|7|   7|7   |"
        );
        assert_eq!(
            expanded("%(process_num)+d|%(cold)04d|%(process_num).3d|%(process_num)x").unwrap(),
            "+7|-007|007|7"
        );
        assert_eq!(expanded("%(program_name)5s|%(program_name).2s|%(a(b))s").unwrap(), "  web|we|x");
        assert_eq!(expanded("worker@%%h ü").unwrap(), "worker@%h ü");
    }

    #[test]
    fn what_python_refuses() {
        assert_eq!(expanded("%(nosuch)s"), Err(Odd::Unknown("nosuch".to_owned())));
        for text in [
            "100%",
            "%h",
            "% (process_num)d",
            "%(process_num",
            "%(process_num)",
            "%(process_num)q",
            "%(program_name)d",
        ] {
            assert_eq!(expanded(text), Err(Odd::Format), "{text}");
        }
        assert_eq!(expanded("%(process_num)99999999999999999999d"), Err(Odd::Format));
    }
}
