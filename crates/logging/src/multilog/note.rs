//! The note that makes a batch of lines be logged once: what a directory's `lock` says about the lines that are just on
//! their way from the pipe into the logs.
//!
//! Writing lines and taking them from the pipe are two steps, and a logger can be killed between them. So before a batch
//! is written there is a note of how large each `current` is and how many bytes are to be taken. The last of these are
//! not thrown away but moved, by one splice, into the file that holds the note. Until then the byte in their place there is
//! another one than theirs, so that taking and having noted that it was taken are one and the same step. What may have been
//! taken without trace before that is distinguished by its first byte: see [`Take::of`].
//!
//! | the note is | what the pipe begins with | what was done | what is to be done |
//! |---|---|---|---|
//! | closed | anything | all | nothing |
//! | open | the batch | it may have been written | what was written is cut off; the batch is logged anew |
//! | open | its last bytes | it was written, and but for these taken | they are taken |
//! | open, of what is in the logs already | the same | nothing since | the bytes of the note are taken |
//! | open | anything else | somebody else has taken the batch | nothing |
//!
//! The beginning of a line whose end has not come is kept in memory, and in that file as well, moved there in the same
//! way. Another boot or another pipe makes a note void.

/// How many bytes are moved into the file at most: with a note before them they are in one page, of which no part can be
/// written without the rest.
pub const SLOT: usize = 1024;

/// How much of the beginning of a line is kept at most.
pub const KEPT: usize = 1024;

/// How many logs a note can have.
pub const LOGS: usize = 16;

/// The size of the file that holds a note.
pub const SIZE: usize = 4096;

/// How much of a batch the note repeats, by which it is known again.
const HEAD: usize = 64;

const MAGIC: &[u8; 8] = b"upkeep\0\x01";

/// A pipe, as long as the machine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The kernel's random number for this run of it.
    pub boot: [u8; 16],
    /// The device of its inode.
    pub device: u64,
    /// The inode's number.
    pub inode: u64,
}

/// How a batch is taken from the pipe, in bytes: one part after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Take {
    /// Thrown away.
    pub quick: usize,
    /// Moved into the file that holds the note, which closes it.
    pub exact: usize,
    /// Taken later, under notes of its own.
    pub later: usize,
}

impl Take {
    /// How this batch is to be taken: so that it can be seen by its first byte whether the quick part is still there.
    #[must_use]
    pub fn of(batch: &[u8]) -> Self {
        if batch.len() <= SLOT {
            return Self { exact: batch.len(), ..Self::default() };
        }
        // A text ends with a newline, and begins with something else: the exact part is one byte then.
        let quick = batch.iter().rposition(|byte| Some(byte) != batch.first()).unwrap_or(0);
        let exact = batch.len().saturating_sub(quick);
        if quick > 0 && exact <= SLOT {
            return Self { quick, exact, later: 0 };
        }
        Self { quick: 0, exact: SLOT, later: batch.len().saturating_sub(SLOT) }
    }

    /// What is to be taken of something that is in the logs already.
    #[must_use]
    pub fn in_pieces(length: usize) -> Self {
        let exact = length.min(SLOT);
        Self { quick: 0, exact, later: length.saturating_sub(exact) }
    }
}

/// What becomes of what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is written to the logs before.
    Log,
    /// It is the beginning of a line, or goes on with one, and is kept.
    Keep,
    /// It is in the logs already.
    Drop,
}

/// Where in a line the input stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Behind a part of it that is in the logs.
    pub is_rest: bool,
    /// Which logs it goes into, by their places in the script.
    pub selected: u16,
}

impl Line {
    /// Behind a part of a line that goes into these logs.
    #[must_use]
    pub fn rest(selected: impl IntoIterator<Item = bool>) -> Self {
        let bits = selected.into_iter().take(LOGS).enumerate();
        let selected = bits.fold(0, |bits, (place, is_selected)| bits | u16::from(is_selected) << place);
        Self { is_rest: true, selected }
    }

    /// Whether it goes into that log.
    #[must_use]
    pub fn has(self, place: usize) -> bool {
        place < LOGS && self.selected >> place & 1 == 1
    }
}

/// The `current` of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The device of its inode.
    pub device: u64,
    /// The inode's number.
    pub inode: u64,
    /// Its size in bytes before the batch ...
    pub size: u64,
    /// ... and behind it.
    pub end: u64,
}

