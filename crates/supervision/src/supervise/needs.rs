//! What a service waits for before it starts: the services that its `needs` names are to be up and ready. Each start is
//! preceded by one look; what is missing then is waited for by its events, to which is subscribed before the look that counts.
//!
//! What follows from a look is the machine's affair; the words for what is waited for are [`note`]'s.

mod note;

use super::service::Service;
use crate::neighbour::{self, Condition, Seen};
use crate::private_folder::{self, told};
use cli::errno::chain;
use nix::fcntl::AT_FDCWD;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use nix::sys::stat::fstat;
use note::{Unmet, Why};
use protocol::control::{control_path, path_of};
use protocol::event::Waiter;
use protocol::identity::FolderId;
use protocol::needs::circle;
use protocol::process::Boot;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// How often is looked where nobody tells what happens: at another program's supervise, or where there is no svscan.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// So often a name may have become another folder's since it was looked at.
const TRIES: u32 = 3;

/// What a look shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Everything that it needs is there.
    Met,
    /// Something is not. `note` says what, `look_again` after how long to look even if nothing is told.
    Waits { note: String, look_again: Option<Duration> },
    /// Its `needs` cannot be used, and why.
    Bad(String),
}

/// What a service needs; while it waits, the subscriptions to what it waits for.
#[derive(Debug, Default)]
pub(super) struct Needs(Option<Wait>);

#[derive(Debug)]
struct Wait {
    all: Epoll,
    /// To the coming of folders.
    directory: Option<Waiter>,
    /// To what happens to a service, by its name, and in which `supervise/`.
    services: BTreeMap<CString, (FolderId, Waiter)>,
}

impl Needs {
    /// Looks whether what the service needs is there. The current folder is the service's.
    pub(super) fn look(&mut self, service: &Service) -> Look {
        let needs = match neighbour::needs_in(AT_FDCWD, &service.directory, service.template.as_ref()) {
            Ok(needs) => needs,
            Err(why) => {
                self.0 = None;
                return Look::Bad(chain(&why));
            }
        };
        if needs.is_empty() {
            self.0 = None;
            return Look::Met;
        }
        let around = Around { directory: &service.directory, own: own_name(service), boot: Boot::current() };
        let mut look_again = false;
        let mut unmet = Vec::new();
        for name in needs {
            let why = self.look_at(&around, &name, &mut look_again);
            unmet.extend(why.map(|why| Unmet { name, why }));
        }
        if unmet.is_empty() {
            self.0 = None;
            return Look::Met;
        }
        let note = match around.circle(&unmet) {
            Some(circle) => note::circle(&circle),
            None => note::list(&unmet),
        };
        Look::Waits { note, look_again: look_again.then_some(LOOK_AGAIN) }
    }

    /// What becomes readable when there is a reason to look again.
    pub(super) fn events(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(|wait| wait.all.0.as_fd())
    }

    /// Takes note of what was told.
    pub(super) fn drain(&self) {
        let Some(Wait { directory, services, .. }) = &self.0 else { return };
        for waiter in directory.iter().chain(services.values().map(|(_, waiter)| waiter)) {
            let _ = waiter.drain();
        }
    }

    /// Why a need is not met, if it is not: then its events are subscribed to, and were before this was found. Where nothing
    /// is told of it, it is to be looked at again after a time.
    fn look_at(&mut self, around: &Around<'_>, name: &CStr, look_again: &mut bool) -> Option<Why> {
        if around.own.as_deref() == Some(name) {
            // Whatever happens, it cannot be met.
            return Some(Why::Coming);
        }
        for _ in 0..TRIES {
            let Some(Missing { why, folder, is_told }) = around.look_at(name) else {
                self.unsubscribe(name);
                return None;
            };
            match self.subscribe(around, name, folder.as_ref()) {
                // What happened before was not told.
                Ok(true) => {}
                subscribed => {
                    *look_again |= subscribed.is_err() || !is_told;
                    return Some(why);
                }
            }
        }
        *look_again = true;
        around.look_at(name).map(|missing| missing.why)
    }

