//! The bytes of a record, from its values and back: the table is in the head of [`super`].

use super::{Detail, Failed, Leaving, NoStatus, Phase, Status, Want};
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
const VERSION: u8 = 2 + cfg!(feature = "next-record") as u8;
const REASON: std::ops::Range<usize> = 176..504;
/// Where version 1 had it.
const FIRST_REASON: std::ops::Range<usize> = 64..504;

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
        let mut fits = reason.len().min(REASON.len());
        while !reason.is_char_boundary(fits) {
            fits = fits.saturating_sub(1);
        }
        let reason = reason.get(..fits).unwrap_or_default();
        let pid = |process: Option<ProcessId>| process.map_or(0, |process| process.pid.get());
        let marks = [self.run, self.supervise.and_then(|it| it.mark), self.finish.and_then(|it| it.mark)];
        let kind = match marks.iter().flatten().next() {
            None => 0,
            Some(Mark::Inode(_)) => 1,
            Some(Mark::StartTime(_)) => 2,
        };
        record.put(MAGIC);
        record.put(&[VERSION, phase, leaving, how, code, step]);
        record.put(&u16::try_from(fits).unwrap_or(0).to_le_bytes());
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
        record.put(&LATER);
        record.put(&self.session.map_or(0, NonZeroU32::get).to_le_bytes());
        record.put_all(self.file.map_or([0; 2], |file| [file.device, file.inode]));
        record.put(reason.as_bytes());
        record.at = REASON.end;
        let sum = checksum(record.bytes.get(..REASON.end).unwrap_or_default());
        record.put(&sum.to_le_bytes());
    }

    fn decode(bytes: &[u8], mut reader: Reader<'_>) -> Result<Option<Self>, NoStatus> {
        if &reader.take() != MAGIC {
            return Ok(None);
        }
        let body = bytes.get(..REASON.end).ok_or(NoStatus::Torn)?;
        let sum = Reader(bytes.get(REASON.end..).unwrap_or_default()).take();
        if u64::from_le_bytes(sum) != checksum(body) {
            return Err(NoStatus::Torn);
        }
        let [version, phase, leaving, how, code, step] = reader.take();
        let length = usize::from(u16::from_le_bytes(reader.take()));
        let errno = i32::from_le_bytes(reader.take());
        let supervise = reader.number();
        let [starts, spacing, next_start] = reader.numbers();
        let is_first = version < 2;
        let place = if is_first { FIRST_REASON } else { REASON };
        let reason = body.get(place).and_then(|text| text.get(..length)).unwrap_or_default();
        if is_first {
            reader = Reader(&[]);
        }
        let boot_id = reader.take();
        let [pid_namespace, run, marks_supervise, marks_finish] = reader.numbers();
        let finish = reader.number();
        let [kind, group] = reader.take();
        let leftovers = u16::from_le_bytes(reader.take());
        let [last_start, sent, kill_at] = reader.numbers();
        let _ready: [u8; 12] = reader.take();
        let session = NonZeroU32::new(reader.number());
        let [device, inode] = reader.numbers();
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
            failed: Step::from_number(step).map(|step| Failed {
                step,
                errno,
                reason: String::from_utf8_lossy(reason).into_owned(),
            }),
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
        }))
    }
}

/// FNV-1a: enough to tell half a write from a whole one, which is all that it is for.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
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
        assert_eq!(bytes[144..160], [&LATER[..], &[78, 0, 0, 0]].concat());
        assert_eq!([160, 168].map(number), [2049, 4711]);
        assert_eq!(&bytes[176..184], b"user: ac");
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
    fn a_long_reason_is_cut_at_a_character() {
        let mut long = status();
        let detail = long.detail.as_mut().unwrap();
        detail.failed.as_mut().unwrap().reason = "é".repeat(400);
        let read = Status::decode(&long.encode()).unwrap().detail.unwrap().failed.unwrap();
        assert_eq!(read.reason, "é".repeat(164));
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
}
