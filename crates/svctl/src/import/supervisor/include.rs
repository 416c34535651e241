//! The file, and those that it includes: which they are, and what they say together.

use super::expand::{Names, Value, expand};
use super::ini::Ini;
use super::settings::Surroundings;
use crate::import::plan::{Note, Source};
use anyhow::{Context, Result, anyhow};
use cli::text::shown;
use glob::MatchOptions;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// As Python's glob has it.
const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// What stands for the folder of the file that it is in.
const HERE: &str = "%(here)s";

/// Reads the file and those that it includes.
///
/// # Errors
///
/// One of them is no such file.
pub(super) fn read(source: &Source, around: &Surroundings) -> Result<(Ini, Vec<Note>)> {
    let mut ini = Ini::default();
    let mut notes = Vec::new();
    let mut count = 0_usize;
    ini.read(&shown(source.path.as_os_str().as_bytes()), &source.text)?;
    let Some(section) = ini.get("include") else { return Ok((ini, notes)) };
    let patterns = ini.value(section, "files").context("[include] has no files=")?.text.clone();
    ini.replace(HERE, &around.here);
    let patterns = expand(&patterns, &names(around)).map_err(|why| anyhow!("[include] files: {why}"))?;
    for pattern in patterns.split_whitespace() {
        let files = matching(&source.folder().join(pattern))?;
        if files.is_empty() {
            notes.push(Note::changed(format!("[include]: no file is called {pattern}"), ""));
        }
        for file in files {
            let name = shown(file.as_os_str().as_bytes()).into_owned();
            let text = fs::read(&file).with_context(|| format!("unable to read {name}"))?;
            ini.read(&name, &text)?;
            let folder = file.parent().unwrap_or(Path::new("/"));
            ini.replace(HERE, &folder.to_string_lossy());
            count = count.saturating_add(1);
        }
    }
    notes
        .push(Note::carried(format!("[include] with {count} {}", if count == 1 { "file" } else { "files" })));
    Ok((ini, notes))
}

fn names(around: &Surroundings) -> Names {
    let variables = around.environment.iter();
    let mut names: Names =
        variables.map(|(name, value)| (format!("ENV_{name}"), Value::Text(value.clone()))).collect();
    names.insert("here".to_owned(), Value::Text(around.here.clone()));
    names.insert("host_node_name".to_owned(), Value::Text(around.host.clone()));
    names
}

/// The files that a pattern stands for, in the order of their names.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>> {
    // Two stars are no more than one there.
    let mut text = pattern.to_string_lossy().into_owned();
    while text.contains("**") {
        text = text.replace("**", "*");
    }
    let found = glob::glob_with(&text, MATCHING).with_context(|| format!("[include] files={text}"))?;
    // What cannot be looked into is not there for Supervisor either.
    let mut files: Vec<PathBuf> = found.filter_map(Result::ok).collect();
    files.sort();
    Ok(files)
}
