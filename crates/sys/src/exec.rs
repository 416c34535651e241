//! Becoming another program with everything made ready beforehand: the call itself takes no memory, so it works under
//! limits that leave none.

use nix::errno::Errno;
use std::borrow::Cow;
use std::ffi::{CStr, c_char};

/// The arguments or the variables of a program, in the form in which the kernel takes them.
#[derive(Debug)]
pub struct Strings {
    /// The address of each string, and a null.
    addresses: Vec<*const c_char>,
    /// What they lead to: never changed, so that nothing moves.
    _strings: Vec<Cow<'static, CStr>>,
}

impl Strings {
    /// These, in this order.
    #[must_use]
    pub fn new(strings: Vec<Cow<'static, CStr>>) -> Self {
        let end = std::iter::once(std::ptr::null());
        Self {
            addresses: strings.iter().map(|string| string.as_ptr()).chain(end).collect(),
            _strings: strings,
        }
    }
}

/// Becomes the program of that file. Comes back only where that failed, and says why.
pub fn execute(file: &CStr, arguments: &Strings, environment: &Strings) -> Errno {
    // SAFETY: both arrays end with a null, and what each address leads to is a string that lives as long as its array.
    unsafe { libc::execve(file.as_ptr(), arguments.addresses.as_ptr(), environment.addresses.as_ptr()) };
    Errno::last()
}
