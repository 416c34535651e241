//! What supervise does when its machine says so: processes are made and signalled, what earlier runs left behind is looked for, and
//! what is wrong is said once.

mod clearing;
mod complaints;
mod past;
mod starts;

use super::hearing::Hearing;
use super::leftovers::{LastRun, Leftovers, Look};
use super::machine::{Because, Stop, To};
use super::needs::Needs;
use super::reports::{Reports, Told};
use super::role::Means;
use super::service::Service;
use super::sockets::Sockets;
use crate::held::Held;
use cli::voice::{Said, Voice};
use nix::unistd::Pid;
use protocol::command::{Signal, Target};
use protocol::process::ProcessId;
use protocol::report::Report;
use protocol::status::Failed;
use std::ops::ControlFlow;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::own_folder::OwnFolder;
use sys::process::Ending;
use sys::signals::SignalNumber;

/// How long what an earlier run left behind has to end, where `leftovers` says kill and `timeout-kill` nothing.
const ENDING: Duration = Duration::from_secs(5);

/// The service's processes, and what is known of them.
#[derive(Debug)]
pub(super) struct Effects {
    service: Service,
    means: Means,
    /// The process of run, or of finish.
    process: Option<Held>,
    /// It has just been made, and waits until it is on record.
    waits: bool,
    /// What the start in progress says; its end means that run was executed.
    reports: Option<Reports>,
    /// Why the last start failed.
    failed: Option<Failed>,
    /// The session of the last run, when it began, and how it ended.
    session: Option<Pid>,
    began: Option<Monotonic>,
    last: Option<LastRun>,
    /// What it left behind, looked for before finish could leave something.
    of_run: Option<Look>,
    leftovers: Leftovers,
    needs: Needs,
    /// What is waited for, as the status says it.
    waits_for: String,
    /// What else is to be known of the run.
    note: String,
    hearing: Hearing,
    sockets: Sockets,
    voice: Voice,
    warned: Said,
    complained: Said,
}

