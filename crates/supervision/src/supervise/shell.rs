//! The shell around the machine: waits for signals, commands, the start's report and the timer, tells the machine,
//! and does what it answers. Once it runs, nothing that goes wrong ends it: by type, there is no way out of the
//! loop but [`Action::Leave`].

use super::machine::{Action, Event, Machine};
use super::place::Place;
use super::reports::Reports;
use super::service::Service;
use super::start::{Means, become_run};
use crate::resident;
use anyhow::Context;
use cli::errno::text;
use cli::voice::{Said, Voice};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{Signal as System, kill, killpg};
use nix::sys::stat::stat;
use nix::sys::time::TimeSpec;
use nix::unistd::{Pid, getpid};
use protocol::command::{Signal, Target, orders};
use protocol::folder::{DOWN, control_folder_here};
use protocol::report::{Report, Step};
use protocol::status::{Failed, SIZE};
use protocol::tai64n::Tai64n;
use std::ffi::CStr;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;
use sys::clock::{Monotonic, wall};
use sys::own_folder::OwnFolder;
use sys::process::{reap, spawn};
use sys::signals::Signals;

/// How long the lock of another supervise, which is perhaps just leaving, is tried for.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// How often.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Commands are taken in blocks of this size; what `+` and `=` say holds for a block.
const BATCH: usize = 1024;

/// A running supervise.
#[derive(Debug)]
pub(super) struct Shell {
    machine: Machine,
    service: Service,
    means: Means,
    place: Place,
    signals: Signals,
    /// What the start in progress says; its end means that run was executed.
    reports: Option<Reports>,
    failed: Option<Failed>,
    /// When the pid changed last, and to what.
    since: Tai64n,
    pid: Option<Pid>,
    /// What the file holds; `None` where it could not be written.
    written: Option<[u8; SIZE]>,
    voice: Voice,
    warned: Said,
    complained: Said,
}

impl Shell {
    /// Takes the service's folder, or fails in daemontools' words.
    pub(super) fn begin(folder: &CStr, trusting: bool) -> anyhow::Result<Self> {
        let signals = resident::begin()?;
        let means = Means { own: OwnFolder::find(), trusting };
        let service = Service::enter(folder, trusting)?;
        let name = service.name.clone();
        let normally_up = match stat(DOWN) {
            Ok(_) => false,
            Err(Errno::ENOENT) => true,
            Err(error) => return Err(error).with_context(|| format!("unable to stat {name}/down")),
        };
        let path = control_folder_here().with_context(|| format!("unable to find the path of {name}"))?;
        let place = take_patiently(|| Place::take(&name, &path))?;
        let mut shell = Self {
            machine: Machine::new(Monotonic::now(), normally_up),
            service,
            means,
            place,
            signals,
            reports: None,
            failed: None,
            since: Tai64n::from_wall(wall()),
            pid: None,
            written: None,
            voice: Voice::new("supervise"),
            warned: Said::default(),
            complained: Said::default(),
        };
        shell.write_record().with_context(|| format!("unable to write the status of {name}"))?;
        Ok(shell)
    }

    /// Goes on until supervise is to leave.
    pub(super) fn keep_running(mut self) {
        while self.turn().is_continue() {}
    }

    /// Waits for something to happen, and deals with all that did.
    fn turn(&mut self) -> ControlFlow<()> {
        self.wait();
        while let Some(signal) = self.signals.next() {
            self.take_signal(signal)?;
        }
        self.read_reports()?;
        self.read_commands()?;
        if self.machine.wake_at().is_some_and(|until| until <= Monotonic::now()) {
            self.step(Event::Due)?;
        }
        ControlFlow::Continue(())
    }

    fn wait(&self) {
        let control = self.place.control.as_fd();
        let reports = self.reports.as_ref().map_or(control, AsFd::as_fd);
        let mut watched =
            [self.signals.as_fd(), control, reports].map(|from| PollFd::new(from, PollFlags::POLLIN));
        let timeout = self.machine.wake_at().map(|until| TimeSpec::from(until.since(Monotonic::now())));
        // An error can only be a passing lack of memory; the reads that follow do not wait.
        let _ = ppoll(&mut watched, timeout, None);
    }

    fn take_signal(&mut self, signal: i32) -> ControlFlow<()> {
        match System::try_from(signal) {
            Ok(System::SIGCHLD) => {
                while let Some((pid, ending)) = reap() {
                    if self.machine.pid() == Some(pid) {
                        // What it said before it ended comes first: whether it became run at all.
                        self.read_reports()?;
                        self.reports = None;
                        self.step(Event::Ended(ending))?;
                    }
                }
                ControlFlow::Continue(())
            }
            Ok(System::SIGTERM | System::SIGINT) => self.step(Event::Terminate),
            Ok(System::SIGHUP) => self.step(Event::EndOfInput),
            Ok(System::SIGQUIT) => self.step(Event::Quit),
            _ => ControlFlow::Continue(()),
        }
    }

