//! One folder of the roster, on its way from arriving through supervised to ending.

use super::events::{Arrival, Found, Looked, Part, Step};
use super::keeper::Keeper;
use cli::text::shown;
use nix::unistd::Pid;
use protocol::identity::FolderId;
use protocol::instance::{Kind, kind};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;

/// How long nothing in a new folder may have changed before it starts.
pub(super) const REST: Duration = Duration::from_secs(1);

/// After so long, a folder that keeps changing is worth a word.
const LONG: Duration = Duration::from_secs(30);

/// A logger that has had the end of its input for so long, and has an empty pipe, is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A folder that so many listings in a row have not shown is gone, even while the directory keeps changing.
const MISSED_FOR_SURE: u32 = 10;

/// What the roster knows of a folder.
#[derive(Debug)]
pub(super) struct Entry {
    id: FolderId,
    name: OsString,
    /// How many listings in a row have not shown it.
    missed: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Arriving { since: Monotonic, rest: Rest, told: bool },
    Supervised { service: Keeper, logger: Option<Keeper> },
    Ending { service: Keeper, logger: Option<Keeper>, drain: Drain },
}

/// How far an arriving folder is from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// It is to be looked at; if it is whole, it starts then.
    Unseen { whole: bool },
    /// Looked at: nothing may change until then.
    Until { due: Monotonic, print: u64 },
    /// It is at rest, but has no `run`; it is watched.
    WithoutRun,
}

/// How far the end of a logger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drain {
    /// The service is still there.
    NotYet,
    /// The logger has the end of its input; its pipe is looked at then.
    Until(Monotonic),
    /// It was told to stop.
    Told,
}

impl Entry {
    /// A folder that has just been found, and is to be looked at.
    pub(super) fn arriving(now: Monotonic, found: Found) -> Self {
        let rest = Rest::Unseen { whole: found.arrival != Arrival::Made };
        let state = State::Arriving { since: now, rest, told: false };
        Self { id: found.id, name: found.name, missed: 0, state }
    }

    pub(super) fn id(&self) -> FolderId {
        self.id
    }

    /// What it is called.
    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// Whether it only waits for a `run`.
    pub(super) fn waits_for_run(&self) -> bool {
        matches!(self.state, State::Arriving { rest: Rest::WithoutRun, .. })
    }

