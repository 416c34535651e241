//! With `d`: what happens to lines that cannot be written while more of them come. As many as there is room for wait; the
//! oldest are dropped, and counted in a line of the log as soon as it can be written.
//!
//! In such times where a file ends is decided more simply than in [`cuts`](super::cuts): at the last line that fits.

use super::cuts::Cuts;
use super::directory::Directory;
use super::sheet::{FULL, Sheet};
use super::trouble::{Backlog, Trouble};
use std::time::Duration;
use sys::clock::Monotonic;

/// How long to wait before it is tried again.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

impl Directory<'_> {
    /// There is trouble: from now on lines wait.
    pub(super) fn fall_behind(&mut self, trouble: Trouble) {
        let again = Monotonic::now() + AGAIN;
        self.take_back();
        let (lines, bytes) = self.backlog.as_ref().map_or((0, 0), |backlog| (backlog.lines, backlog.bytes));
        self.backlog = Some(Backlog { trouble, again, lines, bytes });
        self.marks.clear();
    }

    /// Drops the oldest lines, so that there is room for as many more as a block can hold.
    pub(super) fn drop_oldest(&mut self) {
        let text = self.pending.text();
        let Some(excess) = text.len().checked_sub(FULL / 2) else { return };
        let cut = text.iter().skip(excess).position(|byte| *byte == b'\n');
        let count = cut.map_or(text.len(), |place| excess.saturating_add(place).saturating_add(1));
        let lines = text.iter().take(count).filter(|byte| **byte == b'\n').count();
        self.pending.written(count);
        self.pending.settle();
        self.pending.make_room();
        if let Some(backlog) = &mut self.backlog {
            backlog.lines = backlog.lines.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
            backlog.bytes = backlog.bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    /// When it is to be tried again.
    pub(super) fn again_at(&self) -> Option<Monotonic> {
        Some(self.backlog.as_ref()?.again)
    }

    /// Tries again to write what waits, each line whole, with a word of what was dropped before it.
    ///
    /// # Errors
    ///
    /// Where there is trouble still; the rest goes on waiting.
    pub(super) fn catch_up(&mut self, stamp: &[u8]) -> Result<(), Trouble> {
        self.advance()?;
        if let Some(note) = self.backlog.as_ref().and_then(Backlog::note) {
            let line = [stamp, self.settings.prefix, note.as_bytes()].concat();
            self.write_line(&line)?;
            if let Some(backlog) = &mut self.backlog {
                (backlog.lines, backlog.bytes) = (0, 0);
            }
        }
        while !self.pending.text().is_empty() {
            let left = usize::try_from(self.settings.size.saturating_sub(self.on_disk)).unwrap_or(usize::MAX);
            let text = self.pending.text();
            let fitting = text.get(..left.min(text.len())).unwrap_or(text);
            let whole = fitting.iter().rposition(|byte| *byte == b'\n').map(|place| place.saturating_add(1));
            match whole {
                Some(count) => self.write_part(count)?,
                // A line that fits into no file, or its end is still to come.
                None if self.on_disk == 0 || left > text.len() => self.write_part(fitting.len())?,
                None => self.rotate_now()?,
            }
        }
        self.backlog = None;
        self.cuts = Cuts::new(self.settings.size, self.on_disk);
        (self.written, self.target) = (0, 0);
        Ok(())
    }

    /// What is lost if it ends now: lines that wait, with those that were dropped.
    pub(super) fn lost(&self) -> Option<String> {
        let backlog = self.backlog.as_ref()?;
        let waiting = self.pending.text().iter().filter(|byte| **byte == b'\n').count();
        let lines = backlog.lines.saturating_add(u64::try_from(waiting).unwrap_or(u64::MAX));
        Some(format!("{lines} lines were dropped: {}", backlog.trouble))
    }

    fn rotate_now(&mut self) -> Result<(), Trouble> {
        self.begin_rotation();
        self.advance()
    }

    fn write_line(&mut self, line: &[u8]) -> Result<(), Trouble> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.on_disk > 0 && self.on_disk.saturating_add(length) > self.settings.size {
            self.rotate_now()?;
        }
        let waiting = std::mem::replace(&mut self.pending, Sheet::new());
        self.pending.put(line, line.len());
        let result = self.write_part(line.len());
        self.pending = waiting;
        result
    }

    fn write_part(&mut self, count: usize) -> Result<(), Trouble> {
        self.target = self.written.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        let result = self.write();
        match result {
            Ok(()) => self.settle(),
            Err(_) => self.take_back(),
        }
        result
    }
}
