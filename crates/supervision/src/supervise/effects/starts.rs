//! Making processes: for run when nothing holds it back, for finish after it, for check while it runs.

use super::super::machine::{self, Action, Call, Finish, Start};
use super::super::needs::{self, Needs};
use super::super::plain;
use super::super::reports::Reports;
use super::super::role::Role;
use super::super::start::become_program;
use super::Effects;
use crate::held::Held;
use cli::errno::text;
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::report::Step;
use protocol::status::Failed;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use sys::clock::Monotonic;
use sys::process::spawn;

impl Effects {
    /// Looks whether the services that it needs are ready.
    pub(in super::super) fn needs<'a>(&mut self, start: machine::Needs<'a>) -> Option<Action<'a>> {
        match self.needs.look(&self.service) {
            needs::Look::Met => Some(start.met()),
            needs::Look::Waits { note, look_again } => {
                self.waits_for = note;
                start.wait(look_again);
                None
            }
            needs::Look::Bad(reason) => {
                self.start_failed(false, Failed { step: Step::Folder, errno: 0, reason });
                Some(start.refused())
            }
        }
    }

    /// What becomes readable when something happens to a service that is waited for.
    pub(in super::super) fn needed(&self) -> Option<BorrowedFd<'_>> {
        self.needs.events()
    }

    /// Takes what has happened to those out of the way.
    pub(in super::super) fn take_needed(&self) {
        self.needs.drain();
    }

    /// None of them is waited for any more.
    pub(in super::super) fn needs_nothing(&mut self) {
        if !self.waits_for.is_empty() {
            self.needs = Needs::default();
            self.waits_for.clear();
        }
    }

    /// Makes the process that becomes run.
    pub(in super::super) fn start<'a>(&mut self, start: Start<'a>) -> Option<Action<'a>> {
        let (duties, number) = self.value(|values| {
            let number = values.notification();
            (values.duties(number != Ok(None)), number)
        });
        let voicebox = match number.map(|number| self.hearing.begin(duties, number)) {
            Ok(Ok(voicebox)) => voicebox,
            Ok(Err(error)) => {
                let reason = format!("unable to make what it says that it is ready with: {}", text(error));
                self.start_failed(false, Failed { step: Step::Folder, errno: error as i32, reason });
                return Some(start.not_spawned());
            }
            Err(reason) => {
                self.start_failed(false, Failed { step: Step::Folder, errno: 0, reason });
                return Some(start.not_spawned());
            }
        };
        match self.make(&Role::Run(voicebox)) {
            Ok(pid) => {
                self.session = Some(pid);
                self.began = Some(Monotonic::now());
                start.spawned(pid, duties);
                None
            }
            Err(error) => {
                let reason = format!("unable to fork: {}", text(error));
                self.start_failed(false, Failed { step: Step::Fork, errno: error as i32, reason });
                Some(start.not_spawned())
            }
        }
    }

    /// Makes the process that becomes finish, if there is one.
    pub(in super::super) fn finish<'a>(&mut self, finish: Finish<'a>) -> Option<Action<'a>> {
        let Some(at_most) = self.value(|values| values.has_finish().then(|| values.finishing())) else {
            return Some(finish.none());
        };
        self.of_run = Some(self.leftovers.look());
        match self.make(&Role::Finish { pid: finish.pid, ending: finish.ending }) {
            Ok(pid) => {
                finish.spawned(pid, at_most);
                None
            }
            Err(error) => {
                self.warn_once(&format!("unable to start finish: unable to fork: {}", text(error)));
                Some(finish.none())
            }
        }
    }

    /// Calls check.
    pub(in super::super) fn call(&mut self, call: Call<'_>) {
        match self.spawn(&Role::Check) {
            Ok((check, reports)) => {
                reports.go_on();
                call.made(Some(check.pid()));
                self.hearing.called(check, reports);
            }
            Err(error) => {
                self.warn_once(&format!("unable to start check: unable to fork: {}", text(error)));
                call.made(None);
            }
        }
    }

    /// Makes the process of run, or of finish.
    pub(super) fn make(&mut self, role: &Role) -> Result<Pid, Errno> {
        let (process, reports) = self.spawn(role)?;
        let pid = process.pid();
        (self.process, self.reports, self.waits) = (Some(process), Some(reports), true);
        Ok(pid)
    }

    pub(super) fn spawn(&self, role: &Role) -> Result<(Held, Reports), Errno> {
        let system = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
        let (ours, theirs) = Reports::pair().map_err(system)?;
        let close = self
            .means
            .private
            .iter()
            .copied()
            .chain(self.hearing.numbers())
            .chain([ours.as_fd().as_raw_fd()]);
        if let Some(made) = plain::spawn(&self.service, &self.means, &self.sockets, role, &theirs, close) {
            let (pid, spawned, unexplained) = made?;
            return Ok((Held::child(pid), ours.of_plain(spawned, unexplained)));
        }
        let pid = spawn(|| {
            ours.close_in_child();
            self.hearing.close_in_child();
            become_program(&self.service, &self.means, &self.sockets, role, theirs)
        })?;
        Ok((Held::child(pid), ours))
    }

    /// What was made last is on record now, and may become what it is to be.
    pub(in super::super) fn let_go_on(&mut self) {
        if let Some(reports) = self.reports.as_ref().filter(|_| std::mem::take(&mut self.waits)) {
            reports.go_on();
        }
    }
}
