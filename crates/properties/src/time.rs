//! Times as text: stamps and labels.

use logging::stamp::{Kind, ROOM, Stamper};
use logging::tai64nlocal::label::Label;
use protocol::tai64n::Tai64n;
use std::time::Duration;

/// The stamps of a batch: seconds in 8 bytes, nanoseconds in 4, and two for how many lines there are before the one that is
/// looked at.
pub fn stamp(data: &[u8]) {
    let Some((seconds, rest)) = data.split_first_chunk::<8>() else { return };
    let Some((nanoseconds, rest)) = rest.split_first_chunk::<4>() else { return };
    let Some((lines, _)) = rest.split_first_chunk::<2>() else { return };
    // A clock that shows more than 285 million years has other problems.
    let seconds = u64::from_be_bytes(*seconds) >> 10;
    let now = Duration::new(seconds, u32::from_be_bytes(*nanoseconds) % 1_000_000_000);
    let lines = u16::from_be_bytes(*lines) % 2500;
    let then = now + Duration::from_nanos(lines.into());
    for kind in [Kind::Tai64n, Kind::Accustamp, Kind::Rfc3339] {
        let mut stamper = Stamper::new(kind);
        stamper.set(now);
        let mut room = [0; ROOM];
        (0..lines).for_each(|_| stamper.put(&mut room));
        let length = stamper.length();
        stamper.put(&mut room);
        let text = std::str::from_utf8(&room[..length]).expect("text");
        let model = match kind {
            Kind::Tai64n => {
                format!("@{:016x}{:08x} ", (1_u64 << 62) + 10 + then.as_secs(), then.subsec_nanos())
            }
            Kind::Accustamp => format!("{}.{:06} ", then.as_secs(), then.subsec_micros()),
            Kind::Rfc3339 => rfc3339(then),
        };
        assert_eq!(text, model);
    }
}

/// Counted year for year and month for month; four digits end with the year 9999.
fn rfc3339(time: Duration) -> String {
    let seconds = time.as_secs().min(253_402_300_799);
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut days = seconds / 86_400;
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let nanoseconds = time.subsec_nanos();
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z ", days + 1)
}

/// The digits of a label in a line, as tai64nlocal reads them, at once and byte by byte, and as file names have it.
pub fn label(data: &[u8]) {
    let mut label = Label::default();
    let count = data.iter().take_while(|byte| label.push(**byte)).count();
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert_eq!(count, data.iter().take_while(|byte| is_digit(byte)).count());
    let text = &data[count.saturating_sub(24)..count];
    assert_eq!(label.text(), text);
    let number = text
        .iter()
        .fold(0_u128, |number, digit| number << 4 | u128::from(char::from(*digit).to_digit(16).unwrap()));
    assert_eq!(u128::from(label.nanoseconds()), number % (1 << 32));
    let seconds = (number >> 32) as u64;
    assert_eq!(label.unix_seconds(), seconds.wrapping_sub((1 << 62) + 10) as i64);
    if let Some(whole) = data.first_chunk() {
        let is_whole = whole.iter().all(is_digit);
        let mut pushed = Label::default();
        let _ = whole.iter().take_while(|byte| pushed.push(**byte)).count();
        assert_eq!(Label::whole(whole), Some(pushed).filter(|_| is_whole));
        let stored = Tai64n::from_label(&[b"@", &whole[..]].concat());
        assert_eq!(
            stored.map(|stored| stored.label()[1..].to_vec()),
            Some(whole.to_vec()).filter(|_| is_whole)
        );
        let next = stored.and_then(Tai64n::next);
        assert!(next.is_none_or(|next| next > stored.unwrap()), "the next one is later");
    }
}
