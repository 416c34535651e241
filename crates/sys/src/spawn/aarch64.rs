//! Plain system calls on 64-bit ARM.

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
    // SAFETY: the kernel changes this register only, and the memory that the caller vouches for.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") first => result,
            in("x1") second,
            in("x2") third,
            in("x3") fourth,
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
    // SAFETY: in this process the call changes this register only. In the new one, `child` is called on its own stack.
    unsafe {
        asm!(
            "svc 0",
            "cbnz x0, 2f",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, x9",
            "blr x10",
            "brk 0",
            "2:",
            in("x8") libc::SYS_clone,
            inlateout("x0") flags as isize => result,
            in("x1") stack,
            in("x2") 0,
            in("x3") 0,
            in("x4") shares,
            in("x9") argument,
            in("x10") child,
        );
    }
    result
}
