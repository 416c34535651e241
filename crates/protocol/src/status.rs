//! The status record, `supervise/status`: what is true of a service, in one file of fixed size.
//!
//! | bytes | what | whose |
//! |---|---|---|
//! | 0-11 | label (TAI64N) of the last change of the pid | daemontools |
//! | 12-15 | pid of run, little-endian; 0 = none | daemontools |
//! | 16 | 1 = paused | daemontools |
//! | 17 | wish: `u`, `d`, or 0 for once | daemontools |
//! | 18 | 1 = TERM was sent to it | runit |
//! | 19 | 0 = down, 1 = run | runit |
//! | 20-23 | `upkp` | ours from here on, numbers little-endian |
//! | 24 | version, 1 | |
//! | 25 | phase: 0 down, 1 starting, 2 up, 3 resting | |
//! | 26 | 1 = supervise leaves when the service is down | |
//! | 27 | end of the last run: 0 none, 1 exited, 2 killed | |
//! | 28 | its exit code or signal | |
//! | 29 | step at which the last start failed ([`crate::report::Step`]); 0 = it did not | |
//! | 30-31 | bytes of the reason | |
//! | 32-35 | the system's error behind it; 0 = none | |
//! | 36-39 | pid of supervise | |
//! | 40-47 | number of starts since supervise began | |
//! | 48-55 | spacing between starts, nanoseconds | |
//! | 56-63 | next start, nanoseconds of the monotonic clock; 0 = none is due | |
//! | 64-503 | the reason, UTF-8 | |
//! | 504-511 | checksum of all before (FNV-1a, 64 bits) | |
//!
//! It is made at its full size and rewritten by one pwrite, so a full disk cannot leave an old truth behind, and
//! a reader that meets half a write sees the checksum fail and reads again.

use crate::report::Step;
use crate::tai64n::Tai64n;
use std::fmt;
use std::num::NonZeroU32;
use sys::process::Ending;

/// The size of our record.
pub const SIZE: usize = 512;

/// What daemontools' svstat reads, and the least that is a status.
const CLASSIC: usize = 18;

const MAGIC: &[u8; 4] = b"upkp";
const VERSION: u8 = 1;
const REASON: std::ops::Range<usize> = 64..504;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// That it runs, for ever.
    Up,
    /// That it does not run.
    Down,
    /// That it is not started again when it ends.
    Once,
}

/// What is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing runs, and nothing is due.
    Down,
    /// A process is on its way to become run.
    Starting,
    /// run runs.
    Up,
    /// Nothing runs, and the next start is due later.
    Resting,
}

/// Why the last start failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// At which step.
    pub step: Step,
    /// The system's error, 0 where it was ours.
    pub errno: i32,
    /// The whole reason, as in the log.
    pub reason: String,
}

/// A service's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// When the pid changed last.
    pub since: Tai64n,
    /// The process that is run, or is about to be.
    pub pid: Option<NonZeroU32>,
    /// It was sent STOP.
    pub paused: bool,
    /// The wish.
    pub want: Want,
    /// It was sent TERM.
    pub terminated: bool,
    /// What only our supervise says.
    pub detail: Option<Detail>,
}

/// The part of the record that the others have not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What is.
    pub phase: Phase,
    /// supervise leaves when the service is down.
    pub leaving: bool,
    /// How the last run ended.
    pub last: Option<Ending>,
    /// Why the last start failed, if it did.
    pub failed: Option<Failed>,
    /// supervise's own pid.
    pub supervise: u32,
    /// Starts since supervise began.
    pub starts: u64,
    /// Least time between two starts now, in nanoseconds.
    pub spacing: u64,
    /// When the next start is due, in nanoseconds of the monotonic clock.
    pub next_start: Option<u64>,
}

/// Why bytes are no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStatus {
    /// Fewer bytes than any supervise writes.
    BadFormat,
    /// Ours, and being written at this moment: read again.
    Torn,
}

impl fmt::Display for NoStatus {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("bad format")
    }
}

impl std::error::Error for NoStatus {}

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
            self.pid.is_some().into(),
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
        };
        let phase = match self.phase {
            Phase::Down => 0,
            Phase::Starting => 1,
            Phase::Up => 2,
            Phase::Resting => 3,
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
        record.put(MAGIC);
        record.put(&[VERSION, phase, self.leaving.into(), how, code, step]);
        record.put(&u16::try_from(fits).unwrap_or(0).to_le_bytes());
        record.put(&errno.to_le_bytes());
        record.put(&self.supervise.to_le_bytes());
        record.put(&self.starts.to_le_bytes());
        record.put(&self.spacing.to_le_bytes());
        record.put(&self.next_start.unwrap_or(0).to_le_bytes());
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
        if version != VERSION {
            return Ok(None);
        }
        let length = usize::from(u16::from_le_bytes(reader.take()));
        let errno = i32::from_le_bytes(reader.take());
        let supervise = u32::from_le_bytes(reader.take());
        let [starts, spacing, next] = [(); 3].map(|()| u64::from_le_bytes(reader.take()));
        let reason = body.get(REASON).and_then(|text| text.get(..length)).unwrap_or_default();
        Ok(Some(Self {
            phase: match phase {
                1 => Phase::Starting,
                2 => Phase::Up,
                3 => Phase::Resting,
                _ => Phase::Down,
            },
            leaving: leaving != 0,
            last: match how {
                1 => Some(Ending::Exited(code)),
                2 => Some(Ending::Killed(code)),
                _ => None,
            },
            failed: Step::from_number(step).map(|step| Failed {
                step,
                errno,
                reason: String::from_utf8_lossy(reason).into_owned(),
            }),
            supervise,
            starts,
            spacing,
            next_start: (next != 0).then_some(next),
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
                leaving: true,
                last: Some(Ending::Killed(9)),
                failed: Some(Failed {
                    step: Step::User,
                    errno: 2,
                    reason: "user: account bobb does not exist".into(),
                }),
                supervise: 77,
                starts: 12,
                spacing: 2_000_000_000,
                next_start: Some(123_456_789),
            }),
        }
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
        assert_eq!(read.reason, "é".repeat(220));
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
