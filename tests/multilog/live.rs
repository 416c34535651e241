//! A logger whose input the test writes piece by piece.

use super::logger::{Logger, Pipe, soon, wait_for, wait_for_current};
use super::place::{Place, Seen};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use testkit::Ran;

/// A logger, its folder, and its input.
pub(super) struct Live<'a> {
    pub(super) program: &'a Path,
    pub(super) place: Place,
    pub(super) pipe: Pipe,
    pub(super) logger: Logger,
}

impl<'a> Live<'a> {
    pub(super) fn new(program: &'a Path, script: &[&str]) -> Self {
        let (place, pipe) = (Place::new(), Pipe::new());
        let logger = Logger::start(program, &place, script, pipe.reader());
        Self { program, place, pipe, logger }
    }

    /// Writes, and waits until that is all that `current` holds.
    #[track_caller]
    pub(super) fn write(&self, bytes: &str, current: &str) {
        self.pipe.write(bytes);
        wait_for_current(&self.place, "main", current);
    }

    #[track_caller]
    pub(super) fn wait_until_it_has_read_all(&self) {
        soon("it has read all", || self.pipe.is_empty() && self.logger.is_waiting());
    }

    #[track_caller]
    pub(super) fn wait_for_old_files(&self, count: usize) {
        let what = format!("{count} old files");
        wait_for(&what, &self.place, "main", || self.place.old_files("main").len() == count);
        let previous = self.place.file("main/previous");
        soon("the rotation is over", || !previous.exists() && self.logger.is_waiting());
    }

    pub(super) fn mode(&self) -> u32 {
        self.place.file("main/current").metadata().unwrap().permissions().mode() & 0o7777
    }

    /// Its end, what it said, and what is left: in the pipe and in the folder.
    #[track_caller]
    pub(super) fn end(mut self) -> (Seen, String) {
        let end = self.logger.wait();
        let ran = Ran { stdout: Vec::new(), stderr: self.logger.errors().into(), end };
        let rest = String::from_utf8(self.pipe.rest()).unwrap();
        ((ran, self.place.view()), rest)
    }

    /// The same after the end of its input.
    #[track_caller]
    pub(super) fn end_of_input(mut self) -> Seen {
        self.pipe = Pipe::new();
        self.end().0
    }
}
