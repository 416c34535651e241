//! TAI64N: the labels of daemontools. They count from 1970 with an offset of 10 seconds for ever, as djb's programs
//! do on every system whose clock is UTC.

use std::time::Duration;

/// 2^62, the TAI64 of 1970, and the 10 seconds.
pub const EPOCH: u64 = 4_611_686_018_427_387_914;

/// The length of a label as text.
pub const LABEL: usize = 25;

/// A point of time: TAI64 seconds and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tai64n {
    seconds: u64,
    nanoseconds: u32,
}

impl Tai64n {
    /// From the wall clock's time since 1970.
    #[must_use]
    pub const fn from_wall(since_1970: Duration) -> Self {
        Self { seconds: EPOCH.saturating_add(since_1970.as_secs()), nanoseconds: since_1970.subsec_nanos() }
    }

    /// The time from `earlier` to this; zero when the clock went back in between.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = |label: Self| {
            Duration::from_secs(label.seconds).checked_add(Duration::from_nanos(label.nanoseconds.into()))
        };
        match (seconds(self), seconds(earlier)) {
            (Some(this), Some(earlier)) => this.saturating_sub(earlier),
            _ => Duration::ZERO,
        }
    }

    /// The 12 bytes of a status file: both numbers big-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (seconds, nanoseconds) = bytes.split_at_mut(8);
        seconds.copy_from_slice(&self.seconds.to_be_bytes());
        nanoseconds.copy_from_slice(&self.nanoseconds.to_be_bytes());
        bytes
    }

    /// The label before a line and in the name of a file: `@` and 24 lower-case hexadecimal digits.
    #[must_use]
    pub fn label(self) -> [u8; LABEL] {
        let mut label = [b'@'; LABEL];
        let digits = label.iter_mut().skip(1);
        let halves = self.to_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
        for (digit, half) in digits.zip(halves) {
            *digit = if half < 10 { b'0'.saturating_add(half) } else { b'a'.saturating_add(half - 10) };
        }
        label
    }

    /// The time of a text that begins with a label; `None` where it does not.
    #[must_use]
    pub fn from_label(text: &[u8]) -> Option<Self> {
        let (b'@', digits) = text.get(..LABEL)?.split_first()? else { return None };
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = match digit {
                    b'0'..=b'9' => digit.wrapping_sub(b'0'),
                    b'a'..=b'f' => digit.wrapping_sub(b'a' - 10),
                    _ => return None,
                };
                *byte = *byte << 4 | value;
            }
        }
        Some(Self::from_bytes(bytes))
    }

    /// A nanosecond later; `None` at the end of time.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let Self { seconds, nanoseconds } = self;
        if nanoseconds < 999_999_999 {
            return Some(Self { seconds, nanoseconds: nanoseconds.saturating_add(1) });
        }
        Some(Self { seconds: seconds.checked_add(1)?, nanoseconds: 0 })
    }

    /// The label that those 12 bytes are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            seconds: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            nanoseconds: u32::from_be_bytes([i, j, k, l]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_one_that_daemontools_wrote() {
        // From a status file of Debian's supervise.
        let label = Tai64n::from_wall(Duration::new(1_795_301_013, 430_561_500));
        assert_eq!(label.to_bytes(), [0x40, 0, 0, 0, 0x6b, 0x02, 0x1e, 0x9f, 0x19, 0xa9, 0xd8, 0xdc]);
        assert_eq!(Tai64n::from_bytes(label.to_bytes()), label);
        assert_eq!(&label.label(), b"@400000006b021e9f19a9d8dc");
        assert_eq!(Tai64n::from_label(b"@400000006b021e9f19a9d8dc.s"), Some(label));
        for text in [
            &b"400000006b021e9f19a9d8dc0"[..],
            b"@400000006b021e9f19a9d8d",
            b"@400000006B021e9f19a9d8dc",
            b"",
        ] {
            assert_eq!(Tai64n::from_label(text), None);
        }
    }

    #[test]
    fn the_next_label_is_a_nanosecond_later() {
        let label = |nanoseconds| Tai64n::from_wall(Duration::new(7, nanoseconds));
        assert_eq!(label(5).next(), Some(label(6)));
        assert_eq!(label(999_999_999).next(), Some(Tai64n::from_wall(Duration::from_secs(8))));
        assert_eq!(Tai64n::from_bytes([0xff; 12]).next(), None);
    }

    #[test]
    fn a_clock_that_went_back_gives_zero() {
        let early = Tai64n::from_wall(Duration::from_secs(100));
        let late = Tai64n::from_wall(Duration::new(102, 5));
        assert_eq!(late.since(early), Duration::new(2, 5));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(Tai64n::from_bytes([0xff; 12]).since(early), Duration::ZERO, "nonsense in the file");
    }
}