    /// Whether nothing of it is left.
    pub(super) fn has_ended(&self) -> bool {
        match &self.state {
            State::Ending { service, logger, .. } => {
                service.is_gone() && logger.is_none_or(|logger| logger.is_gone())
            }
            State::Arriving { .. } | State::Supervised { .. } => false,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        let due = |keeper: &Option<Keeper>| keeper.as_ref().and_then(Keeper::due);
        match &self.state {
            State::Arriving { rest: Rest::Until { due, .. }, .. } => Some(*due),
            State::Arriving { .. } => None,
            State::Supervised { service, logger } => service.due().into_iter().chain(due(logger)).min(),
            State::Ending { drain: Drain::Until(at), .. } => Some(*at),
            State::Ending { .. } => None,
        }
    }

    /// Does what is due.
    pub(super) fn due(&mut self, now: Monotonic, steps: &mut Vec<Step>) {
        let is_due = |at: Option<Monotonic>| at.is_some_and(|at| at <= now);
        let name = &self.name;
        match &mut self.state {
            State::Arriving { since, rest: Rest::Until { due, .. }, told } if *due <= now => {
                if now.since(*since) >= LONG && !std::mem::replace(told, true) {
                    let name = shown(name.as_bytes());
                    steps.push(Step::Warn(format!(
                        "{name} keeps changing: it starts when it has come to rest"
                    )));
                }
                steps.push(Step::Look(self.id));
            }
            State::Arriving { .. } => {}
            State::Supervised { service, logger } => {
                let with_log = logger.is_some();
                if is_due(service.due()) {
                    service.ask(now);
                    steps.push(Step::Start { id: self.id, part: Part::Service, with_log });
                }
                if let Some(logger) = logger.as_mut().filter(|logger| is_due(logger.due())) {
                    logger.ask(now);
                    steps.push(Step::Start { id: self.id, part: Part::Logger, with_log });
                }
            }
            State::Ending { drain: Drain::Until(at), .. } if *at <= now => {
                *at = now + GRACE;
                steps.push(Step::CountUnread(self.id));
            }
            State::Ending { .. } => {}
        }
    }

    /// A listing has shown it, under these names.
    pub(super) fn seen(
        &mut self,
        now: Monotonic,
        called: Vec<Found>,
        names_matter: bool,
        steps: &mut Vec<Step>,
    ) {
        self.missed = 0;
        let moved = called.iter().any(|found| found.arrival == Arrival::Moved);
        match &mut self.state {
            State::Arriving { rest: rest @ Rest::Until { .. }, .. } if moved => {
                // It was listed before the word of its renaming came.
                *rest = Rest::Unseen { whole: true };
                steps.push(Step::Look(self.id));
            }
            _ => {}
        }
        if called.iter().any(|found| found.name == self.name) {
            return;
        }
        let Some(found) = called.into_iter().min_by(|one, other| one.name.cmp(&other.name)) else { return };
        let is_data = |name: &OsStr| names_matter || kind(name) != Kind::Plain;
        match &mut self.state {
            State::Arriving { rest, .. } => {
                if *rest == Rest::WithoutRun {
                    steps.push(Step::Unwatch(self.name.clone()));
                }
                *rest = Rest::Unseen { whole: found.arrival != Arrival::Made };
                steps.push(Step::Look(self.id));
                self.name = found.name;
            }
            // Its name tells it its template and argument, or where its files are: it begins anew under the new one.
            State::Supervised { .. } if is_data(&self.name) || is_data(&found.name) => self.end(now, steps),
            State::Supervised { .. } => self.name = found.name,
            State::Ending { .. } => {}
        }
    }

    /// A listing has not shown it. Returns whether another one is needed to be sure.
    pub(super) fn not_seen(&mut self, now: Monotonic, quiet: bool, steps: &mut Vec<Step>) -> bool {
        self.missed = self.missed.saturating_add(1);
        let sure = (self.missed >= 2 && quiet) || self.missed >= MISSED_FOR_SURE;
        if sure {
            self.end(now, steps);
        }
        !sure
    }

    /// It has been looked at.
    pub(super) fn looked(&mut self, now: Monotonic, looked: Looked, steps: &mut Vec<Step>) {
        let (since, rest) = match &mut self.state {
            State::Arriving { since, rest, .. } => (since, rest),
            State::Supervised { logger, .. } => {
                if logger.is_none() && looked.has_log {
                    *logger = Some(Keeper::new(now));
                }
                return self.due(now, steps);
            }
            State::Ending { .. } => return,
        };
        let waited = *rest == Rest::WithoutRun;
        let at_rest = match *rest {
            Rest::Unseen { whole } => whole || looked.at_rest >= REST,
            Rest::Until { due, print } => due <= now && print == looked.print,
            // What has come since must come to rest as well.
            Rest::WithoutRun => !looked.has_run,
        };
        if !at_rest {
            if waited {
                // How long it waited for its run is not how long it keeps changing.
                *since = now;
            }
            *rest = Rest::Until { due: now + REST, print: looked.print };
        } else if !looked.has_run {
            *rest = Rest::WithoutRun;
        }
        match (waited, self.waits_for_run()) {
            (true, false) => steps.push(Step::Unwatch(self.name.clone())),
            (false, true) => {
                let name = shown(self.name.as_bytes());
                steps.push(Step::Warn(format!("{name} has no run: it starts when it gets one")));
                // Once more when it is watched: one may have come in between.
                steps.extend([Step::Watch(self.id), Step::Look(self.id)]);
            }
            _ => {}
        }
        if at_rest && looked.has_run {
            let logger = looked.has_log.then(|| Keeper::new(now));
            self.state = State::Supervised { service: Keeper::new(now), logger };
            self.due(now, steps);
        }
    }

    /// One of its supervises runs.
    pub(super) fn started(&mut self, part: Part, pid: Pid, steps: &mut Vec<Step>) {
        let ending = match (&self.state, part) {
            (State::Ending { .. }, Part::Service) => Some(Step::Terminate(pid)),
            (State::Ending { drain: Drain::Until(_) | Drain::Told, .. }, Part::Logger) => {
                Some(Step::EndInput(pid))
            }
            _ => None,
        };
        if let Some(keeper) = self.keeper(part) {
            keeper.started(pid);
            steps.extend(ending);
        }
    }

    /// One of its supervises could not be started.
    pub(super) fn not_started(&mut self, now: Monotonic, part: Part, reason: &str, steps: &mut Vec<Step>) {
        let name = shown(self.name.as_bytes()).into_owned();
        let ending = self.is_ending();
        let Some(keeper) = self.keeper(part) else { return };
        if keeper.not_started(now) {
            let log = if part == Part::Logger { "/log" } else { "" };
            steps.push(Step::Warn(format!("unable to start supervise {name}{log}: {reason}")));
        }
        if ending {
            self.part_gone(now, part, steps);
        }
    }

    /// One of its supervises has ended.
    pub(super) fn exited(&mut self, now: Monotonic, part: Part, ending: Ending, steps: &mut Vec<Step>) {
        if self.is_ending() {
            self.part_gone(now, part, steps);
            return;
        }
        if let Some(keeper) = self.keeper(part) {
            keeper.exited(now, ending);
        }
        match &self.state {
            // A log may have been made for it since it came: it counts from this start on.
            State::Supervised { logger: None, .. } => steps.push(Step::Look(self.id)),
            _ => self.due(now, steps),
        }
    }

    /// So many bytes wait in its log pipe.
    pub(super) fn unread(&mut self, count: usize, steps: &mut Vec<Step>) {
        let State::Ending { logger: Some(logger), drain, .. } = &mut self.state else { return };
        if let Some(pid) = logger.pid().filter(|_| count == 0) {
            *drain = Drain::Told;
            steps.push(Step::Terminate(pid));
        }
    }

    /// It is to stop, and be forgotten.
    pub(super) fn end(&mut self, now: Monotonic, steps: &mut Vec<Step>) {
        let (mut service, logger) = match &self.state {
            State::Ending { .. } => return,
            State::Supervised { service, logger } => (*service, *logger),
            State::Arriving { .. } => {
                if self.waits_for_run() {
                    steps.push(Step::Unwatch(self.name.clone()));
                }
                let mut nothing = Keeper::new(now);
                nothing.give_up();
                (nothing, None)
            }
        };
        match service.pid() {
            Some(pid) => steps.push(Step::Terminate(pid)),
            None => service.give_up(),
        }
        let gone = service.is_gone();
        self.state = State::Ending { service, logger, drain: Drain::NotYet };
        if gone {
            self.part_gone(now, Part::Service, steps);
        }
    }

    /// It was told to stop, and is told again: what has had its turn is killed.
    pub(super) fn end_now(&mut self, steps: &mut Vec<Step>) {
        if let State::Ending { service, logger, drain } = &self.state {
            let logger = logger.as_ref().filter(|_| *drain != Drain::NotYet).and_then(Keeper::pid);
            steps.extend(service.pid().into_iter().chain(logger).map(Step::Terminate));
        }
    }

    /// Whether it is on its way out.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending { .. })
    }

