//! One folder of the roster, on its way from arriving through supervised to ending.

use super::departure::Departure;
use super::events::{Arrival, Found, Looked, Origin, Part, Step};
use super::keeper::Keeper;
use cli::text::shown;
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

/// A folder that so many listings in a row have not shown is gone, even while the directory keeps changing.
const MISSED_FOR_SURE: u32 = 10;

/// What the roster knows of a folder.
#[derive(Debug)]
pub(super) struct Entry {
    id: FolderId,
    name: Box<OsStr>,
    /// How many listings in a row have not shown it.
    missed: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Arriving {
        since: Monotonic,
        rest: Rest,
        told: bool,
    },
    /// `found` once one of the two was there already: its log pipe may be another one than ours.
    Supervised {
        service: Keeper,
        logger: Option<Box<Keeper>>,
        found: bool,
    },
    Ending(Box<Departure>),
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

impl Entry {
    /// A folder that has just been found, and is to be looked at.
    pub(super) fn arriving(now: Monotonic, found: Found) -> Self {
        let rest = Rest::Unseen { whole: found.arrival != Arrival::Made };
        let state = State::Arriving { since: now, rest, told: false };
        Self { id: found.id, name: found.name.into(), missed: 0, state }
    }

    /// A folder that is gone, in which one of the two supervises was found.
    pub(super) fn of_stray(now: Monotonic, id: FolderId, name: OsString, part: Part) -> Self {
        let mut runs = Keeper::new(now);
        runs.started(Origin::Found);
        let mut gone = Keeper::new(now);
        gone.give_up();
        let (service, logger) = match part {
            Part::Service => (runs, None),
            Part::Logger => (gone, Some(Box::new(runs))),
        };
        Self { id, name: name.into(), missed: 0, state: State::Supervised { service, logger, found: true } }
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
            State::Ending(departure) => departure.has_ended(),
            State::Arriving { .. } | State::Supervised { .. } => false,
        }
    }

    /// Whether one of its supervises was kept, and is gone for good.
    pub(super) fn is_gone(&self, part: Part) -> bool {
        matches!(&self.state, State::Ending(departure) if departure.is_gone(part))
    }

