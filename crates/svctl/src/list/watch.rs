//! The table, shown afresh: at once when a service tells of itself, and every second, since times pass.

use super::{Processor, table};
use crate::arguments::List;
use crate::directory::{Directory, Service};
use crate::output::{Paint, print};
use crate::seen::{Moment, Seen, look_at_all, open};
use anyhow::Context;
use cli::Failure;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protocol::control::Control;
use protocol::event::Waiter;
use std::collections::{BTreeMap, HashMap};
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::time::Duration;
use sys::clock::Monotonic;

const EVERY: u16 = 1000;

/// From the beginning of the screen on; what follows is still there until it is written over.
const HOME: &str = "\x1b[H";
/// The rest of the line, and of the screen, is empty.
const REST_OF_LINE: &str = "\x1b[K\n";
const REST: &str = "\x1b[J";

/// Shows it until interrupted, which ends us as it ends any program.
pub(super) fn run(directory: &Directory, call: &List) -> Result<u8, Failure> {
    let (paint, is_terminal) = (Paint::stdout(), std::io::stdout().is_terminal());
    let mut waiters = BTreeMap::new();
    let mut before: Option<(Monotonic, HashMap<Service, Duration>)> = None;
    loop {
        let services = directory.select(&call.names)?.found;
        subscribe(&mut waiters, &services);
        let moment = Moment::now();
        let seen = look_at_all(&services, &moment);
        let now = Monotonic::now();
        let shares = before.as_ref().map(|(then, used)| Processor::Since(now.since(*then), used));
        let text = table(&seen, &moment, call.all, shares.as_ref().unwrap_or(&Processor::Total)).show(paint);
        print(&if is_terminal {
            format!("{HOME}{}{REST}", text.replace('\n', REST_OF_LINE))
        } else {
            format!("{text}\n")
        })?;
        before = Some((now, used(&seen)));
        let mut polled: Vec<PollFd<'_>> =
            waiters.values().map(|waiter: &Waiter| PollFd::new(waiter.as_fd(), PollFlags::POLLIN)).collect();
        match poll(&mut polled, PollTimeout::from(EVERY)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error).context("unable to wait for events")?,
        }
        for waiter in waiters.values_mut() {
            let _ = waiter.drain();
        }
    }
}

/// Events of services that came are told from now on, those of services that went no longer. One that cannot be subscribed
/// to is seen every second.
fn subscribe(waiters: &mut BTreeMap<Service, Waiter>, services: &[Service]) {
    waiters.retain(|service, _| services.contains(service));
    for service in services {
        if !waiters.contains_key(service) {
            let waiter = open(service).ok().and_then(|folder| {
                let place = Control::of(folder.as_fd()).ok()?.open().ok()?;
                Waiter::subscribe(&place).ok()
            });
            waiters.extend(waiter.map(|waiter| (service.clone(), waiter)));
        }
    }
}

/// What each has used of the processors so far.
fn used(seen: &[Seen]) -> HashMap<Service, Duration> {
    let with_logs = seen.iter().flat_map(|seen| [Some(seen), seen.log.as_deref()]).flatten();
    with_logs.map(|seen| (seen.service.clone(), seen.usage.processor)).collect()
}
