//! svscan: one supervise for each folder of a directory.
//!
//! Data flows one way: the [`watch`] says that something changed, the [`listing`] says what is there, the [`roster`] decides
//! what follows from it ([`entry`] is one folder of it, [`departure`] its end, [`keeper`] one supervise, [`order`] whose turn it
//! is when all stop, [`events`] what it is told and answers), and the [`shell`] does that: [`launch`] starts a supervise, [`takeover`] finds one that runs, by [`locks`]
//! where nothing else tells, [`strays`] those whose folder is gone, [`supervises`] are all of them, [`log_pipe`] is what ties a service to its logger, [`arrival`] looks
//! into a folder that is new, [`command`] is what runs in the foreground, and [`directory`] is where all this happens.

mod arrival;
mod command;
mod departure;
mod directory;
mod entry;
mod events;
mod keeper;
mod launch;
mod listing;
pub mod locks;
mod log_pipe;
mod order;
mod roster;
mod shell;
mod strays;
mod supervises;
mod takeover;
mod watch;

use cli::options::Options;
use cli::{Failure, Program};
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program =
    Program { name: "svscan", usage: "svscan: usage: svscan [-t] [dir [-- command ...]]" };

/// How svscan was called.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    arguments: Args,
    /// supervise trusts the owner of any folder, as daemontools 0.76 does.
    trusting: bool,
    directory: Option<&'static CStr>,
    /// What runs in the foreground: empty where nothing does.
    command: Args,
}

/// The program: `svscan [-t] [dir [-- command ...]]`.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| Ok(shell::Shell::begin(Call::parse(args)?)?.keep_running()))
}

impl Call {
    fn parse(arguments: Args) -> Result<Self, Failure> {
        let mut options = Options::new(&arguments, "t");
        let mut trusting = false;
        while options.next_option()?.is_some() {
            trusting = true;
        }
        let (directory, command) = match options.operands() {
            [] => (None, &[][..]),
            [directory] => (Some(*directory), &[][..]),
            [directory, dashes, command @ ..] if *dashes == c"--" && !command.is_empty() => {
                (Some(*directory), command)
            }
            _ => return Err(Failure::Usage(None)),
        };
        let command = command.to_vec();
        Ok(Self { trusting, directory, command, arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&'static CStr]) -> Option<(bool, Option<&'static CStr>, Args)> {
        let call = Call::parse([&[c"svscan"], arguments].concat()).ok()?;
        Some((call.trusting, call.directory, call.command))
    }

    #[test]
    fn a_command_follows_two_dashes_behind_the_directory() {
        assert_eq!(parse(&[]), Some((false, None, vec![])));
        assert_eq!(parse(&[c"-t", c"dir"]), Some((true, Some(c"dir"), vec![])));
        assert_eq!(parse(&[c"--", c"dir"]), Some((false, Some(c"dir"), vec![])), "the end of the options");
        let command = || vec![c"sh", c"-c", c"--"];
        let with = [c"dir", c"--", c"sh", c"-c", c"--"];
        assert_eq!(parse(&with), Some((false, Some(c"dir"), command())));
        assert_eq!(parse(&[&[c"-t", c"--"], &with[..]].concat()), Some((true, Some(c"dir"), command())));
        for wrong in [&[c"dir", c"--"][..], &[c"dir", c"sh"], &[c"a", c"b", c"--", c"sh"], &[c"-x"]] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
