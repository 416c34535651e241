//! Time stamps before lines: three ways to write a time, and how the lines of one read get different ones.
//!
//! The clock is read once for each batch of lines that came by one read; its k-th line gets that time and k nanoseconds.
//! So stamps are distinct and in order as far as the clock is: a clock that goes back takes the stamps with it, as in
//! daemontools. Whoever copies lines decides what a batch is; here time is a value.

use crate::digits::{hex, three};
use humantime::format_rfc3339_nanos;
use protocol::tai64n::{LABEL, Tai64n};
use std::fmt::Display;
use std::time::{Duration, UNIX_EPOCH};

/// The room that one stamp is written into: the same for all, so that it is a copy of fixed size.
pub const ROOM: usize = 32;

/// The ways to write a time; each ends in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `@400000006b021e9f19a9d8dc `: TAI64N, 26 bytes.
    Tai64n,
    /// `2026-11-22T03:45:12.123456789Z `: RFC 3339, UTC, 31 bytes.
    Rfc3339,
    /// `1795319112.123456 `: seconds and microseconds since 1970, as daemontools-encore's multilog has it.
    Accustamp,
}

/// Writes the stamps of one batch after the other.
#[derive(Clone, Debug)]
pub struct Stamper {
    kind: Kind,
    seconds: u64,
    nanoseconds: u32,
    /// How many more stamps have the beginning that is in `text`.
    left: u32,
    /// The stamp of this time, of which only the last digits change with each line.
    text: [u8; ROOM],
    length: usize,
}

/// A stamp's last three decimal digits are written for each line, the rest each time when these begin anew.
const FRESH: u32 = 1000;
/// Nanoseconds in a second.
const SECOND: u32 = 1_000_000_000;
/// The last second that four digits of the year can say.
const LAST: u64 = 253_402_300_799;

impl Stamper {
    /// A stamper whose clock stands at 1970.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let mut stamper = Self { kind, seconds: 0, nanoseconds: 0, left: 0, text: [b' '; ROOM], length: 0 };
        stamper.set(Duration::ZERO);
        stamper
    }

    /// A batch begins: its first line came at this time since 1970.
    pub fn set(&mut self, now: Duration) {
        self.seconds = now.as_secs();
        self.nanoseconds = now.subsec_nanos();
        self.render();
    }

    /// How long the next stamp is, with its space: at most [`ROOM`].
    #[must_use]
    #[inline]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Writes the stamp of the next line. Of `room` only the first [`length`](Self::length) bytes mean something: the
    /// line is to be put right behind them.
    #[inline]
    pub fn put(&mut self, room: &mut [u8; ROOM]) {
        *room = self.text;
        match self.kind {
            Kind::Tai64n => {
                if let Some(digits) = room.get_mut(17..25) {
                    digits.copy_from_slice(&hex(self.nanoseconds));
                }
            }
            Kind::Rfc3339 => {
                if let Some(digits) = room.get_mut(26..29) {
                    digits.copy_from_slice(&three(self.nanoseconds % FRESH));
                }
            }
            Kind::Accustamp => {}
        }
        self.nanoseconds = self.nanoseconds.wrapping_add(1);
        self.left = self.left.wrapping_sub(1);
        if self.left == 0 {
            self.begin_anew();
        }
    }

    #[cold]
    fn begin_anew(&mut self) {
        if self.nanoseconds >= SECOND {
            self.nanoseconds = 0;
            self.seconds = self.seconds.saturating_add(1);
        }
        self.render();
    }

    fn render(&mut self) {
        self.left = FRESH - self.nanoseconds % FRESH;
        let mut text = Text { bytes: [b' '; ROOM], length: 0 };
        match self.kind {
            Kind::Tai64n => {
                let label: [u8; LABEL] =
                    Tai64n::from_wall(Duration::new(self.seconds, self.nanoseconds)).label();
                text.put(&label);
            }
            Kind::Rfc3339 => {
                // There is nothing to write a later year with.
                let now = Duration::new(self.seconds.min(LAST), self.nanoseconds);
                text.put(format_rfc3339_nanos(UNIX_EPOCH + now).to_string().as_bytes());
            }
            Kind::Accustamp => {
                text.number(self.seconds, 1);
                text.put(b".");
                text.number(self.nanoseconds / 1000, 6);
            }
        }
        text.put(b" ");
        self.text = text.bytes;
        self.length = text.length;
    }
}

