//! A program that shows something in its own command line, as others read it in /proc: the last argument, which is
//! written over in place.

use crate::descriptor;
use crate::entry::{Args, arguments};
use std::ffi::{CStr, c_char, c_int};

/// Makes the `main` of a program from a function `fn(Args, Option<&'static mut [u8]>) -> u8`: it gets the arguments before
/// the last, and the last one, without its NUL, to write in; none where there is only the program's name.
#[macro_export]
macro_rules! titled_program {
    ($run:path) => {
        // SAFETY: `main` is the one symbol of this name in the program, with the signature that C gives it.
        #[unsafe(no_mangle)]
        extern "C" fn main(argc: core::ffi::c_int, argv: *const *mut core::ffi::c_char) -> core::ffi::c_int {
            // SAFETY: called once, at the start, with what the C library passed.
            unsafe { $crate::title::start(argc, argv, $run) }
        }
    };
}

/// What [`titled_program!`] calls.
///
/// # Safety
///
/// `argc` and `argv` must be what the C library gave to `main`, and nothing else may look at them.
#[doc(hidden)]
pub unsafe fn start(
    argc: c_int,
    argv: *const *mut c_char,
    run: fn(Args, Option<&'static mut [u8]>) -> u8,
) -> c_int {
    descriptor::fill_standard();
    let count = usize::try_from(argc).unwrap_or(0);
    let Some(last) = count.checked_sub(1).filter(|last| *last > 0) else {
        // SAFETY: the caller vouches that argv has that many entries.
        return c_int::from(run(unsafe { arguments(count, argv.cast()) }, None));
    };
    // SAFETY: the same, and the last one is not among them.
    let args = unsafe { arguments(last, argv.cast()) };
    // SAFETY: `last` is the place of the last entry.
    let title = unsafe { *argv.add(last) };
    // SAFETY: it is a string, by the same word.
    let length = unsafe { CStr::from_ptr(title) }.to_bytes().len();
    // SAFETY: C lets a program change its arguments; nobody else has this one, and it lives as long as the process.
    let title = unsafe { std::slice::from_raw_parts_mut(title.cast(), length) };
    c_int::from(run(args, Some(title)))
}
