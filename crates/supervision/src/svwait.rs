//! svwait: waits until services are up, ready, down or restarted, and says it by its exit code, or by becoming the next
//! program.
//!
//! It subscribes to the events of each service first and reads the record then, so nothing falls between; each event has it
//! read the record again, and in between it sleeps.
//!
//! | file | what is in it |
//! |---|---|
//! | `call.rs` | the command line |
//! | `names.rs` | which folder a name means |
//! | `wish.rs` | what is waited for, when it has come, and when all is over |
//! | `watched.rs` | one service: its folder, its record, and what is told of it |

pub mod call;
pub mod names;
mod watched;
pub mod wish;

use crate::asking::StartingFolder;
use anyhow::{Context, anyhow};
use call::Call;
use cli::text::shown;
use cli::{Failure, Program};
use names::Asker;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use protocol::control::Control;
use std::borrow::Cow;
use std::ffi::CStr;
use std::os::fd::AsFd;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::entry::Args;
use sys::exec::{Strings, execute_first, files};
use watched::Watched;
pub use watched::is_true;
use wish::{Loss, Outcome, Standing, outcome};

const PROGRAM: Program = Program {
    name: "svwait",
    usage: "svwait: usage: svwait [-u|-U|-d|-D|-r|-R] [-a|-o] [-t time] service ... [-- child]",
};

/// The exit codes of s6-svwait.
const TIMED_OUT: u8 = 99;
/// As [`TIMED_OUT`].
const UNSUPERVISED: u8 = 102;
/// The number of services that have failed is an exit code as well, up to here.
const MOST_FAILED: u8 = 98;

/// The variable that names the service directory, as in runit.
const DIRECTORY: &str = "SVDIR";

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| {
        let call = Call::parse(&args)?;
        wait(&call)?;
        match call.program.split_first() {
            None => Ok(0),
            Some((program, _)) => Err(become_program(program, &call.program)),
        }
    })
}

/// Waits for what is asked for. Whatever comes of it, this process is where it was, and no FIFO of its own is left.
fn wait(call: &Call) -> Result<(), Failure> {
    let end = call.limit.map(|limit| Monotonic::now() + limit);
    let start = StartingFolder::open()?;
    let asker = Asker { directory: sys::environment::value(DIRECTORY), is_service: is_service_here() };
    let mut services = Vec::with_capacity(call.services.len());
    for name in &call.services {
        services.push(Watched::begin(PROGRAM, name, asker, call.wish)?);
        start.come_back()?;
    }
    loop {
        if let Some(outcome) = outcome(call.is_one_enough, services.iter().map(Watched::standing)) {
            start.come_back()?;
            return told(outcome, &services);
        }
        let left = end.map(|end| end.since(Monotonic::now()));
        if left.is_some_and(|left| left.is_zero()) {
            let names = names(&services, |standing| standing == Standing::Awaited);
            return Err(Failure::Ended(TIMED_OUT, anyhow!("timed out waiting for {names}")));
        }
        let events = events(&services, left)?;
        for (service, is_told) in services.iter_mut().zip(events) {
            service.look_again(is_told)?;
        }
    }
}

/// Waits until something is told, or the time is up: of which services it was told.
fn events(services: &[Watched], left: Option<Duration>) -> anyhow::Result<Vec<bool>> {
    let mut asked: Vec<PollFd<'_>> =
        services.iter().map(|service| PollFd::new(service.as_fd(), PollFlags::POLLIN)).collect();
    // Rounded up: not over before its time.
    let longest = left.map(|left| left.saturating_add(Duration::from_millis(1)));
    let timeout =
        longest.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
    match poll(&mut asked, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(error).context("unable to wait for events"),
    }
    Ok(asked.iter().map(|asked| asked.any().unwrap_or(false)).collect())
}

/// What the end is for the caller.
fn told(outcome: Outcome, services: &[Watched]) -> Result<(), Failure> {
    let lost = |loss| names(services, |standing| standing == Standing::Lost(loss));
    match outcome {
        Outcome::Reached => Ok(()),
        Outcome::Failed(count) => {
            let code = u8::try_from(count).unwrap_or(MOST_FAILED).min(MOST_FAILED);
            let names = lost(Loss::Permanent);
            Err(Failure::Ended(code, anyhow!("finish has said that it is not to be started again: {names}")))
        }
        Outcome::Unsupervised => {
            let names = lost(Loss::Unsupervised);
            Err(Failure::Ended(UNSUPERVISED, anyhow!("its supervise has left: {names}")))
        }
    }
}

/// The names of those services of which it stands so.
fn names(services: &[Watched], is: impl Fn(Standing) -> bool) -> String {
    let names = services.iter().filter(|service| is(service.standing()));
    names.map(|service| shown(service.name.to_bytes())).collect::<Vec<_>>().join(", ")
}

/// Whether we are in a service folder whose supervise runs: also one that we may not ask, since it is there.
fn is_service_here() -> bool {
    matches!(Control::here().map(|control| control.is_running()), Ok(Ok(true) | Err(Errno::EACCES)))
}

/// Becomes the next program. Comes back only where that failed.
fn become_program(program: &CStr, arguments: &[&'static CStr]) -> Failure {
    let strings =
        |strings: Vec<&'static CStr>| Strings::new(strings.into_iter().map(Cow::Borrowed).collect());
    let files = files(program, sys::environment::value("PATH"));
    let (_, error) =
        execute_first(&files, &strings(arguments.to_vec()), &strings(sys::environment::inherited()));
    let program = shown(program.to_bytes());
    Failure::Fatal(anyhow::Error::from(error).context(format!("unable to run {program}")))
}
