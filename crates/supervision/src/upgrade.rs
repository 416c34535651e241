//! Becoming what is installed now, in the same process: svscan and supervise keep what they hold open, and all else is found by the new
//! program as after a death, so that nothing is lost and nobody is alone for a moment.

use anyhow::Context;
use nix::errno::Errno;
use protocol::kept::{Kept, VARIABLE, VARIABLES};
use std::borrow::Cow;
use std::ffi::{CStr, CString};
use sys::exec::{Strings, execute};
use sys::own_folder::OwnFolder;

/// The program that is installed beside the one that runs, ready to take its place.
#[derive(Debug)]
pub(crate) struct Successor {
    program: CString,
    arguments: Strings,
    environment: Strings,
}

impl Successor {
    /// Finds it; it gets the same arguments, and these variables, as `NAME=value`, beside those that there are.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub(crate) fn find(
        own: &OwnFolder,
        name: &str,
        arguments: &[&'static CStr],
        variables: impl IntoIterator<Item = String>,
    ) -> anyhow::Result<Self> {
        let program = own.program(name).with_context(|| format!("there is no {name} beside this one"))?;
        let inherited = sys::environment::without(&VARIABLES).into_iter().map(Cow::Borrowed);
        let more = variables.into_iter().filter_map(|entry| CString::new(entry).ok()).map(Cow::Owned);
        let environment = Strings::new(inherited.chain(more).collect());
        let arguments = Strings::new(arguments.iter().copied().map(Cow::Borrowed).collect());
        Ok(Self { program, arguments, environment })
    }

    /// Becomes it. Comes back only where that was not possible, and says why: nothing has changed then.
    pub(crate) fn take_over(&self) -> Errno {
        execute(&self.program, &self.arguments, &self.environment)
    }
}

/// The variable that says what is kept.
pub(crate) fn variable(kept: &Kept) -> String {
    format!("{VARIABLE}={kept}")
}

/// What was kept for this program, if it has just become the installed one.
pub(crate) fn kept() -> Option<Kept> {
    sys::environment::value(VARIABLE).map(Kept::parse)
}
