//! From full sheets to the logs: a batch is noted, written and taken from the input; so whoever goes on after a kill knows
//! what is in the logs already. What a note says is in `note.rs`.

use super::directory::Directory;
use super::engine::{Engine, Stopped};
use super::note::{Line, Note, Purpose, Take};
use nix::errno::Errno;

impl Engine<'_> {
    /// Writes what is pending, up to each directory's target; then the input before `input` is taken.
    ///
    /// # Errors
    ///
    /// Where it was told to stop while that could not be done.
    pub(super) fn write_and_take(&mut self, input: usize) -> Result<(), Stopped> {
        self.tell();
        let mut note = self.note_of(input);
        'again: loop {
            // Files may have ended meanwhile.
            note = note.and_then(|note| self.write_note(note));
            for place in 0..self.directories.len() {
                let Some(directory) = self.directories.get_mut(place) else { break };
                if directory.backlog.is_some() {
                    self.try_to_catch_up(place);
                    continue;
                }
                let Err(trouble) = directory.write() else { continue };
                if directory.waits_for_nothing() {
                    self.fall_behind(place, trouble);
                    continue;
                }
                let is_file_limit = trouble.reason == Some(Errno::EFBIG);
                for directory in &mut self.directories {
                    directory.take_back();
                }
                if !(is_file_limit && self.end_at_limit(place)?) {
                    self.pause(trouble)?;
                }
                continue 'again;
            }
            break;
        }
        self.take(input, note);
        self.directories.iter_mut().for_each(Directory::settle);
        self.forget_what_was_said();
        Ok(())
    }

    /// A file has reached the limit that the system has set to its size: the next one begins. Whether there was anything
    /// in it, so that this is of use.
    fn end_at_limit(&mut self, place: usize) -> Result<bool, Stopped> {
        let Some(directory) = self.directories.get_mut(place) else { return Ok(false) };
        if directory.on_disk == 0 {
            return Ok(false);
        }
        self.rotate(place)?;
        Ok(true)
    }

    /// What is to be noted before the input before `input` is written and taken; nothing where it is not a pipe, or where
    /// it is only taken, at once.
    fn note_of(&self, input: usize) -> Option<Note> {
        let journal = self.journal.as_ref().filter(|_| self.input.is_pipe())?;
        let after = self.line_at(input);
        let is_written =
            |directory: &Directory<'_>| directory.backlog.is_some() || directory.target <= directory.written;
        let kept = self.block.kept();
        let is_simple = kept.is_empty() && self.line == after && !journal.is_open();
        if is_simple && self.directories.iter().all(is_written) {
            return None;
        }
        let batch = self.block.untaken(input);
        Some(Note {
            kept: kept.len(),
            still_kept: self.block.kept_behind(input),
            before: self.line,
            after,
            ..Note::new(journal.stream, Purpose::Log, Take::of(batch), batch)
        })
    }

    /// Writes it, with the logs as they are now.
    fn write_note(&mut self, mut note: Note) -> Option<Note> {
        let logs = self.directories.iter().filter(|directory| directory.backlog.is_none());
        note.logs.clear();
        note.logs.extend(logs.map(Directory::extent));
        let is_there = self.journal.as_mut()?.write(&note, self.block.kept());
        is_there.then_some(note)
    }

    fn take(&mut self, input: usize, note: Option<Note>) {
        match (note, &mut self.journal) {
            (Some(note), Some(journal)) => {
                journal.take(&self.input, &note);
                self.block.is_taken(input);
            }
            _ => self.input.take(&mut self.block, input),
        }
        self.line = self.line_at(input);
        self.block.is_logged(input);
    }

    /// Takes the beginning of a line, which is all there is. Another multilog will find it where the notes are.
    pub(super) fn keep(&mut self) {
        let all = self.block.length();
        let Some(journal) = self.journal.as_mut().filter(|_| self.input.is_pipe()) else {
            return self.input.take(&mut self.block, all);
        };
        let (kept, batch) = (self.block.kept(), self.block.untaken(all));
        let take = Take { exact: batch.len(), ..Take::default() };
        let note = Note {
            kept: kept.len(),
            before: self.line,
            after: self.line,
            ..Note::new(journal.stream, Purpose::Keep, take, batch)
        };
        if journal.write(&note, kept) {
            journal.take(&self.input, &note);
            self.block.is_taken(all);
        } else {
            self.input.take(&mut self.block, all);
        }
    }

    /// Where in a line the input stands when what is before `input` is taken.
    fn line_at(&self, input: usize) -> Line {
        if self.has_ended && input == self.block.length() {
            return Line::default();
        }
        match self.block.byte_before(input) {
            None => self.line,
            Some(b'\n') => Line::default(),
            Some(_) => {
                let selected = self.directories.iter().map(|directory| directory.selected);
                Line::rest(selected)
            }
        }
    }
}
