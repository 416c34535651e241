//! The ending that all programs here share: becoming the next program. Where it is sought is decided in [`sys::exec`].

use crate::environment::Environment;
use cli::text::shown;
use cli::{Failure, Program};
use nix::errno::Errno;
use std::borrow::Cow;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use sys::entry::Args;
use sys::exec::{Strings, execute_first, files};

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
        Ready {
            program: self.program,
            files: files(self.program, sys::environment::value("PATH")),
            arguments: Strings::new(self.arguments.into_iter().map(Cow::Borrowed).collect()),
            environment: Strings::new(self.environment.into_entries()),
        }
    }
}

impl Ready {
    /// Becomes the program. Comes back only where that failed.
    pub(crate) fn run(self) -> Result<Infallible, NotRun> {
        let Self { program, files: mut tried, arguments, environment } = self;
        let (count, error) = execute_first(&tried, &arguments, &environment);
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
