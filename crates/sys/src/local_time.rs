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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_minutes_are_those_of_some_zone() {
        // 2026-11-22 12:00:00 UTC: no zone is further from it than 14 hours.
        let time = local_time(1_795_348_800).unwrap();
        assert_eq!((time.year_since_1900, time.month), (126, 11));
        assert!((21..=23).contains(&time.day) && time.second == 0 && time.minute % 15 == 0);
        assert_eq!(local_time(i64::MAX), None);
    }
}
