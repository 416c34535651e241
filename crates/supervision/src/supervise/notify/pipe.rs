//! The pipe of s6's `notification-fd`: a service that writes a line to it is ready.
//!
//! The service has its end open for reading as well. So the pipe lives as long as the service does: a service that writes while
//! there is no supervise is not ended by SIGPIPE, and what it has written is there for the next supervise, which takes the pipe
//! back from it.

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, open, tee};
use nix::sys::stat::Mode;
use nix::sys::statfs::{FsType, fstatfs};
use nix::unistd::{pipe2, read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use sys::descriptor::set_blocking;
use sys::pidfd::Pidfd;

/// The file system of pipes that have no name.
const PIPE_FS: u32 = 0x5049_5045;

/// How much is read at once.
const BLOCK: usize = 4096;

/// supervise's end of the pipe.
#[derive(Debug)]
pub(in super::super) struct NotifyPipe(OwnedFd);

/// What has come through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Heard {
    /// Nothing that means something.
    Nothing,
    /// A line: it is ready. The line stays in the pipe.
    Ready,
    /// Nobody has the other end any more.
    Over,
}

impl NotifyPipe {
    /// A new one: our end, and the one for the service.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(in super::super) fn pair() -> Result<(Self, OwnedFd), Errno> {
        let (ours, theirs) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        let theirs = match again(&theirs, OFlag::O_RDWR) {
            Ok(both) => both,
            // Without /proc it can only be what it is.
            Err(_) => {
                set_blocking(&theirs)?;
                theirs
            }
        };
        Ok((Self(ours), theirs))
    }

    /// The one that an earlier version of this program had.
    pub(in super::super) fn kept(pipe: OwnedFd) -> Self {
        Self(pipe)
    }

    /// The one that an earlier supervise has given to this process under that number; `None` where it has something else there
    /// now, or where we may not look.
    pub(in super::super) fn taken_back(from: &Pidfd, number: RawFd) -> Option<Self> {
        let theirs = from.descriptor(number).ok()?;
        // A pipe without a name that is open for both: hardly any other than ours is.
        let FsType(kind) = fstatfs(&theirs).ok()?.filesystem_type();
        let flags = OFlag::from_bits_retain(fcntl(&theirs, FcntlArg::F_GETFL).ok()?);
        // The C libraries give the number different types; it has 32 bits.
        let is_ours = kind as u32 == PIPE_FS && flags & OFlag::O_ACCMODE == OFlag::O_RDWR;
        if !is_ours {
            return None;
        }
        again(&theirs, OFlag::O_RDONLY | OFlag::O_NONBLOCK).ok().map(Self)
    }

    /// What has come. What says nothing is taken out; a line stays, so that a later supervise finds it as well, where this one
    /// ends before it is on record.
    // Its block would be on the stack of every supervise, of which few have such a pipe.
    #[inline(never)]
    pub(in super::super) fn next(&self) -> Heard {
        let mut block = [0; BLOCK];
        let copied = match self.copy(&mut block) {
            Ok(copied) => copied,
            // No second pipe can be had now: then what is there is taken.
            Err(_) => return heard(read(&self.0, &mut block), &block),
        };
        let heard = heard(copied, &block);
        if let (Heard::Nothing, Ok(length)) = (heard, copied) {
            let _ = block.get_mut(..length).map(|block| read(&self.0, block));
        }
        heard
    }

    /// Copies what is in the pipe, as read would give it. The outer error is that there is no way to.
    fn copy(&self, block: &mut [u8]) -> Result<Result<usize, Errno>, Errno> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        match tee(&self.0, &writer, block.len(), SpliceFFlags::SPLICE_F_NONBLOCK) {
            Ok(0) => Ok(Ok(0)),
            Ok(_) => read(&reader, block).map(Ok),
            Err(Errno::EAGAIN) => Ok(Err(Errno::EAGAIN)),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for NotifyPipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What the result of reading means.
fn heard(length: Result<usize, Errno>, block: &[u8]) -> Heard {
    match length {
        Ok(0) => Heard::Over,
        Ok(length) if block.iter().take(length).any(|byte| *byte == b'\n') => Heard::Ready,
        Ok(_) | Err(_) => Heard::Nothing,
    }
}

/// Opens the same pipe once more, in another way.
fn again(pipe: &OwnedFd, flags: OFlag) -> Result<OwnedFd, Errno> {
    open(format!("/proc/self/fd/{}", pipe.as_raw_fd()).as_str(), flags | OFlag::O_CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests;
