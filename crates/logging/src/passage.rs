//! How bytes go from stdin to stdout of a program that changes lines: in large blocks, and never kept back while the
//! program waits for more.
//!
//! Both blocks have the slack behind their end that fast copies need.

use crate::copying::{PIECE, copy};
use nix::errno::Errno;
use nix::unistd::{read, write};
use std::os::fd::BorrowedFd;

/// How many bytes are read at once: more than a pipe gives, and few enough to stay in a processor's cache.
const BLOCK: usize = 128 * 1024;
/// How many bytes are collected before they are written without a wait for input being near: what a block of lines of
/// usual length becomes.
const OUTPUT: usize = 2 * BLOCK;

/// What has been read: a block whose end has slack behind it.
#[derive(Debug)]
pub(crate) struct Input {
    from: BorrowedFd<'static>,
    is_open: Result<(), Errno>,
    block: Vec<u8>,
    length: usize,
}

impl Input {
    /// Of stdin.
    pub(crate) fn stdin() -> Self {
        let [from, _, _] = sys::descriptor::standard();
        Self { from, is_open: sys::descriptor::was_open(from), block: vec![0; BLOCK + PIECE], length: 0 }
    }

    /// Waits for the next bytes, and says whether there are any: no means end of file.
    ///
    /// # Errors
    ///
    /// What read says; EBADF where the program was started without a stdin.
    pub(crate) fn read(&mut self) -> Result<bool, Errno> {
        self.is_open?;
        let space = self.block.get_mut(..BLOCK).unwrap_or_default();
        self.length = again(|| read(self.from, space))?;
        Ok(self.length > 0)
    }

    /// What the last read brought.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.block.get(..self.length).unwrap_or_default()
    }

    /// The same from there on, with the slack.
    #[inline]
    pub(crate) fn from(&self, start: usize) -> &[u8] {
        self.block.get(start..).unwrap_or_default()
    }
}

/// What waits to be written.
#[derive(Debug)]
pub(crate) struct Output {
    to: BorrowedFd<'static>,
    is_open: Result<(), Errno>,
    block: Vec<u8>,
    length: usize,
}

impl Output {
    /// To stdout.
    pub(crate) fn stdout() -> Self {
        let [_, to, _] = sys::descriptor::standard();
        Self { to, is_open: sys::descriptor::was_open(to), block: vec![0; OUTPUT + PIECE], length: 0 }
    }

    /// Writes all that waits.
    ///
    /// # Errors
    ///
    /// What write says; EBADF where the program was started without a stdout.
    pub(crate) fn flush(&mut self) -> Result<(), Errno> {
        let mut rest = self.block.get(..self.length).unwrap_or_default();
        self.length = 0;
        while !rest.is_empty() {
            self.is_open?;
            let count = again(|| write(self.to, rest))?;
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Room for a text of at most 32 bytes; [`took`](Self::took) says how many of them it became.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    #[inline]
    pub(crate) fn room(&mut self) -> Result<&mut [u8; PIECE], Errno> {
        if self.length > OUTPUT - PIECE {
            self.flush()?;
        }
        self.block.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut).ok_or(Errno::ENOBUFS)
    }

    /// That many bytes of the room have been used.
    #[inline]
    pub(crate) fn took(&mut self, length: usize) {
        self.length = self.length.saturating_add(length.min(PIECE));
    }

    /// Adds the first `length` bytes of `from`, which has 31 more where it is a part of an [`Input`].
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    #[inline]
    pub(crate) fn copy(&mut self, from: &[u8], length: usize) -> Result<(), Errno> {
        if length > OUTPUT.saturating_sub(self.length) {
            self.flush()?;
        }
        let room = self.block.get_mut(self.length..).unwrap_or_default();
        if !copy(room, from, length) {
            return Err(Errno::ENOBUFS);
        }
        self.length = self.length.saturating_add(length);
        Ok(())
    }
}

/// Repeats a call that a signal interrupts.
fn again(mut call: impl FnMut() -> Result<usize, Errno>) -> Result<usize, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}
