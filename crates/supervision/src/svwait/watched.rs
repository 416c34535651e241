//! A service that is waited for: its folder, the waiter in it, and how it stands.

use super::names::{Asker, candidates};
use super::wish::{Run, Standing, Wish, is_left};
use crate::asking::{TEMPLATE, has_something_to_run};
use crate::held::Held;
use crate::private_folder::{self, told};
use anyhow::{Context, Result, bail};
use cli::Program;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::fchdir;
use protocol::control::{Control, Unreadable};
use protocol::event::{Letters, Waiter};
use protocol::file::{Unusable, open_owners_folder};
use protocol::folder::{LOG, control_folder_here};
use protocol::instance::{Kind, kind};
use protocol::process::{Boot, ProcessId};
use protocol::status::{Detail, Status};
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A service that is waited for. To look at it is to go into its folder.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) name: &'static CStr,
    wish: Wish,
    program: Program,
    here: Option<Boot>,
    folder: OwnedFd,
    waiter: Waiter,
    /// What ran at the beginning.
    first: Option<Run>,
    standing: Standing,
    /// The record has it so, and it stays so until something is told.
    is_as_wished: bool,
    has_warned: bool,
}

/// What is there of a service.
struct Found {
    is_running: bool,
    /// The record, whoever wrote it.
    status: Option<Status>,
}

