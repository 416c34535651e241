//! The `.env` beside a Procfile: `NAME=VALUE` lines, as foreman reads them.

use crate::import::plan::{Note, Source};
use anyhow::{Context, Result};
use nix::fcntl::AT_FDCWD;
use protocol::file::{Unusable, open_folder, open_regular, read_all};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;

/// The one that says where ports begin.
pub(super) const PORT: &str = "PORT";

/// The longest that is read.
const LONGEST: usize = 1 << 20;

/// What it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    /// In the order of the lines, each once.
    pub(super) values: Vec<(String, String)>,
    /// Not everybody may read the file.
    pub(super) is_private: bool,
    /// What is different here.
    pub(super) notes: Vec<Note>,
}

/// That of the folder of a file; nothing where there is none. Whoever owns the folder could put a link there to what is not
/// theirs to read, so none is followed.
pub(super) fn beside(source: &Source) -> Result<Variables> {
    let folder = CString::new(source.folder().as_os_str().as_bytes())?;
    let folder = open_folder(AT_FDCWD, &folder).context("unable to open its folder")?;
    let (mut file, stat) = match open_regular(&folder, c".env") {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Variables::default()),
        Err(Unusable::NotRegular) => {
            let note = Note::no_equal(
                ".env is no regular file, and was not read",
                "make it one, or fill env/ by hand",
            );
            return Ok(Variables { notes: vec![note], ..Variables::default() });
        }
        Err(other) => return Err(other).context("unable to read .env"),
    };
    let text = read_all(&mut file, LONGEST).context("unable to read .env")?;
    let text = String::from_utf8(text).context("unable to read .env: it is not UTF-8")?;
    Ok(Variables::parse(&text, stat.st_mode & 0o004 == 0))
}

impl Variables {
    /// Reads the lines.
    pub(super) fn parse(text: &str, is_private: bool) -> Self {
        let mut variables = Self { is_private, ..Self::default() };
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.strip_prefix("export ").map_or(line, str::trim_start);
            let is_part =
                |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.');
            match line.split_once('=').map(|(name, value)| (name.trim_end(), value.trim_start())) {
                Some((name, written)) if !name.is_empty() && name.chars().all(is_part) => {
                    let (value, has_others) = value(written);
                    if has_others {
                        variables.notes.push(Note::changed(
                            format!(
                                "{name} in .env mentions another variable, and is taken as it is written"
                            ),
                            format!("write the whole value into env/{name}"),
                        ));
                    }
                    variables.values.retain(|(other, _)| other != name);
                    variables.values.push((name.to_owned(), value));
                }
                _ => variables.notes.push(Note::no_equal(
                    format!("line {number} of .env is no NAME=VALUE, and was passed over"),
                    "values of several lines go into env/ by hand, with NUL bytes for their ends",
                )),
            }
        }
        variables
    }

    /// Where ports begin.
    pub(super) fn port(&self) -> Option<u32> {
        self.values.iter().find(|(name, _)| name == PORT)?.1.parse().ok()
    }
}

/// What a value is, and whether it mentions other variables.
fn value(written: &str) -> (String, bool) {
    if let Some(text) = written.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
        return (text.0.to_owned(), false);
    }
    if let Some(text) = written.strip_prefix('"').and_then(double_quoted) {
        let has_others = text.contains('$');
        return (text, has_others);
    }
    let text = written.find(" #").and_then(|at| written.get(..at)).unwrap_or(written).trim_end();
    (text.to_owned(), text.contains('$'))
}

/// What is between double quotes, of which the first has been taken; `None` where there is no second.
fn double_quoted(rest: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => match characters.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_they_are_quoted() {
        let variables = Variables::parse(
            "# all\nA=b c\nexport B = 'x # \\n y' # z\nC=\"two\\nlines \\\"q\\\"\"\nD=\nE=x # y\r\nF=a=b\nA=again\nG=#x\n",
            true,
        );
        let expected = [
            ("B", "x # \\n y"),
            ("C", "two\nlines \"q\""),
            ("D", ""),
            ("E", "x"),
            ("F", "a=b"),
            ("A", "again"),
            ("G", "#x"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(variables.values, expected);
        assert!(variables.is_private);
        assert_eq!(variables.notes, []);
    }

    #[test]
    fn what_is_different_is_told() {
        let variables = Variables::parse("URL=http://$HOST/\nSAFE='$HOST'\nwhat is this\n", false);
        let told: Vec<&str> = variables.notes.iter().map(|note| note.what.as_str()).collect();
        assert!(told[0].starts_with("URL in .env mentions another variable"), "{told:?}");
        assert!(told[1].starts_with("line 3 of .env is no NAME=VALUE"), "{told:?}");
        assert_eq!(told.len(), 2);
    }
}
