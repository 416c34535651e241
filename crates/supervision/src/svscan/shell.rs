//! The shell around the roster: waits for hints, signals, ends and the timer, lists, and does what the roster answers. Once it
//! runs, nothing that goes wrong ends it.

mod begin;
mod listings;
mod needs;
mod starts;
mod told;
mod upgrade;

use super::command::Command;
use super::directory::Directory;
use super::events::{Event, Part, Step};
use super::launch::Launcher;
use super::listing::Lister;
use super::log_pipe::LogPipe;
use super::roster::Roster;
use super::supervises::{Order, Supervises};
use super::takeover::Finder;
use super::watch::Watch;
use super::{Call, arrival};
use cli::voice::Voice;
use listings::NextListing;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use protocol::event;
use protocol::identity::FolderId;
use starts::TakenOver;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use sys::clock::Monotonic;
use sys::signals::Signals;
use upgrade::Upgrade;

/// A running svscan.
#[derive(Debug)]
pub(super) struct Shell {
    call: Call,
    roster: Roster,
    lister: Lister,
    launcher: Launcher,
    finder: Finder,
    supervises: Supervises,
    signals: Signals,
    watch: Option<Watch>,
    pipes: HashMap<FolderId, LogPipe>,
    next: NextListing,
    /// Names that were renamed in since the last listing.
    moved: HashSet<OsString>,
    taken_over: TakenOver,
    upgrade: Upgrade,
    command: Option<Command>,
    /// svscan was told to stop; everything stops, also because the command has ended; and no service is left.
    told: bool,
    stopping: bool,
    stopped: bool,
    voice: Voice,
    /// What those are to be told who wait for services that are not there.
    news: Vec<u8>,
    /// What could not be looked at in the last listing, and whether that failed: said once.
    unreadable: BTreeSet<OsString>,
    unlisted: bool,
    unwatched: bool,
    /// Its path leads where svscan cannot go: said once.
    unfollowed: bool,
    directory: Directory,
}

impl Shell {
    /// Goes on until svscan is to leave. Returns its exit code.
    pub(super) fn keep_running(mut self) -> u8 {
        // First of all, so that a stop finds everything that an earlier svscan has left running.
        self.take_strays();
        let mut flow = self.list();
        if flow.is_continue() {
            flow = self.start_command();
        }
        while flow.is_continue() {
            flow = self.turn();
        }
        self.command.map_or(0, Command::exit_code)
    }

    /// Does all that is to be done, and waits for more.
    fn turn(&mut self) -> ControlFlow<()> {
        while let Some(signal) = self.signals.next() {
            self.take_signal(signal)?;
        }
        for ((id, part), ending) in self.supervises.ended() {
            self.tell(Event::Exited(id, part, ending))?;
        }
        self.take_hints()?;
        let now = Monotonic::now();
        if self.roster.wake_at().is_some_and(|at| at <= now) {
            self.tell(Event::Due)?;
        }
        if self.next.at() <= now {
            self.list()?;
        }
        if let Some(line) = self.taken_over.take() {
            self.voice.tell(&line);
        }
        self.tell_news();
        self.upgrade_if_due();
        self.wait();
        ControlFlow::Continue(())
    }

    fn wait(&self) {
        let signals = self.signals.as_fd();
        let hints = self.watch.as_ref().map_or(signals, AsFd::as_fd);
        let mut watched =
            [signals, hints, self.supervises.as_fd()].map(|from| PollFd::new(from, PollFlags::POLLIN));
        let due = [self.roster.wake_at(), self.upgrade_at()];
        let until = due.into_iter().flatten().fold(self.next.at(), Monotonic::min);
        // An error can only be a passing lack of memory; what follows does not wait.
        let _ = ppoll(&mut watched, Some(TimeSpec::from(until.since(Monotonic::now()))), None);
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
        match step {
            Step::Look(id) => {
                let looked = self.roster.name(id).map(|name| Event::Looked(id, arrival::look(name)));
                return ControlFlow::Continue(looked);
            }
            Step::Watch(id) => self.watch_folder(id),
            Step::Unwatch(name) => {
                if let Some(watch) = &mut self.watch {
                    watch.remove(&name);
                }
            }
            Step::Start { id, part, with_log } => {
                return ControlFlow::Continue(Some(self.start(id, part, with_log)));
            }
            Step::Terminate(id, part) => self.supervises.tell(id, part, Order::Terminate),
            Step::Kill(id, part) => self.supervises.tell(id, part, Order::Kill),
            Step::Destroy(id, part) => self.destroy(id, part),
            Step::EndInput(id) => self.supervises.tell(id, Part::Logger, Order::EndInput),
            Step::Reconnect(id) => self.reconnect(id),
            Step::CloseInput(id) => {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.close_input();
                }
            }
            Step::CountUnread(id) => {
                let count = self.pipes.get(&id).map_or(0, LogPipe::unread);
                return ControlFlow::Continue(Some(Event::Unread(id, count)));
            }
            Step::Forget(id) => {
                self.pipes.remove(&id);
                self.news.push(event::LEFT);
            }
            Step::ListAgain => self.next.soon(),
            Step::Warn(text) => self.voice.warn(&text),
            Step::Leave => self.all_stopped()?,
        }
        ControlFlow::Continue(None)
    }
}
