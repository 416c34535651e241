//! Which folder a name means. The looking is the caller's.

use std::ffi::{CStr, CString};

/// Where service directories are, where nothing says otherwise: that of daemontools 0.76, and that of Debian.
const DIRECTORIES: [&[u8]; 2] = [b"/service", b"/etc/service"];

/// From where a program asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker<'a> {
    /// The value of `SVDIR`.
    pub directory: Option<&'a [u8]>,
    /// It works in a service folder whose supervise runs: it is, or was started by, that service's run.
    pub is_service: bool,
}

/// The folders that a name can mean, of which the first that is there is meant.
///
/// With a `/`, or as `.` or `..`, it is a path. Any other name is sought in the service directory: that of `SVDIR`; that of the
/// service which asks; or the machine's.
#[must_use]
pub fn candidates(name: &CStr, asker: Asker<'_>) -> Vec<CString> {
    let bytes = name.to_bytes();
    if bytes.contains(&b'/') || matches!(bytes, b"" | b"." | b"..") {
        return vec![name.to_owned()];
    }
    let within = |directory: &[u8]| {
        let slash = if directory.ends_with(b"/") { &b""[..] } else { b"/" };
        CString::new([directory, slash, bytes].concat()).unwrap_or_default()
    };
    match asker.directory.filter(|directory| !directory.is_empty()) {
        Some(directory) => vec![within(directory)],
        None if asker.is_service => vec![within(b"..")],
        None => DIRECTORIES.map(within).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(name: &CStr, directory: Option<&str>, is_service: bool) -> Vec<String> {
        let asker = Asker { directory: directory.map(str::as_bytes), is_service };
        candidates(name, asker).into_iter().map(|path| path.into_string().unwrap()).collect()
    }

    #[test]
    fn a_path_is_what_it_says() {
        for path in [c"./db", c"/x/db", c"web/log", c".", c"..", c""] {
            assert_eq!(sought(path, Some("/sv"), true), [path.to_str().unwrap()]);
        }
    }

    #[test]
    fn a_name_is_sought_in_the_service_directory() {
        assert_eq!(sought(c"db", Some("/sv"), true), ["/sv/db"]);
        assert_eq!(sought(c"db", Some("/sv/"), false), ["/sv/db"]);
        assert_eq!(sought(c"db", Some(""), true), ["../db"], "an empty variable is none");
        assert_eq!(sought(c"db", None, true), ["../db"]);
        assert_eq!(sought(c"db", None, false), ["/service/db", "/etc/service/db"]);
        assert_eq!(sought(c"..db", None, true), ["../..db"]);
    }
}
