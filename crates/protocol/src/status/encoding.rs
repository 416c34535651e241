//! The bytes of a record, from its values and back: the table is in the head of [`super`].

use super::{Detail, Doing, Failed, Leaving, NoStatus, Phase, Readiness, Status, Token, Want};
use crate::command::Target;
use crate::identity::FolderId;
use crate::process::{Boot, Mark, ProcessId};
use crate::report::Step;
use crate::tai64n::Tai64n;
use std::num::NonZeroU32;
use sys::process::Ending;

/// The size of our record.
pub const SIZE: usize = 512;

/// What daemontools' svstat reads, and the least that is a status.
const CLASSIC: usize = 18;

const MAGIC: &[u8; 4] = b"upkp";
const VERSION: u8 = 3 + cfg!(feature = "next-record") as u8;

/// The reason, the note and what the service says, one behind the other.
const TEXTS: std::ops::Range<usize> = 176..456;
/// Where the first two versions had the reason, and nothing else.
const FIRST_REASON: std::ops::Range<usize> = 64..504;
const SECOND_REASON: std::ops::Range<usize> = 176..504;
/// What the checksum is of.
const BODY: std::ops::Range<usize> = 0..504;

/// What is in the bytes that are kept for later. A later version has something there that this one knows nothing of.
const LATER: [u8; 12] = if cfg!(feature = "next-record") { *b"added later." } else { [0; 12] };

impl Status {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SIZE] {
        let mut record = Writer { bytes: [0; SIZE], at: 0 };
        record.put(&self.since.to_bytes());
        record.put(&self.pid.map_or(0, NonZeroU32::get).to_le_bytes());
        record.put(&[
            self.paused.into(),
            match self.want {
                Want::Up => b'u',
                Want::Down => b'd',
                Want::Once => 0,
            },
            self.terminated.into(),
            match &self.detail {
                Some(Detail { phase: Phase::Finishing, .. }) => 2,
                _ => self.pid.is_some().into(),
            },
        ]);
        if let Some(detail) = &self.detail {
            detail.encode(&mut record);
        }
        record.bytes
    }

    /// Reads a status file's bytes: ours, or that of daemontools, encore or runit.
    ///
    /// # Errors
    ///
    /// Why they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoStatus> {
        if bytes.len() < CLASSIC {
            return Err(NoStatus::BadFormat);
        }
        let mut reader = Reader(bytes);
        let since = Tai64n::from_bytes(reader.take());
        let pid = NonZeroU32::new(u32::from_le_bytes(reader.take()));
        let [paused, want] = reader.take();
        let [terminated, _run] = reader.take();
        Ok(Self {
            since,
            pid,
            paused: paused != 0,
            want: match want {
                b'u' => Want::Up,
                b'd' => Want::Down,
                _ => Want::Once,
            },
            terminated: terminated != 0 && bytes.len() > CLASSIC,
            detail: Detail::decode(bytes, reader)?,
        })
    }
}