impl Effects {
    /// Nothing runs yet; but a start may be in progress, which an earlier version of this program has begun.
    pub(super) fn new(
        service: Service,
        means: Means,
        reports: Option<Reports>,
        hearing: Hearing,
        sockets: Sockets,
    ) -> Self {
        Self {
            service,
            means,
            process: None,
            waits: false,
            reports,
            failed: None,
            session: None,
            began: None,
            last: None,
            of_run: None,
            leftovers: Leftovers::default(),
            needs: Needs::default(),
            waits_for: String::new(),
            note: String::new(),
            hearing,
            sockets,
            voice: Voice::new("supervise"),
            warned: Said::default(),
            complained: Said::default(),
        }
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    pub(super) fn own_folder(&self) -> &OwnFolder {
        &self.means.own
    }

    /// The process of run, or of finish.
    pub(super) fn process(&self) -> Option<&Held> {
        self.process.as_ref()
    }

    /// What the start in progress says.
    pub(super) fn reports(&self) -> Option<&Reports> {
        self.reports.as_ref()
    }

    /// Why the last start failed.
    pub(super) fn failed(&self) -> Option<&Failed> {
        self.failed.as_ref()
    }

    /// The session of the last run.
    pub(super) fn session(&self) -> Option<Pid> {
        self.session
    }

    /// A process of an earlier run that is waited for.
    pub(super) fn waited(&self) -> Option<ProcessId> {
        self.leftovers.waited()
    }

    /// How many processes of earlier runs are known.
    pub(super) fn leftovers(&self) -> u16 {
        u16::try_from(self.leftovers.found().len()).unwrap_or(u16::MAX)
    }

    /// What the start in progress says next: `None` where nothing now, a break at its end.
    pub(super) fn next_report(&mut self) -> Option<ControlFlow<(), Told>> {
        match self.reports.as_mut()?.next() {
            ControlFlow::Continue(report) => report.map(ControlFlow::Continue),
            ControlFlow::Break(()) => {
                self.reports = None;
                Some(ControlFlow::Break(()))
            }
        }
    }

    /// run has ended like that, after a signal that was sent by command, or by itself. Returns the longest spacing that the
    /// service wishes.
    pub(super) fn run_ended(&mut self, ending: Ending, was_told: bool) -> Duration {
        self.reports = None;
        self.note.clear();
        self.hearing.run_ended();
        if let Some((check, _)) = self.hearing.take_check() {
            check.send(Target::Group, Signal::Kill.number());
            self.leftovers.killed(check.pid());
        }
        let process = self.process.take();
        if let Some(session) = self.session.filter(|_| !process.is_some_and(|process| process.is_child())) {
            self.leftovers.of_session(session);
        }
        // Of one that was begun by an earlier supervise, it is not known, and was long enough ago.
        let lived = self.began.take().map_or(Duration::MAX, |began| Monotonic::now().since(began));
        self.last = Some(LastRun { ending, lived, was_told });
        self.value(|values| values.restart_max())
    }

    /// finish has ended like that, and is heeded if it says that the service is to stay down. Returns whether it does.
    pub(super) fn finish_ended(&mut self, ending: Ending, is_heeded: bool) -> bool {
        self.reports = None;
        self.process = None;
        match ending {
            Ending::Exited(125) if is_heeded => {
                self.voice.tell(&format!("{}: finish says that it stays down", self.service.name));
                return true;
            }
            Ending::Killed(9) => self.warn_once("finish was killed"),
            _ => {}
        }
        false
    }

    /// Sends a signal.
    pub(super) fn send(&self, to: To, target: Target, signal: SignalNumber) {
        match to {
            To::Leftovers => self.leftovers.send(signal),
            To::Run | To::Finish => {
                if let Some(process) = &self.process {
                    process.send(target, signal);
                }
            }
            To::Check => {
                if let Some(check) = self.hearing.check() {
                    check.send(target, signal);
                }
            }
        }
    }

    /// Sends what `down` sends.
    pub(super) fn stop(&mut self, stop: Stop<'_>) {
        let mut wished = self.value(|values| values.stopping());
        if let Because::Overdue(overdue) = stop.because {
            wished.killed_after = wished.killed_after.or(Some(ENDING));
            self.is_overdue(overdue);
        }
        let target = if stop.target == Target::Group { Target::Group } else { wished.target };
        for signal in [wished.signal, Signal::Continue.number()] {
            self.send(stop.to, target, signal);
        }
        stop.sent(wished.signal, target, wished.killed_after);
    }

    /// What the status says of what is waited for, or of the run.
    pub(super) fn note(&self) -> &str {
        if self.waits_for.is_empty() { &self.note } else { &self.waits_for }
    }

    /// How run is heard.
    pub(super) fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// The same, to change it.
    pub(super) fn hearing_mut(&mut self) -> &mut Hearing {
        &mut self.hearing
    }

    /// The service's sockets.
    pub(super) fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// The same, to change them.
    pub(super) fn sockets_mut(&mut self) -> &mut Sockets {
        &mut self.sockets
    }

    /// Whether the sockets are to be closed while the service is down.
    pub(super) fn closes_sockets(&mut self) -> bool {
        !self.sockets.is_empty() && self.value(|values| values.closes_sockets())
    }

    /// Whether that is the process of check.
    pub(super) fn is_check(&self, pid: Pid) -> bool {
        self.hearing.check().is_some_and(|check| check.pid() == pid)
    }

    /// check has ended like that.
    pub(super) fn check_ended(&mut self, ending: Ending) {
        let Some((_, mut reports)) = self.hearing.take_check() else { return };
        while let ControlFlow::Continue(Some(told)) = reports.next() {
            if let Told::Report(Report::Failed { reason, .. }) = told {
                self.warn_once(&format!("unable to start check: {reason}"));
            }
        }
        if ending == Ending::Killed(9) {
            self.warn_once("check was killed");
        }
    }
}
