//! The shell around the roster: waits for hints, signals and the timer, lists, and does what the roster answers. Once it runs,
//! nothing that goes wrong ends it.

use super::arrival;
use super::events::{Event, Part, Step};
use super::launch::Launcher;
use super::listing::Lister;
use super::log_pipe::LogPipe;
use super::roster::Roster;
use super::watch::Watch;
use crate::{private_folder, resident};
use anyhow::{Context, anyhow, bail};
use cli::errno::{chain, text};
use cli::text::shown;
use cli::voice::Voice;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::fstat;
use nix::sys::time::TimeSpec;
use nix::unistd::{Pid, chdir, getpid};
use protocol::folder::{LOCK, LOG, VARIABLE, control_folder};
use protocol::identity::FolderId;
use protocol::instance::{Kind, kind};
use protocol::lock::{self, Lock};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::reap;
use sys::signals::{Signals, ignore_those_of_threads};

/// Where svscan keeps its lock, in the service directory.
const OWN_FOLDER: &str = ".svscan";

/// How often the directory is listed although nothing was told: hints can be lost.
const SELDOM: Duration = Duration::from_secs(60);
/// How often where no hints come.
const OFTEN: Duration = Duration::from_secs(5);

/// Between two listings at the least: this, and ten times what the last one took, so that a directory that changes all
/// the time takes a tenth of a processor.
const PAUSE: Duration = Duration::from_millis(10);
const SHARE: u32 = 10;

/// A running svscan.
#[derive(Debug)]
pub(super) struct Shell {
    roster: Roster,
    lister: Lister,
    launcher: Launcher,
    signals: Signals,
    watch: Option<Watch>,
    pipes: HashMap<FolderId, LogPipe>,
    next: NextListing,
    /// Names that were renamed in since the last listing.
    moved: HashSet<OsString>,
    voice: Voice,
    /// What could not be looked at in the last listing, and whether that failed: said once.
    unreadable: BTreeSet<OsString>,
    unlisted: bool,
    unwatched: bool,
    _lock: Lock,
}

/// When the directory is listed next.
#[derive(Debug)]
struct NextListing {
    /// Not before.
    earliest: Monotonic,
    /// At the latest.
    latest: Monotonic,
    /// As soon as it may be.
    wanted: bool,
    /// Asking the system about everything.
    fresh: bool,
    /// A hint has come since the last one.
    disturbed: bool,
}

impl Shell {
    /// Takes the service directory.
    pub(super) fn begin(directory: Option<&CStr>, trusting: bool) -> anyhow::Result<Self> {
        let signals = resident::begin()?;
        ignore_those_of_threads();
        if let Some(directory) = directory {
            chdir(directory)
                .with_context(|| format!("unable to chdir to {}", shown(directory.to_bytes())))?;
        }
        // What the services leave behind comes to us, and is not left a zombie.
        let _ = set_child_subreaper(true);
        let here = std::env::current_dir().context("unable to find the path of the current directory")?;
        let setting = sys::environment::value(VARIABLE);
        let elsewhere = setting.is_some_and(|value| Path::new(OsStr::from_bytes(value)).is_absolute());
        let own = if elsewhere {
            control_folder(setting, || Ok::<_, anyhow::Error>(here.join(OWN_FOLDER)))?
        } else {
            PathBuf::from(OWN_FOLDER)
        };
        let shown_own = own.display();
        let private =
            private_folder::open(AT_FDCWD, &own).with_context(|| format!("unable to use {shown_own}"))?;
        let lock = lock::take(&private, LOCK).map_err(|error| match error {
            Errno::EAGAIN => anyhow!("another svscan runs on {}", here.display()),
            error => anyhow::Error::from(error).context(format!("unable to acquire {shown_own}/lock")),
        })?;
        let mut voice = Voice::new("svscan");
        let watch = Watch::begin(&here)
            .inspect_err(|error| {
                let every = cli::text::short(OFTEN);
                let why = chain(error);
                voice.warn(&format!("unable to watch {}: {why}: it is listed every {every}", here.display()));
            })
            .ok();
        let now = Monotonic::now();
        Ok(Self {
            roster: Roster::new(elsewhere),
            lister: Lister::default(),
            launcher: Launcher::begin(trusting),
            signals,
            watch,
            pipes: HashMap::new(),
            next: NextListing { earliest: now, latest: now, wanted: true, fresh: true, disturbed: false },
            moved: HashSet::new(),
            voice,
            unreadable: BTreeSet::new(),
            unlisted: false,
            unwatched: false,
            _lock: lock,
        })
    }

