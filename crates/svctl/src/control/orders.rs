//! The orders, and the letters that each is.

use protocol::command::{Command, LETTERS, Signal, TO_GROUP, Target};
use supervision::svc::Letters;

/// What services are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To be up, and ready.
    Start,
    /// To be down.
    Stop,
    /// To be up in a new run.
    Restart,
    /// To read their settings anew.
    Reload,
    /// To run once.
    Once,
    /// To pause.
    Pause,
    /// To go on.
    Continue,
    /// To die.
    Kill,
    /// To get a signal; what they make of it is theirs.
    Signal(Signal, Target),
}

impl Order {
    /// What supervise is told.
    pub(super) fn letters(self) -> Vec<u8> {
        let commands: &[Command] = match self {
            Self::Start => &[Command::Up],
            Self::Stop => &[Command::Down],
            Self::Restart => &[Command::Down, Command::Up],
            Self::Reload => &[Command::Signal(Signal::Hangup)],
            Self::Once => &[Command::Once],
            Self::Pause => &[Command::Signal(Signal::Stop)],
            Self::Continue => &[Command::Signal(Signal::Continue)],
            Self::Kill => &[Command::Signal(Signal::Kill)],
            Self::Signal(signal, _) => &[Command::Signal(signal)],
        };
        let mut letters = Letters::default();
        if matches!(self, Self::Signal(_, Target::Group)) {
            letters.add(TO_GROUP);
        }
        let letter = |wanted| LETTERS.iter().find(|(command, ..)| command == wanted);
        commands.iter().filter_map(letter).for_each(|(_, letter, _)| letters.add(*letter));
        letters.finish()
    }

    /// Whether something is to run that did not.
    pub(super) fn is_start(self) -> bool {
        matches!(self, Self::Start | Self::Restart | Self::Once)
    }

    /// What is said where it is not waited for.
    pub(super) fn told(self) -> String {
        let words = match self {
            Self::Start => "told to start",
            Self::Stop => "told to stop",
            Self::Restart => "told to restart",
            Self::Reload => "told to reload",
            Self::Once => "told to run once",
            Self::Pause => "told to pause",
            Self::Continue => "told to go on",
            Self::Kill => "told to die",
            Self::Signal(signal, _) => return format!("{} sent", name(signal)),
        };
        words.to_owned()
    }

    /// What it has not done where the time was up.
    pub(super) fn not_yet(self) -> &'static str {
        match self {
            Self::Start | Self::Once => "not up",
            Self::Stop => "not down",
            Self::Restart => "not restarted",
            Self::Reload => "not reloaded",
            Self::Pause => "not paused",
            Self::Continue => "not going on",
            Self::Kill => "not gone",
            Self::Signal(..) => "not sent",
        }
    }
}

/// The name of a signal without `SIG`.
pub(super) fn name(signal: Signal) -> &'static str {
    let name = signal.system().as_str();
    name.strip_prefix("SIG").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_letters() {
        let orders = [Order::Start, Order::Stop, Order::Restart, Order::Reload];
        let more = [Order::Once, Order::Pause, Order::Continue, Order::Kill];
        let sent: Vec<_> = orders.into_iter().chain(more).map(Order::letters).collect();
        assert_eq!(sent, [&b"u"[..], b"d", b"du", b"h", b"o", b"p", b"c", b"k"]);
        assert_eq!(Order::Signal(Signal::Terminate, Target::Process).letters(), b"t");
        assert_eq!(Order::Signal(Signal::Terminate, Target::Group).letters(), b"+t=");
    }
}
