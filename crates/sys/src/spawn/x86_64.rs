//! Plain system calls on x86-64.

use std::arch::asm;
use std::ffi::{c_int, c_long};

pub(super) const IS_KNOWN: bool = true;

/// A system call; a negative result is an error's number.
///
/// # Safety
///
/// The arguments must be what the call expects.
pub(super) unsafe fn call(number: c_long, [first, second, third, fourth]: [usize; 4]) -> isize {
    let result;
    // SAFETY: the kernel changes these registers only, and the memory that the caller vouches for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// clone(2), with `child` called on another stack in the new process. The new process's number, or an error's, negative.
///
/// # Safety
///
/// `stack` must be the end of a free stack, aligned to 16, `shares` an address that lives as long as the process shares our memory, and
/// `child` must keep to what a process may do that shares it.
pub(super) unsafe fn clone<T>(
    flags: c_int,
    stack: *mut u8,
    shares: *mut c_int,
    child: unsafe extern "C" fn(*const T) -> !,
    argument: *const T,
) -> isize {
    let result;
    // SAFETY: in this process the call changes these registers only. In the new one, `child` is called on its own stack.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "xor ebp, ebp",
            "mov rdi, r12",
            "call r13",
            "ud2",
            "2:",
            inlateout("rax") libc::SYS_clone as isize => result,
            in("rdi") flags as isize,
            in("rsi") stack,
            in("rdx") 0,
            in("r10") shares,
            in("r8") 0,
            in("r12") argument,
            in("r13") child,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    result
}
