//! All services of a call: subscribed to, then told in one go, then waited for in one loop.
//!
//! What a supervise tells wakes at once. A start that fails, a service that begins to wait for others, and whatever another program's
//! supervise does is told by nobody: so all are looked at again after short times as well.

use super::progress::Progress;
use super::pursuit::Pursuit;
use super::{Order, Outcome, told};
use crate::arguments::Waiting;
use crate::directory::Service;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use std::os::fd::AsFd;
use std::time::Duration;
use sys::clock::Monotonic;

/// After so long all are looked at for the first time, and then after twice as long each time, up to the second.
const LOOKS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// What a service has said before it ended is in its log after so long, if its logger lives.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// Gives the order to all at once, and waits for all; outcomes in their order.
pub(super) fn carry_out(services: &[Service], order: Order, waiting: Waiting) -> Vec<Outcome> {
    raise_file_limit();
    // A supervise that leaves between our open and our write is no end of ours.
    let _ = SigSet::from_iter([Signal::SIGPIPE]).thread_block();
    let end = waiting.timeout.map(|timeout| Monotonic::now() + timeout);
    let mut pursuits: Vec<Pursuit<'_>> =
        services.iter().map(|service| Pursuit::begin(service, order)).collect();
    pursuits.iter_mut().for_each(Pursuit::give);
    if waiting.no_wait {
        pursuits.iter_mut().for_each(Pursuit::leave);
    }
    let mut progress = Progress::begin();
    let mut pause = LOOKS.0;
    let mut next = Monotonic::now();
    while pursuits.iter().any(|pursuit| pursuit.outcome().is_none()) {
        let now = Monotonic::now();
        let left = end.map(|end| end.since(now));
        if let (Some(after), true) = (waiting.timeout, left.is_some_and(|left| left.is_zero())) {
            pursuits.iter_mut().filter(is_awaited).for_each(|pursuit| pursuit.time_is_up(after));
            break;
        }
        if now >= next {
            pursuits.iter_mut().for_each(Pursuit::look);
            if waiting.no_wait {
                pursuits.iter_mut().for_each(Pursuit::leave);
            }
            next = now + pause;
            pause = pause.saturating_mul(2).min(LOOKS.1);
        }
        if progress.is_due() {
            progress.show(&line(&pursuits));
        }
        let until_next = next.since(Monotonic::now());
        for told in sleep(&pursuits, left.map_or(until_next, |left| left.min(until_next))) {
            pursuits.get_mut(told).into_iter().for_each(Pursuit::look);
        }
    }
    drop(progress);
    let none = || Outcome::Impossible("it was not waited for".to_owned());
    let outcomes = pursuits.iter().map(|pursuit| pursuit.outcome().cloned().unwrap_or_else(none)).collect();
    if order.is_start() { explained(services, outcomes) } else { outcomes }
}

/// With what is known of those that have failed.
fn explained(services: &[Service], mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    if outcomes.iter().any(is_failed) {
        std::thread::sleep(ON_THE_WAY);
    }
    for (service, outcome) in services.iter().zip(&mut outcomes) {
        if let Outcome::Failed(why) = outcome {
            *why = told::explained(service, why);
        }
    }
    outcomes
}

fn is_awaited(pursuit: &&mut Pursuit<'_>) -> bool {
    pursuit.outcome().is_none()
}

/// Sleeps until something is told, at most so long: of which it was told.
fn sleep(pursuits: &[Pursuit<'_>], at_most: Duration) -> Vec<usize> {
    let sources: Vec<_> =
        pursuits.iter().enumerate().filter_map(|(at, it)| Some((at, it.events()?))).collect();
    let mut asked: Vec<_> =
        sources.iter().map(|(_, events)| PollFd::new(events.as_fd(), PollFlags::POLLIN)).collect();
    // Rounded up: not over before its time.
    let timeout = PollTimeout::try_from(at_most.saturating_add(Duration::from_millis(1)));
    if poll(&mut asked, timeout.unwrap_or(PollTimeout::MAX)).is_err() {
        return Vec::new();
    }
    let is_told = |asked: &PollFd<'_>| asked.any().unwrap_or(false);
    sources.iter().zip(&asked).filter(|(_, asked)| is_told(asked)).map(|((at, _), _)| *at).collect()
}

/// What is waited for.
fn line(pursuits: &[Pursuit<'_>]) -> String {
    let awaited = pursuits.iter().filter(|pursuit| pursuit.outcome().is_none());
    let awaited: Vec<String> = awaited.map(|it| format!("{}: {}", it.name(), it.what)).collect();
    let done = pursuits.len().saturating_sub(awaited.len());
    let head =
        if pursuits.len() > 1 { format!("{done} of {} done; ", pursuits.len()) } else { String::new() };
    head + &awaited.join(", ")
}

/// Each service takes three open files.
fn raise_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
