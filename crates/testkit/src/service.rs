//! A service folder, seen from outside.

use crate::condition::Condition;
use crate::wait::in_time;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use protocol::status::Status;
use std::path::{Path, PathBuf};

/// A service folder of a [`crate::TestTree`].
#[derive(Clone, Debug)]
pub struct Service(PathBuf);

impl Service {
    /// The service folder at that path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Something in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Its logger.
    #[must_use]
    pub fn log(&self) -> Self {
        Self(self.0.join("log"))
    }

    /// What the status record says now, if there is one that is whole.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        Status::decode(&std::fs::read(self.0.join("supervise/status")).ok()?).ok()
    }

    /// Whether a supervise is there: it holds `ok` open.
    #[must_use]
    pub fn is_supervised(&self) -> bool {
        let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        open(&self.0.join("supervise/ok"), flags, Mode::empty()).is_ok()
    }

    /// The pid in the status record.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[must_use]
    #[track_caller]
    pub fn pid(&self) -> u32 {
        let status = self.status();
        let pid = status.as_ref().and_then(|status| status.pid);
        pid.unwrap_or_else(|| panic!("{} has no pid: {status:#?}", self.0.display())).get()
    }

    /// Waits until `condition` holds.
    #[track_caller]
    pub fn wait_for(&self, condition: Condition) {
        let what = format!("{} is {condition}", self.0.display());
        self.wait_until(&what, |service| condition.holds(service).then_some(()));
    }

    /// Waits until `probe` gives a value.
    #[track_caller]
    pub fn wait_until<T>(&self, what: &str, mut probe: impl FnMut(&Self) -> Option<T>) -> T {
        let folders = [self.0.parent().unwrap_or(&self.0), &self.0, &self.0.join("supervise")];
        in_time(&folders, || probe(self))
            .unwrap_or_else(|| panic!("waited in vain until {what}; the record says {:#?}", self.status()))
    }
}