    fn keeper(&mut self, part: Part) -> Option<&mut Keeper> {
        match (&mut self.state, part) {
            (State::Supervised { service, .. } | State::Ending { service, .. }, Part::Service) => {
                Some(service)
            }
            (State::Supervised { logger, .. } | State::Ending { logger, .. }, Part::Logger) => {
                logger.as_mut()
            }
            (State::Arriving { .. }, _) => None,
        }
    }

    /// While it ends, one of its supervises is gone for good. After the service it is the logger's turn.
    fn part_gone(&mut self, now: Monotonic, part: Part, steps: &mut Vec<Step>) {
        if let Some(keeper) = self.keeper(part) {
            keeper.give_up();
        }
        let State::Ending { logger: Some(logger), drain, .. } = &mut self.state else { return };
        if *drain != Drain::NotYet || part == Part::Logger {
            return;
        }
        *drain = Drain::Until(now + GRACE);
        if let Some(pid) = logger.pid() {
            // Told first: a logger that has already ended at its end of file would be started again.
            steps.push(Step::EndInput(pid));
        } else if !logger.is_gone() {
            // Its supervise was just to be started again: lines may be waiting for it.
            logger.ask(now);
            steps.push(Step::Start { id: self.id, part: Part::Logger, with_log: true });
        }
        steps.push(Step::CloseInput(self.id));
    }
}
