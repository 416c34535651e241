//! Which process is meant, in a record that outlives the one who wrote it. A number alone is not enough: it is given again.

use nix::unistd::Pid;
use std::num::NonZeroU32;
use std::os::unix::fs::MetadataExt;

/// What tells one process from all others that have had its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The inode number of its pidfd, which the kernel gives once while the machine runs (Linux 6.9 on).
    Inode(u64),
    /// When it was started, in clock ticks since the machine was: weaker, since two can be started in one.
    StartTime(u64),
}

/// A process, as a record names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessId {
    /// Its number in its pid namespace.
    pub pid: NonZeroU32,
    /// `None` where the system told none.
    pub mark: Option<Mark>,
}

/// The number of a process as a record has it; `None` for what is no process's.
#[must_use]
pub fn number(pid: Pid) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(pid.as_raw()).ok()?)
}

/// The number of a record as the system takes it; `None` where it is too large for one.
#[must_use]
pub fn pid(number: NonZeroU32) -> Option<Pid> {
    i32::try_from(number.get()).ok().map(Pid::from_raw)
}

/// Where the numbers of processes, and the times of the monotonic clock, are valid: one run of a machine's kernel, and one pid
/// namespace in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The kernel's random number for this run of it.
    pub id: [u8; 16],
    /// The inode number of the pid namespace.
    pub pid_namespace: u64,
}

impl Boot {
    /// This one; `None` where there is no /proc, and so nothing to be believed about an earlier one.
    #[must_use]
    pub fn current() -> Option<Self> {
        let text = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
        let pid_namespace = std::fs::metadata("/proc/self/ns/pid").ok()?.ino();
        Some(Self { id: parse_boot_id(&text)?, pid_namespace })
    }
}

/// Reads the kernel's text: 32 hexadecimal digits with dashes between them.
#[must_use]
pub fn parse_boot_id(text: &[u8]) -> Option<[u8; 16]> {
    let mut id = [0_u8; 16];
    let mut digits = text.iter().filter(|byte| **byte != b'-');
    let mut digit = || char::from(*digits.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    for byte in &mut id {
        *byte = digit()? << 4 | digit()?;
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_is_itself() {
        let boot = Boot::current().unwrap();
        assert_ne!(boot.id, [0; 16]);
        assert_eq!(Boot::current(), Some(boot));
    }

    #[test]
    fn the_kernels_text_is_read() {
        let id = parse_boot_id(b"0123abcd-4567-89ab-cdef-0123456789ab\n");
        assert_eq!(id.unwrap()[..4], [0x01, 0x23, 0xab, 0xcd]);
        assert_eq!(parse_boot_id(b"0123"), None);
        assert_eq!(parse_boot_id(b"not-a-number-at-all-not-a-number-at-all"), None);
    }
}
