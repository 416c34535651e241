//! The log directories of services, as they are found: each a source of lines. Which of them there are may change.

use super::backward::Backward;
use super::folder::Folder;
use super::merge::last;
use super::place::{Logger, Nowhere};
use super::reader::Place;
use super::reader::Reader;
use crate::directory::Service;
use crate::exit;
use anyhow::Result;
use cli::errno::{self, chain};
use cli::text::shown;
use nix::errno::Errno;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log directory that is read.
#[derive(Debug)]
pub(super) struct Source {
    /// What its lines are called.
    pub(super) name: String,
    /// The number of its service.
    pub(super) service: usize,
    pub(super) reader: Reader,
    path: PathBuf,
    /// Nothing comes of it any more.
    pub(super) is_over: bool,
}

/// Why nothing is shown of a service.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) text: String,
    pub(super) code: u8,
    /// That the service has no logger.
    pub(super) is_no_logger: bool,
}

/// Services and their log directories.
#[derive(Debug, Default)]
pub(super) struct Sources {
    loggers: Vec<Logger>,
    sources: Vec<Source>,
    follows: bool,
}

impl Sources {
    /// Those of no service yet. With `follows`, what comes later is read as well.
    pub(super) fn new(follows: bool) -> Self {
        Self { follows, ..Self::default() }
    }

    /// Adds a service, unless it is there; its number.
    pub(super) fn add(&mut self, service: &Service) -> usize {
        let logger = Logger::of(service);
        if let Some(number) = self.loggers.iter().position(|known| known.folder == logger.folder) {
            return number;
        }
        self.loggers.push(logger);
        self.loggers.len().saturating_sub(1)
    }

    /// All services.
    pub(super) fn loggers(&self) -> &[Logger] {
        &self.loggers
    }

    /// All sources, also those that are over.
    pub(super) fn all(&self) -> &[Source] {
        &self.sources
    }

    /// That source, unless it is over.
    pub(super) fn get(&mut self, number: usize) -> Option<&mut Source> {
        self.sources.get_mut(number).filter(|source| !source.is_over)
    }

    /// How many services have log directories.
    pub(super) fn services(&self) -> usize {
        self.sources.iter().map(|source| source.service).collect::<BTreeSet<_>>().len()
    }

    /// Looks where a service logs now: directories that are new are opened, and those that are gone are read to their end. The
    /// numbers of the new ones, and why there are none.
    pub(super) fn find(&mut self, service: usize) -> (Vec<usize>, Vec<Trouble>) {
        let Some(logger) = self.loggers.get(service) else { return (Vec::new(), Vec::new()) };
        let (directories, mut troubles) = match logger.directories() {
            Ok(directories) => (directories, Vec::new()),
            Err(nowhere) => (Vec::new(), vec![Trouble::nowhere(logger, nowhere)]),
        };
        let mut new = Vec::new();
        let mut stay = Vec::new();
        for path in &directories {
            let id = Folder::open(path).ok().and_then(|folder| folder.id());
            let is_it = |source: &Source| {
                !source.is_over
                    && source.service == service
                    && source.path == *path
                    && source.reader.folder().id() == id
            };
            if let (Some(_), Some(number)) = (id, self.sources.iter().position(is_it)) {
                stay.push(number);
                continue;
            }
            match Source::open(path, name(logger, path, directories.len() > 1), service, self.follows) {
                Ok(source) => new.push(source),
                Err(error) => troubles.push(Trouble::unreadable(logger, path, &error)),
            }
        }
        for (number, source) in self.sources.iter_mut().enumerate() {
            if source.service == service && !stay.contains(&number) {
                source.reader.finish();
            }
        }
        let numbers = new.into_iter().map(|source| self.put(source)).collect();
        (numbers, troubles)
    }

    fn put(&mut self, source: Source) -> usize {
        if let Some((number, old)) = self.sources.iter_mut().enumerate().find(|(_, old)| old.is_over) {
            *old = source;
            return number;
        }
        self.sources.push(source);
        self.sources.len().saturating_sub(1)
    }

    /// Goes, in these sources, to the first of the last `count` lines of all, or to the first that is not older than `since`,
    /// whichever is later.
    pub(super) fn begin(&mut self, count: Option<usize>, since: Option<Duration>) -> Vec<Trouble> {
        if count.is_none() && since.is_none() {
            return Vec::new();
        }
        let mut logs: Vec<Backward> =
            self.sources.iter().map(|source| Backward::new(&source.reader)).collect();
        let failed = last(&mut logs, count, since);
        let places: Vec<Place> = logs.iter().map(Backward::place).collect();
        for (source, place) in self.sources.iter_mut().zip(places) {
            source.reader.begin_at(place);
        }
        failed
            .into_iter()
            .filter_map(|(number, error)| Some(self.sources.get(number)?.trouble(&error)))
            .collect()
    }
}

impl Source {
    fn open(path: &Path, name: String, service: usize, follows: bool) -> Result<Self> {
        let reader = Reader::new(Folder::open(path)?, follows)?;
        Ok(Self { name, service, reader, path: path.to_owned(), is_over: false })
    }

    /// What is wrong with it.
    pub(super) fn trouble(&self, error: &anyhow::Error) -> Trouble {
        let text = format!("{}: {}", self.name, chain(error));
        Trouble { text, code: code(error), is_no_logger: false }
    }

    /// Files of it are not shown.
    pub(super) fn passed_over(&self, count: usize) -> Trouble {
        let path = shown(self.path.as_os_str().as_bytes());
        let files = if count == 1 { "an older file is" } else { "older files are" };
        let text = format!("{}: {files} compressed and not shown: look for them in {path}", self.name);
        Trouble { text, code: exit::DONE, is_no_logger: false }
    }
}

impl Trouble {
    fn nowhere(logger: &Logger, nowhere: Nowhere) -> Self {
        let code = match nowhere {
            Nowhere::Hidden(error) => code(&error.into()),
            Nowhere::NoLogger | Nowhere::NotSaid => exit::FATAL,
        };
        let text = format!("unable to find the log of {}: {nowhere}", logger.name);
        Self { text, code, is_no_logger: nowhere == Nowhere::NoLogger }
    }

    fn unreadable(logger: &Logger, path: &Path, error: &anyhow::Error) -> Self {
        let name = &logger.name;
        let path = shown(path.as_os_str().as_bytes());
        let (text, code) = match errno::of(error.root_cause()) {
            Some(Errno::ENOENT) => {
                (format!("{name} has not logged anything yet: there is no {path}"), exit::DONE)
            }
            Some(Errno::EACCES) => (
                format!(
                    "unable to read the log of {name}: only the account that it belongs to, and root, may look into {path}"
                ),
                exit::NOT_PERMITTED,
            ),
            _ => (format!("unable to read the log of {name}: {}", chain(error)), code(error)),
        };
        Self { text, code, is_no_logger: false }
    }
}

fn code(error: &anyhow::Error) -> u8 {
    match errno::of(error.root_cause()) {
        Some(Errno::EACCES | Errno::EPERM) => exit::NOT_PERMITTED,
        _ => exit::FATAL,
    }
}

/// What the lines of a directory are called: as the service, with the directory's own name where there are several.
fn name(logger: &Logger, directory: &Path, are_several: bool) -> String {
    match directory.file_name().filter(|_| are_several) {
        Some(last) => format!("{}:{}", logger.name, shown(last.as_bytes())),
        None => logger.name.clone(),
    }
}
