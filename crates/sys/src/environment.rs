//! The environment as the caller passed it: order, duplicates and entries without `=` included.

use std::ffi::{CStr, c_char};

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Every entry, in order. `std::env` would drop what it does not understand, and an exec must pass on all of it.
///
/// Programs that change their own environment by other means (none here does) must not call this.
#[must_use]
pub fn inherited() -> Vec<&'static CStr> {
    let mut entries = Vec::new();
    // SAFETY: `environ` is set by the C library before main, and nothing in these programs writes to it.
    let mut entry = unsafe { environ };
    if entry.is_null() {
        return entries;
    }
    loop {
        // SAFETY: the array ends with a null pointer, at which the loop stops.
        let text = unsafe { *entry };
        if text.is_null() {
            return entries;
        }
        // SAFETY: each entry before the null is a string that lives as long as the process.
        entries.push(unsafe { CStr::from_ptr(text) });
        // SAFETY: `entry` was not the last, so the next is inside the array.
        entry = unsafe { entry.add(1) };
    }
}

/// As [`inherited`], without the entries of these names.
#[must_use]
pub fn without(names: &[&str]) -> Vec<&'static CStr> {
    let is = |entry: &CStr, name: &str| {
        entry.to_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    };
    let mut entries = inherited();
    entries.retain(|entry| !names.iter().any(|name| is(entry, name)));
    entries
}

/// The value of the first entry of that name.
#[must_use]
pub fn value(name: &str) -> Option<&'static [u8]> {
    inherited().into_iter().find_map(|entry| {
        entry.to_bytes().strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_one_that_std_sees() {
        assert_eq!(value("PATH").map(<[u8]>::to_vec), std::env::var("PATH").ok().map(String::into_bytes));
        assert_eq!(value("NO_SUCH_VARIABLE_HERE"), None);
        let path = |entry: &&CStr| entry.to_bytes().starts_with(b"PATH=");
        assert!(inherited().iter().any(path) && !without(&["PAT", "PATH"]).iter().any(path));
        assert_eq!(without(&["PAT"]), inherited(), "a name is whole");
    }
}
