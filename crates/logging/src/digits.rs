//! Digits of fixed numbers of places, several at once: the bytes of one word are worked on together.

/// Each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Eight hexadecimal digits, in lower case.
#[inline]
pub(crate) fn hex(number: u32) -> [u8; 8] {
    let mut word = u64::from(number);
    word = (word | word << 16) & 0x0000_ffff_0000_ffff;
    word = (word | word << 8) & 0x00ff_00ff_00ff_00ff;
    word = (word | word << 4) & (0x0f * EACH);
    // A digit above 9 has bit 4 set when 6 is added: these are letters, 39 places further on than the digits end.
    let letters = (word.wrapping_add(6 * EACH) >> 4) & EACH;
    word.wrapping_add(u64::from(b'0') * EACH).wrapping_add(letters.wrapping_mul(39)).to_be_bytes()
}

/// The number that eight hexadecimal digits in lower case are; `None` where one is something else.
#[inline]
pub(crate) fn from_hex(digits: [u8; 8]) -> Option<u32> {
    let word = u64::from_be_bytes(digits);
    let letters = (word >> 6) & EACH;
    let word = (word & (0x0f * EACH)).wrapping_add(letters.wrapping_mul(9)) & (0x0f * EACH);
    let word = (word | word >> 4) & 0x00ff_00ff_00ff_00ff;
    let word = (word | word >> 8) & 0x0000_ffff_0000_ffff;
    let [.., a, b, c, d] = (word | word >> 16).to_be_bytes();
    let number = u32::from_be_bytes([a, b, c, d]);
    // What is no digit became one all the same, and is found out by going back.
    (hex(number) == digits).then_some(number)
}

/// Two decimal digits of a number below 100.
#[inline]
pub(crate) fn two(number: u32) -> [u8; 2] {
    [number / 10, number].map(digit)
}

/// Three decimal digits of a number below 1000.
#[inline]
pub(crate) fn three(number: u32) -> [u8; 3] {
    [number / 100, number / 10, number].map(digit)
}

/// Nine decimal digits of a number below 1,000,000,000.
#[inline]
pub(crate) fn nine(number: u32) -> [u8; 9] {
    let [a, b, c, d, e, f, g, h] = eight(number / 10);
    [a, b, c, d, e, f, g, h, digit(number)]
}

/// Eight: in halves of four digits, these in halves of two, and these in digits. The divisions are multiplications
/// that are exact for numbers that small.
#[inline]
fn eight(number: u32) -> [u8; 8] {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | twos.wrapping_sub(tens.wrapping_mul(10)) << 8;
    ones.wrapping_add(u64::from(b'0') * EACH).to_le_bytes()
}

#[inline]
fn digit(number: u32) -> u8 {
    let [digit, ..] = (number % 10).to_le_bytes();
    b'0' | digit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every size.
    fn numbers() -> impl Iterator<Item = u32> {
        let mut state = 1_u32;
        (0..100_000_u32).map(move |count| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> (count % 32)
        })
    }

    #[test]
    fn digits_are_those_that_std_writes() {
        for number in numbers().chain([0, u32::MAX, 999_999_999, 9_999_999]) {
            assert_eq!(hex(number), *format!("{number:08x}").as_bytes());
            assert_eq!(from_hex(hex(number)), Some(number));
            let nines = number % 1_000_000_000;
            assert_eq!(nine(nines), *format!("{nines:09}").as_bytes());
        }
        for number in 0..1000 {
            assert_eq!(three(number), *format!("{number:03}").as_bytes());
        }
        for number in 0..100 {
            assert_eq!(two(number), *format!("{number:02}").as_bytes());
        }
    }

    #[test]
    fn any_other_byte_at_any_place_is_no_digit() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut digits = *b"09afb7c2";
                digits[place] = byte;
                assert_eq!(from_hex(digits).is_some(), matches!(byte, b'0'..=b'9' | b'a'..=b'f'), "{byte}");
            }
        }
    }
}
