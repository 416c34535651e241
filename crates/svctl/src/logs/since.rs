//! `--since`: from when on lines are shown. Pure, but for the time zone.

use humantime::parse_rfc3339_weak;
use protocol::value;
use std::time::{Duration, SystemTime};
use sys::local_time::{LocalTime, local_time, seconds_of};

/// What is told to whom it is not clear.
const EXAMPLES: &str = "write how long ago, such as 10m or 1h 30m, or a local time such as 10:00, '2026-11-22' or \
                        '2026-11-22 10:00'; with a Z behind it is UTC";

/// The time since 1970 that is meant. `now` is counted so as well.
///
/// # Errors
///
/// It is none, and what one looks like.
pub(super) fn since(text: &str, now: Duration) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(ago) = value::duration(text.as_bytes()) {
        return Ok(now.saturating_sub(ago));
    }
    let time = match text.strip_suffix('Z') {
        Some(_) => utc(text),
        None => local(text, now),
    };
    time.ok_or_else(|| format!("unable to understand --since {text}: {EXAMPLES}"))
}

fn utc(text: &str) -> Option<Duration> {
    parse_rfc3339_weak(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()
}

/// A date, a time of today, or both.
fn local(text: &str, now: Duration) -> Option<Duration> {
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (Some(date), Some(time.trim_start())),
        None if text.contains(':') => (None, Some(text)),
        None => (Some(text), None),
    };
    let (year_since_1900, month, day) = match date {
        Some(date) => {
            let (year, month, day) = three(date, '-')?;
            (i32::try_from(year.checked_sub(1900)?).ok()?, month, day?)
        }
        None => {
            let today = local_time(i64::try_from(now.as_secs()).ok()?)?;
            (today.year_since_1900, today.month, today.day)
        }
    };
    let (hour, minute, second) = time.map_or(Some((0, 0, None)), |time| three(time, ':'))?;
    let second = second.unwrap_or(0);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let wanted = LocalTime { year_since_1900, month, day, hour, minute, second };
    Some(Duration::from_secs(u64::try_from(seconds_of(&wanted)?).ok()?))
}

/// Two or three numbers.
fn three(text: &str, divider: char) -> Option<(u32, u32, Option<u32>)> {
    let number = |text: &str| {
        let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let mut parts = text.split(divider);
    let (first, second) = (number(parts.next()?)?, number(parts.next()?)?);
    let third = match parts.next() {
        Some(third) => Some(number(third)?),
        None => None,
    };
    parts.next().is_none().then_some((first, second, third))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::new(1_795_348_800, 5);

    fn told(text: &str) -> Option<Duration> {
        since(text, NOW).ok()
    }

    /// What the clock on the wall shows of it.
    fn shown(text: &str) -> Option<String> {
        told(text).map(crate::output::local)
    }

    #[test]
    fn a_span_is_counted_back_from_now() {
        assert_eq!(told("10m"), Some(NOW - Duration::from_secs(600)));
        assert_eq!(told(" 1h 30m "), Some(NOW - Duration::from_secs(5400)));
        assert_eq!(told("100years"), Some(Duration::ZERO));
    }

    #[test]
    fn local_times() {
        let today = crate::output::local(NOW).split_once(' ').unwrap().0.to_owned();
        assert_eq!(shown("2026-11-22 10:00"), Some("2026-11-22 10:00:00".to_owned()));
        assert_eq!(shown("2026-11-22T10:00:07"), Some("2026-11-22 10:00:07".to_owned()));
        assert_eq!(shown("2024-02-29"), Some("2024-02-29 00:00:00".to_owned()));
        assert_eq!(shown("10:00"), Some(format!("{today} 10:00:00")));
        assert_eq!(shown("0:00:59"), Some(format!("{today} 00:00:59")));
    }

    #[test]
    fn utc_has_a_z() {
        assert_eq!(told("2026-11-22T12:00:00Z"), Some(Duration::from_secs(1_795_348_800)));
        assert_eq!(told("2026-11-22 12:00:00.5Z"), Some(Duration::from_millis(1_795_348_800_500)));
    }

    #[test]
    fn what_is_no_time_is_told_with_examples() {
        for text in [
            "",
            "soon",
            "10",
            "2026",
            "2026-11",
            "2026-02-30",
            "2026-13-01",
            "2026-11-22 24:00",
            "10:60",
            "10:00:60",
            "1:2:3:4",
            "2026-11-22 10",
            "-5m",
            "+10:00",
            "1850-01-01",
            "2026-11-22 10:00 x",
            "10:00Z",
            "99999-01-01",
            "2026-11-00",
        ] {
            let why = since(text, NOW).unwrap_err();
            assert!(why.starts_with(&format!("unable to understand --since {text}: write how")), "{why}");
        }
    }
}