    /// Whether it is still on its way to its start.
    pub(super) fn is_arriving(&self) -> bool {
        matches!(self.state, State::Arriving { .. })
    }

    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        let due = |keeper: &Option<Box<Keeper>>| keeper.as_ref().and_then(|keeper| keeper.due());
        match &self.state {
            State::Arriving { rest: Rest::Until { due, .. }, .. } => Some(*due),
            State::Arriving { .. } => None,
            State::Supervised { service, logger, .. } => service.due().into_iter().chain(due(logger)).min(),
            State::Ending(departure) => departure.wake_at(),
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
            State::Supervised { service, logger, .. } => {
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
            State::Ending(departure) => departure.due(now, steps),
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
        if called.iter().any(|found| *found.name == *self.name) {
            return;
        }
        let Some(found) = called.into_iter().min_by(|one, other| one.name.cmp(&other.name)) else { return };
        let is_data = |name: &OsStr| names_matter || kind(name) != Kind::Plain;
        match &mut self.state {
            State::Arriving { rest, .. } => {
                if *rest == Rest::WithoutRun {
                    steps.push(Step::Unwatch(self.name.to_os_string()));
                }
                *rest = Rest::Unseen { whole: found.arrival != Arrival::Made };
                steps.push(Step::Look(self.id));
                self.name = found.name.into();
            }
            // Its name tells it its template and argument, or where its files are: it begins anew under the new one.
            State::Supervised { .. } if is_data(&self.name) || is_data(&found.name) => self.end(now, steps),
            State::Supervised { .. } => self.name = found.name.into(),
            State::Ending(_) => {}
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
                    *logger = Some(Box::new(Keeper::new(now)));
                }
                return self.due(now, steps);
            }
            State::Ending(_) => return,
        };
        let waited = *rest == Rest::WithoutRun;
        let at_rest = match *rest {
            // Somebody has found it whole enough.
            _ if looked.runs => true,
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
        } else if !looked.has_run && !looked.runs {
            *rest = Rest::WithoutRun;
        }
        match (waited, self.waits_for_run()) {
            (true, false) => steps.push(Step::Unwatch(self.name().to_owned())),
            (false, true) => {
                let name = shown(self.name.as_bytes());
                steps.push(Step::Warn(format!("{name} has no run: it starts when it gets one")));
                // Once more when it is watched: one may have come in between.
                steps.extend([Step::Watch(self.id), Step::Look(self.id)]);
            }
            _ => {}
        }
        if at_rest && (looked.has_run || looked.runs) {
            let logger = looked.has_log.then(|| Box::new(Keeper::new(now)));
            self.state = State::Supervised { service: Keeper::new(now), logger, found: false };
            self.due(now, steps);
        }
    }

    /// One of its supervises runs.
    pub(super) fn started(&mut self, part: Part, origin: Origin, steps: &mut Vec<Step>) {
        let (service, logger, found) = match &mut self.state {
            State::Arriving { .. } => return,
            State::Supervised { service, logger, found } => (service, logger, found),
            State::Ending(departure) => return departure.started(part, origin, steps),
        };
        *found |= origin != Origin::Started;
        match (part, &mut *logger) {
            (Part::Service, _) => service.started(origin),
            (Part::Logger, Some(logger)) => logger.started(origin),
            (Part::Logger, None) => {}
        }
        let written = service.running().is_some_and(|origin| origin != Origin::Foreign);
        if *found && written && logger.as_ref().is_some_and(|logger| logger.running().is_some()) {
            steps.push(Step::Reconnect(self.id));
        }
    }

    /// One of its supervises could not be started.
    pub(super) fn not_started(&mut self, now: Monotonic, part: Part, reason: &str, steps: &mut Vec<Step>) {
        let name = shown(self.name.as_bytes()).into_owned();
        let Some(keeper) = self.keeper(part) else { return };
        if keeper.not_started(now) {
            let log = if part == Part::Logger { "/log" } else { "" };
            steps.push(Step::Warn(format!("unable to start supervise {name}{log}: {reason}")));
        }
        if let State::Ending(departure) = &mut self.state {
            departure.gone(now, part, steps);
        }
    }

    /// One of its supervises has ended.
    pub(super) fn exited(&mut self, now: Monotonic, part: Part, ending: Ending, steps: &mut Vec<Step>) {
        if let State::Ending(departure) = &mut self.state {
            return departure.exited(now, part, ending, steps);
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
        if let State::Ending(departure) = &mut self.state {
            departure.unread(count, steps);
        }
    }

    /// It is to stop, and be forgotten.
    pub(super) fn end(&mut self, now: Monotonic, steps: &mut Vec<Step>) {
        let departure = match &self.state {
            State::Ending(_) => return,
            State::Supervised { service, logger, .. } => {
                Departure::begin(self.id, now, *service, logger.as_deref().copied(), steps)
            }
            State::Arriving { .. } => {
                if self.waits_for_run() {
                    steps.push(Step::Unwatch(self.name.to_os_string()));
                }
                Departure::of_nothing(self.id, now)
            }
        };
        self.state = State::Ending(Box::new(departure));
    }

    /// It was told to stop, and is told again.
    pub(super) fn hurry(&mut self, now: Monotonic, steps: &mut Vec<Step>) {
        if let State::Ending(departure) = &mut self.state {
            departure.hurry(now, steps);
        }
    }

    /// Whether it is on its way out.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending(_))
    }

    /// When one of its supervises was started last.
    pub(super) fn last_start(&self) -> Option<Monotonic> {
        match &self.state {
            State::Supervised { service, logger, .. } => {
                service.last_start().max(logger.as_ref().and_then(|logger| logger.last_start()))
            }
            State::Arriving { .. } | State::Ending(_) => None,
        }
    }

    fn keeper(&mut self, part: Part) -> Option<&mut Keeper> {
        match (&mut self.state, part) {
            (State::Supervised { service, .. }, Part::Service) => Some(service),
            (State::Supervised { logger, .. }, Part::Logger) => logger.as_deref_mut(),
            (State::Ending(departure), part) => departure.keeper(part),
            (State::Arriving { .. }, _) => None,
        }
    }
}
