//! Starting a supervise in a folder, or taking over the one that runs there.

use super::super::events::{Event, Origin, Part};
use super::super::log_pipe::LogPipe;
use super::super::strays::{self, Stray};
use super::super::supervises::Order;
use super::super::takeover;
use super::Shell;
use crate::private_folder;
use anyhow::{Context, bail};
use cli::errno::chain;
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::signal::Signal;
use nix::sys::stat::fstat;
use protocol::command::Target;
use protocol::event;
use protocol::file::{open_folder, open_trusted_folder};
use protocol::folder::LOG;
use protocol::identity::FolderId;
use protocol::instance::{Kind, kind};
use std::collections::hash_map::Entry;
use std::ffi::{CString, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sys::clock::Monotonic;

/// How many services were taken over since that was told last.
#[derive(Debug, Default)]
pub(super) struct TakenOver {
    services: usize,
    foreign: usize,
}

impl TakenOver {
    fn count(&mut self, origin: Origin) {
        self.services = self.services.saturating_add(1);
        self.foreign = self.foreign.saturating_add(usize::from(origin == Origin::Foreign));
    }

    /// The line that says it, if there is something to say.
    pub(super) fn take(&mut self) -> Option<String> {
        let Self { services, foreign } = std::mem::take(self);
        let plural = if services == 1 { "" } else { "s" };
        let foreign = match foreign {
            0 => String::new(),
            foreign => format!(", {foreign} of them under another supervise"),
        };
        (services > 0).then(|| format!("took over {services} running service{plural}{foreign}"))
    }
}

/// A folder in which a supervise is to run.
struct Place {
    /// Whose service it is, opened.
    service: OwnedFd,
    /// Where supervise works: that, or its `log/`.
    path: CString,
    /// The service's name.
    name: OsString,
}

impl Shell {
    pub(super) fn start(&mut self, id: FolderId, part: Part, with_log: bool) -> Event {
        let started =
            self.place(id, part).and_then(|place| match self.take_over(&place, id, part, with_log)? {
                Some(origin) => Ok(origin),
                None => self.start_new(&place, id, part, with_log),
            });
        match started {
            Ok(origin) => {
                if part == Part::Service {
                    self.news.push(event::BEGUN);
                }
                Event::Started(id, part, origin)
            }
            Err(error) => Event::NotStarted(id, part, chain(&error)),
        }
    }

    /// Takes over what an earlier svscan has left running in folders that are gone, to stop it.
    pub(super) fn take_strays(&mut self) {
        for Stray { id, name, part, running } in strays::find(self.directory.here()) {
            if self.supervises.found(id, part, running).is_ok() {
                self.roster.stray(Monotonic::now(), id, name, part);
            }
        }
    }

    fn place(&self, id: FolderId, part: Part) -> anyhow::Result<Place> {
        let name = self.roster.name(id).context("it is not known any more")?.to_owned();
        let path = CString::new(name.as_bytes())?;
        let service = private_folder::open_service(AT_FDCWD, &path, self.launcher.is_trusting())?;
        if FolderId::from(&fstat(&service)?) != id {
            bail!("another folder has just got its name");
        }
        let path = match part {
            Part::Service => path,
            Part::Logger => CString::new([name.as_bytes(), b"/", LOG.to_bytes()].concat())?,
        };
        Ok(Place { service, path, name })
    }

    /// Takes over what runs there, if anything does.
    fn take_over(
        &mut self,
        place: &Place,
        id: FolderId,
        part: Part,
        with_log: bool,
    ) -> anyhow::Result<Option<Origin>> {
        let path = Path::new(OsStr::from_bytes(place.path.to_bytes()));
        let found = match part {
            Part::Service => self.finder.find(&place.service, path),
            Part::Logger => match open_trusted_folder(&place.service, LOG) {
                Ok(log) => self.finder.find(log, path),
                // What is wrong with it is told when something is to be made in it.
                Err(_) => Ok(None),
            },
        };
        let running = match found {
            Ok(Some(running)) => running,
            Ok(None) => return Ok(None),
            Err(Errno::EBUSY) => bail!("somebody else holds its lock"),
            Err(error) => return Err(error.into()),
        };
        let origin = self.supervises.found(id, part, running).context("unable to watch it")?;
        if origin == Origin::Found && self.upgrade.is_fresh() {
            self.supervises.tell(id, part, Order::Upgrade);
        }
        if part == Part::Service {
            self.taken_over.count(origin);
        }
        if with_log {
            // It goes on without us in any case: both of its ends are held by others as well.
            if let Err(error) = self.open_pipe(place, id) {
                let name = shown(place.name.as_bytes()).into_owned();
                self.voice.warn(&format!("unable to hold the log pipe of {name}: {}", chain(&error)));
            }
        }
        let both = [Part::Service, Part::Logger].map(|part| self.supervises.pid(id, part));
        if let (Some(pipe), [Some(service), Some(logger)]) = (self.pipes.get_mut(&id), both) {
            pipe.hold_old(service, logger);
        }
        Ok(Some(origin))
    }

    fn start_new(
        &mut self,
        place: &Place,
        id: FolderId,
        part: Part,
        with_log: bool,
    ) -> anyhow::Result<Origin> {
        if with_log {
            self.open_pipe(place, id)?;
        }
        let pipe = self.pipes.get(&id);
        let (stdin, stdout) = match part {
            Part::Service => (None, pipe.and_then(LogPipe::service_end)),
            Part::Logger => (pipe.map(LogPipe::logger_end), None),
        };
        let pid = self.launcher.supervise(&place.path, id, stdin, stdout)?;
        self.supervises.started(id, part, pid);
        Ok(Origin::Started)
    }

    /// Kills a supervise that does not do what it was told, with its service: what it has on record, and its children.
    pub(super) fn destroy(&mut self, id: FolderId, part: Part) {
        let Some(supervise) = self.supervises.pid(id, part) else { return };
        // Wherever its folder is now, it works there.
        let folder = CString::new(format!("/proc/{supervise}/cwd")).unwrap_or_default();
        let path = self.roster.name(id).map(PathBuf::from).unwrap_or_default();
        let service = open_folder(AT_FDCWD, &folder).map(|at| takeover::processes(at, &path, supervise));
        for process in service.unwrap_or_default() {
            process.send(Target::Group, Signal::SIGKILL.into());
        }
        self.supervises.kill(id, part);
    }

    fn open_pipe(&mut self, place: &Place, id: FolderId) -> anyhow::Result<()> {
        if let Entry::Vacant(vacant) = self.pipes.entry(id) {
            vacant.insert(LogPipe::open(&place.service, &place.name)?);
        }
        Ok(())
    }

    /// The service writes into our pipe: a logger that reads another one is to end with that.
    pub(super) fn reconnect(&mut self, id: FolderId) {
        let [service, logger] = [Part::Service, Part::Logger].map(|part| self.supervises.pid(id, part));
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        let bypassed = match (service, logger) {
            (Some(service), Some(logger)) => pipe.is_bypassed(service, logger),
            // One that has no number here is another program.
            (_, logger) => logger.is_none(),
        };
        if bypassed {
            pipe.drop_old();
            self.supervises.tell(id, Part::Logger, Order::EndInput);
        }
    }

    pub(super) fn watch_folder(&mut self, id: FolderId) {
        let (Some(watch), Some(name)) = (&mut self.watch, self.roster.name(id)) else { return };
        let watched = watch.add(name).and_then(|()| match kind(name) {
            // Where it is not there, its coming is seen in the directory.
            Kind::Instance { template, .. } if Path::new(template).is_dir() => watch.add(template),
            _ => Ok(()),
        });
        let Err(error) = watched else { return };
        // What is gone again needs no watch.
        if Path::new(name).is_dir() && !std::mem::replace(&mut self.unwatched, true) {
            let why = chain(&error);
            let every = cli::text::short(super::listings::SELDOM);
            self.voice.warn(&format!(
                "unable to watch {}: {why}: such folders are looked at every {every}",
                shown(name.as_bytes())
            ));
        }
    }
}
