//! The lines of one log directory, from the oldest on: a line at a time, over the ends of files, in a buffer whose size does not
//! depend on theirs.
//!
//! A file that is over may end within a line, which goes on in the next one: multilog ends a file when it is full. In one that
//! was never finished the last line was cut short. A line that is longer than anybody can read comes in pieces.

use super::folder::{Folder, Part};
use super::stamp::{LONGEST, stamp};
use anyhow::{Context, Result};
use cli::text::shown;
use std::collections::VecDeque;
use std::fs::File;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::rc::Rc;
use std::time::Duration;

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the part.
    pub(super) part: usize,
    /// How many bytes are before it there.
    pub(super) offset: u64,
    /// The time of the last line before it that tells one, if it does not tell its own.
    pub(super) before: Option<Duration>,
}

/// How much is read at once.
pub(super) const BLOCK: usize = 64 * 1024;

/// A line of more bytes comes in pieces.
const PIECE: usize = 1024 * 1024;

/// Where the time of a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// From the line itself.
    Here,
    /// From a line before it in the file.
    Before,
    /// Only from the file: when it was finished, or last written.
    File,
}

/// A line, without what tells its time, and without the newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) time: Duration,
    pub(super) told: Told,
    pub(super) text: &'a [u8],
}

/// Reads a log directory.
#[derive(Debug)]
pub(super) struct Reader {
    folder: Folder,
    /// What is still to be read; the first is being read.
    pub(super) parts: VecDeque<Part>,
    file: Option<Rc<File>>,
    /// How far the first has been read.
    offset: u64,
    buffer: Vec<u8>,
    /// Where in the buffer the next line begins, and up to where there is no newline in it.
    start: usize,
    searched: usize,
    head: Option<(Duration, Told, Range<usize>)>,
    /// What is at the end of the buffer is the end of a file that is over.
    is_torn: bool,
    /// What comes next goes on with a piece.
    is_piece: bool,
    /// Of the last line that told its time in this file.
    before: Option<Duration>,
    file_time: Duration,
    /// More comes, and what is not whole is waited for.
    follows: bool,
    passed_over: usize,
}

impl Reader {
    /// Reads all that is there now; with `follows`, also what comes later.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn new(mut folder: Folder, follows: bool) -> Result<Self> {
        let parts = folder.look(false)?;
        Ok(Self {
            folder,
            parts: parts.into(),
            file: None,
            offset: 0,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            head: None,
            is_torn: false,
            is_piece: false,
            before: None,
            file_time: Duration::ZERO,
            follows,
            passed_over: 0,
        })
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Behind all that was there when it was looked for.
    pub(super) fn end(&self) -> Place {
        match self.parts.back().and_then(|part| part.length) {
            Some(offset) => Place { part: self.parts.len().saturating_sub(1), offset, before: None },
            None => Place { part: self.parts.len(), offset: 0, before: None },
        }
    }

    /// Begins there.
    pub(super) fn begin_at(&mut self, place: Place) {
        self.parts.drain(..place.part.min(self.parts.len()));
        (self.offset, self.before) = (place.offset, place.before);
    }

