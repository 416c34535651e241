//! Times, sizes and ends of processes as people read them.

use nix::sys::signal::Signal;
use std::time::Duration;
use sys::local_time::local_time;
use sys::process::Ending;

/// A span of time in its two largest units: `3d 4h`, `5m 12s`, `7s`; below a second `0.4s`.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let rest = seconds % 60;
    match (days, hours, minutes) {
        (0, 0, 0) if seconds == 0 && time.as_millis() >= 50 => format!("0.{}s", time.as_millis() / 100),
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m {rest}s"),
        (0, ..) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// The same, as what was so long ago.
#[must_use]
pub fn ago(time: Duration) -> String {
    format!("{} ago", span(time))
}

/// A number of bytes: `512 B`, `3.4 MB`; a kB is 1000 bytes.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut tenths = count / 100;
    for unit in UNITS {
        if tenths < 100 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        if tenths < 10_000 {
            return format!("{} {unit}", tenths / 10);
        }
        tenths /= 1000;
    }
    format!("{} PB", tenths / 10)
}

/// How a process ended: `exit 0`, `SIGTERM`, `unknown`.
#[must_use]
pub fn ending(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exit {code}"),
        Ending::Killed(signal) => {
            let name = Signal::try_from(i32::from(signal)).map(Signal::as_str);
            name.map_or_else(|_| format!("signal {signal}"), str::to_owned)
        }
        Ending::Unknown => "unknown".to_owned(),
    }
}

/// A moment since 1970 as local time: `2026-11-22 09:30:12`.
#[must_use]
pub fn local(since_1970: Duration) -> String {
    let time = i64::try_from(since_1970.as_secs()).ok().and_then(local_time);
    let Some(time) = time else { return "?".to_owned() };
    let year = i64::from(time.year_since_1900).saturating_add(1900);
    format!(
        "{year:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        time.month, time.day, time.hour, time.minute, time.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_at_a_glance() {
        let shown = |milliseconds| span(Duration::from_millis(milliseconds));
        assert_eq!(shown(0), "0s");
        assert_eq!(shown(49), "0s");
        assert_eq!(shown(450), "0.4s");
        assert_eq!(shown(59_999), "59s");
        assert_eq!(shown(61_000), "1m 1s");
        assert_eq!(shown(3_600_000), "1h 0m");
        assert_eq!(shown(90_000_000), "1d 1h");
    }

    #[test]
    fn a_size_has_two_or_three_digits() {
        let sizes =
            [0, 999, 1000, 9949, 9950, 10_000, 999_999, 1_000_000, 45_678_901, 9_999_999_999, u64::MAX];
        let shown = [
            "0 B", "999 B", "1.0 kB", "9.9 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "45 MB", "9.9 GB",
            "18446 PB",
        ];
        assert_eq!(sizes.map(bytes), shown);
    }

    #[test]
    fn an_end_is_a_code_or_a_signal() {
        assert_eq!(ending(Ending::Exited(3)), "exit 3");
        assert_eq!(ending(Ending::Killed(15)), "SIGTERM");
        assert_eq!(ending(Ending::Killed(40)), "signal 40");
        assert_eq!(ending(Ending::Unknown), "unknown");
    }
}
