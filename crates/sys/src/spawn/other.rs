//! Processors for which nothing is written.

use std::ffi::{c_int, c_long};

pub(super) const IS_KNOWN: bool = false;

/// Never called.
pub(super) unsafe fn call(_: c_long, _: [usize; 4]) -> isize {
    -(libc::ENOSYS as isize)
}

/// Makes no process.
pub(super) unsafe fn clone<T>(
    _: c_int,
    _: *mut u8,
    _: *mut c_int,
    _: unsafe extern "C" fn(*const T) -> !,
    _: *const T,
) -> isize {
    -(libc::ENOSYS as isize)
}
