//! Local time as text: the C library is asked once for each quarter of an hour in which the clocks go on evenly, which is
//! nearly every one.

use crate::digits::two;
use sys::local_time::{LocalTime, local_time};

/// The room for one half of the text.
const ROOM: usize = 32;

/// Local time differs from UTC by whole quarters of an hour nearly everywhere, so a day rarely ends within one.
const STRETCH: i64 = 900;

/// Says what a second is called.
#[derive(Debug)]
pub(crate) struct Clock {
    /// From this second since 1970 ...
    first: i64,
    /// ... to this one the date holds, and the time is a difference.
    last: i64,
    /// How many seconds after 0:00 the first of them is.
    time: u32,
    /// What is added to the field of seconds alone: in a leap second.
    leap: u32,
    /// `2026-11-22 `: a year has as many digits as it has.
    date: [u8; ROOM],
    length: usize,
}

impl Clock {
    pub(crate) fn new() -> Self {
        // A stretch that holds for no second.
        Self { first: i64::MAX, last: i64::MIN, time: 0, leap: 0, date: [b' '; ROOM], length: 0 }
    }

    /// The date and the time of a second since 1970, `2026-11-22 ` and `03:45:12.`; `None` where its year is beyond
    /// what a C library counts.
    #[inline]
    pub(crate) fn tell(&mut self, seconds: i64) -> Option<(&[u8; ROOM], usize, [u8; 9])> {
        if seconds < self.first || seconds > self.last {
            self.turn(seconds)?;
        }
        let since = u32::try_from(seconds.wrapping_sub(self.first)).ok()?;
        let time = self.time.wrapping_add(since);
        let [a, b] = two(time / 3600);
        let [c, d] = two(time / 60 % 60);
        let [e, f] = two((time % 60).wrapping_add(self.leap));
        Some((&self.date, self.length, [a, b, b':', c, d, b':', e, f, b'.']))
    }

    /// Goes to the stretch of that second.
    #[cold]
    fn turn(&mut self, seconds: i64) -> Option<()> {
        let first = seconds.checked_sub(seconds.rem_euclid(STRETCH));
        let last = first.and_then(|first| first.checked_add(STRETCH - 1));
        let ends = first.zip(last).and_then(|(first, last)| Some((local_time(first)?, local_time(last)?)));
        let even = ends.filter(|(begin, end)| goes_evenly(begin, end)).map(|(begin, _)| begin);
        let begin = match even {
            Some(begin) => {
                (self.first, self.last) = (first?, last?);
                begin
            }
            None => {
                let this = local_time(seconds)?;
                (self.first, self.last) = (seconds, seconds);
                this
            }
        };
        self.leap = begin.second.saturating_sub(59);
        self.time = time_of_day(&begin).wrapping_sub(self.leap);
        // Theirs adds in 32 bits, and writes without a sign in 64.
        let year = i64::from(begin.year_since_1900.wrapping_add(1900));
        let year = u64::from_ne_bytes(year.to_ne_bytes());
        let text = format!("{year}-{:02}-{:02} ", begin.month, begin.day);
        self.length = text.len();
        for (place, byte) in self.date.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        Some(())
    }
}

fn time_of_day(time: &LocalTime) -> u32 {
    time.hour.wrapping_mul(3600).wrapping_add(time.minute.wrapping_mul(60)).wrapping_add(time.second)
}

/// Whether nothing happens to the clocks, nor to the date, between the ends of a stretch.
fn goes_evenly(begin: &LocalTime, end: &LocalTime) -> bool {
    let date = |time: &LocalTime| (time.year_since_1900, time.month, time.day);
    let went = time_of_day(end).wrapping_sub(time_of_day(begin));
    date(begin) == date(end) && i64::from(went) == STRETCH - 1 && begin.second < 59
}
