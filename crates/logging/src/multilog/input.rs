//! The input, which is looked at first and taken when it is on disk: whatever ends this logger, what it has not written
//! is still there for the next one.
//!
//! A pipe is looked at with tee(2), a file is read without moving its position. What can do neither (a terminal, a
//! socket) is taken at once.

use memchr::memchr;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, open, splice, tee};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag, fstat};
use nix::sys::uio::pread;
use nix::unistd::{Whence, lseek, pipe2, read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::cuts::STEP;
use super::pattern::HEAD;
use crate::copying::PIECE;

/// How much new input is looked at at once: what a pipe holds.
pub(super) const LOOK: usize = 64 * STEP;

/// What a pipe is made to hold once its writer is faster than we are: it goes on while we write.
const LARGE_PIPE: i32 = 256 * 1024;

/// What a look saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Something new.
    New,
    /// Nothing new at present.
    Nothing,
    /// That nothing will come any more.
    End,
}

/// Bytes of the input, from the beginning of a line or of the rest of a long one.
#[derive(Debug)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// How many of them are input.
    length: usize,
    /// How many of these have been taken.
    taken: usize,
    /// How many are in the logs, or will not be.
    logged: usize,
}

/// Where lines come from.
#[derive(Debug)]
pub(super) struct Input {
    from: BorrowedFd<'static>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Looked at by way of a pipe of our own; what is taken goes to /dev/null.
    Pipe { own: (OwnedFd, OwnedFd), null: OwnedFd, is_large: bool },
    /// Looked at from its position on.
    File,
    /// Taken at once.
    Stream,
}

impl Block {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; HEAD + LOOK + PIECE], length: 0, taken: 0, logged: 0 }
    }

    /// All of it, with what lies behind its end, for copies that go beyond it.
    pub(super) fn with_slack(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Where the first line ends that ends behind `start`, its newline included.
    pub(super) fn line_end_from(&self, start: usize) -> Option<usize> {
        let newline = memchr(b'\n', self.bytes.get(start..self.length)?)?;
        Some(start.saturating_add(newline).saturating_add(1))
    }

    /// Whether any of it can still be given up without being lost.
    pub(super) fn has_untaken(&self) -> bool {
        self.taken < self.length
    }

    /// Drops what is before `start`, which has been taken.
    pub(super) fn begin_at(&mut self, start: usize) {
        self.bytes.copy_within(start..self.length, 0);
        self.length = self.length.saturating_sub(start);
        self.taken = self.taken.saturating_sub(start);
        self.logged = self.logged.saturating_sub(start);
    }

    /// Begins with what an earlier multilog has kept, which is no more than that.
    pub(super) fn begin_with(&mut self, kept: &[u8]) {
        let room = self.bytes.get_mut(..kept.len()).filter(|room| room.len() <= HEAD);
        if let Some(room) = room {
            room.copy_from_slice(kept);
            (self.length, self.taken) = (kept.len(), kept.len());
        }
    }

    /// What is taken and not in the logs.
    pub(super) fn kept(&self) -> &[u8] {
        self.bytes.get(self.logged..self.taken).unwrap_or_default()
    }

    /// How much of that is behind `end`.
    pub(super) fn kept_behind(&self, end: usize) -> usize {
        self.taken.saturating_sub(end.max(self.logged))
    }

    /// What is not taken, up to `end`.
    pub(super) fn untaken(&self, end: usize) -> &[u8] {
        self.bytes.get(self.taken..end).unwrap_or_default()
    }

    /// What is before `end` is taken.
    pub(super) fn is_taken(&mut self, end: usize) {
        self.taken = self.taken.max(end);
    }

    /// What is before `end` is in the logs, or will not be.
    pub(super) fn is_logged(&mut self, end: usize) {
        self.logged = self.logged.max(end);
    }

    /// The byte before `end`.
    pub(super) fn byte_before(&self, end: usize) -> Option<u8> {
        self.bytes.get(end.checked_sub(1)?).copied()
    }
}