impl Detail {
    fn encode(&self, record: &mut Writer) {
        let (how, code) = match self.last {
            None => (0, 0),
            Some(Ending::Exited(code)) => (1, code),
            Some(Ending::Killed(signal)) => (2, signal),
            Some(Ending::Unknown) => (3, 0),
        };
        let phase = match self.phase {
            Phase::Down => 0,
            Phase::Starting => 1,
            Phase::Up => 2,
            Phase::Resting => 3,
            Phase::Finishing => 4,
            Phase::Clearing => 5,
            Phase::Waiting => 6,
        };
        let leaving = match self.leaving {
            Leaving::No => 0,
            Leaving::WhenDown => 1,
            Leaving::Stopping => 2,
            Leaving::Left => 3,
        };
        let (step, errno, reason) = self
            .failed
            .as_ref()
            .map_or((0, 0, ""), |failed| (failed.step.number(), failed.errno, failed.reason.as_str()));
        let reason = beginning(reason, TEXTS.len());
        let room = TEXTS.len().saturating_sub(reason.len());
        let note = beginning(&self.note, room.min(usize::from(u8::MAX)));
        let room = room.saturating_sub(note.len());
        let says = beginning(&self.says, room.min(usize::from(u8::MAX)));
        let pid = |process: Option<ProcessId>| process.map_or(0, |process| process.pid.get());
        let marks = [self.run, self.supervise.and_then(|it| it.mark), self.finish.and_then(|it| it.mark)];
        let kind = match marks.iter().flatten().next() {
            None => 0,
            Some(Mark::Inode(_)) => 1,
            Some(Mark::StartTime(_)) => 2,
        };
        record.put(MAGIC);
        record.put(&[VERSION, phase, leaving, how, code, step]);
        record.put(&u16::try_from(reason.len()).unwrap_or(0).to_le_bytes());
        record.put(&errno.to_le_bytes());
        record.put(&pid(self.supervise).to_le_bytes());
        record.put_all([self.starts, self.spacing, self.next_start.unwrap_or(0)]);
        record.put(&self.boot.map_or([0; 16], |boot| boot.id));
        record.put_all([self.boot.map_or(0, |boot| boot.pid_namespace)]);
        record.put_all(marks.map(|mark| match mark {
            None => 0,
            Some(Mark::Inode(number) | Mark::StartTime(number)) => number,
        }));
        record.put(&pid(self.finish).to_le_bytes());
        record.put(&[kind, (self.kill_target == Target::Group).into()]);
        record.put(&self.leftovers.to_le_bytes());
        record.put_all([self.last_start.unwrap_or(0), self.sent, self.kill_at.unwrap_or(0)]);
        record.put(&match self.readiness {
            Readiness::Ready(since) => since.to_bytes(),
            Readiness::Unsaid | Readiness::Awaited => [0; 12],
        });
        record.put(&self.session.map_or(0, NonZeroU32::get).to_le_bytes());
        record.put_all(self.file.map_or([0; 2], |file| [file.device, file.inode]));
        for text in [reason, note, says] {
            record.put(text.as_bytes());
        }
        record.at = TEXTS.end;
        record.put_all([self.late_at.unwrap_or(0), self.silent_at.unwrap_or(0)]);
        record.put(&self.token.map_or([0; 8], |token| token.0));
        let readiness = match self.readiness {
            Readiness::Unsaid => 0,
            Readiness::Awaited => 1,
            Readiness::Ready(_) => 2,
        };
        let doing = match self.doing {
            Doing::Nothing => 0,
            Doing::Reloading => 1,
            Doing::Stopping => 2,
        };
        let length = |text: &str| u8::try_from(text.len()).unwrap_or(0);
        record.put(&[readiness, doing, self.is_overdue.into(), length(note), length(says)]);
        record.at = BODY.end.saturating_sub(LATER.len());
        record.put(&LATER);
        let sum = checksum(record.bytes.get(BODY).unwrap_or_default());
        record.put(&sum.to_le_bytes());
    }