    fn read_reports(&mut self) -> ControlFlow<()> {
        while let Some(reports) = &mut self.reports {
            match reports.next() {
                ControlFlow::Continue(None) => break,
                ControlFlow::Continue(Some(Report::Warning(text))) => self.warn_once(&text),
                ControlFlow::Continue(Some(Report::Failed { step, errno, reason })) => {
                    self.start_failed(Failed { step, errno, reason });
                    // A process that only has to end is not taken for one that became run.
                    self.reports = None;
                }
                ControlFlow::Break(()) => {
                    self.reports = None;
                    self.failed = None;
                    self.complained.clear();
                    self.step(Event::Executed)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn read_commands(&mut self) -> ControlFlow<()> {
        let mut batch = [0; BATCH];
        let length = self.place.control.read(&mut batch).unwrap_or(0);
        for order in orders(batch.get(..length).unwrap_or_default()) {
            self.step(Event::Order(order))?;
        }
        ControlFlow::Continue(())
    }

    /// Tells the machine, does what it answers, and brings the record to the new truth.
    fn step(&mut self, event: Event) -> ControlFlow<()> {
        let mut action = self.machine.step(Monotonic::now(), event);
        let mut no_process = None;
        let flow = loop {
            match action {
                Action::Nothing => break ControlFlow::Continue(()),
                Action::Leave => break ControlFlow::Break(()),
                Action::Signal(pid, target, signals) => {
                    send(pid, target, signals);
                    break ControlFlow::Continue(());
                }
                Action::Start(start) => match Reports::pipe().and_then(|(reports, report)| {
                    spawn(|| become_run(&self.service, &self.means, &report)).map(|pid| (pid, reports))
                }) {
                    Ok((pid, reports)) => {
                        start.spawned(pid);
                        self.reports = Some(reports);
                        break ControlFlow::Continue(());
                    }
                    Err(error) => {
                        no_process = Some(error);
                        action = start.not_spawned();
                    }
                },
            }
        };
        if let Some(error) = no_process {
            let reason = format!("unable to fork: {}", text(error));
            self.start_failed(Failed { step: Step::Fork, errno: error as i32, reason });
        }
        self.record();
        flow
    }

    fn start_failed(&mut self, failed: Failed) {
        let line = format!("unable to start {}: {}", self.service.name, failed.reason);
        if self.complained.is_new(&line) {
            self.voice.warn(&line);
        }
        self.failed = Some(failed);
        self.record();
    }

    fn warn_once(&mut self, text: &str) {
        let line = format!("{}: {text}", self.service.name);
        if self.warned.is_new(&line) {
            self.voice.warn(&line);
        }
    }

    fn record(&mut self) {
        if let Err(error) = self.write_record() {
            let reason = Errno::from_raw(error.raw_os_error().unwrap_or(0));
            self.warn_once(&format!("unable to write its status: {}", text(reason)));
        }
    }

    /// Writes the record where it is not what the file holds.
    fn write_record(&mut self) -> std::io::Result<()> {
        if self.pid != self.machine.pid() {
            self.pid = self.machine.pid();
            self.since = Tai64n::from_wall(wall());
        }
        let bytes = self.machine.status(self.since, self.failed.clone(), getpid()).encode();
        if self.written.as_ref() == Some(&bytes) {
            return Ok(());
        }
        self.written = None;
        self.place.status.write_all_at(&bytes, 0)?;
        self.written = Some(bytes);
        Ok(())
    }
}

/// Tries again while another supervise holds the lock, for a second: it is perhaps just leaving.
fn take_patiently(mut take: impl FnMut() -> anyhow::Result<Place>) -> anyhow::Result<Place> {
    let give_up = Monotonic::now() + LOCK_PATIENCE;
    loop {
        match take() {
            Err(error)
                if error.root_cause().downcast_ref::<Errno>() == Some(&Errno::EAGAIN)
                    && Monotonic::now() < give_up =>
            {
                std::thread::sleep(LOCK_PAUSE);
            }
            result => return result,
        }
    }
}

fn send(pid: Pid, target: Target, signals: &[Signal]) {
    for signal in signals {
        // The process is our child and not reaped, so both numbers are its own. It has no group yet while it is about
        // to make one: then it is signalled alone.
        let sent = match target {
            Target::Process => kill(pid, signal.system()),
            Target::Group => killpg(pid, signal.system()).or_else(|_| kill(pid, signal.system())),
        };
        // It may have ended this moment; its end is told in its own way.
        let _ = sent;
    }
}
