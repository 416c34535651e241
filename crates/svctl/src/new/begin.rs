//! What follows when a folder has its name: svscan sees it, and a supervise takes it up.

use crate::arguments::Waiting;
use crate::directory::{Directory, Service};
use crate::seen;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protocol::control::{Control, path_of};
use protocol::event::Waiter;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};
use supervision::neighbour::{is_locked, path_of_svscan, place};

/// How long a svscan is waited for that tells nobody what it does: other people's look every 5 seconds.
const FOREIGN: Duration = Duration::from_secs(6);

/// How long ours is waited for where no other time is given: it takes up a folder at once.
const OURS: Duration = Duration::from_secs(30);

/// How often is looked where nobody tells.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Who will take up the folders of a service directory.
#[derive(Debug)]
pub(super) enum Scanner {
    /// Our svscan, and what it tells.
    Ours(Option<Waiter>),
    /// Another program, as it seems: there are services that a supervise keeps.
    Foreign,
    /// Nobody.
    None,
}

impl Scanner {
    /// Who it is. To be asked before the folders are there: what is told later is heard.
    pub(super) fn of(directory: &Directory) -> Self {
        let ours = path_of_svscan(|| path_of(directory)).ok().and_then(|path| place(directory, &path));
        match ours.filter(|place| is_locked(place)) {
            Some(place) => Self::Ours(Waiter::subscribe(&place).ok()),
            None if directory.services().unwrap_or_default().iter().any(is_supervised) => Self::Foreign,
            None => Self::None,
        }
    }

    /// Waits until a supervise keeps each of the services; says whether that is so.
    pub(super) fn wait(&self, services: &[Service], waiting: Waiting) -> bool {
        let patience = match self {
            Self::Ours(_) => waiting.timeout.unwrap_or(OURS),
            Self::Foreign => waiting.timeout.unwrap_or(FOREIGN),
            Self::None => Duration::ZERO,
        };
        let end = Instant::now().checked_add(patience);
        loop {
            if services.iter().all(is_supervised) {
                return true;
            }
            let left = end.map_or(LOOK_AGAIN, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            self.sleep(left.min(LOOK_AGAIN));
        }
    }

    /// Sleeps until something is told, or so long.
    fn sleep(&self, time: Duration) {
        let waiter = match self {
            Self::Ours(waiter) => waiter.as_ref(),
            Self::Foreign | Self::None => None,
        };
        let mut asked: Vec<PollFd<'_>> =
            waiter.iter().map(|waiter| PollFd::new(waiter.as_fd(), PollFlags::POLLIN)).collect();
        let time = PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX);
        // An interrupted sleep only looks again sooner.
        let _: Result<_, Errno> = poll(&mut asked, time);
        if let Some(waiter) = waiter {
            let _ = waiter.drain();
        }
    }
}

fn is_supervised(service: &Service) -> bool {
    let asked = |folder: &OwnedFd| Control::of(folder.as_fd()).ok()?.is_running().ok();
    seen::open(service).ok().as_ref().and_then(asked).unwrap_or(false)
}