    /// Looks whether there are other files now.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn refresh(&mut self) -> Result<()> {
        if !self.folder.is_at_current() {
            self.parts.extend(self.folder.look(true)?);
        }
        Ok(())
    }

    /// Nothing more comes: what is there now is the end.
    pub(super) fn finish(&mut self) {
        self.follows = false;
        self.parts.iter_mut().for_each(|part| part.length = None);
    }

    /// Whether it is the end where nothing is there to be read.
    pub(super) fn is_finished(&self) -> bool {
        !self.follows
    }

    /// How many files have been passed over because they are compressed; counted once.
    pub(super) fn passed_over(&mut self) -> usize {
        std::mem::take(&mut self.passed_over)
    }

    /// The line in hand.
    pub(super) fn line(&self) -> Option<Line<'_>> {
        let (time, told, range) = self.head.as_ref()?;
        Some(Line { time: *time, told: *told, text: self.buffer.get(range.clone())? })
    }

    /// Goes to the next line; its time, or `None` where no whole one is there now.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn advance(&mut self) -> Result<Option<Duration>> {
        self.head = None;
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(newline) = memchr::memchr(b'\n', unsearched) {
                let end = self.searched.saturating_add(newline);
                return Ok(Some(self.take(end, end.saturating_add(1), false)));
            }
            self.searched = self.buffer.len();
            if self.buffer.len().saturating_sub(self.start) >= PIECE {
                return Ok(Some(self.take(self.searched, self.searched, true)));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Takes the line that ends there.
    fn take(&mut self, end: usize, next: usize, is_piece: bool) -> Duration {
        let line = self.buffer.get(self.start..end).unwrap_or_default();
        let stamped = stamp(line).filter(|_| !self.is_piece);
        let (time, told, length) = match (stamped, self.before) {
            (Some((time, rest)), _) => (time, Told::Here, rest.len()),
            (None, Some(before)) => (before, Told::Before, line.len()),
            (None, None) => (self.file_time, Told::File, line.len()),
        };
        if told == Told::Here {
            self.before = Some(time);
        }
        self.head = Some((time, told, end.saturating_sub(length)..end));
        (self.start, self.searched, self.is_piece) = (next, next, is_piece);
        time
    }

    /// Gets more into the buffer; false where there is nothing more now.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.drain(..self.start);
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        let is_last = self.parts.len() == 1;
        let Some(part) = self.parts.front() else {
            // A last line without a newline is one.
            let is_left = !self.follows && !self.buffer.is_empty();
            return Ok(is_left && self.end_line());
        };
        let file = match &self.file {
            Some(file) => Rc::clone(file),
            None => match self.folder.opened(part)? {
                Some(file) if !is_compressed(&file, part) => Rc::clone(self.file.insert(file)),
                found => {
                    self.passed_over = self.passed_over.saturating_add(usize::from(found.is_some()));
                    return Ok(self.next_part());
                }
            },
        };
        let unable =
            || format!("unable to read a file in {}", shown(self.folder.path().as_os_str().as_bytes()));
        let mut block = [0; BLOCK];
        let room = if self.follows { None } else { part.length };
        let room = room.map_or(BLOCK as u64, |length| length.saturating_sub(self.offset).min(BLOCK as u64));
        let room = block.get_mut(..usize::try_from(room).unwrap_or(BLOCK)).unwrap_or_default();
        let count = file.read_at(room, self.offset).with_context(unable)?;
        let more = block.get(..count).unwrap_or_default();
        if count > 0 {
            self.file_time = match part.finished {
                Some(finished) => finished,
                None => changed(&file).with_context(unable)?,
            };
            if std::mem::take(&mut self.is_torn) && stamp(first_line(more)).is_some() {
                // It did not go on.
                self.end_line();
            }
            self.buffer.extend_from_slice(more);
            self.offset = self.offset.saturating_add(count as u64);
            return Ok(true);
        }
        if is_last && self.follows {
            // What a logger takes back it writes again.
            let length = file.metadata().with_context(unable)?.len();
            if length < self.offset {
                self.offset = length;
                self.buffer.clear();
                self.searched = 0;
            }
            return Ok(false);
        }
        let is_left = !self.buffer.is_empty();
        if is_left && part.is_unfinished {
            self.end_line();
        } else {
            self.is_torn = is_left;
        }
        Ok(self.next_part())
    }

    fn end_line(&mut self) -> bool {
        self.buffer.push(b'\n');
        true
    }

    fn next_part(&mut self) -> bool {
        self.parts.pop_front();
        (self.file, self.offset, self.before) = (None, 0, None);
        true
    }
}

/// When something was last written into it.
pub(super) fn changed(file: &File) -> std::io::Result<Duration> {
    let found = file.metadata()?;
    let seconds = u64::try_from(found.mtime()).unwrap_or(0);
    Ok(Duration::new(seconds, u32::try_from(found.mtime_nsec()).unwrap_or(0)))
}

/// So much of the first line as can tell its time.
pub(super) fn first_line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// Whether a processor has compressed it.
pub(super) fn is_compressed(file: &File, part: &Part) -> bool {
    const MAGIC: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"];
    let mut first = [0; 5];
    let count = file.read_at(&mut first, 0).unwrap_or(0);
    let first = first.get(..count).unwrap_or_default();
    part.finished.is_some() && MAGIC.iter().any(|magic| first.starts_with(magic))
}
