//! What supervise does when its machine says so: processes are made and signalled, what earlier runs left behind is looked for, and
//! what is wrong is said once.

use super::leftovers::{LastRun, Leftovers, Look, Verdict, in_background, judge};
use super::machine::{Action, Clear, Finish, Machine, Start, Stop, To};
use super::past::Past;
use super::reports::Reports;
use super::service::Service;
use super::start::{Means, Role, become_program};
use super::values::Values;
use crate::held::Held;
use cli::errno::text;
use cli::voice::{Said, Voice};
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::command::{Signal, Target};
use protocol::process::ProcessId;
use protocol::report::{Report, Step};
use protocol::status::Failed;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::own_folder::OwnFolder;
use sys::process::{Ending, spawn};
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
    voice: Voice,
    warned: Said,
    complained: Said,
}

impl Effects {
    /// Nothing runs yet; but a start may be in progress, which an earlier version of this program has begun.
    pub(super) fn new(service: Service, means: Means, reports: Option<Reports>) -> Self {
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
            voice: Voice::new("supervise"),
            warned: Said::default(),
            complained: Said::default(),
        }
    }

    /// Goes on with what an earlier supervise has left, and says so, unless that was this process.
    pub(super) fn take_up(&mut self, past: Past) -> Machine {
        let Past { machine, failed, session, process, waited, .. } = past;
        let is_found = |process: &&Held| !process.is_child() && !process.has_ended();
        if let Some(process) = process.as_ref().filter(is_found) {
            let what = if machine.finish().is_some() { "finish, " } else { "" };
            self.voice.tell(&format!("{}: adopted {what}pid {}", self.service.name, process.pid()));
        }
        if let Some(session) = session.filter(|_| !process.as_ref().is_some_and(Held::is_child)) {
            self.leftovers.of_session(session);
        }
        if machine.is_clearing() {
            // Where nothing was said of leftovers, it was waiting because run had put itself into the background.
            self.last = Some(LastRun { ending: Ending::Exited(0), lived: Duration::ZERO, was_told: false });
        }
        if let Some(waited) = waited.filter(|waited| !waited.is_child()) {
            self.leftovers.waited_for(waited);
        }
        if let Some(failed) = &failed {
            // It has been said.
            self.complained.is_new(&self.not_started(failed));
        }
        (self.process, self.failed, self.session) = (process, failed, session);
        machine
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

    /// What becomes readable when a leftover that is waited for ends.
    pub(super) fn end_of_leftover(&self) -> Option<BorrowedFd<'_>> {
        self.leftovers.end()
    }

    /// Whether that has happened.
    pub(super) fn has_leftover_ended(&self) -> bool {
        self.leftovers.has_one_ended()
    }

    /// What the start in progress says next: `None` where nothing now, a break at its end.
    pub(super) fn next_report(&mut self) -> Option<ControlFlow<(), Report>> {
        match self.reports.as_mut()?.next() {
            ControlFlow::Continue(report) => report.map(ControlFlow::Continue),
            ControlFlow::Break(()) => {
                self.reports = None;
                Some(ControlFlow::Break(()))
            }
        }
    }

    /// The start has become run, or finish.
    pub(super) fn executed(&mut self, is_finish: bool) {
        if !is_finish {
            self.failed = None;
            self.complained.clear();
        }
    }

    /// The start goes no further.
    pub(super) fn start_failed(&mut self, is_finish: bool, failed: Failed) {
        // A process that only has to end is not taken for one that became run.
        self.reports = None;
        if is_finish {
            return self.warn_once(&format!("unable to start finish: {}", failed.reason));
        }
        let line = self.not_started(&failed);
        if self.complained.is_new(&line) {
            self.voice.warn(&line);
        }
        self.failed = Some(failed);
    }

    fn not_started(&self, failed: &Failed) -> String {
        format!("unable to start {}: {}", self.service.name, failed.reason)
    }

    /// run has ended like that, after a signal that was sent by command, or by itself. Returns the longest spacing that the
    /// service wishes.
    pub(super) fn run_ended(&mut self, ending: Ending, was_told: bool) -> Duration {
        self.reports = None;
        let process = self.process.take();
        if let Some(session) = self.session.filter(|_| !process.is_some_and(|process| process.is_child())) {
            self.leftovers.of_session(session);
        }
        // Of one that was begun by an earlier supervise, it is not known, and was long enough ago.
        let lived = self.began.take().map_or(Duration::MAX, |began| Monotonic::now().since(began));
        self.last = Some(LastRun { ending, lived, was_told });
        self.value(|values| values.restart_max())
    }

    /// finish has ended like that, and is heeded if it says that the service is to stay down.
    pub(super) fn finish_ended(&mut self, ending: Ending, is_heeded: bool) {
        self.reports = None;
        self.process = None;
        match ending {
            Ending::Exited(125) if is_heeded => {
                self.voice.tell(&format!("{}: finish says that it stays down", self.service.name));
            }
            Ending::Killed(9) => self.warn_once("finish was killed"),
            _ => {}
        }
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
        }
    }

    /// Sends what `down` sends.
    pub(super) fn stop(&mut self, stop: Stop<'_>) {
        let wished = self.value(|values| values.stopping());
        let target = if stop.target == Target::Group { Target::Group } else { wished.target };
        for signal in [wished.signal, Signal::Continue.number()] {
            self.send(stop.to, target, signal);
        }
        stop.sent(wished.signal, target, wished.killed_after);
    }

    /// Makes the process that becomes run.
    pub(super) fn start<'a>(&mut self, start: Start<'a>) -> Option<Action<'a>> {
        match self.spawn(Role::Run) {
            Ok(pid) => {
                self.session = Some(pid);
                self.began = Some(Monotonic::now());
                start.spawned(pid);
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
    pub(super) fn finish<'a>(&mut self, finish: Finish<'a>) -> Option<Action<'a>> {
        let (exists, at_most) = self.value(|values| (values.has_finish(), values.finishing()));
        if !exists {
            return Some(finish.none());
        }
        self.of_run = Some(self.leftovers.look());
        match self.spawn(Role::Finish { pid: finish.pid, ending: finish.ending }) {
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

    fn spawn(&mut self, role: Role) -> Result<Pid, Errno> {
        let system = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
        let (ours, theirs) = Reports::pair().map_err(system)?;
        let pid = spawn(|| {
            ours.close_in_child();
            become_program(&self.service, &self.means, role, &theirs)
        })?;
        self.process = Some(Held::child(pid));
        self.reports = Some(ours);
        self.waits = true;
        Ok(pid)
    }

    /// What was made last is on record now, and may become what it is to be.
    pub(super) fn let_go_on(&mut self) {
        if let Some(reports) = self.reports.as_ref().filter(|_| std::mem::take(&mut self.waits)) {
            reports.go_on();
        }
    }

    /// Looks for what earlier runs left behind, and decides whether it is to be gone first.
    pub(super) fn clear<'a>(&mut self, clear: Clear<'a>) -> Option<Action<'a>> {
        let look = self.leftovers.look();
        let of_run = self.of_run.take().unwrap_or(look);
        let last = self.last.take();
        if self.leftovers.found().is_empty() {
            return Some(clear.free());
        }
        let (wish, killed_after) = self.value(|values| (values.leftovers(), values.killed_after()));
        let verdict = judge(wish, self.leftovers.found(), &of_run, last);
        let names = self.leftovers.unnamed();
        if let Verdict::IsTheService { but } = &verdict {
            // Of each program once.
            let (programs, line) = in_background(self.leftovers.found(), but);
            if self.warned.is_new(&format!("in the background: {programs:?}")) {
                self.warn(&line);
            }
        } else if !names.is_empty() {
            self.warn(&format!("left behind by an earlier run: {}", names.join("; ")));
        }
        let is_ending = verdict == Verdict::End;
        if verdict == Verdict::Stay {
            return Some(clear.free());
        }
        self.leftovers.wait_for(verdict);
        if is_ending {
            for signal in [Signal::Terminate, Signal::Continue] {
                self.leftovers.send(signal.number());
            }
        }
        clear.waits(is_ending.then(|| killed_after.unwrap_or(ENDING)));
        None
    }

    /// Whether what was waited for is gone; what it has left behind itself is told to end as well, if it was.
    pub(super) fn are_leftovers_cleared(&mut self) -> bool {
        let look = self.leftovers.look();
        self.leftovers.go_on(&look);
        self.leftovers.are_cleared()
    }

    /// Reads something of the service's values, and says what is wrong with them.
    fn value<T>(&mut self, read: impl FnOnce(&mut Values<'_>) -> T) -> T {
        let mut values = Values::of(&self.service);
        let value = read(&mut values);
        for warning in values.warnings() {
            self.warn_once(&warning);
        }
        value
    }

    /// Says something of the service, once.
    pub(super) fn warn_once(&mut self, text: &str) {
        if self.warned.is_new(text) {
            self.warn(text);
        }
    }

    /// Says something of the service.
    pub(super) fn warn(&mut self, text: &str) {
        self.voice.warn(&format!("{}: {text}", self.service.name));
    }
}