    fn decode(bytes: &[u8], mut reader: Reader<'_>) -> Result<Option<Self>, NoStatus> {
        if &reader.take() != MAGIC {
            return Ok(None);
        }
        let body = bytes.get(BODY).ok_or(NoStatus::Torn)?;
        let sum = Reader(bytes.get(BODY.end..).unwrap_or_default()).take();
        if u64::from_le_bytes(sum) != checksum(body) {
            return Err(NoStatus::Torn);
        }
        let [version, phase, leaving, how, code, step] = reader.take();
        let length = usize::from(u16::from_le_bytes(reader.take()));
        let errno = i32::from_le_bytes(reader.take());
        let supervise = reader.number();
        let [starts, spacing, next_start] = reader.numbers();
        let (place, fields) = match version {
            0 | 1 => (FIRST_REASON, false),
            2 => (SECOND_REASON, false),
            _ => (TEXTS, true),
        };
        let mut texts = body.get(place).unwrap_or_default();
        let reason = take_text(&mut texts, length);
        if version < 2 {
            reader = Reader(&[]);
        }
        let boot_id = reader.take();
        let [pid_namespace, run, marks_supervise, marks_finish] = reader.numbers();
        let finish = reader.number();
        let [kind, group] = reader.take();
        let leftovers = u16::from_le_bytes(reader.take());
        let [last_start, sent, kill_at] = reader.numbers();
        let ready = Tai64n::from_bytes(reader.take());
        let session = NonZeroU32::new(reader.number());
        let [device, inode] = reader.numbers();
        let mut reader = Reader(body.get(TEXTS.end..).filter(|_| fields).unwrap_or_default());
        let [late_at, silent_at] = reader.numbers();
        let token: [u8; 8] = reader.take();
        let [readiness, doing, overdue, note, says] = reader.take();
        let note = take_text(&mut texts, note.into());
        let says = take_text(&mut texts, says.into());
        let mark = |number: u64| match kind {
            1 if number != 0 => Some(Mark::Inode(number)),
            2 if number != 0 => Some(Mark::StartTime(number)),
            _ => None,
        };
        let process = |pid, number| NonZeroU32::new(pid).map(|pid| ProcessId { pid, mark: mark(number) });
        let at = |time: u64| (time != 0).then_some(time);
        Ok(Some(Self {
            phase: match phase {
                1 => Phase::Starting,
                2 => Phase::Up,
                3 => Phase::Resting,
                4 => Phase::Finishing,
                5 => Phase::Clearing,
                6 => Phase::Waiting,
                _ => Phase::Down,
            },
            leaving: match leaving {
                1 => Leaving::WhenDown,
                2 => Leaving::Stopping,
                3 => Leaving::Left,
                _ => Leaving::No,
            },
            last: match how {
                1 => Some(Ending::Exited(code)),
                2 => Some(Ending::Killed(code)),
                3 => Some(Ending::Unknown),
                _ => None,
            },
            failed: Step::from_number(step).map(|step| Failed { step, errno, reason }),
            file: (inode != 0).then_some(FolderId { device, inode }),
            boot: (boot_id != [0; 16]).then_some(Boot { id: boot_id, pid_namespace }),
            supervise: process(supervise, marks_supervise),
            run: mark(run),
            finish: process(finish, marks_finish),
            session,
            leftovers,
            starts,
            spacing,
            last_start: at(last_start),
            next_start: at(next_start),
            sent,
            kill_at: at(kill_at),
            kill_target: if group == 0 { Target::Process } else { Target::Group },
            readiness: match readiness {
                1 => Readiness::Awaited,
                2 => Readiness::Ready(ready),
                _ => Readiness::Unsaid,
            },
            late_at: at(late_at),
            silent_at: at(silent_at),
            is_overdue: overdue != 0,
            doing: match doing {
                1 => Doing::Reloading,
                2 => Doing::Stopping,
                _ => Doing::Nothing,
            },
            token: (token != [0; 8]).then_some(Token(token)),
            note,
            says,
        }))
    }
}

/// As much of a text from its beginning as fits.
fn beginning(text: &str, room: usize) -> &str {
    let mut fits = text.len().min(room);
    while !text.is_char_boundary(fits) {
        fits = fits.saturating_sub(1);
    }
    text.get(..fits).unwrap_or_default()
}

/// Takes one of the texts that stand one behind the other.
fn take_text(texts: &mut &[u8], length: usize) -> String {
    let (text, rest) = texts.split_at_checked(length).unwrap_or_default();
    *texts = rest;
    String::from_utf8_lossy(text).into_owned()
}

/// FNV-1a: enough to tell half a write from a whole one, which is all that it is for.
fn checksum(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    const EIGHT_ZEROES: u64 = PRIME.wrapping_pow(8);
    let add = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(PRIME);
    let mut words = bytes.chunks_exact(8);
    // Most of a record is zeroes, each of which only multiplies.
    let sum = words.by_ref().fold(0xcbf2_9ce4_8422_2325, |sum: u64, word| match word == [0; 8] {
        true => sum.wrapping_mul(EIGHT_ZEROES),
        false => word.iter().fold(sum, add),
    });
    words.remainder().iter().fold(sum, add)
}

struct Writer {
    bytes: [u8; SIZE],
    at: usize,
}

impl Writer {
    fn put(&mut self, part: &[u8]) {
        let end = self.at.saturating_add(part.len());
        if let Some(place) = self.bytes.get_mut(self.at..end) {
            place.copy_from_slice(part);
        }
        self.at = end;
    }

