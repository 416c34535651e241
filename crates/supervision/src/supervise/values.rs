//! The values in a service's folder, read when they are used. What cannot be used is said, and counts as absent.

use super::machine::Duties;
use super::service::Service;
use super::sources::Sources;
use crate::spacing;
use nix::sys::signal::Signal;
use protocol::command::Target;
use protocol::folder::{
    CHECK, DOWN_SIGNAL, FINISH, KILL_GROUP, LEFTOVERS, LISTEN_CLOSE, NOTIFICATION_FD, NOTIFY_SOCKET,
    RESTART_MAX, TIMEOUT_FINISH, TIMEOUT_KILL, TIMEOUT_READY, WATCHDOG,
};
use protocol::value::{self, BadValue, Leftovers};
use std::ffi::CStr;
use std::os::fd::RawFd;
use std::time::Duration;
use sys::signals::SignalNumber;

/// How long finish may take where nothing is said, as in s6.
const FINISHING: Duration = Duration::from_secs(5);

/// The values of one service, at one moment.
#[derive(Debug)]
pub(super) struct Values<'a> {
    sources: Option<Sources<'a>>,
    warnings: Vec<String>,
}

/// How a service is stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    /// What `down` sends.
    pub(super) signal: SignalNumber,
    /// Who gets it.
    pub(super) target: Target,
    /// How long after it what still runs is killed.
    pub(super) killed_after: Option<Duration>,
}

impl<'a> Values<'a> {
    /// Opens the folders that they are in.
    pub(super) fn of(service: &'a Service) -> Self {
        // Where they cannot be opened, the next start says so.
        Self { sources: Sources::open(service).ok(), warnings: Vec::new() }
    }

    /// How it is stopped.
    pub(super) fn stopping(&mut self) -> Stopping {
        Stopping {
            signal: self.read(DOWN_SIGNAL, value::signal).unwrap_or(Signal::SIGTERM.into()),
            target: if self.has(KILL_GROUP) { Target::Group } else { Target::Process },
            killed_after: self.killed_after(),
        }
    }

    /// How long after `down` what still runs is killed.
    pub(super) fn killed_after(&mut self) -> Option<Duration> {
        self.read(TIMEOUT_KILL, value::timeout).flatten()
    }

    /// Whether there is a finish.
    pub(super) fn has_finish(&mut self) -> bool {
        self.has(FINISH)
    }

    /// How long finish may take.
    pub(super) fn finishing(&mut self) -> Option<Duration> {
        self.read(TIMEOUT_FINISH, value::timeout).unwrap_or(Some(FINISHING))
    }

    /// The longest spacing between two starts.
    pub(super) fn restart_max(&mut self) -> Duration {
        self.read(RESTART_MAX, value::duration).unwrap_or(spacing::LONGEST)
    }

    /// What becomes of what earlier runs left behind; `None` where nothing is said.
    pub(super) fn leftovers(&mut self) -> Option<Leftovers> {
        self.read(LEFTOVERS, value::leftovers)
    }

    /// What a run is held to, which writes that it is ready or does not.
    pub(super) fn duties(&mut self, writes: bool) -> Duties {
        let mut time = |name| self.read(name, value::duration).filter(|time| !time.is_zero());
        let (ready_within, alive_within) = (time(TIMEOUT_READY), time(WATCHDOG));
        Duties {
            writes,
            tells: self.has(NOTIFY_SOCKET),
            is_asked: self.has(CHECK),
            ready_within,
            alive_within,
        }
    }

    /// Whether the sockets are closed while the service is down.
    pub(super) fn closes_sockets(&mut self) -> bool {
        self.has(LISTEN_CLOSE)
    }

    /// On which descriptor run writes that it is ready.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub(super) fn notification(&self) -> Result<Option<RawFd>, String> {
        let Some(sources) = &self.sources else { return Ok(None) };
        let bad = |why: &dyn std::fmt::Display| format!("{}: {why}", NOTIFICATION_FD.to_string_lossy());
        match sources.value(NOTIFICATION_FD) {
            Ok(None) => Ok(None),
            Ok(Some(content)) => value::descriptor(&content).map(Some).map_err(|why| bad(&why)),
            Err(why) => Err(bad(&why)),
        }
    }

    /// What could not be used.
    pub(super) fn warnings(self) -> Vec<String> {
        self.warnings
    }

    fn has(&mut self, name: &'static CStr) -> bool {
        let found = self.sources.as_ref().map_or(Ok(false), |sources| sources.has(name));
        found.unwrap_or_else(|why| {
            self.warn(name, &why);
            false
        })
    }

    fn read<T>(&mut self, name: &'static CStr, parse: fn(&[u8]) -> Result<T, BadValue>) -> Option<T> {
        match self.sources.as_ref()?.value(name) {
            Ok(content) => match parse(&content?) {
                Ok(value) => return Some(value),
                Err(why) => self.warn(name, &why),
            },
            Err(why) => self.warn(name, &why),
        }
        None
    }

    fn warn(&mut self, name: &CStr, why: &dyn std::fmt::Display) {
        self.warnings.push(format!("{}: {why}", name.to_string_lossy()));
    }
}
