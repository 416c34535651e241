//! What is waited for, and when that has come: decided from the record, and from the letters that were told.
//!
//! The record says what is, and a letter what was: a service that was down only for a moment has been down, also where the
//! record says that it is up again before anybody looks.

use protocol::event::{DOWN, ENDED, LEFT, Letters, PERMANENT, READY, UP};
use protocol::process::Mark;
use protocol::status::{Leaving, Phase, Readiness, Status};
use std::num::NonZeroU32;

/// What a service is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// run runs.
    Up,
    /// And it can be used.
    Ready,
    /// run does not run.
    Down,
    /// And finish is over.
    ReallyDown,
    /// run runs, and it is another one than at the beginning.
    Restarted,
    /// And it can be used.
    RestartedAndReady,
}

/// A run of the service, which can be told from each other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    starts: u64,
    pid: NonZeroU32,
    mark: Option<Mark>,
}

impl Run {
    /// The one that the record tells of; `None` where none runs.
    #[must_use]
    pub fn of(status: &Status) -> Option<Self> {
        let detail = status.detail.as_ref()?;
        Some(Self { starts: detail.starts, pid: status.pid?, mark: detail.run })
    }

    /// Whether the record tells of a later one, which runs or has ended.
    #[must_use]
    pub fn is_followed(self, status: &Status) -> bool {
        let starts = status.detail.as_ref().map_or(self.starts, |detail| detail.starts);
        starts != self.starts || Self::of(status).is_some_and(|now| now != self)
    }
}

impl Wish {
    /// Whether it has come true: `status` is the record where there is a true one, `letters` what was told since the last look,
    /// `first` what ran at the beginning.
    #[must_use]
    pub fn holds(self, status: Option<&Status>, letters: Letters, first: Option<Run>) -> bool {
        let is_another = || first.is_none_or(|first| status.is_some_and(|status| first.is_followed(status)));
        match self {
            Self::Up => status.is_some_and(is_up) || letters.has(UP),
            Self::Ready => status.is_some_and(Status::is_ready) || letters.has(READY),
            Self::Down => status.is_some_and(is_down) || letters.has(ENDED),
            Self::ReallyDown => status.is_some_and(is_really_down) || letters.has(DOWN),
            Self::Restarted => is_another() && Self::Up.holds(status, letters, first),
            Self::RestartedAndReady => is_another() && Self::Ready.holds(status, letters, first),
        }
    }

    /// Whether readiness is asked for and nothing would say it, so that being up is all that there is.
    #[must_use]
    pub fn is_for_want_of_readiness(self, status: &Status) -> bool {
        matches!(self, Self::Ready | Self::RestartedAndReady)
            && is_up(status)
            && status.detail.as_ref().is_some_and(|detail| detail.readiness == Readiness::Unsaid)
    }

    /// Whether what was told means that it will not come true.
    #[must_use]
    pub fn is_lost(self, letters: Letters) -> Option<Loss> {
        let is_to_run = !matches!(self, Self::Down | Self::ReallyDown);
        if is_to_run && letters.has(PERMANENT) {
            Some(Loss::Permanent)
        } else if letters.has(LEFT) {
            Some(Loss::Unsupervised)
        } else {
            None
        }
    }
}

/// Why it will not come true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// finish has said that the service is not to be started again.
    Permanent,
    /// Its supervise has left on purpose.
    Unsupervised,
}

/// How it stands with one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is waited for.
    Awaited,
    /// It is as it is to be.
    Reached,
    /// It will not be.
    Lost(Loss),
}

/// How all ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As wished.
    Reached,
    /// So many services, at least one, have failed for good.
    Failed(usize),
    /// The supervise of one has left.
    Unsupervised,
}

/// Whether it is over, and how: as in s6, what is lost is waited for no longer, and told when the rest has come.
#[must_use]
pub fn outcome(is_one_enough: bool, standings: impl Iterator<Item = Standing> + Clone) -> Option<Outcome> {
    let is_over = |standing| standing != Standing::Awaited;
    let mut all = standings.clone();
    if !(if is_one_enough { all.any(is_over) } else { all.all(is_over) }) {
        return None;
    }
    let count = |loss| standings.clone().filter(|standing| *standing == Standing::Lost(loss)).count();
    Some(match (count(Loss::Unsupervised), count(Loss::Permanent)) {
        (0, 0) => Outcome::Reached,
        (0, failed) => Outcome::Failed(failed),
        _ => Outcome::Unsupervised,
    })
}

/// Whether the record is one that a supervise has left behind on purpose: what it says stays true until the next one comes.
#[must_use]
pub fn is_left(status: &Status) -> bool {
    status.detail.as_ref().is_some_and(|detail| detail.leaving == Leaving::Left)
}

fn phase(status: &Status) -> Option<Phase> {
    status.detail.as_ref().map(|detail| detail.phase)
}

fn is_up(status: &Status) -> bool {
    status.pid.is_some() && phase(status) == Some(Phase::Up)
}

fn is_down(status: &Status) -> bool {
    status.pid.is_none() && phase(status).is_some_and(|phase| phase != Phase::Starting)
}

fn is_really_down(status: &Status) -> bool {
    is_down(status) && phase(status) != Some(Phase::Finishing)
}

#[cfg(test)]
mod tests;
