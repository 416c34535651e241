//! The entry of every program, without Rust's runtime in front of it.
//!
//! The runtime sets SIGPIPE to ignored before `main`, and `exec` would pass that on; a program that
//! execs the next one must change nothing that it was not asked to change. Panics abort (see the root
//! Cargo.toml), so nothing of the runtime is missed.

use crate::descriptor;
use std::ffi::{CStr, c_char, c_int};

/// The arguments, `argv[0]` included where the caller gave one. They live as long as the process.
pub type Args = Vec<&'static CStr>;

/// Makes the `main` of a program from a function `fn(Args) -> u8` that returns the exit code.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        // SAFETY: `main` is the one symbol of this name in the program, with the signature that C gives it.
        #[unsafe(no_mangle)]
        extern "C" fn main(
            argc: core::ffi::c_int,
            argv: *const *const core::ffi::c_char,
        ) -> core::ffi::c_int {
            // SAFETY: called once, at the start, with what the C library passed.
            unsafe { $crate::entry::start(argc, argv, $run) }
        }
    };
}

/// What [`program!`] calls: closed standard descriptors are opened on /dev/null, then `run` runs.
///
/// # Safety
///
/// `argc` and `argv` must be what the C library gave to `main`.
#[doc(hidden)]
pub unsafe fn start(argc: c_int, argv: *const *const c_char, run: fn(Args) -> u8) -> c_int {
    descriptor::fill_standard();
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: what the caller vouches for.
    let args = unsafe { arguments(count, argv) };
    c_int::from(run(args))
}

/// The first arguments, that many.
///
/// # Safety
///
/// `argv` must have as many entries, each a string that lives as long as the process and is changed by nobody.
pub(crate) unsafe fn arguments(count: usize, argv: *const *const c_char) -> Args {
    let mut args = Vec::with_capacity(count);
    for position in 0..count {
        // SAFETY: what the caller vouches for.
        args.push(unsafe { CStr::from_ptr(*argv.add(position)) });
    }
    args
}
