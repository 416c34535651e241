//! Signals of a resident program: all blocked, read from a descriptor, so that none is lost between a look and
//! a wait, and none that nobody thought of ends the program.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

/// The number of a signal that exists: 1 to 64, the real-time ones included, for which nix has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignalNumber(u8);

impl SignalNumber {
    /// That number, if it is a signal's.
    #[must_use]
    pub fn new(number: i32) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=64).contains(number)).map(Self)
    }

    /// As the system takes it.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0.into()
    }
}

impl From<Signal> for SignalNumber {
    fn from(signal: Signal) -> Self {
        Self(u8::try_from(signal as i32).unwrap_or(0))
    }
}

/// The signals that came, one after the other.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks every signal and opens the descriptor that reports them. Threads started later inherit the mask.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn take_all() -> Result<Self, Errno> {
        set_mask(u64::MAX)?;
        SignalFd::with_flags(&every(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Self)
    }

    /// The number of the next signal that came, if any did.
    pub fn next(&self) -> Option<i32> {
        let info = self.0.read_signal().ok().flatten()?;
        i32::try_from(info.ssi_signo).ok()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// All 64 signals. The C libraries' own "all" leaves out the two or three that they use between threads, and one of
/// those, sent from outside, would end the program: musl's are what glibc calls SIGRTMIN.
#[must_use]
pub fn every() -> SigSet {
    let mut set = MaybeUninit::<nix::libc::sigset_t>::uninit();
    // SAFETY: a signal set is an array of integers, of which any value is one; all of it is written.
    unsafe {
        set.as_mut_ptr().write_bytes(0xff, 1);
        SigSet::from_sigset_t_unchecked(set.assume_init())
    }
}

/// Unblocks every signal: for a child that is about to become another program.
///
/// # Errors
///
/// What the system says.
pub fn unblock_all() -> Result<(), Errno> {
    set_mask(0)
}

/// Blocks the signals whose bits are set. By the plain system call: glibc's function leaves out those that it uses itself.
fn set_mask(mask: u64) -> Result<(), Errno> {
    // SAFETY: the kernel reads 8 bytes from `mask`, and writes nothing (the old mask is null).
    let result = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const mask,
            std::ptr::null::<u64>(),
            std::mem::size_of::<u64>(),
        )
    };
    Errno::result(result).map(drop)
}

/// Puts every signal back to its default disposition, whatever the caller had ignored. Children inherit that.
pub fn default_dispositions() {
    set_dispositions(1..=64, libc::SIG_DFL);
}

/// Ignores the signals that C libraries keep for themselves: they unblock those with the first thread, and one from
/// outside would end the program. Children inherit that, until they call [`default_dispositions`].
pub fn ignore_those_of_threads() {
    set_dispositions(32..=34, libc::SIG_IGN);
}

fn set_dispositions(signals: impl Iterator<Item = i64>, handler: libc::sighandler_t) {
    // The kernel's own structure: handler, flags, restorer, mask. libc's wrapper would refuse the two or three numbers
    // that it keeps for itself, and a caller can have ignored those as well.
    let action = [u64::try_from(handler).unwrap_or(0), 0, 0, 0];
    for signal in signals {
        // SAFETY: the kernel reads 32 bytes at most from `action`, and writes nothing (the old action is null). No
        // handler is installed: it is one of the kernel's two numbers.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                action.as_ptr(),
                std::ptr::null::<u64>(),
                std::mem::size_of::<u64>(),
            )
        };
    }
}
