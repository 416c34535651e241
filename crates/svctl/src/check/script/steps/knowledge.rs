//! What is known at one point of a script: the variables, and the current folder.

use super::expand::Term;
use super::names::Changes;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is known at one point of the script.
#[derive(Clone, Debug)]
pub(super) struct Knowledge {
    pub(super) known: BTreeMap<String, String>,
    /// What the script has set so far, to known values or not.
    pub(super) touched: BTreeSet<String>,
    /// The current folder.
    pub(super) folder: Option<PathBuf>,
}

impl Knowledge {
    /// What is known when a script begins.
    pub(super) fn new(known: BTreeMap<String, String>, folder: PathBuf) -> Self {
        Self { known, touched: BTreeSet::new(), folder: Some(folder) }
    }

    /// A variable gets a value that is known, or is not.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.touched.insert(name.to_owned());
        match value {
            Some(value) => self.known.insert(name.to_owned(), value),
            None => self.known.remove(name),
        };
    }

    /// Something may have changed.
    pub(super) fn forget(&mut self, changes: &Changes) {
        for name in &changes.names {
            self.set(name, None);
        }
        if changes.is_everything {
            self.touched.extend(["PATH", "HOME"].map(str::to_owned));
            self.known.clear();
        }
        if changes.moves {
            self.folder = None;
        }
    }

    /// The folder after a `cd` with these words.
    pub(super) fn folder_after(&self, arguments: &[Term]) -> Option<PathBuf> {
        let operands =
            arguments.iter().filter(|argument| !matches!(argument.known(), Some("--" | "-P" | "-L")));
        match operands.map(Term::known).collect::<Vec<_>>().as_slice() {
            [Some(folder)] if !folder.is_empty() && *folder != "-" => {
                Some(self.folder.as_ref()?.join(folder))
            }
            _ => None,
        }
    }
}
