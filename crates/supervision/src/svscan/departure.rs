//! A folder's two supervises on their way out: the service is told to stop, and the logger gets the end of its input when the
//! service is gone, so that every line is still written. Told a second time, there is an end to that: what does not go is killed.

use super::events::{Origin, Part, Step};
use super::keeper::Keeper;
use protocol::identity::FolderId;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;

/// A logger that has had the end of its input for so long, and has an empty pipe, is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// So long a logger may still write when everything is to be killed: what waits in its pipe is lost then.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A supervise that was told to kill its service and is still there after so long is killed with it.
const LAST_CHANCE: Duration = Duration::from_secs(3);

/// A supervise that did not end well may have left its service behind: so often another one is started to stop that.
const TRIES: u8 = 3;

/// What is left of a folder's service.
#[derive(Debug)]
pub(super) struct Departure {
    id: FolderId,
    service: Keeper,
    logger: Option<Keeper>,
    drain: Drain,
    /// Everything is to be killed; what has been told so and is still there at that time is killed by svscan itself.
    last_chance: Option<Monotonic>,
    tries: u8,
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

impl Departure {
    /// Tells the service to stop.
    pub(super) fn begin(
        id: FolderId,
        now: Monotonic,
        service: Keeper,
        logger: Option<Keeper>,
        steps: &mut Vec<Step>,
    ) -> Self {
        let mut this = Self { id, service, logger, drain: Drain::NotYet, last_chance: None, tries: TRIES };
        if this.service.running().is_some() {
            steps.push(Step::Terminate(id, Part::Service));
        } else if this.service.may_have_left_something() {
            // Who was to go on with it, or whoever is found there, is to stop it.
            this.start(now, Part::Service, steps);
        } else {
            this.gone(now, Part::Service, steps);
        }
        this
    }

    /// What was never started.
    pub(super) fn of_nothing(id: FolderId, now: Monotonic) -> Self {
        let mut service = Keeper::new(now);
        service.give_up();
        Self { id, service, logger: None, drain: Drain::NotYet, last_chance: None, tries: 0 }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.is_gone(Part::Service) && self.is_gone(Part::Logger)
    }

    /// Whether that one of the two has.
    pub(super) fn is_gone(&self, part: Part) -> bool {
        match part {
            Part::Service => self.service.is_gone(),
            Part::Logger => self.logger.is_none_or(|logger| logger.is_gone()),
        }
    }

    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        let drained = match self.drain {
            Drain::Until(at) => Some(at),
            Drain::NotYet | Drain::Told => None,
        };
        drained.into_iter().chain(self.last_chance).min()
    }

    /// Does what is due.
    pub(super) fn due(&mut self, now: Monotonic, steps: &mut Vec<Step>) {
        match self.drain {
            Drain::Until(at) if at <= now && self.last_chance.is_some() => {
                self.drain = Drain::Told;
                self.last_chance = Some(now + LAST_CHANCE);
                self.tell(Part::Logger, Step::Kill, steps);
            }
            Drain::Until(at) if at <= now => {
                self.drain = Drain::Until(now + GRACE);
                steps.push(Step::CountUnread(self.id));
            }
            Drain::NotYet | Drain::Until(_) | Drain::Told => {}
        }
        if self.last_chance.is_some_and(|at| at <= now) {
            self.last_chance = Some(now + LAST_CHANCE);
            self.tell(Part::Service, Step::Destroy, steps);
            if self.drain == Drain::Told {
                self.tell(Part::Logger, Step::Destroy, steps);
            }
        }
    }

    /// Told again: there is to be an end to it.
    pub(super) fn hurry(&mut self, now: Monotonic, steps: &mut Vec<Step>) {
        self.last_chance = Some(now + LAST_CHANCE);
        self.tell(Part::Service, Step::Kill, steps);
        match &mut self.drain {
            Drain::NotYet => {}
            Drain::Until(at) => *at = (*at).min(now + LAST_LINES),
            Drain::Told => self.tell(Part::Logger, Step::Kill, steps),
        }
    }

    /// One of them runs, still or again.
    pub(super) fn started(&mut self, part: Part, origin: Origin, steps: &mut Vec<Step>) {
        let Some(keeper) = self.keeper(part) else { return };
        keeper.started(origin);
        let stop = if self.last_chance.is_some() { Step::Kill } else { Step::Terminate };
        match (part, self.drain) {
            (Part::Service, _) | (Part::Logger, Drain::Told) => steps.push(stop(self.id, part)),
            (Part::Logger, Drain::Until(_)) => steps.push(Step::EndInput(self.id)),
            (Part::Logger, Drain::NotYet) => {}
        }
    }

    /// One of them has ended.
    pub(super) fn exited(&mut self, now: Monotonic, part: Part, ending: Ending, steps: &mut Vec<Step>) {
        let well = matches!(ending, Ending::Exited(0) | Ending::Unknown);
        match self.tries.checked_sub(1).filter(|_| !well) {
            Some(left) => {
                self.tries = left;
                self.start(now, part, steps);
            }
            None => self.gone(now, part, steps),
        }
    }

    /// So many bytes wait in its log pipe.
    pub(super) fn unread(&mut self, count: usize, steps: &mut Vec<Step>) {
        if count == 0 && matches!(self.drain, Drain::Until(_)) {
            self.drain = Drain::Told;
            self.tell(Part::Logger, Step::Terminate, steps);
        }
    }

    /// One of them is gone for good. After the service it is the logger's turn.
    pub(super) fn gone(&mut self, now: Monotonic, part: Part, steps: &mut Vec<Step>) {
        if let Some(keeper) = self.keeper(part) {
            keeper.give_up();
        }
        let Some(logger) = self.logger.filter(|_| part == Part::Service && self.drain == Drain::NotYet)
        else {
            return;
        };
        self.drain = Drain::Until(now + if self.last_chance.is_some() { LAST_LINES } else { GRACE });
        if logger.running().is_some() {
            // Told first: a logger that has already ended at its end of file would be started again.
            steps.push(Step::EndInput(self.id));
        } else if !logger.is_gone() {
            // Its supervise was just to be started again: lines may be waiting for it.
            self.start(now, Part::Logger, steps);
        }
        steps.push(Step::CloseInput(self.id));
    }

    pub(super) fn keeper(&mut self, part: Part) -> Option<&mut Keeper> {
        match part {
            Part::Service => Some(&mut self.service),
            Part::Logger => self.logger.as_mut(),
        }
    }

    fn start(&mut self, now: Monotonic, part: Part, steps: &mut Vec<Step>) {
        let (id, with_log) = (self.id, self.logger.is_some());
        if let Some(keeper) = self.keeper(part) {
            keeper.ask(now);
            steps.push(Step::Start { id, part, with_log });
        }
    }

    /// Tells one of them, if it runs.
    fn tell(&mut self, part: Part, step: impl FnOnce(FolderId, Part) -> Step, steps: &mut Vec<Step>) {
        let id = self.id;
        if self.keeper(part).is_some_and(|keeper| keeper.running().is_some()) {
            steps.push(step(id, part));
        }
    }
}
