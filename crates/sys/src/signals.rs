//! Signals of a resident program: all blocked, read from a descriptor, so that none is lost between a look and
//! a wait, and none that nobody thought of ends the program.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::{AsFd, BorrowedFd};

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
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None)?;
        SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Self)
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

/// Unblocks every signal: for a child that is about to become another program.
///
/// # Errors
///
/// What the system says.
pub fn unblock_all() -> Result<(), Errno> {
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

/// Puts every signal back to its default disposition, whatever the caller had ignored. Children inherit that.
pub fn default_dispositions() {
    // The kernel's own structure: handler, flags, restorer, mask. All zeroes is SIG_DFL. libc's wrapper would
    // refuse the two or three numbers that it keeps for itself, and a caller can have ignored those as well.
    let default = [0_u64; 4];
    for signal in 1..=64_i64 {
        // SAFETY: the kernel reads 32 bytes at most from `default`, and writes nothing (the old action is null).
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                std::ptr::null::<u64>(),
                std::mem::size_of::<u64>(),
            )
        };
    }
}
