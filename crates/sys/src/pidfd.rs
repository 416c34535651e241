//! A process held by a descriptor: the one that was meant, and never another that got its number later.

use crate::process::{self, Ending};
use crate::signals::SignalNumber;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::fstat;
use nix::sys::statfs::{FsType, fstatfs};
use nix::unistd::Pid;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// The file system of pidfds, from Linux 6.9 on: there an inode is one process for as long as the machine runs.
const PID_FS: u32 = 0x5049_4446;

/// `PIDFD_SIGNAL_PROCESS_GROUP`, from Linux 6.9 on.
const TO_GROUP: libc::c_uint = 1 << 2;

/// `PIDFD_GET_INFO`, from Linux 6.13 on: reads and writes 64 bytes.
const GET_INFO: libc::c_ulong = 0xc040_ff0b;

/// `PIDFD_INFO_EXIT`, from Linux 6.15 on.
const INFO_EXIT: u64 = 1 << 3;

/// A process, for as long as this lives: ended or not, its number leads to it or to nobody.
#[derive(Debug)]
pub struct Pidfd(OwnedFd);

/// The kernel's `struct pidfd_info` in its first size.
#[repr(C)]
struct Info {
    mask: u64,
    others: [u32; 13],
    exit_code: i32,
}

impl Pidfd {
    /// Holds the process that has this number now, also one that has ended and is not reaped.
    ///
    /// # Errors
    ///
    /// ESRCH where there is none; ENOSYS before Linux 5.3; what else the system says.
    pub fn open(pid: Pid) -> Result<Self, Errno> {
        // SAFETY: no memory is involved.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
        let number = RawFd::try_from(Errno::result(result)?).map_err(|_| Errno::EBADF)?;
        // SAFETY: just opened, and owned by nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(number) }))
    }

    /// The number that no other process gets before the machine is started again; `None` where the kernel has none.
    #[must_use]
    pub fn inode(&self) -> Option<u64> {
        let FsType(kind) = fstatfs(&self.0).ok()?.filesystem_type();
        // The C libraries give the number different types; it has 32 bits.
        let has_inodes = kind as u32 == PID_FS;
        has_inodes.then(|| fstat(&self.0).ok().map(|stat| stat.st_ino)).flatten()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    ///
    /// ESRCH where it has ended and was reaped; EPERM.
    pub fn send(&self, signal: SignalNumber) -> Result<(), Errno> {
        self.send_with(signal, 0)
    }

    /// Sends a signal to the process group that it leads.
    ///
    /// # Errors
    ///
    /// EINVAL before Linux 6.9; ESRCH where it leads none, or nobody is left in it; EPERM.
    pub fn send_to_group(&self, signal: SignalNumber) -> Result<(), Errno> {
        self.send_with(signal, TO_GROUP)
    }

    fn send_with(&self, signal: SignalNumber, flags: libc::c_uint) -> Result<(), Errno> {
        let (number, no_info) = (self.0.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
        // SAFETY: a null siginfo has the kernel write its own; no other memory is involved.
        let result =
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, number, signal.number(), no_info, flags) };
        Errno::result(result).map(drop)
    }

    /// The file that it has open under this number, opened for us as well, close-on-exec.
    ///
    /// # Errors
    ///
    /// EBADF where it has none there; EPERM where we may not trace it; ENOSYS before Linux 5.6; ESRCH where it has ended.
    pub fn descriptor(&self, number: RawFd) -> Result<OwnedFd, Errno> {
        // SAFETY: no memory is involved.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_getfd, self.0.as_raw_fd(), number, 0) };
        let number = RawFd::try_from(Errno::result(result)?).map_err(|_| Errno::EBADF)?;
        // SAFETY: just opened, and owned by nobody else.
        Ok(unsafe { OwnedFd::from_raw_fd(number) })
    }

    /// Whether it has ended, whether or not it was reaped.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.poll(PollFlags::POLLIN, Duration::ZERO)
    }

    /// How a process that has ended and that is somebody else's child did that. The kernel tells it once it was reaped,
    /// which is waited for at most so long; an old kernel does not tell it.
    #[must_use]
    pub fn ending(&self, at_most: Duration) -> Ending {
        if let Some(ending) = self.exit_info() {
            return ending;
        }
        // Without an event asked for, only the one that always counts: POLLHUP, when it was reaped.
        self.poll(PollFlags::empty(), at_most);
        self.exit_info().unwrap_or(Ending::Unknown)
    }

    fn exit_info(&self) -> Option<Ending> {
        let mut info = MaybeUninit::new(Info { mask: INFO_EXIT, others: [0; 13], exit_code: 0 });
        // SAFETY: the kernel reads and writes the 64 bytes at that address, which is what the number of the call says and
        // what the structure has.
        let result =
            unsafe { libc::syscall(libc::SYS_ioctl, self.0.as_raw_fd(), GET_INFO, info.as_mut_ptr()) };
        // SAFETY: it was whole before the call, and the kernel writes integers.
        let info = unsafe { info.assume_init() };
        (result == 0 && info.mask & INFO_EXIT != 0).then(|| process::ending(info.exit_code))
    }

    fn poll(&self, events: PollFlags, at_most: Duration) -> bool {
        let mut asked = [PollFd::new(self.0.as_fd(), events)];
        let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        poll(&mut asked, timeout).is_ok_and(|count| count > 0)
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;
    use std::process::{Child, Command};

    fn sleeping() -> (Child, Pidfd) {
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pidfd = Pidfd::open(Pid::from_raw(child.id().try_into().unwrap())).unwrap();
        (child, pidfd)
    }

    #[test]
    fn the_kernels_structure_has_its_size() {
        assert_eq!(std::mem::size_of::<Info>(), 64);
        assert_eq!(std::mem::offset_of!(Info, exit_code), 60);
    }

    #[test]
    fn a_process_has_one_inode_and_no_other_has_it() {
        let ((mut one, first), (mut other, second)) = (sleeping(), sleeping());
        let again = Pidfd::open(Pid::from_raw(one.id().try_into().unwrap())).unwrap();
        assert_eq!(first.inode(), again.inode());
        assert!(first.inode().is_none() || first.inode() != second.inode());
        for child in [&mut one, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    #[test]
    fn a_file_that_it_has_open_can_be_had() {
        let mut child =
            Command::new("sleep").arg("1000").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pidfd = Pidfd::open(Pid::from_raw(child.id().try_into().unwrap())).unwrap();
        let stdin = std::fs::metadata(format!("/proc/{}/fd/0", child.id())).unwrap();
        let had = std::fs::File::from(pidfd.descriptor(0).unwrap()).metadata().unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::ino(&had), std::os::unix::fs::MetadataExt::ino(&stdin));
        assert_eq!(pidfd.descriptor(900).unwrap_err(), Errno::EBADF);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn its_end_and_how_it_ended_are_seen() {
        let (mut child, pidfd) = sleeping();
        assert!(!pidfd.has_ended());
        pidfd.send(SignalNumber::from(Signal::SIGTERM)).unwrap();
        child.wait().unwrap();
        assert!(pidfd.has_ended());
        // What kernels from 6.15 on tell.
        let ending = pidfd.ending(Duration::ZERO);
        assert!(matches!(ending, Ending::Killed(15) | Ending::Unknown), "{ending:?}");
        assert_eq!(pidfd.send(SignalNumber::from(Signal::SIGTERM)), Err(Errno::ESRCH));
    }
}
