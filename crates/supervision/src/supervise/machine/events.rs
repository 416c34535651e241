//! What the machine is told, and what it answers.

use super::answer::{Clear, Finish, Start, Stop};
use protocol::command::{Order, Target};
use sys::process::Ending;
use sys::signals::SignalNumber;

/// What happens to supervise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Event {
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
    /// The time of [`super::Machine::wake_at`] has come.
    Due,
}

/// What the shell has to do.
#[derive(Debug)]
#[must_use]
pub(in super::super) enum Action<'a> {
    /// Nothing.
    Nothing,
    /// Make a process for run, and say what came of it.
    Start(Start<'a>),
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
pub(in super::super) enum To {
    /// The process that is run, or is about to be.
    Run,
    /// The process of finish.
    Finish,
    /// What earlier runs left behind.
    Leftovers,
}
