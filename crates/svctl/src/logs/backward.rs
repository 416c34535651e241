//! Where the last lines of a log directory begin: read from the end in blocks, so that it does not matter how much is before them.

use super::folder::Part;
use super::merge::Back;
use super::reader::{BLOCK, Place, Reader, changed, first_line, is_compressed};
use super::stamp::{LONGEST, stamp};
use anyhow::Result;
use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::time::Duration;

/// So many lines that do not tell their time are kept while the one before them is sought.
const WAITING: usize = 10_000;

/// So much of a file shows whether its lines tell their time.
const BEGINNING: usize = 4096;

/// Goes through the lines of a log directory from the newest to the oldest.
#[derive(Debug)]
pub(super) struct Backward<'a> {
    reader: &'a Reader,
    part: usize,
    file: Option<Scanned>,
    found: VecDeque<(Place, Duration)>,
    waiting: Vec<Place>,
    /// The line in hand, and the last one before it that was passed.
    head: Option<Place>,
    passed: Place,
}

/// The file that is being looked through.
#[derive(Debug)]
struct Scanned {
    file: Rc<File>,
    length: u64,
    /// What is before that byte is still to be looked through.
    end: u64,
    time: Duration,
    tells_time: bool,
    /// It begins within a line of the part before.
    goes_on: bool,
}

impl Back for Backward<'_> {
    fn back(&mut self) -> Result<Option<Duration>> {
        let next = self.next()?;
        self.head = next.map(|(place, _)| place);
        Ok(next.map(|(_, time)| time))
    }

    fn pass(&mut self) {
        self.passed = self.head.unwrap_or(self.passed);
    }
}

impl<'a> Backward<'a> {
    pub(super) fn new(reader: &'a Reader) -> Self {
        let part = reader.parts.len();
        let passed = reader.end();
        Self { reader, part, file: None, found: VecDeque::new(), waiting: Vec::new(), head: None, passed }
    }

    /// Where the first of the lines begins that have been passed.
    pub(super) fn place(&self) -> Place {
        self.passed
    }

    fn next(&mut self) -> Result<Option<(Place, Duration)>> {
        loop {
            if let Some(found) = self.found.pop_front() {
                return Ok(Some(found));
            }
            if self.file.as_ref().is_none_or(|file| file.end == 0) {
                let Some(part) = self.part.checked_sub(1) else { return Ok(None) };
                self.part = part;
                self.file = self.open(part)?;
            }
            self.scan()?;
        }
    }

    fn open(&self, number: usize) -> Result<Option<Scanned>> {
        let Some((file, part, length)) = self.content(number)? else { return Ok(None) };
        let mut beginning = [0; BEGINNING];
        let count = file.read_at(&mut beginning, 0)?;
        let beginning = beginning.get(..count).unwrap_or_default();
        let is_stamped = stamp(first_line(beginning)).is_some();
        let second = beginning.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
        let time = part.finished.map_or_else(|| changed(&file), Ok)?;
        Ok(Some(Scanned {
            length,
            end: length,
            time,
            tells_time: is_stamped || stamp(first_line(second)).is_some(),
            goes_on: !is_stamped && self.is_torn(number.checked_sub(1))?,
            file,
        }))
    }

    /// A part that has something to be read.
    fn content(&self, number: usize) -> Result<Option<(Rc<File>, &Part, u64)>> {
        let Some(part) = self.reader.parts.get(number) else { return Ok(None) };
        let Some(file) = self.reader.folder().opened(part)? else { return Ok(None) };
        let length = file.metadata()?.len();
        let length = part.length.map_or(length, |taken| taken.min(length));
        Ok(Some((file, part, length))
            .filter(|(file, part, length)| *length > 0 && !is_compressed(file, part)))
    }

    /// Whether that part ends within a line that goes on in the next one.
    fn is_torn(&self, number: Option<usize>) -> Result<bool> {
        let Some(number) = number else { return Ok(false) };
        let Some((file, part, length)) = self.content(number)? else { return Ok(false) };
        let mut last = [b'\n'];
        file.read_at(&mut last, length.saturating_sub(1))?;
        Ok(!part.is_unfinished && last != [b'\n'])
    }

    /// Looks through the next block towards the beginning.
    fn scan(&mut self) -> Result<()> {
        let Some(scanned) = &mut self.file else { return Ok(()) };
        let begin = scanned.end.saturating_sub(BLOCK as u64);
        let length = usize::try_from(scanned.end.saturating_sub(begin)).unwrap_or(BLOCK);
        // Some more: a line that begins at its end tells its time behind it.
        let mut block = [0; BLOCK + LONGEST];
        let room = block.get_mut(..length.saturating_add(LONGEST)).unwrap_or_default();
        let count = scanned.file.read_at(room, begin)?;
        let bytes = block.get(..count).unwrap_or_default();
        scanned.end = begin;
        let newlines = memchr::memrchr_iter(b'\n', bytes.get(..length.min(count)).unwrap_or_default());
        let mut starts: Vec<usize> = newlines.map(|newline| newline.saturating_add(1)).collect();
        if begin == 0 && !scanned.goes_on {
            starts.push(0);
        }
        let (file_length, time, tells_time) = (scanned.length, scanned.time, scanned.tells_time);
        for start in starts {
            let offset = begin.saturating_add(start as u64);
            if offset >= file_length {
                continue;
            }
            let place = Place { part: self.part, offset, before: None };
            match stamp(first_line(bytes.get(start..).unwrap_or_default())) {
                Some((told, _)) => {
                    self.told(told, Some(told));
                    self.found.push_back((place, told));
                }
                None if tells_time && self.waiting.len() < WAITING => self.waiting.push(place),
                None => {
                    self.told(time, None);
                    self.found.push_back((place, time));
                }
            }
        }
        if begin == 0 {
            self.told(time, None);
        }
        Ok(())
    }

    /// The time of what has waited for that of the line before.
    fn told(&mut self, time: Duration, before: Option<Duration>) {
        self.found.extend(self.waiting.drain(..).map(|place| (Place { before, ..place }, time)));
    }
}
