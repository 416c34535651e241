//! Text on its way to a log.

use super::input::LOOK;
use super::pattern::HEAD;
use crate::copying::{PIECE, copy};
use crate::stamp::{ROOM, Stamper};

/// How much is collected at most before it is written.
pub(super) const FULL: usize = 128 * 1024;

/// A line more can follow: the longest that a block holds, with its stamp and a prefix.
const SIZE: usize = FULL + LOOK + 2 * HEAD + ROOM + PIECE;

/// A text that grows at its end and is written from its beginning. What has been written stays until it is settled that the
/// input it was made of is taken. Its memory is touched as far as it is used.
#[derive(Debug)]
pub(super) struct Sheet {
    bytes: Vec<u8>,
    /// Where what is not settled begins.
    settled: usize,
    /// Where what is not written begins.
    begin: usize,
    end: usize,
}

impl Sheet {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; SIZE], settled: 0, begin: 0, end: 0 }
    }

    /// What is on it.
    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(self.begin..self.end).unwrap_or_default()
    }

    pub(super) fn length(&self) -> usize {
        self.end.saturating_sub(self.begin)
    }

    /// Whether it is to be written before more is put on it.
    pub(super) fn is_full(&self) -> bool {
        self.end >= FULL
    }

    /// The last bytes of it, from that length on.
    #[inline]
    pub(super) fn text_from(&self, length: usize) -> &[u8] {
        self.bytes.get(self.begin.saturating_add(length)..self.end).unwrap_or_default()
    }

    /// Takes the last bytes back, down to that length.
    #[inline]
    pub(super) fn cut(&mut self, length: usize) {
        self.end = self.end.min(self.begin.saturating_add(length));
    }

    /// So many bytes of it have been written.
    pub(super) fn written(&mut self, count: usize) {
        self.begin = self.begin.saturating_add(count).min(self.end);
    }

    /// What has been written is not needed any more.
    pub(super) fn settle(&mut self) {
        self.settled = self.begin;
        if self.begin == self.end {
            (self.settled, self.begin, self.end) = (0, 0, 0);
        }
    }

    /// Moves the text to where the memory begins, so that there is room behind it.
    pub(super) fn make_room(&mut self) {
        self.bytes.copy_within(self.begin..self.end, 0);
        (self.settled, self.begin, self.end) = (0, 0, self.length());
    }

    /// What has been written since it was last settled is to be written again: so many bytes.
    pub(super) fn take_back(&mut self) -> usize {
        let count = self.begin.saturating_sub(self.settled);
        self.begin = self.settled;
        count
    }

    /// Puts a time stamp, and gives its length.
    #[inline]
    pub(super) fn stamp(&mut self, stamper: &mut Stamper) -> usize {
        let length = stamper.length();
        if let Some(room) = self.bytes.get_mut(self.end..).and_then(<[u8]>::first_chunk_mut) {
            stamper.put(room);
            self.end = self.end.saturating_add(length);
        }
        length
    }

    /// Puts the first `length` bytes of `from`.
    #[inline]
    pub(super) fn put(&mut self, from: &[u8], length: usize) {
        if self.bytes.get_mut(self.end..).is_some_and(|room| copy(room, from, length)) {
            self.end = self.end.saturating_add(length);
        }
    }
}
