//! The folder that is looked at, with what it takes from elsewhere, opened as a start would open it.

use super::around::Around;
use nix::sys::stat::FileStat;
use std::ffi::CStr;
use std::path::PathBuf;
use supervision::supervise::owner::Me;
use supervision::supervise::service::Logged;
use supervision::supervise::sources::{Source, Sources};

/// A service's folder, or a logger's.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// What it is or will be called: `web`, `web/log`.
    pub(super) called: String,
    /// Where it is, absolute.
    pub(super) path: PathBuf,
    /// What is known of the folder itself.
    pub(super) stat: FileStat,
    /// The service directory.
    pub(super) around: &'a Around,
    /// Its files, and its template's.
    pub(super) sources: Sources<'a>,
    /// Who runs its supervise.
    pub(super) me: Me,
    /// It is never started itself.
    pub(super) is_template: bool,
    /// For a logger, the service whose log it is.
    pub(super) logged: Option<&'a Logged>,
}

impl Subject<'_> {
    /// Whether it is a logger's.
    pub(super) fn is_log(&self) -> bool {
        self.logged.is_some()
    }

    /// How findings name a file of one of its folders.
    pub(super) fn called(&self, source: &Source, name: &CStr) -> String {
        let is_own_of_log = self.is_log() && source.prefix.is_empty();
        let called = source.called(name);
        if is_own_of_log { format!("log/{called}") } else { called }
    }

    /// How findings name a file: by the folder that it is taken from, its own where there is none.
    pub(super) fn file_of(&self, name: &'static CStr) -> String {
        let source = self.sources.source_of(name).ok().flatten().or_else(|| self.sources.all().next());
        source.map_or_else(|| name.to_string_lossy().into_owned(), |source| self.called(source, name))
    }

    /// How findings name what is in its own folder.
    pub(super) fn own(&self, name: &str) -> String {
        if self.is_log() { format!("log/{name}") } else { name.to_owned() }
    }
}
