//! What the programs share that ask a supervise from outside: going into a folder and back, what it is, and no `-L`.

use anyhow::{Context, Result};
use cli::Failure;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, fchdir};
use protocol::control::Control;
use protocol::folder::RUN;
use protocol::instance::{Kind, kind};
use std::ffi::{CStr, OsStr};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The folder that the program was started in, to which relative names of service folders belong.
#[derive(Debug)]
pub(crate) struct StartingFolder(OwnedFd);

impl StartingFolder {
    /// Opens it.
    pub(crate) fn open() -> Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        openat(AT_FDCWD, c".", flags, Mode::empty()).map(Self).context("unable to open current directory")
    }

    /// Goes back to it.
    pub(crate) fn come_back(&self) -> Result<()> {
        fchdir(&self.0).context("unable to set directory")
    }
}

/// Goes into the one folder that a program asks about.
pub(crate) fn enter(folder: &CStr) -> Result<()> {
    chdir(folder).with_context(|| format!("unable to chdir to {}", shown(folder.to_bytes())))
}

/// Whether the supervise of the folder that we are in is running; where it never was, it is not.
pub(crate) fn is_running(folder: &CStr) -> Result<bool> {
    let context = || format!("unable to open {}/supervise/ok", shown(folder.to_bytes()));
    match Control::here().with_context(context)?.is_running() {
        Err(Errno::ENOENT) => Ok(false),
        answer => answer.with_context(context),
    }
}

/// What is wrong with daemontools-encore's `-L` and `-l`.
pub(crate) const LOGGER: &str = "a logger has a supervise of its own";

/// The complaint about daemontools-encore's `-L` and `-l`, where one supervise has both the service and its logger.
pub(crate) fn no_log_option(program: &str, letter: char, instead: &str) -> Failure {
    Failure::Usage(Some(format!("{program}: illegal option -- {letter}: {LOGGER}: {program} {instead}/log")))
}

/// What is wrong with asking for a template.
pub(crate) const TEMPLATE: &str = "a template is never started, its instances are";

/// What the name says of the folder that we are in: the name that was given, which may be a link's, or else its own.
pub(crate) fn is_kind(folder: &CStr, is: impl FnOnce(Kind<'_>) -> bool) -> bool {
    let here = std::env::current_dir();
    let given = Path::new(OsStr::from_bytes(folder.to_bytes())).file_name();
    let name = given.or_else(|| here.as_ref().ok()?.file_name());
    name.is_some_and(|name| is(kind(name)))
}

/// Whether the folder that we are in has something to run, itself or by the template that its name speaks of.
pub(crate) fn has_something_to_run(folder: &CStr) -> bool {
    let is_instance = || is_kind(folder, |kind| matches!(kind, Kind::Instance { .. }));
    Path::new(OsStr::from_bytes(RUN.to_bytes())).exists() || is_instance()
}