    fn put_all<const N: usize>(&mut self, numbers: [u64; N]) {
        for number in numbers {
            self.put(&number.to_le_bytes());
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// The next bytes, zeroes where there are none.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((part, rest)) = self.0.split_first_chunk::<N>() else {
            self.0 = &[];
            return [0; N];
        };
        self.0 = rest;
        *part
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn numbers<const N: usize>(&mut self) -> [u64; N] {
        [(); N].map(|()| u64::from_le_bytes(self.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn status() -> Status {
        Status {
            since: Tai64n::from_wall(Duration::new(1_795_301_013, 430_561_500)),
            pid: NonZeroU32::new(30_822),
            paused: false,
            want: Want::Up,
            terminated: false,
            detail: Some(Detail {
                phase: Phase::Starting,
                leaving: Leaving::Stopping,
                last: Some(Ending::Killed(9)),
                failed: Some(Failed {
                    step: Step::User,
                    errno: 2,
                    reason: "user: account bobb does not exist".into(),
                }),
                file: Some(FolderId { device: 2049, inode: 4711 }),
                boot: Some(Boot { id: *b"a boot of kernel", pid_namespace: 4_026_531_836 }),
                supervise: process(77, 1077),
                run: Some(Mark::Inode(1078)),
                finish: process(79, 1079),
                session: NonZeroU32::new(78),
                leftovers: 3,
                starts: 12,
                spacing: 2_000_000_000,
                last_start: Some(123_450_000),
                next_start: Some(123_456_789),
                sent: 1 << 14,
                kill_at: Some(200_000_000),
                kill_target: Target::Group,
                readiness: Readiness::Ready(Tai64n::from_wall(Duration::new(1_795_301_014, 5))),
                late_at: Some(300_000_000),
                silent_at: Some(400_000_000),
                is_overdue: true,
                doing: Doing::Stopping,
                token: Some(Token(*b"anywhere")),
                note: "postgres".into(),
                says: "three clients".into(),
            }),
        }
    }

    fn process(pid: u32, inode: u64) -> Option<ProcessId> {
        Some(ProcessId { pid: NonZeroU32::new(pid)?, mark: Some(Mark::Inode(inode)) })
    }

    #[test]
    fn the_places_are_for_good() {
        let bytes = status().encode();
        assert_eq!(
            bytes[20..40],
            [b"upkp", &[VERSION, 1, 2, 2, 9, 4, 33, 0][..], &[2, 0, 0, 0], &[77, 0, 0, 0]].concat()
        );
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!([40, 48, 56].map(number), [12, 2_000_000_000, 123_456_789]);
        assert_eq!(&bytes[64..80], b"a boot of kernel");
        assert_eq!([80, 88, 96, 104].map(number), [4_026_531_836, 1078, 1077, 1079]);
        assert_eq!(bytes[112..120], [79, 0, 0, 0, 1, 1, 3, 0]);
        assert_eq!([120, 128, 136].map(number), [123_450_000, 1 << 14, 200_000_000]);
        let ready = Tai64n::from_wall(Duration::new(1_795_301_014, 5));
        assert_eq!(bytes[144..160], [&ready.to_bytes()[..], &[78, 0, 0, 0]].concat());
        assert_eq!([160, 168].map(number), [2049, 4711]);
        assert_eq!(&bytes[176..230], b"user: account bobb does not existpostgresthree clients");
        assert_eq!([456, 464].map(number), [300_000_000, 400_000_000]);
        assert_eq!(bytes[472..492], [&b"anywhere"[..], &[2, 2, 1, 8, 13, 0, 0, 0, 0, 0, 0, 0]].concat());
        assert_eq!(bytes[492..504], LATER);
    }

    /// As a supervise of that version would have written it.
    fn of_version(version: u8, mut bytes: [u8; SIZE]) -> [u8; SIZE] {
        bytes[24] = version;
        let sum = checksum(&bytes[..504]);
        bytes[504..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    #[test]
    fn the_first_version_is_read() {
        let mut bytes = status().encode();
        bytes.copy_within(176..503, 64);
        let read = Status::decode(&of_version(1, bytes)).unwrap();
        let detail = read.detail.unwrap();
        assert_eq!((read.pid, detail.starts, detail.phase), (NonZeroU32::new(30_822), 12, Phase::Starting));
        assert_eq!((detail.boot, detail.run, detail.session, detail.sent), (None, None, None, 0));
        assert_eq!(detail.failed.unwrap().reason, "user: account bobb does not exist");
    }

    #[test]
    fn the_second_version_is_read() {
        let mut bytes = status().encode();
        bytes[30..32].copy_from_slice(&328_u16.to_le_bytes());
        bytes[176..504].fill(b'x');
        let detail = Status::decode(&of_version(2, bytes)).unwrap().detail.unwrap();
        assert_eq!(detail.failed.unwrap().reason, "x".repeat(328));
        assert_eq!((detail.late_at, detail.token, detail.note.as_str()), (None, None, ""));
        assert_eq!(detail.session, NonZeroU32::new(78));
    }

    #[test]
    fn later_versions_are_read_as_far_as_this_one_goes() {
        assert_eq!(Status::decode(&of_version(9, status().encode())), Ok(status()));
    }

    #[test]
    fn the_first_twenty_bytes_are_as_the_others_write_them() {
        let bytes = status().encode();
        // Debian's supervise and runsv wrote these for such a service.
        assert_eq!(
            bytes[..18],
            [0x40, 0, 0, 0, 0x6b, 2, 0x1e, 0x9f, 0x19, 0xa9, 0xd8, 0xdc, 0x66, 0x78, 0, 0, 0, b'u']
        );
        assert_eq!(bytes[18..20], [0, 1]);
        let down = Status { pid: None, want: Want::Down, ..status() };
        assert_eq!(down.encode()[12..20], [0, 0, 0, 0, 0, b'd', 0, 0]);
        let detail = Detail { phase: Phase::Finishing, ..Detail::default() };
        let finishing = Status { detail: Some(detail), ..down };
        assert_eq!(finishing.encode()[12..20], [0, 0, 0, 0, 0, b'd', 0, 2]);
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Status::decode(&status().encode()), Ok(status()));
        let plain = Status { detail: None, ..status() };
        assert_eq!(Status::decode(&plain.encode()[..20]), Ok(plain.clone()));
        assert_eq!(Status::decode(&plain.encode()[..18]), Ok(plain));
        assert_eq!(Status::decode(&status().encode()[..17]), Err(NoStatus::BadFormat));
    }

    #[test]
    fn half_a_write_is_seen() {
        let mut bytes = status().encode();
        bytes[12] ^= 1;
        assert_eq!(Status::decode(&bytes), Err(NoStatus::Torn));
        assert_eq!(Status::decode(&status().encode()[..100]), Err(NoStatus::Torn));
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let mut long = status();
        let detail = long.detail.as_mut().unwrap();
        detail.failed.as_mut().unwrap().reason = "é".repeat(70);
        detail.note = "e".repeat(39);
        detail.says = "é".repeat(400);
        let read = Status::decode(&long.encode()).unwrap().detail.unwrap();
        assert_eq!((read.note, read.says), ("e".repeat(39), "é".repeat(50)));
        assert_eq!(read.failed.unwrap().reason, "é".repeat(70));
    }

    #[test]
    fn any_bytes_are_read_without_harm() {
        let mut bytes = [0xff_u8; 600];
        for length in 0..600 {
            let _ = Status::decode(&bytes[..length]);
        }
        bytes[20..24].copy_from_slice(b"upkp");
        for length in 0..600 {
            let _ = Status::decode(&bytes[..length]);
        }
    }

    /// The zeroes that are skipped count: older and later versions add each of them.
    #[test]
    fn the_checksum_is_that_of_each_byte() {
        // The algorithm's own examples.
        assert_eq!(checksum(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(checksum(b"foobar"), 0x8594_4171_f739_67e8);
        let plainly = |bytes: &[u8]| {
            bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
                (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            })
        };
        for (place, length) in [(0, 1), (7, 8), (8, 9), (20, 31), (40, 504), (503, 504)] {
            let mut bytes = [0; 504];
            bytes[place] = 7;
            assert_eq!(checksum(&bytes[..length]), plainly(&bytes[..length]), "{place} of {length}");
        }
    }
}
