//! `svctl signal`: a signal to services, or to their process groups.

use super::orders::name;
use super::{Order, give, told};
use crate::arguments::{Signal as Call, Waiting};
use crate::directory::Directory;
use crate::exit;
use cli::Failure;
use protocol::command::{Command, LETTERS, Signal, Target};

/// Runs the command.
///
/// # Errors
///
/// It is no signal that can be sent.
pub fn signal(directory: &Directory, call: &Call) -> Result<u8, Failure> {
    let Some(signal) = find(&call.signal) else {
        let names: Vec<&str> = signals().map(name).collect();
        told::complain(&call.signal, &format!("no such signal: there are {}", names.join(", ")));
        return Err(Failure::No(exit::USAGE));
    };
    let target = if call.group { Target::Group } else { Target::Process };
    let waiting = Waiting { timeout: None, no_wait: false };
    give(directory, &call.named, Order::Signal(signal, target), waiting)
}

/// The signal of that name: in any case, with or without `SIG`. A number is none: it means another signal elsewhere.
fn find(given: &str) -> Option<Signal> {
    let upper = given.to_ascii_uppercase();
    let wanted = upper.strip_prefix("SIG").unwrap_or(&upper);
    signals().find(|signal| name(*signal) == wanted)
}

fn signals() -> impl Iterator<Item = Signal> {
    LETTERS.iter().filter_map(|(command, ..)| match command {
        Command::Signal(signal) => Some(*signal),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_system_in_any_case() {
        for given in ["HUP", "hup", "SIGHUP", "sigHup"] {
            assert_eq!(find(given), Some(Signal::Hangup));
        }
        for none in ["1", "", "SIG", "SIGSIGHUP", "SEGV", "hup "] {
            assert_eq!(find(none), None, "{none}");
        }
        let names: Vec<&str> = signals().map(name).collect();
        assert_eq!(names.join(" "), "STOP CONT HUP ALRM INT TERM KILL QUIT USR1 USR2 WINCH");
    }
}
