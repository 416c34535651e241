//! Making a process that shares our memory until it is another program. Nothing is copied for it, neither page tables nor pages,
//! which is most of what fork takes; and other than with vfork or posix_spawn we go on at once, so a file system that hangs while the
//! program is executed holds up nobody but the new process.
//!
//! What shares our memory may touch nothing of ours: not the heap, and nothing that a thread has for itself, such as errno. So all that
//! it needs is made ready beforehand ([`Program`]), and the few lines that it goes through make plain system calls (`child`, below).
//! The memory that it looks at is kept until the kernel says that it looks no more ([`Spawned`]).
//!
//! On processors for which those lines are not written, [`can_share`] says no: there one forks.

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
#[path = "spawn/aarch64.rs"]
mod machine;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))))]
#[path = "spawn/other.rs"]
mod machine;
#[cfg(target_arch = "x86_64")]
#[path = "spawn/x86_64.rs"]
mod machine;

use crate::exec::Strings;
use machine::call;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::cell::UnsafeCell;
use std::ffi::CString;
use std::fmt;
use std::mem::ManuallyDrop;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// The child's stack. Its few lines take a hundred bytes of it; more where nothing is optimized.
const STACK: usize = if cfg!(debug_assertions) { 8192 } else { 512 };

/// The exit code of one that was not told to go on.
const NOT_BEGUN: i32 = 0;

/// The exit code of one that could not execute its program.
const FAILED: i32 = 111;

/// A program to be executed, and what the new process does before that. It gets a session of its own, and has no signal blocked.
#[derive(Debug)]
pub struct Program {
    /// The file, as execve takes it.
    pub file: CString,
    /// Its arguments.
    pub arguments: Strings,
    /// Its environment.
    pub environment: Strings,
    /// What is closed at once, before it waits for anything.
    pub close: Vec<RawFd>,
    /// A stream socket: it goes on when a byte comes ([`Spawned::go_on`] may be sooner), and ends where the other end closes without
    /// one.
    pub word: RawFd,
    /// What the program gets although it is close-on-exec.
    pub keep: Vec<RawFd>,
    /// Whether stderr goes where stdout does.
    pub joins_stderr: bool,
    /// What is sent through `word` where the program cannot be executed.
    pub failure: Vec<u8>,
    /// Where in that the system's error goes: 4 bytes, the lowest first.
    pub errno_at: usize,
}

/// What the child looks at while it shares our memory.
struct Shared {
    program: Program,
    failure: UnsafeCell<[u8; MOST]>,
    length: usize,
    /// It may go on: seen at once where it looks at this moment, without either of us sleeping in between.
    may_go_on: AtomicBool,
    /// Not 0 as long as it does. The kernel writes the 0 when the process has become another program, or has ended.
    shares: AtomicI32,
    stack: UnsafeCell<Stack>,
}

/// So often it looks before it sleeps: for some microseconds, in which it is mostly told.
const LOOKS: u32 = 500;

/// The longest [`Program::failure`].
const MOST: usize = 128;

#[repr(C, align(16))]
struct Stack([u8; STACK]);

/// A process that was made so. To be kept until it has become its program or has ended; dropped before, what it looks at is never
/// freed.
pub struct Spawned(ManuallyDrop<Box<Shared>>);

/// Whether processes can be made so on this machine.
#[must_use]
pub fn can_share() -> bool {
    machine::IS_KNOWN
}