    fn unsubscribe(&mut self, name: &CStr) {
        if let Some(wait) = &mut self.0 {
            wait.services.remove(name);
        }
    }

    /// Subscribes to the events of the service in that folder, if there is one, and to the coming of folders. Says whether any
    /// of that is new.
    fn subscribe(
        &mut self,
        around: &Around<'_>,
        name: &CStr,
        folder: Option<&OwnedFd>,
    ) -> anyhow::Result<bool> {
        if self.0.is_none() {
            let all = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
            self.0 = Some(Wait { all, directory: None, services: BTreeMap::new() });
        }
        let Some(Wait { all, directory, services }) = &mut self.0 else { return Ok(false) };
        let mut is_new = false;
        let listen = |place: OwnedFd| -> anyhow::Result<Waiter> {
            let waiter = Waiter::subscribe(place)?;
            all.add(&waiter, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
            Ok(waiter)
        };
        if directory.is_none() {
            if let Some(place) = around.place_of_svscan() {
                *directory = Some(listen(place)?);
                is_new = true;
            }
        }
        let Some(folder) = folder else {
            services.remove(name);
            return Ok(is_new);
        };
        let place = private_folder::open(folder, &control_path(folder)?)?;
        let id = FolderId::from(&fstat(&place)?);
        if services.get(name).is_none_or(|(known, _)| *known != id) {
            services.insert(name.to_owned(), (id, listen(place)?));
            is_new = true;
        }
        Ok(is_new)
    }
}

/// The name that others need it by. Nobody needs a logger.
fn own_name(service: &Service) -> Option<CString> {
    let name = Path::new(OsStr::from_bytes(service.argument.to_bytes())).file_name()?;
    CString::new(name.as_bytes()).ok().filter(|_| service.logged.is_none())
}

/// Where the names mean something.
struct Around<'a> {
    directory: &'a OwnedFd,
    own: Option<CString>,
    boot: Option<Boot>,
}

/// A need that is not met.
struct Missing {
    why: Why,
    folder: Option<OwnedFd>,
    /// Somebody tells what happens to it.
    is_told: bool,
}

impl Around<'_> {
    /// What there is to say of a need that is not met.
    fn look_at(&self, name: &CStr) -> Option<Missing> {
        let folder = match neighbour::open(self.directory, name) {
            Ok(Some(folder)) => folder,
            Ok(None) => {
                let is_told = self.place_of_svscan().is_some_and(|place| neighbour::is_locked(&place));
                return Some(Missing { why: Why::Missing, folder: None, is_told });
            }
            Err(why) => {
                let why = Why::Unusable(chain(&told(why)));
                return Some(Missing { why, folder: None, is_told: false });
            }
        };
        let place = control_path(&folder).ok().and_then(|path| neighbour::place(&folder, &path));
        let Seen { condition, is_foreign } =
            place.map_or(Seen::NOBODY, |place| neighbour::look_at(place, self.boot));
        let why = match condition {
            Condition::Ready => return None,
            Condition::Coming => Why::Coming,
            Condition::Down => Why::Down,
            Condition::Unsupervised => Why::Unsupervised,
        };
        Some(Missing { why, folder: Some(folder), is_told: !is_foreign })
    }

    /// Where svscan tells of services that come.
    fn place_of_svscan(&self) -> Option<OwnedFd> {
        let path = neighbour::path_of_svscan(|| path_of(self.directory)).ok()?;
        neighbour::place(self.directory, &path)
    }

    /// The shortest circle of services that wait for each other, through this one.
    fn circle(&self, unmet: &[Unmet]) -> Option<Vec<CString>> {
        let own = self.own.as_deref()?;
        circle(own, |name| {
            if name == own {
                unmet.iter().map(|unmet| unmet.name.clone()).collect()
            } else if self.look_at(name).is_none() {
                // What is there waits for nobody.
                Vec::new()
            } else {
                neighbour::needs_of(self.directory, name)
            }
        })
    }
}
