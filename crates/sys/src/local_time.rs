//! Local time, as the C library of this system knows it: time zones are the system's affair.

use std::mem::MaybeUninit;

/// What calendar and clock show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The year, counted from 1900.
    pub year_since_1900: i32,
    /// From 1.
    pub month: u32,
    /// From 1.
    pub day: u32,
    /// From 0.
    pub hour: u32,
    /// From 0.
    pub minute: u32,
    /// From 0, up to 60 in a leap second.
    pub second: u32,
}

/// The local time of a second since 1970, in the time zone of `TZ` or of the system; `None` where its year cannot be
/// counted in 32 bits.
#[must_use]
pub fn local_time(seconds: i64) -> Option<LocalTime> {
    let mut told = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: the C library reads a number and writes one tm; both addresses are valid. It also reads the environment,
    // which nothing in these programs changes.
    let result = unsafe { libc::localtime_r(&raw const seconds, told.as_mut_ptr()) };
    if result.is_null() {
        return None;
    }
    // SAFETY: all zeroes is a valid tm, and so is what the C library wrote.
    let told = unsafe { told.assume_init() };
    let number = |field: libc::c_int| u32::try_from(field).ok();
    Some(LocalTime {
        year_since_1900: told.tm_year,
        month: number(told.tm_mon)?.checked_add(1)?,
        day: number(told.tm_mday)?,
        hour: number(told.tm_hour)?,
        minute: number(told.tm_min)?,
        second: number(told.tm_sec)?,
    })
}

/// The second since 1970 at which calendar and clock show that, in the time zone of `TZ` or of the system; `None` where there is no
/// such day, or its second cannot be counted. What the clocks leave out in spring is taken for what is shown instead; of what they
/// show twice in autumn it is one of both.
#[must_use]
pub fn seconds_of(shown: &LocalTime) -> Option<i64> {
    let mut wanted = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: all zeroes is a valid tm.
    let wanted = unsafe { wanted.assume_init_mut() };
    let number = |field: u32| libc::c_int::try_from(field).ok();
    wanted.tm_year = shown.year_since_1900;
    wanted.tm_mon = number(shown.month.checked_sub(1)?)?;
    wanted.tm_mday = number(shown.day)?;
    wanted.tm_hour = number(shown.hour)?;
    wanted.tm_min = number(shown.minute)?;
    wanted.tm_sec = number(shown.second)?;
    wanted.tm_isdst = -1;
    // SAFETY: the C library reads and writes the one tm that it is given. It also reads the environment, which nothing in these
    // programs changes.
    let seconds = unsafe { libc::mktime(wanted) };
    // -1 is both an answer and none, and a day that is not there becomes another one.
    let found = local_time(seconds)?;
    let day = |time: &LocalTime| (time.year_since_1900, time.month, time.day);
    (day(&found) == day(shown)).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_it_is_the_same_second() {
        for seconds in (1_500_000_000..1_800_000_000).step_by(7_654_321) {
            let shown = local_time(seconds).unwrap();
            let back = seconds_of(&shown).unwrap();
            assert_eq!(local_time(back), Some(shown));
        }
        let noon = LocalTime { year_since_1900: 126, month: 11, day: 22, hour: 12, minute: 0, second: 0 };
        assert_eq!(seconds_of(&noon).and_then(local_time), Some(noon));
    }

    #[test]
    fn a_day_that_is_not_there_has_no_second() {
        let noon = LocalTime { year_since_1900: 126, month: 2, day: 28, hour: 12, minute: 0, second: 0 };
        assert!(seconds_of(&noon).is_some());
        for (month, day) in [(2, 29), (2, 0), (0, 1), (13, 1), (4, 31), (u32::MAX, u32::MAX)] {
            assert_eq!(seconds_of(&LocalTime { month, day, ..noon }), None, "{month}-{day}");
        }
    }

    #[test]
    fn days_and_minutes_are_those_of_some_zone() {
        // 2026-11-22 12:00:00 UTC: no zone is further from it than 14 hours.
        let time = local_time(1_795_348_800).unwrap();
        assert_eq!((time.year_since_1900, time.month), (126, 11));
        assert!((21..=23).contains(&time.day) && time.second == 0 && time.minute % 15 == 0);
        assert_eq!(local_time(i64::MAX), None);
    }
}