impl Program {
    /// Makes the process.
    ///
    /// # Errors
    ///
    /// ENOSYS where [`can_share`] says no; E2BIG for a `failure` of more than 128 bytes; what clone says. No process exists then.
    pub fn spawn(self) -> Result<(Pid, Spawned), Errno> {
        if !can_share() {
            return Err(Errno::ENOSYS);
        }
        let length = self.failure.len();
        let mut failure = [0; MOST];
        failure.get_mut(..length).ok_or(Errno::E2BIG)?.copy_from_slice(&self.failure);
        if self.errno_at.saturating_add(size_of::<i32>()) > MOST {
            return Err(Errno::E2BIG);
        }
        let shared = Box::new(Shared {
            program: self,
            failure: UnsafeCell::new(failure),
            length,
            may_go_on: AtomicBool::new(false),
            shares: AtomicI32::new(1),
            stack: UnsafeCell::new(Stack([0; STACK])),
        });
        let flags = libc::CLONE_VM | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD;
        // SAFETY: the end of the stack is aligned to 16, and nobody else uses the stack; `child` never returns, and gets what it
        // looks at, which `Spawned` keeps in its place until the kernel has written 0 to `shares`.
        let result = unsafe {
            let top = shared.stack.get().add(1).cast::<u8>();
            machine::clone(flags, top, shared.shares.as_ptr(), child, &raw const *shared)
        };
        let spawned = Spawned(ManuallyDrop::new(shared));
        match i32::try_from(result) {
            Ok(pid) if pid > 0 => Ok((Pid::from_raw(pid), spawned)),
            result => {
                spawned.0.shares.store(0, Ordering::Relaxed);
                Err(Errno::from_raw(result.unwrap_or(0).wrapping_neg()))
            }
        }
    }
}

impl Spawned {
    /// Lets it go on, if it has not yet begun to wait for its word: so that is to be sent as well.
    pub fn go_on(&self) {
        self.0.may_go_on.store(true, Ordering::Release);
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        if self.0.shares.load(Ordering::Acquire) == 0 {
            // SAFETY: nobody else looks at it any more, and it is not touched after this.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

impl fmt::Debug for Spawned {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Spawned").field("program", &self.0.program).finish_non_exhaustive()
    }
}

/// The new process, from its first instruction to the program's.
///
/// # Safety
///
/// `shared` must live until this process has ended or become another program, and nobody else may change what is in it.
unsafe extern "C" fn child(shared: *const Shared) -> ! {
    // SAFETY: what the caller vouches for. The addresses that the kernel gets are those of live memory of the size that it is told;
    // the call for execve gets arrays that end with a null.
    unsafe {
        let Shared { program, failure, length, may_go_on, .. } = &*shared;
        let word = argument(program.word);
        for number in &program.close {
            call(libc::SYS_close, [argument(*number), 0, 0, 0]);
        }
        call(libc::SYS_setsid, [0; 4]);
        let byte = UnsafeCell::new(0_u8);
        let mut is_told = (0..LOOKS).any(|_| {
            std::hint::spin_loop();
            may_go_on.load(Ordering::Acquire)
        });
        while !is_told {
            match call(libc::SYS_read, [word, byte.get() as usize, 1, 0]) {
                1 => is_told = true,
                error if error == -(libc::EINTR as isize) => {}
                _ => end(NOT_BEGUN),
            }
        }
        if program.joins_stderr {
            call(libc::SYS_dup3, [1, 2, 0, 0]);
        }
        for number in &program.keep {
            call(libc::SYS_fcntl, [argument(*number), libc::F_SETFD as usize, 0, 0]);
        }
        let nothing = 0_u64;
        let mask = &raw const nothing as usize;
        call(libc::SYS_rt_sigprocmask, [libc::SIG_SETMASK as usize, mask, 0, size_of::<u64>()]);
        let (arguments, environment) = (program.arguments.addresses(), program.environment.addresses());
        let result = call(
            libc::SYS_execve,
            [program.file.as_ptr() as usize, arguments as usize, environment as usize, 0],
        );
        let errno = i32::try_from(result.wrapping_neg()).unwrap_or(0);
        failure.get().cast::<u8>().add(program.errno_at).cast::<i32>().write_unaligned(errno);
        call(libc::SYS_write, [word, failure.get() as usize, *length, 0]);
        end(FAILED)
    }
}

fn argument(number: RawFd) -> usize {
    number as usize
}

fn end(code: i32) -> ! {
    loop {
        // SAFETY: ends the process; no memory is involved.
        unsafe { call(libc::SYS_exit_group, [argument(code), 0, 0, 0]) };
    }
}

#[cfg(test)]
mod tests;
