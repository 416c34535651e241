//! Where a log file ends: at exactly the byte where daemontools 0.76 would have ended it.
//!
//! 0.76 decides at its own writes: its output goes through a buffer of 512 bytes, which it empties whenever it has used up the at
//! most 1024 bytes of input that it reads at a time. A write that would come within 2000 bytes of the size ends at its
//! last newline, if there is one, and with it the file. So what counts is how those writes fall; here they are
//! imagined, and the real ones can be as large as they like.

use std::collections::VecDeque;

/// How much input is imagined to be read at a time.
pub const STEP: usize = 1024;

/// The imagined buffer's size.
const BUFFER: usize = 512;

/// How close to the size a newline is enough.
const CLOSE: u64 = 2000;

/// The imagined writes of one log.
#[derive(Clone, Debug)]
pub struct Cuts {
    size: u64,
    /// What is in the file by the imagined writes.
    bytes: u64,
    buffer: [u8; BUFFER],
    held: usize,
    written: u64,
    ends: VecDeque<u64>,
}

impl Cuts {
    /// A log whose files have at most `size` bytes (at least 4096), and which has `bytes` in the present one.
    #[must_use]
    pub fn new(size: u64, bytes: u64) -> Self {
        Self { size, bytes, buffer: [0; BUFFER], held: 0, written: 0, ends: VecDeque::new() }
    }

    /// How many bytes can be put for certain before anything is to be decided. Only of use between steps.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.size.saturating_sub(CLOSE).saturating_sub(self.bytes).saturating_sub(1)
    }

    /// Between steps: that many bytes, fewer than there is room for, were put and are in the file.
    pub fn pass(&mut self, count: u64) {
        self.bytes = self.bytes.saturating_add(count);
        self.written = self.written.saturating_add(count);
    }

    /// Puts the beginning of a line, of up to 1000 bytes, at once.
    pub fn put(&mut self, text: &[u8]) {
        if text.len() > BUFFER.saturating_sub(self.held) {
            self.step();
            if text.len() > BUFFER {
                self.write(text);
                return;
            }
        }
        self.hold(text);
    }

    /// Puts the rest of a line byte by byte.
    pub fn put_bytes(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            if self.held == BUFFER {
                self.step();
            }
            let (now, later) = text.split_at(text.len().min(BUFFER.saturating_sub(self.held)));
            self.hold(now);
            text = later;
        }
    }

    /// The end of a step: what is in the buffer is written.
    pub fn step(&mut self) {
        let (buffer, held) = (self.buffer, self.held);
        self.held = 0;
        self.write(buffer.get(..held).unwrap_or_default());
    }

    /// The next place where a file ends, in bytes since the beginning; [`next_end`](Self::next_end) gives the same.
    #[must_use]
    pub fn first_end(&self) -> Option<u64> {
        self.ends.front().copied()
    }

    /// The next place where a file ends, in bytes since the beginning, which is then done with.
    pub fn next_end(&mut self) -> Option<u64> {
        self.ends.pop_front()
    }

    /// How much is in files by the imagined writes, in bytes since the beginning.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// A file was begun for another reason. Only between steps.
    pub fn begin(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    fn hold(&mut self, text: &[u8]) {
        let end = self.held.saturating_add(text.len());
        if let Some(place) = self.buffer.get_mut(self.held..end) {
            place.copy_from_slice(text);
            self.held = end;
        }
    }

    fn write(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            if self.bytes >= self.size {
                self.end();
            }
            let left = usize::try_from(self.size.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
            let mut count = text.len().min(left);
            let is_close = |bytes: u64| bytes >= self.size.saturating_sub(CLOSE);
            if is_close(self.bytes.saturating_add(count as u64)) {
                let newline = text.iter().take(count).rposition(|byte| *byte == b'\n');
                count = newline.map_or(count, |place| place.saturating_add(1));
            }
            let (now, later) = text.split_at(count);
            self.bytes = self.bytes.saturating_add(count as u64);
            self.written = self.written.saturating_add(count as u64);
            if now.last() == Some(&b'\n') && self.bytes >= self.size.saturating_sub(CLOSE) {
                self.end();
            }
            text = later;
        }
    }

    fn end(&mut self) {
        self.ends.push_back(self.written);
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: u64 = 4096;

    fn line(length: usize) -> Vec<u8> {
        let mut line = vec![b'x'; length];
        line.push(b'\n');
        line
    }

    /// Puts a line as multilog does: its beginning at once, the rest byte by byte.
    fn put(cuts: &mut Cuts, line: &[u8]) {
        let (head, rest) = line.split_at(1000.min(line.len() - 1));
        cuts.put(head);
        cuts.put_bytes(rest);
    }

    fn ends(cuts: &mut Cuts) -> Vec<u64> {
        std::iter::from_fn(|| cuts.next_end()).collect()
    }

    #[test]
    fn a_file_ends_with_the_first_write_near_its_size_that_ends_a_line() {
        let mut cuts = Cuts::new(SIZE, 0);
        // The buffer holds five of these lines, and is written when the sixth comes.
        for _ in 0..25 {
            put(&mut cuts, &line(99));
        }
        assert_eq!((cuts.written(), ends(&mut cuts)), (2000, vec![]));
        put(&mut cuts, &line(99));
        assert_eq!((cuts.written(), ends(&mut cuts)), (2500, vec![2500]));
    }

    #[test]
    fn a_line_without_an_end_is_cut_at_the_size() {
        let mut cuts = Cuts::new(SIZE, 0);
        put(&mut cuts, &line(10_000));
        cuts.step();
        assert_eq!(ends(&mut cuts), [4096, 8192]);
        assert_eq!(cuts.written(), 10_001);
    }

    #[test]
    fn a_file_that_is_too_large_already_ends_before_anything_is_written() {
        let mut cuts = Cuts::new(SIZE, 5000);
        put(&mut cuts, b"x\n");
        assert_eq!(ends(&mut cuts), []);
        cuts.step();
        assert_eq!(ends(&mut cuts), [0]);
        assert_eq!(cuts.room(), SIZE - CLOSE - 2 - 1);
    }

    proptest! {
        /// What can be passed on unseen makes no difference to what comes then.
        #[test]
        fn passing_is_putting(
            lengths in prop::collection::vec(0_usize..1500, 0..40),
            later in prop::collection::vec(0_usize..3000, 0..20),
            bytes in 0..SIZE,
        ) {
            let (mut put_all, mut passed) = (Cuts::new(SIZE, bytes), Cuts::new(SIZE, bytes));
            for length in lengths {
                let line = line(length);
                put(&mut put_all, &line);
                put_all.step();
                if line.len() as u64 <= passed.room() {
                    passed.pass(line.len() as u64);
                } else {
                    put(&mut passed, &line);
                    passed.step();
                }
            }
            for line in later.into_iter().map(line) {
                put(&mut put_all, &line);
                put(&mut passed, &line);
            }
            prop_assert_eq!(ends(&mut put_all), ends(&mut passed));
            prop_assert_eq!(put_all.written(), passed.written());
        }
    }
}
