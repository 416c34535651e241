//! A look-up that failed, in words. An account that does not exist is no failure and is not here.

use std::error::Error;
use std::ffi::CString;
use std::fmt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::unistd::Uid;

/// The database could not be asked: what was looked up, and why that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupError {
    subject: Subject,
    cause: Cause,
}

/// What was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Account(CString),
    Uid(Uid),
    Group(CString),
    GroupsOf(CString),
}

/// Why a look-up failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A file exists and could not be read.
    Unreadable(PathBuf, Errno),
    /// NSS reported an error.
    Nss(Errno),
    /// The name in the question, or in NSS's answer, cannot be passed on without loss.
    NotUtf8,
}

impl LookupError {
    pub(crate) fn new(subject: Subject, cause: Cause) -> Self {
        Self { subject, cause }
    }

    /// The error number closest to the reason, for reports that have no room for words.
    pub fn errno(&self) -> Errno {
        match self.cause {
            Cause::Unreadable(_, errno) | Cause::Nss(errno) => errno,
            Cause::NotUtf8 => Errno::EILSEQ,
        }
    }
}

impl Error for LookupError {}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unable to look up {}: {}", self.subject, self.cause)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(name) => write!(f, "account {}", name.to_string_lossy()),
            Self::Uid(uid) => write!(f, "uid {uid}"),
            Self::Group(name) => write!(f, "group {}", name.to_string_lossy()),
            Self::GroupsOf(name) => write!(f, "the groups of account {}", name.to_string_lossy()),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, errno) => write!(f, "unable to read {}: {}", path.display(), errno.desc()),
            Self::Nss(errno) => f.write_str(errno.desc()),
            Self::NotUtf8 => f.write_str("name is not UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_looked_up_and_why_that_failed() {
        let bob = || CString::from(c"bob");
        let unreadable = || Cause::Unreadable("/etc/passwd".into(), Errno::EACCES);
        for (subject, cause, text, errno) in [
            (
                Subject::Account(bob()),
                unreadable(),
                "unable to look up account bob: unable to read /etc/passwd: Permission denied",
                Errno::EACCES,
            ),
            (
                Subject::Uid(Uid::from_raw(7)),
                Cause::Nss(Errno::ETIMEDOUT),
                "unable to look up uid 7: Connection timed out",
                Errno::ETIMEDOUT,
            ),
            (
                Subject::Group(CString::from(c"w\xff")),
                Cause::NotUtf8,
                "unable to look up group w\u{fffd}: name is not UTF-8",
                Errno::EILSEQ,
            ),
            (
                Subject::GroupsOf(bob()),
                Cause::Nss(Errno::EINVAL),
                "unable to look up the groups of account bob: Invalid argument",
                Errno::EINVAL,
            ),
        ] {
            let error = LookupError::new(subject, cause);
            assert_eq!(error.to_string(), text);
            assert_eq!(error.errno(), errno);
        }
    }
}
