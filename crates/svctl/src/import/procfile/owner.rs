//! Whom imported programs run as where their file does not say: as the account that is named in the call, else as the owner of
//! the folder that the file is in.

use crate::blueprint::Blueprint;
use crate::import::plan::{Note, Source};
use anyhow::{Context, Result};
use nix::unistd::{Uid, geteuid};
use std::os::unix::fs::MetadataExt;

/// An account for `user`, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum User {
    /// The call names it.
    Named(String),
    /// It owns the folder.
    Owner(String),
    /// Nobody names one, and root owns the folder.
    Root,
    /// Services run as who runs svscan, who is not root.
    Nobody,
}

impl User {
    /// The one that a call names.
    pub(in crate::import) fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
    }

    /// Looks for one.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(in crate::import) fn choose(user: Option<&str>, source: &Source) -> Result<Self> {
        if let Some(user) = user {
            return Ok(Self::named(user));
        }
        if !geteuid().is_root() {
            return Ok(Self::Nobody);
        }
        let found = source.folder().metadata().context("unable to stat its folder")?;
        if found.uid() == 0 {
            return Ok(Self::Root);
        }
        let account = accounts::by_uid(Uid::from_raw(found.uid()))?;
        let name = account.and_then(|account| account.name.into_string().ok());
        Ok(Self::Owner(name.unwrap_or_else(|| format!(":{}:{}", found.uid(), found.gid()))))
    }

    /// Puts it into a folder, and says so.
    pub(in crate::import) fn write(&self, blueprint: &mut Blueprint, notes: &mut Vec<Note>) {
        match self {
            Self::Named(name) => {
                blueprint.file("user", format!("{name}\n"));
                notes.push(Note::carried(format!("user={name}, as you say")));
            }
            Self::Owner(name) => {
                blueprint.file("user", format!("{name}\n"));
                notes.push(Note::changed(
                    format!("the file names no account, so it runs as {name}, who owns its folder"),
                    "name another with --user",
                ));
            }
            Self::Root => notes.push(Note::changed(
                "the file names no account, and its folder is root's, so it runs as root",
                "name one with --user",
            )),
            Self::Nobody => {}
        }
    }
}