/// A note. What is kept, and the place for what is moved there, are behind it in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where the batch is taken from.
    pub stream: Stream,
    /// How.
    pub take: Take,
    /// Why.
    pub purpose: Purpose,
    /// How many bytes are kept while it is open.
    pub kept: usize,
    /// How many of these, the last ones, are kept when it is closed.
    pub still_kept: usize,
    /// The first byte of the exact part.
    pub marker: u8,
    /// How the batch begins; as much of it as is used to know it again.
    pub head: Vec<u8>,
    /// Where in a line the input stands while it is open ...
    pub before: Line,
    /// ... and when it is closed.
    pub after: Line,
    /// The logs that are written to.
    pub logs: Vec<Extent>,
}

impl Note {
    /// A note for this batch.
    #[must_use]
    pub fn new(stream: Stream, purpose: Purpose, take: Take, batch: &[u8]) -> Self {
        Self {
            stream,
            take,
            purpose,
            kept: 0,
            still_kept: 0,
            marker: batch.get(take.quick).copied().unwrap_or(0),
            head: batch.get(..HEAD).unwrap_or(batch).to_vec(),
            before: Line::default(),
            after: Line::default(),
            logs: Vec::new(),
        }
    }

    /// Whether a file has room for it.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.kept <= KEPT && self.take.exact <= SLOT && self.logs.len() <= LOGS
    }

    /// The note as it is written at the beginning of the file: open, with what is kept.
    pub fn encode(&self, kept: &[u8], bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&self.stream.boot);
        let Take { quick, exact, later } = self.take;
        let purpose = match self.purpose {
            Purpose::Log => 0,
            Purpose::Keep => 1,
            Purpose::Drop => 2,
        };
        let lines = u64::from(self.before.is_rest)
            | u64::from(self.after.is_rest) << 1
            | u64::from(self.before.selected) << 16
            | u64::from(self.after.selected) << 32
            | u64::from(self.marker) << 48;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let numbers = [
            self.stream.device,
            self.stream.inode,
            number(quick),
            number(exact),
            number(later),
            number(self.kept),
            number(self.still_kept),
            purpose,
            lines,
            number(self.logs.len()),
            number(self.head.len()),
        ];
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        let head = bytes.len();
        bytes.extend_from_slice(&self.head);
        bytes.resize(head.saturating_add(HEAD), 0);
        for log in &self.logs {
            let numbers = [log.device, log.inode, log.size, log.end];
            numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
        }
        let sum = checksum(bytes.get(SUMMED..).unwrap_or_default()).to_le_bytes();
        if let Some(place) = bytes.get_mut(MAGIC.len()..SUMMED) {
            place.copy_from_slice(&sum);
        }
        bytes.extend_from_slice(kept);
        bytes.push(!self.marker);
    }

    /// Where in the file the exact part is moved to.
    #[must_use]
    pub fn slot(&self) -> usize {
        FIXED.saturating_add(self.logs.len().saturating_mul(EXTENT)).saturating_add(self.kept)
    }
}

/// From where on a note is summed up.
const SUMMED: usize = 16;

/// A note without its logs, and what each of them adds.
const FIXED: usize = SUMMED + 16 + 11 * 8 + HEAD;
const EXTENT: usize = 4 * 8;

const _: () = assert!(FIXED + LOGS * EXTENT + KEPT + SLOT <= SIZE);

/// By words of 64 bits, what FNV-1a is by bytes.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325, |sum, chunk| {
        let mut word = [0; 8];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    })
}

/// A note that was found, and what is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The note.
    pub note: Note,
    /// Whether its exact part is still to be taken.
    pub is_open: bool,
    /// What is kept as the note stands.
    kept: Vec<u8>,
}

/// How a logger goes on with what another has left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// These were written to and are to be cut to their size, where they are no longer than their end.
    pub undo: Vec<Extent>,
    /// Whether the exact part is to be taken.
    pub exact: bool,
    /// How many bytes are to be taken then.
    pub later: usize,
    /// The beginning of the next line, which was taken.
    pub kept: Vec<u8>,
    /// Where in a line the input stands.
    pub line: Line,
}

