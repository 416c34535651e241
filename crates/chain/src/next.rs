//! The ending that all programs here share: becoming the next program.
//!
//! A name with a slash is taken as it is. Any other is sought in PATH as this process got it, whatever the next program's
//! environment says. What is there and may not be executed does not end the search, but is what is reported at its
//! end: "access denied" although nothing of that name may exist anywhere is how daemontools has always put it.

use crate::environment::Environment;
use cli::text::shown;
use cli::{Failure, Program};
use nix::errno::Errno;
use std::borrow::Cow;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use sys::entry::Args;
use sys::exec::{Strings, execute};

/// Where programs are sought without a PATH.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// Runs a program that becomes the next one: it comes back only where it did not, and says why.
pub(crate) fn chain_load(
    program: Program,
    args: Args,
    become_child: impl FnOnce(&[&'static CStr]) -> Result<Infallible, Failure>,
) -> u8 {
    program.run(args, |args| {
        let Err(failure) = become_child(&args);
        Err(failure)
    })
}

/// The next program: its name, its arguments and its environment.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    program: &'static CStr,
    arguments: Vec<&'static CStr>,
    /// What it will find in its environment.
    pub(crate) environment: Environment,
}

/// The next program with all that its execution takes: from here on no memory is needed.
#[derive(Debug)]
pub(crate) struct Ready {
    program: &'static CStr,
    files: Vec<CString>,
    arguments: Strings,
    environment: Strings,
}

/// The next program was not executed.
#[derive(Debug)]
pub(crate) struct NotRun {
    /// The name as it was given.
    pub(crate) program: &'static CStr,
    /// Every file that was tried.
    pub(crate) tried: Vec<CString>,
    /// Why it failed.
    pub(crate) error: Errno,
}

impl Next {
    /// The program that a command line ends in; `None` where it names none. It gets the environment of this one.
    pub(crate) fn from_operands(operands: &[&'static CStr]) -> Option<Self> {
        let program = operands.first()?;
        Some(Self { program, arguments: operands.to_vec(), environment: Environment::inherited() })
    }

    /// Becomes the program. Comes back only where that failed.
    pub(crate) fn run(self) -> Result<Infallible, NotRun> {
        self.ready().run()
    }

    /// Makes everything for that.
    pub(crate) fn ready(self) -> Ready {
        let path = sys::environment::value("PATH").unwrap_or(DEFAULT_PATH);
        Ready {
            program: self.program,
            files: files(self.program, path),
            arguments: Strings::new(self.arguments.into_iter().map(Cow::Borrowed).collect()),
            environment: Strings::new(self.environment.into_entries()),
        }
    }
}

impl Ready {
    /// Becomes the program. Comes back only where that failed.
    pub(crate) fn run(self) -> Result<Infallible, NotRun> {
        let Self { program, files: mut tried, arguments, environment } = self;
        let (count, error) = search(&tried, |file| execute(file, &arguments, &environment));
        tried.truncate(count);
        Err(NotRun { program, tried, error })
    }
}

impl From<NotRun> for anyhow::Error {
    fn from(not_run: NotRun) -> Self {
        let program = shown(not_run.program.to_bytes());
        Self::from(not_run.error).context(format!("unable to run {program}"))
    }
}

impl From<NotRun> for Failure {
    fn from(not_run: NotRun) -> Self {
        Self::Fatal(not_run.into())
    }
}

/// The files that a program's name can mean, in the order in which they are tried.
fn files(program: &CStr, path: &[u8]) -> Vec<CString> {
    let name = program.to_bytes_with_nul();
    if name.contains(&b'/') {
        return vec![program.to_owned()];
    }
    let folders =
        path.split(|byte| *byte == b':').map(|folder| if folder.is_empty() { b"." } else { folder });
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
        let files = files(program, path.as_bytes());
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
