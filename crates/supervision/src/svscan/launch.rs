//! Starting a supervise. By posix_spawn only: svscan has a second thread, and a fork would copy it in the middle of things.

use anyhow::Context;
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp};
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::Pid;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};
use sys::own_folder::OwnFolder;

/// What is the same for all supervises.
#[derive(Debug)]
pub(super) struct Launcher {
    own: OwnFolder,
    trusting: bool,
    files: FileLimit,
}

impl Launcher {
    /// Raises svscan's own limit of open files as far as it goes: ten thousand folders are a normal case.
    pub(super) fn begin(trusting: bool) -> Self {
        Self { own: OwnFolder::find(), trusting, files: FileLimit::raise() }
    }

    /// Starts `supervise folder` in a process group of its own, so that Ctrl-C reaches svscan alone, with stdin or stdout
    /// replaced where given.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn supervise(
        &self,
        folder: &CStr,
        stdin: Option<BorrowedFd<'_>>,
        stdout: Option<BorrowedFd<'_>>,
    ) -> anyhow::Result<Pid> {
        let mut actions = PosixSpawnFileActions::init()?;
        for (from, to) in [(stdin, 0), (stdout, 1)] {
            if let Some(from) = from {
                actions.add_dup2(from.as_raw_fd(), to)?;
            }
        }
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_pgroup(Pid::from_raw(0))?;
        // Blocked until it is ready for them: what it is told in its first moments is not lost, and does not end it.
        attributes.set_sigmask(&SigSet::all())?;
        attributes
            .set_flags(PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK)?;

        let arguments: &[&CStr] =
            if self.trusting { &[c"supervise", c"-t", folder] } else { &[c"supervise", folder] };
        let environment = sys::environment::inherited();
        self.files
            .as_it_was(|| match self.own.program("supervise") {
                Some(path) => posix_spawn(path.as_c_str(), &actions, &attributes, arguments, &environment),
                None => posix_spawnp(c"supervise", &actions, &attributes, arguments, &environment),
            })
            .context("unable to run supervise")
    }
}

/// The limit of open files that svscan was started with, and its own.
#[derive(Clone, Copy, Debug)]
struct FileLimit {
    given: rlim_t,
    hard: rlim_t,
}

impl FileLimit {
    fn raise() -> Self {
        let (given, hard) =
            getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((libc::RLIM_INFINITY, libc::RLIM_INFINITY));
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        Self { given, hard }
    }

    /// Does something that inherits the limit.
    fn as_it_was<T>(self, spawn: impl FnOnce() -> T) -> T {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.given, self.hard);
        let result = spawn();
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.hard, self.hard);
        result
    }
}
