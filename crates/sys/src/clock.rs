//! The two clocks. Both are read by the plain system call: libc's way touches the vDSO, whose page tables
//! cost a resident program 10 kB and more, and nobody here reads a clock often enough to gain by it.

use std::mem::MaybeUninit;
use std::ops::Add;
use std::time::Duration;

/// A point of the monotonic clock: never goes back, stands still while the machine sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self(read(libc::CLOCK_MONOTONIC))
    }

    /// A point that long after the clock's zero: for values from a record, and for tests.
    #[must_use]
    pub const fn from_zero(since: Duration) -> Self {
        Self(since)
    }

    /// The time since the clock's zero.
    #[must_use]
    pub const fn since_zero(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, more: Duration) -> Self {
        Self(self.0.saturating_add(more))
    }
}

/// The wall clock, as the time since 1970; zero where the clock stands before it.
#[must_use]
pub fn wall() -> Duration {
    read(libc::CLOCK_REALTIME)
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the kernel writes one timespec to the address that it is given, or nothing.
    unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time.as_mut_ptr()) };
    // SAFETY: all zeroes is a valid timespec, and so is what the kernel wrote.
    let time = unsafe { time.assume_init() };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_agree_with_std() {
        let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = wall();
        assert!(now >= before && now < before + Duration::from_secs(60));
        let first = Monotonic::now();
        assert!(Monotonic::now() >= first);
    }

    #[test]
    fn time_before_a_point_counts_as_none() {
        let point = Monotonic::from_zero(Duration::from_secs(5));
        assert_eq!(point.since(point + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!((point + Duration::from_secs(1)).since(point), Duration::from_secs(1));
    }
}