impl Watched {
    /// Subscribes to what is told of the service, and looks at it then.
    ///
    /// # Errors
    ///
    /// It is not there, no service, not ours to wait for, or another program's.
    pub(super) fn begin(program: Program, name: &'static CStr, asker: Asker<'_>, wish: Wish) -> Result<Self> {
        let shown = shown(name.to_bytes());
        let (path, folder) = find(name, asker)?;
        fchdir(&folder).with_context(|| format!("unable to chdir to {shown}"))?;
        if !is_service(&path) {
            bail!("{shown} is no service: there is nothing to run in it");
        }
        if is_template(&path) {
            bail!("unable to wait for {shown}: {TEMPLATE}");
        }
        let control = open_control().with_context(|| format!("unable to open {shown}/supervise"))?;
        // Before anything is made in it.
        let found = look(name)?;
        if found.is_running && found.status.as_ref().is_some_and(|status| status.detail.is_none()) {
            bail!("unable to wait for {shown}: its supervise is another program's, which tells no events");
        }
        let waiter = Waiter::subscribe(&control)
            .with_context(|| format!("unable to subscribe to the events of {shown}"))?;
        if !found.is_running {
            program.warn(&format!("no supervise runs for {shown} yet"));
        }
        let here = Boot::current();
        let first = found.status.as_ref().filter(|status| !is_of_another_boot(status, here));
        let mut watched = Self {
            name,
            wish,
            program,
            here,
            folder,
            waiter,
            first: first.and_then(Run::of),
            standing: Standing::Awaited,
            is_as_wished: false,
            has_warned: false,
        };
        watched.look(Letters::default())?;
        Ok(watched)
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Looks again, if something was told; what was only for a moment is over now.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn look_again(&mut self, is_told: bool) -> Result<()> {
        if is_told {
            // Taken out first: what is told from now on wakes us again.
            let letters = self.waiter.drain();
            return self.look(letters);
        }
        if self.standing == Standing::Reached && !self.is_as_wished {
            self.standing = Standing::Awaited;
        }
        Ok(())
    }

    fn look(&mut self, letters: Letters) -> Result<()> {
        fchdir(&self.folder)
            .with_context(|| format!("unable to chdir to {}", shown(self.name.to_bytes())))?;
        let found = look(self.name)?;
        // A supervise that is there has perhaps not written its record yet.
        let is_true = |status: &Status| is_left(status) || found.is_running && is_true(status, self.here);
        let status = found.status.as_ref().filter(|status| is_true(status));
        self.is_as_wished = self.wish.holds(status, Letters::default(), self.first);
        let is_reached = self.is_as_wished || self.wish.holds(status, letters, self.first);
        if !self.has_warned && status.is_some_and(|status| self.wish.is_for_want_of_readiness(status)) {
            let name = shown(self.name.to_bytes());
            self.program.warn(&format!("nothing says when {name} is ready: it counts as soon as it is up"));
            self.has_warned = true;
        }
        self.standing = match (self.standing, self.wish.is_lost(letters)) {
            (Standing::Lost(loss), _) => Standing::Lost(loss),
            _ if is_reached => Standing::Reached,
            (_, Some(loss)) => Standing::Lost(loss),
            (_, None) => Standing::Awaited,
        };
        Ok(())
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waiter.as_fd()
    }
}

/// The folder that a name means.
fn find(name: &'static CStr, asker: Asker<'_>) -> Result<(CString, OwnedFd)> {
    let candidates = candidates(name, asker);
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    for path in &candidates {
        match open(path.as_c_str(), flags, Mode::empty()) {
            Ok(folder) => return Ok((path.clone(), folder)),
            Err(Errno::ENOENT) => {}
            Err(error) => {
                return Err(error).with_context(|| format!("unable to open {}", shown(path.to_bytes())));
            }
        }
    }
    let sought: Vec<_> = candidates.iter().map(|path| shown(path.to_bytes())).collect();
    let name = shown(name.to_bytes());
    let about = match sought.as_slice() {
        [path] if *path == name => String::new(),
        paths => format!(", sought as {}", paths.join(" and ")),
    };
    Err(Errno::ENOENT).with_context(|| format!("unable to find {name}{about}"))
}

fn is_template(path: &CStr) -> bool {
    let name = Path::new(OsStr::from_bytes(path.to_bytes())).file_name();
    name.is_some_and(|name| kind(name) == Kind::Template)
}

/// Whether the folder that we are in is a service's: a mistaken name must not leave a `supervise/` behind. A logger needs
/// nothing of its own.
fn is_service(path: &CStr) -> bool {
    let is_logger =
        || Path::new(OsStr::from_bytes(path.to_bytes())).ends_with(OsStr::from_bytes(LOG.to_bytes()));
    let is_supervised = || control_folder_here().is_ok_and(|control| control.exists());
    has_something_to_run(path) || is_logger() || is_supervised()
}

/// Opens the `supervise/` of the folder that we are in. Where no supervise has been there yet, it is made as that would.
fn open_control() -> Result<OwnedFd> {
    let path = control_folder_here()?;
    let name = CString::new(path.as_os_str().as_bytes())?;
    match open_owners_folder(AT_FDCWD, &name) {
        Err(Unusable::System(Errno::ENOENT)) => private_folder::open(AT_FDCWD, &path),
        opened => opened.map_err(told),
    }
}

/// What is there of the service of the folder that we are in.
fn look(name: &CStr) -> Result<Found> {
    let unable = |verb: &str, file: &str| {
        let name = shown(name.to_bytes());
        format!("unable to {verb} {name}/supervise/{file}")
    };
    let control = Control::here().with_context(|| unable("open", "ok"))?;
    let is_running = match control.is_running() {
        Err(Errno::ENOENT) => false,
        answer => answer.with_context(|| unable("open", "ok"))?,
    };
    let status = match control.status() {
        Ok(status) => Some(status),
        // One that is just being made is none yet.
        Err(Unreadable::Open(Errno::ENOENT) | Unreadable::Format(_)) => None,
        Err(Unreadable::Open(error) | Unreadable::Read(error)) => {
            return Err(error).with_context(|| unable("read", "status"));
        }
    };
    Ok(Found { is_running, status })
}

/// Whether the record is true: the supervise that wrote it is there, and so is what runs by it. Where that cannot be found out,
/// it is believed. Another program's never is.
#[must_use]
pub fn is_true(status: &Status, here: Option<Boot>) -> bool {
    let Some(Detail { boot, supervise, run, .. }) = &status.detail else { return false };
    if boot.is_none() || *boot != here {
        return !is_of_another_boot(status, here);
    }
    let run = status.pid.zip(*run).map(|(pid, mark)| ProcessId { pid, mark: Some(mark) });
    let lives = |process| Held::find(process).map_or(true, |held| held.is_some_and(|held| !held.has_ended()));
    let mut marked = [*supervise, run].into_iter().flatten().filter(|process| process.mark.is_some());
    marked.all(lives)
}

/// Whether the record was written before the machine was started.
fn is_of_another_boot(status: &Status, here: Option<Boot>) -> bool {
    let boot = status.detail.as_ref().and_then(|detail| detail.boot);
    boot.zip(here).is_some_and(|(boot, here)| boot.id != here.id)
}