impl Input {
    /// stdin.
    pub(super) fn stdin() -> Self {
        let [from, _, _] = sys::descriptor::standard();
        let kind = fstat(from).map(|stat| SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()));
        let kind = match kind {
            Ok(SFlag::S_IFIFO) => pipe_kind(from).unwrap_or(Kind::Stream),
            Ok(SFlag::S_IFREG) => Kind::File,
            _ => Kind::Stream,
        };
        Self { from, kind }
    }

    /// Adds what is new to the block, without taking it where that is possible. `carefully`: no more than needed where it
    /// is not.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn look(&mut self, block: &mut Block, carefully: bool) -> Result<Look, Errno> {
        let known = block.length;
        let start = if matches!(self.kind, Kind::Stream) { known } else { block.taken };
        let end = known.saturating_add(LOOK);
        let Some(room) = block.bytes.get_mut(start..end) else { return Ok(Look::Nothing) };
        let count = match &mut self.kind {
            Kind::Pipe { own, is_large, .. } => match look_into_pipe(self.from, own, room) {
                Ok(count) => {
                    if count >= LOOK && !*is_large {
                        *is_large = true;
                        enlarge(self.from, own);
                    }
                    count
                }
                Err(Errno::EAGAIN) => return Ok(Look::Nothing),
                // Forbidden, or not known here.
                Err(Errno::EINVAL | Errno::ENOSYS | Errno::EPERM | Errno::EACCES) => {
                    self.kind = Kind::Stream;
                    return self.look(block, carefully);
                }
                Err(error) => return Err(error),
            },
            Kind::File => pread(self.from, room, lseek(self.from, 0, Whence::SeekCur)?)?,
            Kind::Stream => {
                let mut asked = [PollFd::new(self.from, PollFlags::POLLIN)];
                if poll(&mut asked, PollTimeout::ZERO)? == 0 {
                    return Ok(Look::Nothing);
                }
                let most = if carefully { 1 } else { room.len() };
                match read(self.from, room.get_mut(..most).unwrap_or_default()) {
                    Err(Errno::EAGAIN) => return Ok(Look::Nothing),
                    other => other?,
                }
            }
        };
        if count == 0 {
            return Ok(Look::End);
        }
        block.length = start.saturating_add(count).max(known);
        if matches!(self.kind, Kind::Stream) {
            block.taken = block.length;
        }
        Ok(if block.length > known { Look::New } else { Look::Nothing })
    }

    /// Takes the block's bytes before `end`: they are on disk, or are kept.
    pub(super) fn take(&mut self, block: &mut Block, end: usize) {
        let Some(left) = end.checked_sub(block.taken).filter(|left| *left > 0) else { return };
        match &self.kind {
            Kind::Pipe { .. } => self.discard(left),
            Kind::File => {
                let _ = lseek(self.from, i64::try_from(left).unwrap_or(0), Whence::SeekCur);
            }
            Kind::Stream => {}
        }
        block.is_taken(end);
    }

    /// The device and number of its inode, where it is a pipe that can be looked into.
    pub(super) fn pipe(&self) -> Option<(u64, u64)> {
        let stat = fstat(self.from).ok().filter(|_| self.is_pipe())?;
        Some((stat.st_dev, stat.st_ino))
    }

    /// Whether it is a pipe that can be looked into.
    pub(super) fn is_pipe(&self) -> bool {
        matches!(self.kind, Kind::Pipe { .. })
    }

    /// Copies the first bytes of a pipe, as many as there are and have room, and gives their number.
    pub(super) fn peek(&self, room: &mut [u8]) -> usize {
        match &self.kind {
            Kind::Pipe { own, .. } => look_into_pipe(self.from, own, room).unwrap_or(0),
            Kind::File | Kind::Stream => 0,
        }
    }

    /// Takes that many bytes from a pipe, and drops them.
    pub(super) fn discard(&self, mut left: usize) {
        let Kind::Pipe { null, .. } = &self.kind else { return };
        while left > 0 {
            left = left.saturating_sub(take_from_pipe(self.from, null, left));
        }
    }

    /// Moves that many bytes of a pipe into a file, at that place; gives how many it were.
    ///
    /// # Errors
    ///
    /// What the system says; then none were.
    pub(super) fn store(&self, file: &OwnedFd, place: usize, count: usize) -> Result<usize, Errno> {
        loop {
            let mut place = i64::try_from(place).unwrap_or(i64::MAX);
            match splice(self.from, None, file, Some(&mut place), count, SpliceFFlags::SPLICE_F_NONBLOCK) {
                Err(Errno::EINTR) => {}
                other => return other,
            }
        }
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.from
    }
}

fn pipe_kind(from: BorrowedFd<'static>) -> Result<Kind, Errno> {
    let own = pipe2(OFlag::O_CLOEXEC)?;
    // As large as the input is, or a look would see less than there is.
    if let Ok(size) = fcntl(from, FcntlArg::F_GETPIPE_SZ) {
        let _ = fcntl(&own.1, FcntlArg::F_SETPIPE_SZ(size.min(LARGE_PIPE)));
    }
    let null = open("/dev/null", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    Ok(Kind::Pipe { own, null, is_large: false })
}

/// Copies the beginning of a pipe's content, without taking it.
fn look_into_pipe(from: BorrowedFd<'_>, own: &(OwnedFd, OwnedFd), room: &mut [u8]) -> Result<usize, Errno> {
    let seen = tee(from, &own.1, room.len(), SpliceFFlags::SPLICE_F_NONBLOCK)?;
    let mut filled: usize = 0;
    while let Some(rest) = room.get_mut(filled..seen).filter(|rest| !rest.is_empty()) {
        match read(&own.0, rest) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Takes up to `left` bytes from a pipe, and says how many.
fn take_from_pipe(from: BorrowedFd<'_>, null: &OwnedFd, left: usize) -> usize {
    match splice(from, None, null, None, left, SpliceFFlags::SPLICE_F_NONBLOCK) {
        Err(Errno::EINTR) => 0,
        // They are gone: somebody else has read them.
        Ok(0) | Err(Errno::EAGAIN) => left,
        Ok(count) => count,
        // There is no /dev/null here.
        Err(_) => {
            let mut bytes = [0; 4096];
            let most = left.min(bytes.len());
            read(from, bytes.get_mut(..most).unwrap_or_default()).map_or(left, |count| count.max(1))
        }
    }
}

/// Makes both pipes larger. It may be forbidden; then it is slower.
fn enlarge(from: BorrowedFd<'_>, own: &(OwnedFd, OwnedFd)) {
    for end in [from, own.1.as_fd()] {
        if fcntl(end, FcntlArg::F_GETPIPE_SZ).is_ok_and(|size| size < LARGE_PIPE) {
            let _ = fcntl(end, FcntlArg::F_SETPIPE_SZ(LARGE_PIPE));
        }
    }
}
