//! The machine of supervise: a service that starts, becomes ready, is told things, ends and starts again, for ever.

use anyhow::Result;
use nix::unistd::Pid;
use protocol::command::{Command, Order, Signal, Target};
use std::hint::black_box;
use std::time::Duration;
use supervision::supervise::machine::{Action, Duties, Event, Machine, Says};
use sys::clock::Monotonic;
use sys::process::Ending;

/// One round: at its end the service rests as at its beginning.
const ROUND: [Event; 18] = [
    Event::Due,
    Event::Executed,
    Event::Says(Says::Ready),
    order(Command::Signal(Signal::Hangup)),
    order(Command::Signal(Signal::Stop)),
    order(Command::Signal(Signal::Continue)),
    Event::Ended(Ending::Exited(0)),
    Event::Finished(Ending::Exited(0)),
    Event::Executed,
    Event::Says(Says::Alive),
    Event::Due,
    order(Command::Down),
    Event::Ended(Ending::Killed(15)),
    Event::Finished(Ending::Exited(0)),
    order(Command::Up),
    Event::Executed,
    order(Command::Signal(Signal::Terminate)),
    Event::Ended(Ending::Killed(15)),
];

/// Between two events: more than a service has to wait until it is started again.
const STEP: Duration = Duration::from_secs(2);

const DUTIES: Duties = Duties {
    writes: true,
    tells: false,
    is_asked: false,
    ready_within: Some(Duration::from_secs(30)),
    alive_within: Some(Duration::from_secs(20)),
};

const fn order(command: Command) -> Event {
    Event::Order(Order { command, target: Target::Process })
}

pub(super) fn steps(count: u64) -> Result<()> {
    let mut now = Monotonic::from_zero(Duration::from_secs(1000));
    let mut machine = Machine::new(now, true);
    for _ in 0..count.div_ceil(u64::try_from(ROUND.len())?) {
        for event in black_box(ROUND) {
            now = now + STEP;
            perform(machine.step(now, event));
        }
    }
    black_box(machine);
    Ok(())
}

/// Answers as the shell does where all goes well.
fn perform(mut action: Action<'_>) {
    let (run, finish) = (Pid::from_raw(500), Pid::from_raw(501));
    loop {
        action = match action {
            Action::Needs(needs) => needs.met(),
            Action::Clear(clear) => clear.free(),
            Action::Start(start) => return start.spawned(run, DUTIES),
            Action::Call(call) => return call.made(None),
            Action::Finish(ended) => return ended.spawned(finish, Some(Duration::from_secs(5))),
            Action::Stop(stop) => {
                let target = stop.target;
                return stop.sent(Signal::Terminate.number(), target, Some(Duration::from_secs(10)));
            }
            Action::Nothing | Action::Signal(..) | Action::Leave => return,
        }
    }
}
