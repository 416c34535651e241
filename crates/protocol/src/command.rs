//! The letters that go through `supervise/control`: daemontools', and those that encore and runit added.

use nix::sys::signal::Signal as System;
use sys::signals::SignalNumber;

/// What an operator can ask of a supervise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Be up: start, and start again whenever it ends.
    Up,
    /// Be down: TERM and CONT, and do not start again.
    Down,
    /// Start if it is not running, and do not start again.
    Once,
    /// Leave when the service is down.
    Exit,
    /// A signal to the service, and nothing else.
    Signal(Signal),
}

/// The signals that have a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names are all there is to say")]
pub enum Signal {
    Stop,
    Continue,
    Hangup,
    Alarm,
    Interrupt,
    Terminate,
    Kill,
    Quit,
    User1,
    User2,
    WindowChange,
}

impl Signal {
    /// The system's signal.
    #[must_use]
    pub fn system(self) -> System {
        match self {
            Self::Stop => System::SIGSTOP,
            Self::Continue => System::SIGCONT,
            Self::Hangup => System::SIGHUP,
            Self::Alarm => System::SIGALRM,
            Self::Interrupt => System::SIGINT,
            Self::Terminate => System::SIGTERM,
            Self::Kill => System::SIGKILL,
            Self::Quit => System::SIGQUIT,
            Self::User1 => System::SIGUSR1,
            Self::User2 => System::SIGUSR2,
            Self::WindowChange => System::SIGWINCH,
        }
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> SignalNumber {
        SignalNumber::from(self.system())
    }
}

/// Whom a signal goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The process that supervise started.
    #[default]
    Process,
    /// Its whole process group.
    Group,
}

/// A command and whom its signals go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub command: Command,
    /// Who gets the signals of it.
    pub target: Target,
}

/// Every command with its letter and the word that svc's usage text has for it: the one list from which svc's options and supervise's
/// reading come, so that they cannot drift apart.
pub const LETTERS: [(Command, u8, &str); 15] = [
    (Command::Up, b'u', "up"),
    (Command::Down, b'd', "down"),
    (Command::Once, b'o', "once"),
    (Command::Exit, b'x', "exit"),
    (Command::Signal(Signal::Stop), b'p', "pause"),
    (Command::Signal(Signal::Continue), b'c', "continue"),
    (Command::Signal(Signal::Hangup), b'h', "hup"),
    (Command::Signal(Signal::Alarm), b'a', "alarm"),
    (Command::Signal(Signal::Interrupt), b'i', "interrupt"),
    (Command::Signal(Signal::Terminate), b't', "term"),
    (Command::Signal(Signal::Kill), b'k', "kill"),
    (Command::Signal(Signal::Quit), b'q', "quit"),
    (Command::Signal(Signal::User1), b'1', "SIGUSR1"),
    (Command::Signal(Signal::User2), b'2', "SIGUSR2"),
    (Command::Signal(Signal::WindowChange), b'w', "SIGWINCH"),
];

/// Letters that say whom the following signals go to.
pub const TO_GROUP: u8 = b'+';
/// The default: the process alone.
pub const TO_PROCESS: u8 = b'=';

impl Command {
    /// The command of a letter.
    #[must_use]
    pub fn from_letter(letter: u8) -> Option<Self> {
        LETTERS.iter().find(|(_, its, _)| *its == letter).map(|(command, _, _)| *command)
    }
}

/// The orders of one batch, in their order: what was in the FIFO at one look. Letters that mean nothing are passed over.
///
/// `+` and `=` hold from there to the end of the batch, as in daemontools-encore. Its `L` turns to the log, which has a
/// supervise of its own here: what follows, up to an `l`, is not for us.
pub fn orders(batch: &[u8]) -> impl Iterator<Item = Order> {
    let mut target = Target::default();
    let mut for_log = false;
    batch.iter().filter_map(move |letter| {
        match letter {
            &TO_GROUP => target = Target::Group,
            &TO_PROCESS => target = Target::Process,
            b'L' => for_log = true,
            b'l' => for_log = false,
            _ => {}
        }
        Command::from_letter(*letter).filter(|_| !for_log).map(|command| Order { command, target })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(batch: &[u8]) -> Vec<(Command, Target)> {
        orders(batch).map(|order| (order.command, order.target)).collect()
    }

    #[test]
    fn every_letter_is_read_as_it_is_listed() {
        for (command, letter, _) in LETTERS {
            assert_eq!(read(&[letter]), [(command, Target::Process)]);
        }
        assert_eq!(read(b"zZ\0\xff"), []);
    }

    #[test]
    fn targets_hold_to_the_end_of_the_batch() {
        let terminate = Command::Signal(Signal::Terminate);
        assert_eq!(
            read(b"t+t=t"),
            [Target::Process, Target::Group, Target::Process].map(|target| (terminate, target))
        );
    }

    #[test]
    fn what_encore_sends_to_the_log_does_not_reach_the_service() {
        assert_eq!(read(b"luLd"), [(Command::Up, Target::Process)]);
        assert_eq!(read(b"Ldlu"), [(Command::Up, Target::Process)]);
    }
}
