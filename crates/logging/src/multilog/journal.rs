//! The file with the note of what is on its way from the pipe into the logs: the `lock` of the first directory, which it
//! holds anyway, and whose content is nobody else's business. What a note means is in `note.rs`.
//!
//! A note that cannot be written makes nothing worse: then what is written last before a kill is written once more.

use super::input::Input;
use super::note::{Found, Note, Purpose, Resume, SIZE, Stream, Take};
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};
use nix::sys::uio::{pread, pwrite};
use protocol::process::parse_boot_id;
use std::os::fd::{AsFd, OwnedFd};

/// A file for notes.
#[derive(Debug)]
pub(super) struct Journal {
    file: OwnedFd,
    pub(super) stream: Stream,
    /// Whether it has its size, so that a full disk is no hindrance.
    has_room: bool,
    /// Whether the note that is in it is open.
    is_open: bool,
    /// A note as it is written.
    bytes: Vec<u8>,
}

impl Journal {
    /// Opens it, where the input is a pipe, and says how to go on with what an earlier multilog has left in both.
    pub(super) fn open(folder: impl AsFd, input: &Input) -> Option<(Self, Resume)> {
        let (device, inode) = input.pipe()?;
        // Not by the lock's own descriptor: that appends, and so do all writes through it.
        let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = openat(folder, c"lock", flags, Mode::empty()).ok()?;
        let boot = std::fs::read("/proc/sys/kernel/random/boot_id").ok();
        let boot = boot.and_then(|text| parse_boot_id(&text)).unwrap_or_default();
        let stream = Stream { boot, device, inode };
        let has_room =
            fstat(&file).is_ok_and(|stat| usize::try_from(stat.st_size).is_ok_and(|size| size >= SIZE));
        let mut journal = Self { file, stream, has_room, is_open: false, bytes: Vec::with_capacity(SIZE) };
        let resume = journal.resume(input).unwrap_or_default();
        Some((journal, resume))
    }

    fn resume(&mut self, input: &Input) -> Option<Resume> {
        let mut bytes = [0; SIZE];
        let count = pread(&self.file, &mut bytes, 0).ok()?;
        let found = Found::read(bytes.get(..count)?)?;
        self.is_open = found.is_open;
        let mut head = vec![0; found.note.head.len().max(1)];
        let seen = input.peek(&mut head);
        let resume = found.resume(self.stream, head.get(..seen)?);
        let Some(resume) = resume else {
            self.is_open = pwrite(&self.file, &[0; 8], 0).is_err();
            return None;
        };
        if resume.exact {
            self.close(input, &found.note);
        }
        self.take_later(input, &found.note, resume.later);
        Some(resume)
    }

    /// Whether there is a note from before, which what is taken without a note would make wrong.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Writes a note, before anything is done about its batch. Whether it is there.
    pub(super) fn write(&mut self, note: &Note, kept: &[u8]) -> bool {
        if !note.fits() || !self.makes_room() {
            return false;
        }
        note.encode(kept, &mut self.bytes);
        let is_written = pwrite(&self.file, &self.bytes, 0) == Ok(self.bytes.len());
        self.is_open |= is_written;
        is_written
    }

    fn makes_room(&mut self) -> bool {
        if !self.has_room {
            self.has_room = pwrite(&self.file, &[0; SIZE], 0) == Ok(SIZE);
        }
        self.has_room
    }

    /// Takes the batch of a note that is there, from a pipe that has it.
    pub(super) fn take(&mut self, input: &Input, note: &Note) {
        input.discard(note.take.quick);
        self.close(input, note);
        self.take_later(input, note, note.take.later);
    }

    fn close(&mut self, input: &Input, note: &Note) {
        let exact = note.take.exact;
        let moved = if exact > 0 { input.store(&self.file, note.slot(), exact) } else { Ok(0) };
        self.is_open = false;
        if exact == 0 || moved != Ok(exact) {
            input.discard(exact.saturating_sub(moved.unwrap_or(0)));
            let slot = i64::try_from(note.slot()).unwrap_or(0);
            self.is_open = pwrite(&self.file, &[note.marker], slot) != Ok(1);
        }
    }

    /// Takes what is left of a batch that is in the logs. So it is where that has the same byte all over.
    fn take_later(&mut self, input: &Input, note: &Note, mut left: usize) {
        while left > 0 {
            let mut first = [0];
            let take = Take::in_pieces(left);
            let seen = input.peek(&mut first);
            let piece = Note {
                before: note.after,
                after: note.after,
                ..Note::new(self.stream, Purpose::Drop, take, first.get(..seen).unwrap_or_default())
            };
            if seen == 0 || !self.write(&piece, b"") {
                return input.discard(left);
            }
            self.close(input, &piece);
            left = take.later;
        }
    }
}
