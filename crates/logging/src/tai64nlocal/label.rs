//! Labels in the text: a `@` and hexadecimal digits in lower case, as many as there are.
//!
//! The last 8 digits are nanoseconds, the 16 before them TAI64 seconds, and what is before these does not count; what is
//! missing is zero.

use crate::digits::{from_hex, hex};
use protocol::tai64n::EPOCH;

/// The digits that count.
const DIGITS: usize = 24;

/// The digits of a label that have been read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Label {
    seconds: u64,
    nanoseconds: u32,
    /// How many digits there were: of those that count.
    digits: usize,
}

impl Label {
    /// The label that these 24 bytes are; `None` where they are not all digits.
    #[must_use]
    #[inline]
    pub fn whole(text: &[u8; DIGITS]) -> Option<Self> {
        let (high, rest) = text.split_first_chunk::<8>()?;
        let (low, nanoseconds) = rest.split_first_chunk::<8>()?;
        let [high, low, nanoseconds] =
            [from_hex(*high)?, from_hex(*low)?, from_hex(*nanoseconds.first_chunk::<8>()?)?];
        Some(Self { seconds: u64::from(high) << 32 | u64::from(low), nanoseconds, digits: DIGITS })
    }

    /// Takes the next byte where it is a digit, and says whether it was one.
    #[inline]
    pub fn push(&mut self, byte: u8) -> bool {
        let digit = match byte {
            b'0'..=b'9' => byte.wrapping_sub(b'0'),
            b'a'..=b'f' => byte.wrapping_sub(b'a').wrapping_add(10),
            _ => return false,
        };
        self.seconds = self.seconds << 4 | u64::from(self.nanoseconds >> 28);
        self.nanoseconds = self.nanoseconds << 4 | u32::from(digit);
        self.digits = self.digits.saturating_add(1).min(DIGITS);
        true
    }

    /// Seconds since 1970: they wrap around, as in a C library that counts in 64 bits.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        i64::from_ne_bytes(self.seconds.wrapping_sub(EPOCH).to_ne_bytes())
    }

    /// Nanoseconds: whatever the 8 digits say, which may be more than a second has.
    #[must_use]
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// The digits that count, as they stood in the text.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let [a, b, c, d, e, f, g, h] = self.seconds.to_be_bytes();
        let words = [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]), self.nanoseconds];
        words.into_iter().flat_map(hex).skip(DIGITS.saturating_sub(self.digits)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(text: &[u8]) -> Label {
        let mut label = Label::default();
        assert!(text.iter().all(|byte| label.push(*byte)));
        label
    }

    #[test]
    fn a_label_is_the_same_at_once_and_digit_by_digit() {
        let text = b"400000006b021e9f19a9d8dc";
        let label = Label::whole(text).unwrap();
        assert_eq!(label, pushed(text));
        assert_eq!((label.unix_seconds(), label.nanoseconds()), (1_795_301_013, 430_561_500));
        assert_eq!(label.text(), text);
        assert_eq!(Label::whole(b"400000006b021e9f19a9d8dC"), None);
    }

    #[test]
    fn of_more_digits_the_last_24_count_and_of_fewer_those_that_are_there() {
        assert_eq!(pushed(b"ffff400000006b021e9f19a9d8dc"), pushed(b"400000006b021e9f19a9d8dc"));
        assert_eq!(pushed(b"12").nanoseconds(), 0x12);
        assert_eq!(pushed(b"012").text(), b"012");
        assert_eq!(Label::default().text(), b"");
        assert!(!Label::default().push(b'F') && !Label::default().push(b'\n'));
    }
}
