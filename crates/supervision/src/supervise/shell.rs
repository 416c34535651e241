//! The shell around the machine: waits for signals, commands, the start's report and the timer, tells the machine,
//! and has done what it answers. Once it runs, nothing that goes wrong ends it: by type, there is no way out of the
//! loop but [`Action::Leave`].

use super::effects::Effects;
use super::machine::{Action, Before, Event, Machine};
use super::past::{Here, Past};
use super::place::Place;
use super::recorder::Recorder;
use super::reports::Reports;
use super::service::Service;
use super::start::Means;
use crate::held::Held;
use crate::resident;
use crate::upgrade::{self, Successor};
use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::Signal;
use nix::sys::stat::stat;
use nix::sys::time::TimeSpec;
use protocol::command::orders;
use protocol::folder::{DOWN, control_folder_here};
use protocol::kept::Kept;
use protocol::process::Boot;
use protocol::report::Report;
use protocol::status::{Failed, Want};
use std::ffi::CStr;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, AsRawFd};
use sys::clock::Monotonic;
use sys::descriptor::set_close_on_exec;
use sys::own_folder::OwnFolder;
use sys::process::{Change, Ending, next_change};
use sys::signals::Signals;

/// Commands are taken in blocks of this size; what `+` and `=` say holds for a block.
const BATCH: usize = 1024;

/// The name under which the socket of a start in progress is kept over an upgrade.
const REPORT: &str = "report";

/// A running supervise.
#[derive(Debug)]
pub(super) struct Shell {
    machine: Machine,
    effects: Effects,
    recorder: Recorder,
    place: Place,
    signals: Signals,
    /// As supervise was called.
    arguments: Vec<&'static CStr>,
}