/// A stamp that is being written.
struct Text {
    bytes: [u8; ROOM],
    length: usize,
}

impl Text {
    fn put(&mut self, more: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(self.length).zip(more) {
            *place = *byte;
        }
        self.length = self.length.saturating_add(more.len()).min(ROOM);
    }

    /// In decimal, with zeros in front up to that many digits.
    fn number(&mut self, value: impl Display, digits: usize) {
        let text = format!("{value:0digits$}");
        self.put(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn next(stamper: &mut Stamper) -> String {
        let mut room = [b'?'; ROOM];
        let length = stamper.length();
        stamper.put(&mut room);
        String::from_utf8(room[..length].to_vec()).unwrap()
    }

    fn first(kind: Kind, now: Duration) -> String {
        let mut stamper = Stamper::new(kind);
        stamper.set(now);
        next(&mut stamper)
    }

    const NOW: Duration = Duration::new(1_795_319_112, 123_456_789);

    #[test]
    fn the_three_kinds() {
        assert_eq!(first(Kind::Tai64n, NOW), "@400000006b026552075bcd15 ");
        assert_eq!(first(Kind::Rfc3339, NOW), "2026-11-22T03:45:12.123456789Z ");
        assert_eq!(first(Kind::Accustamp, NOW), "1795319112.123456 ");
        assert_eq!(first(Kind::Accustamp, Duration::new(7, 1000)), "7.000001 ");
    }

    #[test]
    fn each_line_of_a_batch_is_a_nanosecond_later() {
        // Over the ends of a thousand, of a millisecond and of a second.
        for begin in [0, 15, 990, 999_990, 999_999_000, 999_999_999] {
            for kind in [Kind::Tai64n, Kind::Rfc3339, Kind::Accustamp] {
                let mut stamper = Stamper::new(kind);
                let now = Duration::new(1_709_251_199, begin);
                stamper.set(now);
                for line in 0..3000 {
                    let later = now + Duration::from_nanos(line);
                    assert_eq!(next(&mut stamper), first(kind, later), "{kind:?} {later:?}");
                }
            }
        }
    }

    #[test]
    fn stamps_sort_as_their_times_do() {
        let mut stamper = Stamper::new(Kind::Tai64n);
        stamper.set(Duration::new(1_000_000, 999_990_000));
        let stamps: Vec<String> = (0..20_000).map(|_| next(&mut stamper)).collect();
        assert!(stamps.is_sorted());
        assert_eq!(stamps.iter().collect::<BTreeSet<_>>().len(), stamps.len());
    }

    #[test]
    fn a_clock_that_goes_back_takes_the_stamps_with_it() {
        let mut stamper = Stamper::new(Kind::Tai64n);
        stamper.set(Duration::from_secs(100));
        let late = next(&mut stamper);
        stamper.set(Duration::from_secs(99));
        assert!(next(&mut stamper) < late);
    }

    #[test]
    fn labels_are_those_of_the_protocol() {
        for nanoseconds in (0..SECOND).step_by(999_983) {
            let time = Duration::new(1_795_319_112, nanoseconds);
            let label = Tai64n::from_wall(time).label();
            assert_eq!(first(Kind::Tai64n, time).as_bytes(), [&label[..], b" "].concat());
        }
    }

    #[test]
    fn dates_of_leap_years_and_of_the_ends_of_the_calendar() {
        let day = |seconds| first(Kind::Rfc3339, Duration::from_secs(seconds))[..20].to_owned();
        assert_eq!(day(0), "1970-01-01T00:00:00.");
        assert_eq!(day(951_782_399), "2000-02-28T23:59:59.");
        assert_eq!(day(951_782_400), "2000-02-29T00:00:00.");
        assert_eq!(day(4_107_542_399), "2100-02-28T23:59:59.");
        assert_eq!(day(4_107_542_400), "2100-03-01T00:00:00.");
        assert_eq!(day(LAST), "9999-12-31T23:59:59.");
        assert_eq!(day(u64::MAX), "9999-12-31T23:59:59.");
    }
}
