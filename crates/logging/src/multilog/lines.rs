//! How the lines of a block get onto the sheets of the directories.
//!
//! Far from the end of any file this is fast: lines are copied as they come, and everything is written at once. Near to it,
//! each line is put where 0.76 would have put it, step by step, so that files end at the same byte.

use super::cuts::STEP;
use super::directory::{Directory, Mark};
use super::engine::{Engine, Stopped};
use super::pattern::HEAD;
use memchr::{memchr, memchr_iter, memrchr};

/// How a part of a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// With its newline.
    Newline,
    /// With the input: a newline is added.
    Added,
    /// Not here.
    None,
}

impl Ending {
    /// Where the input goes on behind a part that begins at `at`.
    fn after(self, at: usize, length: usize) -> usize {
        at.saturating_add(length).saturating_add(usize::from(self == Self::Newline))
    }
}

impl Engine<'_> {
    /// Puts the lines of the block up to `limit` where they belong. The bytes before `known` are the beginning of a line that
    /// was there before; what is left at the end is the beginning of one.
    ///
    /// # Errors
    ///
    /// Where it was told to stop while something could not be written.
    pub(super) fn go_through(&mut self, known: usize, limit: usize) -> Result<(), Stopped> {
        let (mut at, mut edge) = (0, known);
        while edge < limit {
            let certain = self.certain(edge, limit.saturating_sub(edge));
            if certain > 0 {
                edge = edge.saturating_add(certain);
                loop {
                    at = self.pass(at, edge);
                    let is_done = !self.is_full();
                    self.write_all_and_take(at)?;
                    if is_done {
                        break;
                    }
                }
            } else {
                edge = edge.saturating_add(STEP).min(limit);
                at = self.pass_in_steps(at, edge)?;
            }
        }
        self.block.begin_at(at);
        Ok(())
    }

    /// The input has ended: so does its last line.
    ///
    /// # Errors
    ///
    /// As [`go_through`](Self::go_through).
    pub(super) fn finish(&mut self) -> Result<(), Stopped> {
        let length = self.block.length();
        if length > 0 || self.in_rest {
            self.set_stamp();
            self.put_part(0, length, Ending::Added)?;
        }
        self.has_ended = true;
        self.end_step(length)
    }

    /// How much of the next `left` bytes of input can be passed on without any file coming near to its end: whole steps,
    /// or all.
    fn certain(&self, edge: usize, left: usize) -> usize {
        let stamp = self.stamper.as_ref().map_or(0, |stamper| stamper.length().saturating_add(1));
        let mut certain = left;
        for directory in self.directories.iter().filter(|directory| directory.backlog.is_none()) {
            let room = usize::try_from(directory.cuts.room()).unwrap_or(usize::MAX);
            // What each line gets added, its newline at the end of input included.
            let added = stamp.saturating_add(directory.settings.prefix.len()).saturating_add(1);
            let room = room.saturating_sub(HEAD).saturating_sub(added);
            // Each byte may be a line.
            let worst = room / added.saturating_add(1);
            if worst >= certain {
                continue;
            }
            certain = worst / STEP * STEP;
            if certain == 0 {
                let end = edge.saturating_add(left.min(STEP));
                let step = self.block.with_slack().get(edge..end).unwrap_or_default();
                let lines = memchr_iter(b'\n', step).count();
                if lines.saturating_add(1).saturating_mul(added).saturating_add(step.len()) >= room {
                    return 0;
                }
                certain = step.len();
            }
        }
        certain
    }

    /// Puts lines onto the sheets, from `at` until the block is used up to `edge` or a sheet is full; gives where it
    /// stopped.
    fn pass(&mut self, mut at: usize, edge: usize) -> usize {
        if self.is_plain {
            self.swap_sheets();
        }
        while at < edge && !self.is_full_in_passing() {
            let lines = if self.is_unchanged() { self.next_lines(at, edge) } else { None };
            let Some((length, ending)) = lines.or_else(|| self.next_part(at, edge)) else { break };
            if self.is_plain {
                self.put_plain(at, length, ending);
            } else {
                self.put_to_all(at, length, ending);
            }
            at = ending.after(at, length);
        }
        if self.is_plain {
            self.swap_sheets();
        }
        at
    }

    /// The same, near the end of a file, as 0.76 would have done it: files end where they are to, in between.
    fn pass_in_steps(&mut self, mut at: usize, edge: usize) -> Result<usize, Stopped> {
        while at < edge {
            let Some((length, ending)) = self.next_part(at, edge) else { break };
            self.put_part(at, length, ending)?;
            at = ending.after(at, length);
        }
        self.end_step(at)?;
        Ok(at)
    }

    /// How long the next line is, or as much of it as there is before `edge`; `None` where it is too early to say.
    #[inline]
    fn next_part(&self, at: usize, edge: usize) -> Option<(usize, Ending)> {
        let part = self.block.with_slack().get(at..edge).unwrap_or_default();
        match memchr(b'\n', part) {
            Some(length) => Some((length, Ending::Newline)),
            None if self.in_rest || self.is_long(part.len()) => Some((part.len(), Ending::None)),
            None => None,
        }
    }

    /// Whether the next line goes on as it is, and each behind it: then they need not be told apart.
    #[inline]
    fn is_unchanged(&self) -> bool {
        self.is_plain && self.stamper.is_none() && !self.actions.are_due && !self.in_rest
    }

    /// How long all lines together are that end before `edge`, without the newline of the last.
    fn next_lines(&self, at: usize, edge: usize) -> Option<(usize, Ending)> {
        let part = self.block.with_slack().get(at..edge).unwrap_or_default();
        memrchr(b'\n', part).map(|length| (length, Ending::Newline))
    }

    /// Whether so many bytes of a line are so many that they are not kept back until its end comes.
    fn is_long(&self, length: usize) -> bool {
        let stamp = self.stamper.as_ref().map_or(0, |stamper| stamper.length());
        length.saturating_add(stamp) >= HEAD
    }

    fn swap_sheets(&mut self) {
        if let Some(only) = self.directories.first_mut() {
            std::mem::swap(&mut self.sheet, &mut only.pending);
        }
    }

    fn is_full_in_passing(&self) -> bool {
        if self.is_plain { self.sheet.is_full() } else { self.is_full() }
    }

    fn is_full(&self) -> bool {
        self.directories.iter().any(|directory| directory.pending.is_full())
    }

    /// Puts a line, or a part of one, onto the sheet, and gives how long its stamp is. Carries the script out, where it is
    /// the beginning of a line.
    #[inline]
    fn put_onto_sheet(&mut self, at: usize, length: usize, ending: Ending) -> usize {
        let start = self.sheet.length();
        let from = self.block.with_slack().get(at..).unwrap_or_default();
        let is_rest = self.in_rest;
        self.in_rest = ending == Ending::None;
        let stamp = match &mut self.stamper {
            Some(stamper) if !is_rest => self.sheet.stamp(stamper),
            _ => 0,
        };
        match ending {
            Ending::Newline => self.sheet.put(from, length.saturating_add(1)),
            Ending::None => self.sheet.put(from, length),
            Ending::Added => {
                self.sheet.put(from, length);
                self.sheet.put(b"\n", 1);
            }
        }
        if !is_rest && self.actions.are_due {
            let text = self.sheet.text_from(start);
            let line = text.strip_suffix(b"\n").unwrap_or(text);
            self.actions.carry_out(line.get(..HEAD).unwrap_or(line), &mut self.directories);
        }
        stamp
    }

    /// For one directory that gets the lines as they are: its own sheet is the one they are put onto.
    #[inline]
    fn put_plain(&mut self, at: usize, length: usize, ending: Ending) {
        let start = self.sheet.length();
        self.put_onto_sheet(at, length, ending);
        if self.directories.first().is_none_or(|only| !only.selected) {
            self.sheet.cut(start);
        }
    }

    fn put_to_all(&mut self, at: usize, length: usize, ending: Ending) {
        let is_rest = self.in_rest;
        let stamp = self.put_onto_sheet(at, length, ending);
        for directory in self.directories.iter_mut().filter(|directory| directory.selected) {
            put_with_prefix(directory, self.sheet.text_from(0), stamp, is_rest);
        }
        self.sheet.cut(0);
    }

    /// Puts a line, or a part of one, as 0.76 would have; where a file ends by that, it ends.
    fn put_part(&mut self, at: usize, length: usize, ending: Ending) -> Result<(), Stopped> {
        let is_rest = self.in_rest;
        let stamp = self.put_onto_sheet(at, length, ending);
        for directory in self.directories.iter_mut().filter(|directory| directory.selected) {
            let before = directory.pending.length();
            if directory.backlog.is_none() {
                let added = if is_rest { 0 } else { stamp.saturating_add(directory.settings.prefix.len()) };
                directory.marks.push_back(Mark { byte: directory.end(), input: at, added });
            }
            put_with_prefix(directory, self.sheet.text_from(0), stamp, is_rest);
            if directory.backlog.is_none() {
                let (head, rest) = split_head(directory.pending.text_from(before), is_rest);
                directory.cuts.put(head);
                directory.cuts.put_bytes(rest);
            }
        }
        self.sheet.cut(0);
        self.end_files(ending.after(at, length))
    }

    /// The end of a step: everything is written, and the input before `at` is taken.
    fn end_step(&mut self, at: usize) -> Result<(), Stopped> {
        let logs = self.directories.iter_mut().filter(|directory| directory.backlog.is_none());
        logs.for_each(|directory| directory.cuts.step());
        self.end_files(at)?;
        for directory in &mut self.directories {
            directory.target = directory.end();
        }
        self.write_and_take(at)?;
        self.directories.iter_mut().for_each(|directory| directory.marks.clear());
        Ok(())
    }

    /// Ends the files that are full by what has been put, which comes from the input before `at`: one after another, as they
    /// end in the input. All that came before such an end is written everywhere, and taken from the input: during a
    /// rotation nothing is in memory alone, and no log is ahead of another.
    fn end_files(&mut self, at: usize) -> Result<(), Stopped> {
        loop {
            let logs = self.directories.iter().enumerate();
            let ends =
                logs.filter(|(_, directory)| directory.backlog.is_none()).filter_map(|(place, directory)| {
                    let end = directory.cuts.first_end()?;
                    Some((directory.input_at(end, at), place, end))
                });
            let Some((input, place, end)) = ends.min() else { return Ok(()) };
            for (other, directory) in self.directories.iter_mut().enumerate() {
                if other == place {
                    directory.cuts.next_end();
                    directory.target = end;
                } else {
                    directory.target = directory.written_before(input);
                }
            }
            self.write_and_take(input)?;
            if self.directories.get(place).is_some_and(|directory| directory.backlog.is_none()) {
                self.rotate(place)?;
            }
        }
    }

    fn write_all_and_take(&mut self, at: usize) -> Result<(), Stopped> {
        for directory in self.directories.iter_mut() {
            if directory.backlog.is_none() {
                directory.cuts.pass(u64::try_from(directory.pending.length()).unwrap_or(u64::MAX));
            }
            directory.target = directory.end();
        }
        self.write_and_take(at)
    }
}

/// Puts a line onto a directory's sheet, with the directory's prefix behind the stamp.
fn put_with_prefix(directory: &mut Directory<'_>, text: &[u8], stamp: usize, is_rest: bool) {
    let prefix = directory.settings.prefix;
    if is_rest || prefix.is_empty() {
        directory.pending.put(text, text.len());
        return;
    }
    let (stamp, line) = text.split_at_checked(stamp).unwrap_or_default();
    for part in [stamp, prefix, line] {
        directory.pending.put(part, part.len());
    }
}

/// The beginning of a line, which 0.76 puts at once, and the rest, which it puts byte by byte: the newline at least.
fn split_head(text: &[u8], is_rest: bool) -> (&[u8], &[u8]) {
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    text.split_at_checked(if is_rest { 0 } else { line.len().min(HEAD) }).unwrap_or_default()
}