impl Shell {
    /// Takes the service's folder, or fails in daemontools' words.
    pub(super) fn begin(
        arguments: &[&'static CStr],
        folder: &'static CStr,
        trusting: bool,
    ) -> anyhow::Result<Self> {
        let signals = resident::begin()?;
        // What a run leaves behind comes to us.
        let _ = set_child_subreaper(true);
        let means = Means { own: OwnFolder::find(), trusting };
        let mut kept = upgrade::kept();
        let service = match &mut kept {
            Some(kept) => Service::kept(folder, kept),
            None => Service::enter(folder, trusting),
        }?;
        let name = service.name.clone();
        let normally_up = match stat(DOWN) {
            Ok(_) => false,
            Err(Errno::ENOENT) => true,
            Err(error) => return Err(error).with_context(|| format!("unable to stat {name}/down")),
        };
        let place = match &mut kept {
            Some(kept) => Place::kept(kept).with_context(|| format!("unable to go on with {name}"))?,
            None => {
                let path =
                    control_folder_here().with_context(|| format!("unable to find the path of {name}"))?;
                Place::take(&name, &path)?
            }
        };
        let is_upgrade = kept.is_some();
        let socket = kept.and_then(|mut kept| sys::descriptor::adopt(kept.take(REPORT)?).ok());
        let upgraded = Before::Upgraded { starting: socket.is_some() };
        let before = if is_upgrade { upgraded } else { Before::Died };
        let boot = Boot::current();
        let now = Monotonic::now();
        let record = place.record().with_context(|| format!("unable to read the status of {name}"))?;
        let wish = if normally_up { Want::Up } else { Want::Down };
        let here = Here { file: place.record_id(), boot, wish, now, before };
        let past = Past::find(&record, &here).with_context(|| name.clone())?;
        let past = past.unwrap_or_else(|| Past::none(Machine::new(now, normally_up)));
        let recorder = Recorder::new(here.file, boot, past.machine.pid(), past.since);
        let mut effects = Effects::new(service, means, socket.map(Reports::kept));
        let machine = effects.take_up(past);
        let mut shell = Self { machine, effects, recorder, place, signals, arguments: arguments.to_vec() };
        shell.write_record().with_context(|| format!("unable to write the status of {name}"))?;
        Ok(shell)
    }

    /// Goes on until supervise is to leave.
    pub(super) fn keep_running(mut self) {
        let mut flow = self.begun();
        while flow.is_continue() {
            flow = self.turn();
        }
    }

    /// Goes on with what is on record, before anything new.
    fn begun(&mut self) -> ControlFlow<()> {
        self.step(Event::Begun)?;
        // To be told to stop comes before a start.
        while let Some(signal) = self.signals.next() {
            self.take_signal(signal)?;
        }
        // Children that ended while this program took the place of an earlier version: putting SIGCHLD back to its default has
        // thrown away the one that was pending.
        self.reap()?;
        // What is on record, and has ended while nobody looked.
        match self.effects.process() {
            Some(_) => ControlFlow::Continue(()),
            None => self.ended(Ending::Unknown),
        }
    }

    /// Waits for something to happen, and deals with all that did.
    fn turn(&mut self) -> ControlFlow<()> {
        self.wait();
        while let Some(signal) = self.signals.next() {
            self.take_signal(signal)?;
        }
        if let Some(ending) = self.effects.process().and_then(Held::ended) {
            self.ended(ending)?;
        }
        if self.machine.is_clearing() && self.effects.has_leftover_ended() {
            self.look_again()?;
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
        let sometimes = [
            self.effects.reports().map(AsFd::as_fd),
            self.effects.process().and_then(Held::end),
            self.effects.end_of_leftover(),
        ];
        let [reports, end, end_of_leftover] = sometimes.map(|other| other.unwrap_or(control));
        let mut watched = [self.signals.as_fd(), control, reports, end, end_of_leftover]
            .map(|from| PollFd::new(from, PollFlags::POLLIN));
        let timeout = self.machine.wake_at().map(|until| TimeSpec::from(until.since(Monotonic::now())));
        // An error can only be a passing lack of memory; the reads that follow do not wait.
        let _ = ppoll(&mut watched, timeout, None);
    }

    fn take_signal(&mut self, signal: i32) -> ControlFlow<()> {
        match Signal::try_from(signal) {
            Ok(Signal::SIGCHLD) => self.reap(),
            Ok(Signal::SIGTERM | Signal::SIGINT) => self.step(Event::Terminate),
            Ok(Signal::SIGHUP) => self.step(Event::EndOfInput),
            Ok(Signal::SIGQUIT) => self.step(Event::Quit),
            Ok(Signal::SIGUSR2) => {
                self.upgrade();
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn reap(&mut self) -> ControlFlow<()> {
        while let Some((pid, change)) = next_change() {
            if self.effects.process().is_none_or(|process| process.pid() != pid) {
                continue;
            }
            match change {
                Change::Ended(ending) => self.ended(ending),
                Change::Stopped => self.step(Event::Paused(true)),
                Change::Continued => self.step(Event::Paused(false)),
            }?;
        }
        self.look_again()
    }

    /// The process of run, or of finish, has ended.
    fn ended(&mut self, ending: Ending) -> ControlFlow<()> {
        // What it said before it ended comes first: whether it became run at all.
        self.read_reports()?;
        if self.machine.finish().is_some() {
            self.effects.finish_ended(ending, self.machine.heeds_finish());
            return self.step(Event::Finished(ending));
        }
        if self.machine.pid().is_some() {
            let longest = self.effects.run_ended(ending, self.machine.was_told());
            self.machine.limit_spacing(longest);
            return self.step(Event::Ended(ending));
        }
        ControlFlow::Continue(())
    }

    /// Something that an earlier run left behind may have ended.
    fn look_again(&mut self) -> ControlFlow<()> {
        if self.machine.is_clearing() && self.effects.are_leftovers_cleared() {
            return self.step(Event::Cleared);
        }
        ControlFlow::Continue(())
    }

    fn read_reports(&mut self) -> ControlFlow<()> {
        let is_finish = self.machine.finish().is_some();
        loop {
            match self.effects.next_report() {
                None => return ControlFlow::Continue(()),
                Some(ControlFlow::Continue(Report::Warning(text))) => self.effects.warn_once(&text),
                Some(ControlFlow::Continue(Report::Failed { step, errno, reason })) => {
                    self.effects.start_failed(is_finish, Failed { step, errno, reason });
                    self.record();
                }
                Some(ControlFlow::Break(())) => {
                    self.effects.executed(is_finish);
                    self.step(Event::Executed)?;
                }
            }
        }
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
        let flow = loop {
            let next = match action {
                Action::Nothing => None,
                Action::Leave => break ControlFlow::Break(()),
                Action::Signal(to, target, signal) => {
                    self.effects.send(to, target, signal);
                    None
                }
                Action::Stop(stop) => {
                    self.effects.stop(stop);
                    None
                }
                Action::Clear(clear) => self.effects.clear(clear),
                Action::Finish(finish) => self.effects.finish(finish),
                Action::Start(start) => self.effects.start(start),
            };
            match next {
                Some(next) => action = next,
                None => break ControlFlow::Continue(()),
            }
        };
        self.record();
        // What has just been made is on record now.
        self.effects.let_go_on();
        flow
    }

    fn record(&mut self) {
        if let Err(error) = self.write_record() {
            let reason = Errno::from_raw(error.raw_os_error().unwrap_or(0));
            self.effects.warn_once(&format!("unable to write its status: {}", cli::errno::text(reason)));
        }
    }

    fn write_record(&mut self) -> std::io::Result<()> {
        self.recorder.write(&self.place.status, &self.machine, &self.effects)
    }

    /// Becomes the installed supervise. All that is not kept open is in the record.
    fn upgrade(&mut self) {
        let mut keep = Vec::from(self.place.to_keep());
        keep.extend(self.effects.service().to_keep());
        keep.extend(self.effects.reports().map(|reports| (REPORT, reports.as_fd())));
        let mut kept = Kept::default();
        for (name, descriptor) in &keep {
            kept.add(name, descriptor.as_raw_fd());
        }
        let keep_open = |on: bool| {
            for (_, descriptor) in &keep {
                let _ = set_close_on_exec(descriptor, !on);
            }
        };
        let own = self.effects.own_folder();
        let error = match Successor::find(own, "supervise", &self.arguments, [upgrade::variable(&kept)]) {
            Ok(successor) => {
                keep_open(true);
                let error = successor.take_over();
                keep_open(false);
                error.into()
            }
            Err(error) => error,
        };
        let why = cli::errno::chain(&error);
        self.effects.warn(&format!("unable to become the installed supervise: {why}"));
    }
}