    /// Goes on until svscan is to leave.
    pub(super) fn keep_running(mut self) {
        while self.turn().is_continue() {}
    }

    /// Does all that is to be done, and waits for more.
    fn turn(&mut self) -> ControlFlow<()> {
        while let Some(signal) = self.signals.next() {
            self.take_signal(signal)?;
        }
        self.take_hints()?;
        let now = Monotonic::now();
        if self.roster.wake_at().is_some_and(|at| at <= now) {
            self.tell(Event::Due)?;
        }
        if self.next.at() <= now {
            self.list()?;
        }
        self.wait();
        ControlFlow::Continue(())
    }

    fn wait(&self) {
        let signals = self.signals.as_fd();
        let hints = self.watch.as_ref().map_or(signals, AsFd::as_fd);
        let mut watched = [signals, hints].map(|from| PollFd::new(from, PollFlags::POLLIN));
        let until = self.roster.wake_at().map_or(self.next.at(), |at| at.min(self.next.at()));
        // An error can only be a passing lack of memory; what follows does not wait.
        let _ = ppoll(&mut watched, Some(TimeSpec::from(until.since(Monotonic::now()))), None);
    }

    fn take_signal(&mut self, signal: i32) -> ControlFlow<()> {
        match Signal::try_from(signal) {
            Ok(Signal::SIGCHLD) => {
                while let Some((pid, ending)) = reap() {
                    self.tell(Event::Exited(pid, ending))?;
                }
            }
            Ok(Signal::SIGTERM | Signal::SIGINT) => return self.tell(Event::Stop),
            Ok(Signal::SIGHUP) => self.next.all(),
            // Process 1 has nobody to leave its children to: the kernel would kill them.
            Ok(Signal::SIGQUIT) if getpid() == Pid::from_raw(1) => {
                self.voice.warn("process 1 does not leave services running: use TERM to stop them");
            }
            Ok(Signal::SIGQUIT) => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn take_hints(&mut self) -> ControlFlow<()> {
        let Some(watch) = &self.watch else { return ControlFlow::Continue(()) };
        let hints = watch.take();
        if hints.lost {
            self.next.all();
        }
        if hints.changed.is_empty() {
            return ControlFlow::Continue(());
        }
        self.next.wanted = true;
        self.next.disturbed = true;
        self.moved.extend(hints.moved);
        let changed: BTreeSet<OsString> = hints.changed.into_iter().collect();
        for name in changed {
            self.tell(Event::Changed(name))?;
        }
        ControlFlow::Continue(())
    }

    fn list(&mut self) -> ControlFlow<()> {
        let begun = Monotonic::now();
        let fresh = self.next.fresh || !self.next.wanted;
        let disturbed = std::mem::take(&mut self.next.disturbed);
        let moved = std::mem::take(&mut self.moved);
        let listing = self.lister.list(&moved, fresh);
        self.next.listed(begun, if self.watch.is_some() { SELDOM } else { OFTEN });
        // What changed while it was read wants another one.
        self.take_hints()?;
        let quiet = !disturbed && !self.next.disturbed;
        match listing {
            Ok(listing) => {
                self.unlisted = false;
                self.tell_unreadable(listing.unreadable);
                self.tell(Event::Listed { folders: listing.folders, quiet, fresh })
            }
            Err(error) => {
                self.moved.extend(moved);
                if !std::mem::replace(&mut self.unlisted, true) {
                    self.voice.warn(&format!("unable to read directory: {}", text(error)));
                }
                ControlFlow::Continue(())
            }
        }
    }

    fn tell_unreadable(&mut self, unreadable: Vec<(OsString, Errno)>) {
        for (name, error) in &unreadable {
            if !self.unreadable.contains(name) {
                self.voice.warn(&format!("unable to stat {}: {}", shown(name.as_bytes()), text(*error)));
            }
        }
        self.unreadable = unreadable.into_iter().map(|(name, _)| name).collect();
    }

    /// Tells the roster, and does what it answers, and so on until there is nothing left to do.
    fn tell(&mut self, event: Event) -> ControlFlow<()> {
        let mut steps = VecDeque::from(self.roster.step(Monotonic::now(), event));
        while let Some(step) = steps.pop_front() {
            if let Some(answer) = self.perform(step)? {
                steps.extend(self.roster.step(Monotonic::now(), answer));
            }
        }
        ControlFlow::Continue(())
    }

    fn perform(&mut self, step: Step) -> ControlFlow<(), Option<Event>> {
        let answer = match step {
            Step::Look(id) => self.roster.name(id).map(|name| Event::Looked(id, arrival::look(name))),
            Step::Watch(id) => {
                self.watch_folder(id);
                None
            }
            Step::Unwatch(name) => {
                if let Some(watch) = &mut self.watch {
                    watch.remove(Path::new(&name));
                }
                None
            }
            Step::Start { id, part, with_log } => Some(match self.start(id, part, with_log) {
                Ok(pid) => Event::Started(id, part, pid),
                Err(error) => Event::NotStarted(id, part, chain(&error)),
            }),
            // They are our children and not reaped, so the numbers are theirs.
            Step::Terminate(pid) => {
                let _ = kill(pid, Signal::SIGTERM);
                None
            }
            Step::EndInput(pid) => {
                let _ = kill(pid, Signal::SIGHUP);
                None
            }
            Step::CloseInput(id) => {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.close_input();
                }
                None
            }
            Step::CountUnread(id) => Some(Event::Unread(id, self.pipes.get(&id).map_or(0, LogPipe::unread))),
            Step::Forget(id) => {
                self.pipes.remove(&id);
                None
            }
            Step::ListAgain => {
                self.next.wanted = true;
                None
            }
            Step::Warn(text) => {
                self.voice.warn(&text);
                None
            }
            Step::Leave => return ControlFlow::Break(()),
        };
        ControlFlow::Continue(answer)
    }

    fn watch_folder(&mut self, id: FolderId) {
        let (Some(watch), Some(name)) = (&mut self.watch, self.roster.name(id)) else { return };
        let watched = watch.add(Path::new(name)).and_then(|()| match kind(name) {
            // Where it is not there, its coming is seen in the directory.
            Kind::Instance { template, .. } if Path::new(template).is_dir() => watch.add(Path::new(template)),
            _ => Ok(()),
        });
        let Err(error) = watched else { return };
        // What is gone again needs no watch.
        if Path::new(name).is_dir() && !std::mem::replace(&mut self.unwatched, true) {
            let why = chain(&error);
            let every = cli::text::short(SELDOM);
            self.voice.warn(&format!(
                "unable to watch {}: {why}: such folders are looked at every {every}",
                shown(name.as_bytes())
            ));
        }
    }

    fn start(&mut self, id: FolderId, part: Part, with_log: bool) -> anyhow::Result<Pid> {
        let name = self.roster.name(id).context("it is not known any more")?;
        let path = CString::new(name.as_bytes())?;
        let folder = private_folder::open_service(AT_FDCWD, &path, self.launcher.is_trusting())?;
        if FolderId::from(&fstat(&folder)?) != id {
            bail!("another folder has just got its name");
        }
        if with_log && !self.pipes.contains_key(&id) {
            self.pipes.insert(id, LogPipe::open(folder, name)?);
        }
        let pipe = self.pipes.get(&id);
        match part {
            Part::Service => self.launcher.supervise(&path, id, None, pipe.and_then(LogPipe::service_end)),
            Part::Logger => {
                let path = CString::new([name.as_bytes(), b"/", LOG.to_bytes()].concat())?;
                self.launcher.supervise(&path, id, pipe.map(LogPipe::logger_end), None)
            }
        }
    }
}

impl NextListing {
    fn at(&self) -> Monotonic {
        if self.wanted { self.earliest } else { self.latest }
    }

    /// As soon as may be, of everything.
    fn all(&mut self) {
        self.wanted = true;
        self.fresh = true;
        self.disturbed = true;
    }

    /// One has been made, and began then.
    fn listed(&mut self, begun: Monotonic, interval: Duration) {
        let now = Monotonic::now();
        let took = now.since(begun);
        *self = Self {
            earliest: now + PAUSE.max(took.saturating_mul(SHARE)),
            latest: now + interval,
            wanted: false,
            fresh: false,
            disturbed: false,
        };
    }
}
