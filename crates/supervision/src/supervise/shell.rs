//! The shell around the machine: waits for signals, commands, the start's report and the timer, tells the machine,
//! and has done what it answers. Once it runs, nothing that goes wrong ends it: by type, there is no way out of the
//! loop but [`Action::Leave`].

mod begin;
mod told;

use super::effects::Effects;
use super::machine::{Action, Event, Machine, news};
use super::place::Place;
use super::recorder::Recorder;
use crate::held::Held;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use protocol::event;
use std::ffi::CStr;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use sys::clock::Monotonic;
use sys::process::Ending;
use sys::signals::Signals;

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
    /// Goes on until supervise is to leave.
    pub(super) fn keep_running(mut self: Box<Self>) {
        let mut flow = self.begun();
        // Now the record says what has become of what was on it.
        self.place.tell(&[event::BEGUN]);
        sys::stack::give_back();
        while flow.is_continue() {
            flow = self.turn();
        }
    }

    /// Goes on with what is on record, before anything new.
    fn begun(&mut self) -> ControlFlow<()> {
        self.step(Event::Begun)?;
        // To be told to stop comes before a start.
        self.take_signals()?;
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
        self.take_signals()?;
        if let Some(ending) = self.effects.process().and_then(Held::ended) {
            self.ended(ending)?;
        }
        if self.machine.is_clearing() && self.effects.has_leftover_ended() {
            self.look_again()?;
        }
        self.read_reports()?;
        self.hear()?;
        self.read_commands()?;
        if self.machine.is_waiting() {
            self.effects.take_needed();
            self.step(Event::Needs)?;
        }
        if self.machine.wake_at().is_some_and(|until| until <= Monotonic::now()) {
            self.step(Event::Due)?;
        }
        ControlFlow::Continue(())
    }

    fn wait(&self) {
        let [socket, pipe] = self.effects.hearing().descriptors();
        let sources = [
            Some(self.signals.as_fd()),
            Some(self.place.control.as_fd()),
            self.effects.reports().map(AsFd::as_fd),
            self.effects.process().and_then(Held::end),
            self.effects.end_of_leftover(),
            socket,
            pipe,
            self.effects.needed(),
        ];
        let count = sources.iter().flatten().count();
        let mut sources = sources.into_iter().flatten();
        // Behind those that there are, the array is filled up with one that does not count.
        let mut watched: [_; 8] = std::array::from_fn(|_| {
            PollFd::new(sources.next().unwrap_or(self.signals.as_fd()), PollFlags::POLLIN)
        });
        let timeout = self.machine.wake_at().map(|until| TimeSpec::from(until.since(Monotonic::now())));
        // An error can only be a passing lack of memory; the reads that follow do not wait.
        let _ = ppoll(watched.get_mut(..count).unwrap_or_default(), timeout, None);
    }

    /// The process of run, or of finish, has ended.
    fn ended(&mut self, ending: Ending) -> ControlFlow<()> {
        // What it said before it ended comes first: whether it became run at all, and was ready.
        self.read_reports()?;
        self.hear()?;
        if self.machine.finish().is_some() {
            let stays_down = self.effects.finish_ended(ending, self.machine.heeds_finish());
            let flow = self.step(Event::Finished(ending));
            if stays_down {
                self.place.tell(&[event::PERMANENT]);
            }
            return flow;
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

    /// Notes which sockets are held, for the next supervise.
    fn note_sockets(&mut self) {
        let saved = self.place.folder().map_or(Ok(()), |folder| self.effects.sockets().save(folder));
        if let Err(error) = saved {
            self.effects.warn_once(&format!("unable to note its sockets: {}", cli::errno::text(error)));
        }
    }

    fn close_sockets(&mut self) {
        if !self.effects.sockets().is_empty() {
            self.effects.sockets_mut().close_all();
            self.note_sockets();
        }
    }

    /// Tells the machine, does what it answers, and brings the record to the new truth.
    fn step(&mut self, event: Event) -> ControlFlow<()> {
        let (before, was_down) = (self.machine.view(), self.machine.is_down());
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
                Action::Needs(needs) => self.effects.needs(needs),
                Action::Start(start) => self.effects.start(start),
                Action::Call(call) => {
                    self.effects.call(call);
                    None
                }
            };
            match next {
                Some(next) => action = next,
                None => break ControlFlow::Continue(()),
            }
        };
        let after = self.machine.view();
        if after.is_ready && !before.is_ready {
            self.effects.is_well();
        }
        if !self.machine.is_waiting() {
            self.effects.needs_nothing();
        }
        self.record();
        // What has just been made is on record now.
        self.effects.let_go_on();
        self.place.tell(news(before, after).letters());
        if self.machine.is_down() && (flow.is_break() || (!was_down && self.effects.closes_sockets())) {
            self.close_sockets();
        }
        if flow.is_break() {
            self.place.tell(&[event::LEFT]);
        }
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
}