impl Found {
    /// Reads the beginning of a file; `None` where no note is there, or what was not written as a whole.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let sum = number(&mut rest)?;
        let (boot, mut rest) = rest.split_first_chunk::<16>()?;
        let mut next = || number(&mut rest);
        let [device, inode] = [next()?, next()?];
        let mut size = || usize::try_from(next()?).ok();
        let take = Take { quick: size()?, exact: size()?, later: size()? };
        let (kept, still_kept) = (size()?, size()?);
        let purpose = match next()? {
            0 => Purpose::Log,
            1 => Purpose::Keep,
            2 => Purpose::Drop,
            _ => return None,
        };
        let lines = next()?;
        let mut size = || usize::try_from(next()?).ok();
        let (logs, head) = (size()?, size()?);
        if logs > LOGS || kept > KEPT || take.exact > SLOT {
            return None;
        }
        let line = |is_rest: u32, selected: u32| Line {
            is_rest: lines >> is_rest & 1 == 1,
            selected: u16::try_from(lines >> selected & 0xffff).unwrap_or(0),
        };
        let (before, after) = (line(0, 16), line(1, 32));
        let marker = u8::try_from(lines >> 48 & 0xff).ok()?;
        let (heads, mut rest) = rest.split_first_chunk::<HEAD>()?;
        let head = heads.get(..head)?.to_vec();
        let mut next = || number(&mut rest);
        let mut extent = || Some(Extent { device: next()?, inode: next()?, size: next()?, end: next()? });
        let logs = (0..logs).map(|_| extent()).collect::<Option<Vec<_>>>()?;
        let stream = Stream { boot: *boot, device, inode };
        let note = Note { stream, take, purpose, kept, still_kept, marker, head, before, after, logs };
        let slot = note.slot();
        let start = slot.checked_sub(kept)?;
        if checksum(bytes.get(SUMMED..start)?) != sum {
            return None;
        }
        let is_open = *bytes.get(slot)? != marker;
        let kept = match purpose {
            _ if is_open => bytes.get(start..slot)?,
            Purpose::Keep => bytes.get(start..slot.saturating_add(take.exact))?,
            Purpose::Log | Purpose::Drop => bytes.get(slot.checked_sub(still_kept)?.max(start)..slot)?,
        };
        Some(Self { kept: kept.to_vec(), note, is_open })
    }

    /// How to go on at a pipe that begins with `head`, of which as many bytes are looked at as the note has, if there are.
    /// `None` where the note says nothing about that.
    #[must_use]
    pub fn resume(&self, stream: Stream, head: &[u8]) -> Option<Resume> {
        let Self { note, is_open, kept } = self;
        let Take { quick, exact, later } = note.take;
        if note.stream != stream {
            return None;
        }
        let done = |kept: Vec<u8>| Resume { kept, line: note.after, later, ..Resume::default() };
        if !is_open {
            return Some(done(kept.clone()));
        }
        if head.starts_with(&note.head) {
            if note.purpose == Purpose::Drop {
                return Some(Resume { exact: true, ..done(Vec::new()) });
            }
            // Where the whole batch was kept already, its note has no head and the pipe nothing to say.
            let undo = note.logs.clone();
            return Some(Resume { undo, kept: kept.clone(), line: note.before, ..Resume::default() });
        }
        let is_last = quick > 0 && exact > 0 && head.first() == Some(&note.marker);
        is_last.then(|| Resume { exact: true, ..done(Vec::new()) })
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STREAM: Stream = Stream { boot: [7; 16], device: 1, inode: 2 };

    fn file(note: &Note, kept: &[u8], moved: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        note.encode(kept, &mut bytes);
        bytes.resize(SIZE, 0);
        bytes[note.slot()..note.slot() + moved.len()].copy_from_slice(moved);
        bytes
    }

    fn note(purpose: Purpose, batch: &[u8]) -> Note {
        let log = Extent { device: 3, inode: 4, size: 5, end: 6 };
        let after = Line { is_rest: true, selected: 5 };
        Note { logs: vec![log], after, ..Note::new(STREAM, purpose, Take::of(batch), batch) }
    }

    #[test]
    fn a_text_is_taken_but_for_its_last_byte_and_then_that() {
        let text = "line\n".repeat(1000);
        assert_eq!(Take::of(text.as_bytes()), Take { quick: 4999, exact: 1, later: 0 });
        assert_eq!(Take::of(b"line\n"), Take { quick: 0, exact: 5, later: 0 });
        assert_eq!(Take::of(&[b'\n'; 3000]), Take { quick: 0, exact: SLOT, later: 3000 - SLOT });
        assert_eq!(Take::in_pieces(1500), Take { quick: 0, exact: SLOT, later: 1500 - SLOT });
    }

    #[test]
    fn what_is_still_in_the_pipe_is_logged_anew() {
        let text = "line\n".repeat(1000);
        let note = note(Purpose::Log, text.as_bytes());
        let found = Found::read(&file(&note, b"", b"")).unwrap();
        let resume = found.resume(STREAM, text.as_bytes()).unwrap();
        assert_eq!(resume, Resume { undo: note.logs, ..Resume::default() });
    }

    #[test]
    fn what_is_left_of_it_is_taken_and_nothing_is_done_when_nothing_is() {
        let text = "line\n".repeat(1000);
        let note = note(Purpose::Log, text.as_bytes());
        let found = Found::read(&file(&note, b"", b"")).unwrap();
        let resume = found.resume(STREAM, b"\nline\n").unwrap();
        assert_eq!(resume, Resume { exact: true, line: note.after, ..Resume::default() });
        let found = Found::read(&file(&note, b"", b"\n")).unwrap();
        assert_eq!(
            found.resume(STREAM, text.as_bytes()),
            Some(Resume { line: note.after, ..Resume::default() })
        );
    }

    #[test]
    fn another_pipe_and_what_somebody_else_has_taken_are_left_alone() {
        let note = note(Purpose::Log, b"line\n");
        let found = Found::read(&file(&note, b"", b"")).unwrap();
        assert_eq!(found.resume(Stream { inode: 3, ..STREAM }, b"line\n"), None);
        assert_eq!(found.resume(STREAM, b"other\n"), None);
        assert_eq!(found.resume(STREAM, b""), None);
    }

    #[test]
    fn the_beginning_of_a_line_is_kept_with_what_was_moved_behind_it() {
        let note = Note { kept: 3, ..note(Purpose::Keep, b"lmn") };
        let before = Found::read(&file(&note, b"ijk", b"")).unwrap();
        assert_eq!(before.resume(STREAM, b"lmn").unwrap().kept, b"ijk");
        let after = Found::read(&file(&note, b"ijk", b"lmn")).unwrap();
        assert_eq!(after.resume(STREAM, b"x\n").unwrap().kept, b"ijklmn");
    }

    #[test]
    fn what_is_kept_is_so_until_it_is_logged() {
        let note = Note { kept: 3, still_kept: 1, ..note(Purpose::Log, b"") };
        let before = Found::read(&file(&note, b"ijk", b"")).unwrap();
        assert_eq!(before.resume(STREAM, b"any").unwrap().kept, b"ijk");
        let after = Found::read(&file(&note, b"ijk", &[note.marker])).unwrap();
        assert_eq!(after.resume(STREAM, b"any").unwrap().kept, b"k");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..SIZE)) {
            let _ = Found::read(&bytes);
        }

        #[test]
        fn what_is_encoded_is_read(
            batch in prop::collection::vec(any::<u8>(), 0..3000),
            kept in prop::collection::vec(any::<u8>(), 0..KEPT),
        ) {
            let note = Note { kept: kept.len(), ..note(Purpose::Log, &batch) };
            let found = Found::read(&file(&note, &kept, b"")).unwrap();
            prop_assert_eq!((found.note, found.is_open, found.kept), (note, true, kept));
        }

        /// Whatever the bytes are, it can be told how far the taking had come.
        #[test]
        fn each_state_of_a_batch_is_told_apart(
            bytes in prop::collection::vec(prop::sample::select(vec![b'\n', b'a', b'b']), 1..3000),
        ) {
            let note = note(Purpose::Log, &bytes);
            let open = Found::read(&file(&note, b"", b"")).unwrap();
            let untouched = open.resume(STREAM, &bytes).unwrap();
            prop_assert!(!untouched.exact && !untouched.undo.is_empty());
            if note.take.quick > 0 {
                let rest = bytes[note.take.quick..].repeat(100);
                let begun = open.resume(STREAM, &rest).unwrap();
                prop_assert!(begun.exact && begun.undo.is_empty());
            }
        }
    }
}
