//! What services log while one looks, until one has seen enough (INT) or nobody reads it any more.

use super::place::Logger;
use super::show::Show;
use super::source::{Sources, Trouble};
use super::watch::{About, Hints, Watch};
use crate::PROGRAM;
use crate::directory::Directory;
use crate::output::print;
use anyhow::Result;
use cli::errno;
use cli::voice::Said;
use nix::errno::Errno;
use protocol::folder::{LOG, RUN, SUPERVISE};
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Follows logs.
#[derive(Debug)]
pub(super) struct Follow<'a> {
    directory: &'a Directory,
    /// Services that come later are followed as well.
    takes_all: bool,
    sources: Sources,
    show: Show,
    watch: Watch,
    said: Said,
}

impl<'a> Follow<'a> {
    /// Goes on where `sources` are.
    pub(super) fn new(directory: &'a Directory, takes_all: bool, sources: Sources, show: Show) -> Self {
        Self { directory, takes_all, sources, show, watch: Watch::new(), said: Said::default() }
    }

    /// Shows what comes; first, what is wrong already.
    ///
    /// # Errors
    ///
    /// Nothing can be shown any more.
    pub(super) fn run(mut self, troubles: &[Trouble]) -> Result<()> {
        troubles.iter().for_each(|trouble| self.say(trouble));
        let mut hints = Hints { everything: true, ..Hints::default() };
        for number in 0..self.sources.all().len() {
            self.watch_source(number);
        }
        loop {
            self.take_up(&hints);
            let is_busy = match self.show.block(&mut self.sources) {
                Some(text) => print(text).map(|()| true)?,
                None => false,
            };
            for trouble in self.show.troubles() {
                self.say(&trouble);
            }
            hints = self.watch.wait(is_busy)?;
            if hints.is_over {
                return Ok(());
            }
        }
    }

    /// Looks wherever something may have changed.
    fn take_up(&mut self, hints: &Hints) {
        if hints.everything || hints.directory {
            self.list();
        }
        let is_meant = |number: &usize| hints.everything || hints.services.contains(number);
        for number in (0..self.sources.loggers().len()).filter(is_meant) {
            self.find(number);
        }
        let is_meant =
            |number: &usize| hints.everything || hints.all_sources || hints.sources.contains(number);
        for number in (0..self.sources.all().len()).filter(is_meant) {
            self.refresh(number);
        }
    }

    /// Services that are new are found.
    fn list(&mut self) {
        if !self.takes_all {
            return;
        }
        self.watch.names(self.directory.path(), About::Directory, None);
        for service in self.directory.services().unwrap_or_default() {
            let known = self.sources.loggers().len();
            let number = self.sources.add(&service);
            if number >= known {
                self.find(number);
            }
        }
    }

    /// Looks where a service logs, watches that, and begins with what is new.
    fn find(&mut self, service: usize) {
        let Some(logger) = self.sources.loggers().get(service) else { return };
        for (path, only) in around(logger) {
            self.watch.names(&path, About::Service(service), only.as_deref());
        }
        let known: Vec<usize> =
            (0..self.sources.all().len()).filter(|number| self.is_of(*number, service)).collect();
        let (new, troubles) = self.sources.find(service);
        for number in known {
            self.refresh(number);
        }
        for number in new {
            self.watch_source(number);
            self.refresh(number);
        }
        for trouble in troubles.iter().filter(|trouble| !trouble.is_no_logger) {
            self.say(trouble);
        }
    }

    fn is_of(&self, number: usize, service: usize) -> bool {
        self.sources.all().get(number).is_some_and(|source| !source.is_over && source.service == service)
    }

    fn watch_source(&mut self, number: usize) {
        if let Some(source) = self.sources.all().get(number) {
            self.watch.source(source.reader.folder().as_fd(), number);
        }
    }

    fn refresh(&mut self, number: usize) {
        let Some(source) = self.sources.get(number) else { return };
        if let Err(error) = source.reader.refresh() {
            // A directory that has been removed cannot be listed; what is held of it is read to its end.
            if errno::of(error.root_cause()) != Some(Errno::ENOENT) {
                let trouble = source.trouble(&error);
                self.say(&trouble);
            }
        }
        self.show.wake(&mut self.sources, number);
    }

    /// Each reason once.
    fn say(&mut self, trouble: &Trouble) {
        if self.said.is_new(&trouble.text) {
            PROGRAM.warn(&trouble.text);
        }
    }
}

/// The folders in which it shows where a service logs, each with the one name in it that matters, or with all. Nothing is told of
/// a folder itself that is removed while something in it is held open: so it is watched from above.
fn around(logger: &Logger) -> Vec<(PathBuf, Option<OsString>)> {
    let name = |name: &std::ffi::CStr| OsStr::from_bytes(name.to_bytes()).to_owned();
    let mut around = Vec::new();
    for log in [Some(&logger.folder), logger.template.as_ref()].into_iter().flatten() {
        let above =
            log.ancestors().skip(1).zip([name(LOG)].into_iter().chain(log.parent().and_then(file_name)));
        around.extend(above.map(|(folder, only)| (folder.to_owned(), Some(only))));
        around.push((log.clone(), Some(name(RUN))));
    }
    match logger.directories() {
        Ok(directories) => {
            let above = directories.iter().filter_map(|directory| directory.parent().map(Path::to_owned));
            around.extend(above.map(|above| (above, None)));
        }
        // The logger may say it as soon as it runs.
        Err(_) => around.push((logger.folder.join(name(SUPERVISE)), None)),
    }
    around
}

fn file_name(path: &Path) -> Option<OsString> {
    path.file_name().map(OsStr::to_owned)
}
