//! What is said of the service: in the log, each thing once, and in its status.

use super::super::machine::Overdue;
use super::super::values::Values;
use super::Effects;
use cli::text::short;
use nix::unistd::Pid;
use protocol::process::number;
use protocol::report::Step;
use protocol::status::Failed;
use std::num::NonZeroU32;

impl Effects {
    /// The start has become run, or finish.
    pub(in super::super) fn executed(&mut self, is_finish: bool) {
        let was_overdue = self.failed.as_ref().is_some_and(|failed| failed.step.is_of_a_run());
        if !is_finish && !was_overdue {
            self.is_well();
        }
    }

    /// run is as it should be: what was wrong counts no more, and is said when it happens again.
    pub(in super::super) fn is_well(&mut self) {
        self.failed = None;
        self.complained.clear();
    }

    /// The start goes no further.
    pub(in super::super) fn start_failed(&mut self, is_finish: bool, failed: Failed) {
        // A process that only has to end is not taken for one that became run.
        self.reports = None;
        if is_finish {
            return self.warn_once(&format!("unable to start finish: {}", failed.reason));
        }
        self.complain(failed);
    }

    /// Says what has not come in time.
    pub(super) fn is_overdue(&mut self, overdue: Overdue) {
        let (step, reason) = match overdue {
            Overdue::Failing => (Step::Watchdog, "it said that it does not live as it should".to_owned()),
            Overdue::Ready(within) => (Step::Ready, format!("it was not ready within {}", short(within))),
            Overdue::Alive(within) => {
                (Step::Watchdog, format!("it did not say within {} that it lives", short(within)))
            }
        };
        self.complain(Failed { step, errno: 0, reason });
    }

    /// Says why it is not running, once.
    pub(super) fn complain(&mut self, failed: Failed) {
        let line = self.complaint(&failed);
        if self.complained.is_new(&line) {
            self.voice.warn(&line);
        }
        self.failed = Some(failed);
    }

    pub(super) fn complaint(&self, failed: &Failed) -> String {
        let (name, reason) = (&self.service.name, &failed.reason);
        if failed.step.is_of_a_run() {
            format!("{name} is ended and started again: {reason}")
        } else {
            format!("unable to start {name}: {reason}")
        }
    }

    /// run says this number of its main process.
    pub(in super::super) fn main_process(&mut self, told: Option<u32>, run: Option<Pid>) {
        if told.and_then(NonZeroU32::new) != run.and_then(number) {
            self.warn_once(
                "MAINPID= is not taken: its main process is the one that run became, and has to stay in the foreground",
            );
        }
    }

    /// Reads something of the service's values, and says what is wrong with them.
    pub(super) fn value<T>(&mut self, read: impl FnOnce(&mut Values<'_>) -> T) -> T {
        let mut values = Values::of(&self.service);
        let value = read(&mut values);
        for warning in values.warnings() {
            self.warn_once(&warning);
        }
        value
    }

    /// Says something of the service, once.
    pub(in super::super) fn warn_once(&mut self, text: &str) {
        if self.warned.is_new(text) {
            self.warn(text);
        }
    }

    /// Says something of the service.
    pub(in super::super) fn warn(&mut self, text: &str) {
        self.voice.warn(&format!("{}: {text}", self.service.name));
    }
}
