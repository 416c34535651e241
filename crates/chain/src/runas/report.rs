//! Where runas says what went wrong: on stderr, or, where supervise has started it, on the socket that supervise reads.

use super::PROGRAM;
use accounts::LookupError;
use cli::Failure;
use cli::failure::{FATAL, USAGE};
use nix::errno::Errno;
use protocol::report::{Report, Step, VARIABLE};
use std::fs::File;
use std::io::Write;
use std::os::fd::RawFd;

/// A start that went no further, and why.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// Where it stopped.
    pub(crate) step: Step,
    /// The system's error, 0 where there was none.
    pub(crate) errno: i32,
    /// The whole reason.
    pub(crate) error: anyhow::Error,
}

/// Says in which step an error stopped the start.
pub(crate) trait AtStep<T> {
    fn at(self, step: Step) -> Result<T, Stopped>;
}

impl<T, E: Into<anyhow::Error>> AtStep<T> for Result<T, E> {
    fn at(self, step: Step) -> Result<T, Stopped> {
        self.map_err(|error| {
            let error = error.into();
            let looked_up = || error.downcast_ref::<LookupError>().map(LookupError::errno);
            let errno = error.chain().find_map(cli::errno::of).or_else(looked_up);
            Stopped { step, errno: errno.map_or(0, |errno| errno as i32), error }
        })
    }
}

/// The way to whoever wants to know.
#[derive(Debug)]
pub(crate) struct Reporter(Option<File>);

impl Reporter {
    /// The pipe that the variable names, from here on close-on-exec: its end is what tells supervise that all went well.
    /// Where it names none, stderr.
    pub(crate) fn find() -> Self {
        let number = || -> Option<RawFd> {
            std::str::from_utf8(sys::environment::value(VARIABLE)?).ok()?.parse().ok()
        };
        let pipe = number().and_then(|number| sys::descriptor::adopt(number).ok());
        Self(pipe.filter(|pipe| sys::descriptor::set_close_on_exec(pipe, true).is_ok()).map(File::from))
    }

    /// Tells something that the administrator should know; the start goes on.
    pub(crate) fn warn(&self, text: String) {
        match self {
            Self(None) => PROGRAM.warn(&text),
            Self(Some(pipe)) => tell(pipe, &Report::Warning(text)),
        }
    }

    /// Tells why the start goes no further, and gives the exit code.
    pub(crate) fn stopped(&self, stopped: Stopped) -> u8 {
        let Stopped { step, errno, error } = stopped;
        let Self(Some(pipe)) = self else { return PROGRAM.end(Failure::Fatal(error)) };
        let mut reason = cli::errno::chain(&error);
        if step == Step::User {
            // supervise took the account from there, and that is where it is put right.
            reason.insert_str(0, "user: ");
        }
        tell(pipe, &Report::Failed { step, errno, reason });
        FATAL
    }

    /// As [`Self::stopped`], for a command line that makes no sense: without a word on the pipe it would be a success.
    pub(crate) fn called_wrongly(&self, failure: Failure) -> u8 {
        let Self(Some(pipe)) = self else { return PROGRAM.end(failure) };
        let complaint = match failure {
            Failure::Usage(Some(complaint)) => complaint + ": ",
            _ => String::new(),
        };
        let reason = format!("{complaint}{}", PROGRAM.usage);
        tell(pipe, &Report::Failed { step: Step::Switch, errno: 0, reason });
        USAGE
    }
}

/// One write, which is kept whole. If nobody reads it, there is nobody to tell: supervise has died, and this start goes on
/// without it.
fn tell(mut pipe: &File, report: &Report) {
    let bytes = report.encode();
    if sys::write::to_socket(pipe, &bytes) == Err(Errno::ENOTSOCK) {
        let _ = pipe.write_all(&bytes);
    }
}
