//! One supervise, kept running: when it is started, and when again.

use super::events::Origin;
use crate::spacing::Spacing;
use sys::clock::Monotonic;
use sys::process::Ending;

/// A supervise that svscan keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keeper {
    state: State,
    spacing: Spacing,
    /// That it cannot be started has been said.
    complained: bool,
    /// The last one has not ended well: its service may live on, or somebody else may have its folder.
    unclean: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Due(Monotonic),
    /// A start has been asked for, and its outcome is not told yet.
    Asked,
    Running(Origin),
    /// For good.
    Gone,
}

impl Keeper {
    /// One that is to be started now.
    pub(super) fn new(now: Monotonic) -> Self {
        Self { state: State::Due(now), spacing: Spacing::default(), complained: false, unclean: false }
    }

    /// When it is to be started, if it waits for that.
    pub(super) fn due(&self) -> Option<Monotonic> {
        match self.state {
            State::Due(at) => Some(at),
            State::Asked | State::Running(_) | State::Gone => None,
        }
    }

    /// Where it has come from, if it runs.
    pub(super) fn running(&self) -> Option<Origin> {
        match self.state {
            State::Running(origin) => Some(origin),
            State::Due(_) | State::Asked | State::Gone => None,
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone)
    }

    /// When it was started last.
    pub(super) fn last_start(&self) -> Option<Monotonic> {
        self.spacing.last_start()
    }

    /// A start is asked for.
    pub(super) fn ask(&mut self, now: Monotonic) {
        self.spacing.started(now);
        self.state = State::Asked;
    }

    /// Whether none runs, and something may be left all the same.
    pub(super) fn may_have_left_something(&self) -> bool {
        self.unclean && matches!(self.state, State::Due(_))
    }

    pub(super) fn started(&mut self, origin: Origin) {
        self.state = State::Running(origin);
        self.complained = false;
        self.unclean = false;
    }

    /// It could not be started. Returns whether that is news.
    pub(super) fn not_started(&mut self, now: Monotonic) -> bool {
        self.state = State::Due(self.spacing.ended(now, true));
        !std::mem::replace(&mut self.complained, true)
    }

    /// It ended, and is started again when the spacing allows.
    pub(super) fn exited(&mut self, now: Monotonic, ending: Ending) {
        self.unclean = ending != Ending::Exited(0);
        self.state = State::Due(self.spacing.ended(now, ending != Ending::Exited(0)));
    }

    /// It is not started again.
    pub(super) fn give_up(&mut self) {
        self.state = State::Gone;
    }
}
