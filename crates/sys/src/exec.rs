//! Becoming another program with everything made ready beforehand: the call itself takes no memory, so it works under
//! limits that leave none.
//!
//! A name with a slash is taken as it is. Any other is sought in PATH as this process got it, whatever the next program's
//! environment says. What is there and may not be executed does not end the search, but is what is reported at its
//! end: "access denied" although nothing of that name may exist anywhere is how daemontools has always put it.

use nix::errno::Errno;
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};

/// Where programs are sought without a PATH.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

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

    /// The array, which ends with a null and lives as long as this does.
    pub(crate) fn addresses(&self) -> *const *const c_char {
        self.addresses.as_ptr()
    }
}

/// Becomes the program of that file. Comes back only where that failed, and says why.
pub fn execute(file: &CStr, arguments: &Strings, environment: &Strings) -> Errno {
    // SAFETY: both arrays end with a null, and what each address leads to is a string that lives as long as its array.
    unsafe { libc::execve(file.as_ptr(), arguments.addresses.as_ptr(), environment.addresses.as_ptr()) };
    Errno::last()
}

/// Becomes the first of these files that can be executed. Comes back only where there is none: with how many were tried, and
/// which error counts in the end.
pub fn execute_first(files: &[CString], arguments: &Strings, environment: &Strings) -> (usize, Errno) {
    search(files, |file| execute(file, arguments, environment))
}

/// The files that a program's name can mean, in the order in which they are tried; `path` is the value of PATH, if it has any.
#[must_use]
pub fn files(program: &CStr, path: Option<&[u8]>) -> Vec<CString> {
    let name = program.to_bytes_with_nul();
    if name.contains(&b'/') {
        return vec![program.to_owned()];
    }
    let folders = path.unwrap_or(DEFAULT_PATH).split(|byte| *byte == b':');
    let folders = folders.map(|folder| if folder.is_empty() { b"." } else { folder });
    let file = |folder: &[u8]| CString::from_vec_with_nul([folder, b"/", name].concat()).unwrap_or_default();
    folders.map(file).collect()
}

/// Tries one file after the other. Says how many were tried, and which error counts in the end.
fn search(files: &[CString], mut execute: impl FnMut(&CStr) -> Errno) -> (usize, Errno) {
    let mut remembered = Errno::ENOENT;
    for (file, count) in files.iter().zip(1..) {
        match execute(file) {
            Errno::ENOENT => {}
            error @ (Errno::EACCES | Errno::EPERM | Errno::EISDIR) => remembered = error,
            error => return (count, error),
        }
    }
    (files.len(), remembered)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a search tries and says, where these files give these errors and nothing else is there.
    fn searched(program: &CStr, path: &str, there: &[(&str, Errno)]) -> (Vec<String>, Errno) {
        let files = files(program, Some(path.as_bytes()));
        let (count, error) = search(&files, |file| {
            let file = file.to_str().unwrap();
            there.iter().find(|(name, _)| *name == file).map_or(Errno::ENOENT, |(_, error)| *error)
        });
        (files[..count].iter().map(|file| file.to_str().unwrap().to_owned()).collect(), error)
    }

    #[test]
    fn a_name_with_a_slash_is_not_sought() {
        assert_eq!(searched(c"./run", "/bin", &[]), (vec!["./run".to_owned()], Errno::ENOENT));
        assert_eq!(searched(c"bin/", "/bin", &[]).0, ["bin/"]);
    }

    #[test]
    fn the_path_is_gone_through_in_order_and_an_empty_element_is_here() {
        assert_eq!(
            searched(c"x", "/a::b", &[]),
            (["/a/x", "./x", "b/x"].map(str::to_owned).into(), Errno::ENOENT)
        );
        assert_eq!(searched(c"x", "", &[]).0, ["./x"]);
        assert_eq!(searched(c"x", ":", &[]).0, ["./x", "./x"]);
        assert_eq!(searched(c"", "/a", &[]).0, ["/a/"]);
        assert_eq!(files(c"x", None), [c"/bin/x".to_owned(), c"/usr/bin/x".to_owned()]);
    }

    #[test]
    fn what_may_not_be_executed_is_remembered_and_passed_over() {
        let there = [("/a/x", Errno::EACCES), ("/b/x", Errno::EISDIR)];
        assert_eq!(searched(c"x", "/a:/b:/c", &there).1, Errno::EISDIR);
        assert_eq!(searched(c"x", "/b:/a", &there).1, Errno::EACCES);
        assert_eq!(searched(c"x", "/c:/a:/c", &there).1, Errno::EACCES);
    }

    #[test]
    fn any_other_error_ends_the_search() {
        let there = [("/a/x", Errno::EACCES), ("/b/x", Errno::EAGAIN)];
        assert_eq!(
            searched(c"x", "/a:/b:/c", &there),
            (["/a/x", "/b/x"].map(str::to_owned).into(), Errno::EAGAIN)
        );
    }
}
