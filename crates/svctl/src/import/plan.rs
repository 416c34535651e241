//! What is to be made of a file, and what there is to say about it. Nothing is made here.

use crate::blueprint::Blueprint;
use anyhow::{Result, bail};
use protocol::environment::{is_possible, is_variable, value};
use std::path::{Path, PathBuf};

/// Parts of names of variables whose values are nobody's business.
const SECRETS: [&str; 7] = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN"];

/// A file to import.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is: absolute.
    pub path: PathBuf,
    /// What is in it.
    pub text: Vec<u8>,
    /// Not everybody may read it, so what is made of it is not for everybody either.
    pub is_private: bool,
}

/// What is made of it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In the order of the file.
    pub programs: Vec<Program>,
    /// About the file as a whole.
    pub notes: Vec<Note>,
}

/// A program that the file names.
#[derive(Clone, Debug)]
pub struct Program {
    /// As the file has it.
    pub name: String,
    /// Its folders, a template before its instances; none where it cannot be made.
    pub blueprints: Vec<Blueprint>,
    /// About it.
    pub notes: Vec<Note>,
}

/// Something that somebody who imports has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub kind: Kind,
    /// A few words for what is carried over; else a sentence, with the reason in it.
    pub what: String,
    /// What to do about it; empty for nothing.
    pub instead: String,
}

/// What a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is here as it was there.
    Carried,
    /// It is here, and differs.
    Changed,
    /// There is nothing like it here.
    NoEqual,
}

impl Source {
    /// The folder that it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}

impl Note {
    /// It is here as it was there.
    pub fn carried(what: impl Into<String>) -> Self {
        Self { kind: Kind::Carried, what: what.into(), instead: String::new() }
    }

    /// It is here, and differs.
    pub fn changed(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { kind: Kind::Changed, what: what.into(), instead: instead.into() }
    }

    /// There is nothing like it here.
    pub fn no_equal(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { kind: Kind::NoEqual, what: what.into(), instead: instead.into() }
    }
}

/// Puts a variable into the folder, as a file in `env/`; for its owner's eyes alone where its source was so, or where its name
/// says that it is a secret.
///
/// # Errors
///
/// A file in `env/` cannot say it.
pub fn variable(blueprint: &mut Blueprint, is_private: bool, name: &str, content: &str) -> Result<()> {
    if !is_possible(name.as_bytes()) || !is_variable(name.as_bytes()) || name.contains(['/', '\0', '\n']) {
        bail!("no variable can be called {name:?} here");
    }
    let mut file = content.replace('\n', "\0").into_bytes();
    file.push(b'\n');
    // What envdir would read must be what was meant: it drops blanks at the end.
    if value(&file).as_deref() != Some(content.as_bytes()) {
        bail!(
            "the value of {name} ends with blanks or has a NUL byte in it, which a file in env/ cannot say"
        );
    }
    let upper = name.to_ascii_uppercase();
    let path = Path::new("env").join(name);
    if is_private || SECRETS.iter().any(|secret| upper.contains(secret)) {
        blueprint.secret(path, file);
    } else {
        blueprint.file(path, file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::Entry;

    #[test]
    fn a_variable_is_what_envdir_reads() {
        let mut web = Blueprint::new("web").unwrap();
        variable(&mut web, false, "LINES", "a\nb").unwrap();
        variable(&mut web, false, "EMPTY", "").unwrap();
        variable(&mut web, false, "DB_PASSWORD", "x").unwrap();
        let file = |name: &str| web.entries.get(Path::new(name)).cloned();
        assert_eq!(file("env/LINES"), Some(Entry::File { content: b"a\0b\n".to_vec(), mode: 0o644 }));
        assert_eq!(file("env/EMPTY"), Some(Entry::File { content: b"\n".to_vec(), mode: 0o644 }));
        assert_eq!(file("env/DB_PASSWORD"), Some(Entry::File { content: b"x\n".to_vec(), mode: 0o600 }));
    }

    #[test]
    fn what_a_file_cannot_say_is_refused() {
        let mut web = Blueprint::new("web").unwrap();
        for (name, value) in [("A", "x "), ("A", "a\0b"), ("A=B", "x"), (".A", "x"), ("A/B", "x"), ("", "x")]
        {
            variable(&mut web, false, name, value).unwrap_err();
        }
        assert!(web.entries.is_empty());
    }
}
