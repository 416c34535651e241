//! What the machine is told, and what it answers.

use super::answer::{Call, Clear, Finish, Needs, Start, Stop};
use super::health::Overdue;
use protocol::command::{Order, Target};
use std::time::Duration;
use sys::process::Ending;
use sys::signals::SignalNumber;

/// What happens to supervise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has begun, or taken up what another one left.
    Begun,
    /// A command came.
    Order(Order),
    /// supervise itself was told to stop (TERM, INT): down and leave; said again, KILL.
    Terminate,
    /// The logger's input comes to its end (HUP): once and leave, so that what waits in the pipe is still written.
    EndOfInput,
    /// supervise is to leave now and let the service run (QUIT).
    Quit,
    /// The process became run.
    Executed,
    /// A signal has stopped run's process, whoever sent it, or it goes on.
    Paused(bool),
    /// run's process ended.
    Ended(Ending),
    /// finish's process ended.
    Finished(Ending),
    /// What earlier runs left behind is gone.
    Cleared,
    /// run says something of itself.
    Says(Says),
    /// check's process ended.
    Checked(Ending),
    /// Something has happened to a service that is to be ready first.
    Needs,
    /// The time of [`super::Machine::wake_at`] has come.
    Due,
}

/// What a run can say of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It is ready, or it is again after reloading.
    Ready,
    /// It reads its settings anew.
    Reloading,
    /// It is about to end.
    Stopping,
    /// It lives.
    Alive,
    /// It does not live as it should.
    Failing,
    /// It needs so much time, from now on, to become ready or to end.
    NeedsTime(Duration),
}

/// What the shell has to do.
#[derive(Debug)]
#[must_use]
pub enum Action<'a> {
    /// Nothing.
    Nothing,
    /// See whether the services that it needs are ready, and say so.
    Needs(Needs<'a>),
    /// Make a process for run, and say what came of it.
    Start(Start<'a>),
    /// Make a process for check, and say what came of it.
    Call(Call<'a>),
    /// run has ended: make a process for finish if there is one, and say what came of it.
    Finish(Finish<'a>),
    /// See what earlier runs left behind, and say whether it is to be gone first.
    Clear(Clear<'a>),
    /// Send what `down` sends, and say what it was.
    Stop(Stop<'a>),
    /// Send this.
    Signal(To, Target, SignalNumber),
    /// End supervise.
    Leave,
}

/// Who gets a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The process that is run, or is about to be.
    Run,
    /// The process of finish.
    Finish,
    /// The process of check.
    Check,
    /// What earlier runs left behind.
    Leftovers,
}

/// Why run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Somebody wants that.
    Asked,
    /// Something has not come in time.
    Overdue(Overdue),
}
