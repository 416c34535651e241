//! svc: commands for supervises, a letter each, in one write for each folder. Trouble with a folder is a warning;
//! the others get their commands, and the exit code is 0.

use crate::asking::{StartingFolder, TEMPLATE, has_something_to_run, is_kind, no_log_option};
use cli::errno::text;
use cli::options::{Given, Options};
use cli::text::shown;
use cli::{Failure, Program};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{chdir, write};
use protocol::command::{LETTERS, TO_GROUP, TO_PROCESS};
use protocol::control::Control;
use protocol::folder::control_folder_here;
use protocol::instance::Kind;
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use sys::clock::Monotonic;
use sys::entry::Args;

/// How long a supervise that reads nothing is waited for, once its FIFO is full.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    let program = Program { name: "svc", usage: usage().leak() };
    program.run(args, |args| control_all(program, &args))
}

/// The list of the letters: daemontools' text, and behind it what it does not know.
fn usage() -> String {
    let letters = LETTERS.map(|(_, letter, word)| format!("{} {word}", char::from(letter)));
    let targets = [(TO_GROUP, "process group"), (TO_PROCESS, "process alone")];
    let targets = targets.map(|(letter, words)| format!("{} {words}", char::from(letter)));
    format!("svc options: {}, {}", letters.join(", "), targets.join(", "))
}

fn control_all(program: Program, args: &Args) -> Result<u8, Failure> {
    let mut allowed: String = LETTERS.iter().map(|(_, letter, _)| char::from(*letter)).collect();
    allowed.extend([char::from(TO_GROUP), char::from(TO_PROCESS), 'L', 'l']);
    let mut options = Options::new(args, allowed.leak());
    let mut letters = Letters::default();
    while let Some(Given::Flag(letter) | Given::With(letter, _)) = options.next_option()? {
        match letter {
            b'L' | b'l' => return Err(no_log_option(program.name, letter.into(), "-d dir")),
            letter => letters.add(letter),
        }
    }
    let letters = letters.finish();
    // A supervise that leaves between our open and our write is a warning, and not our end.
    let broken_pipe = SigSet::from_iter([Signal::SIGPIPE]);
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&broken_pipe), None)
        .map_err(|error| anyhow::Error::from(error).context("unable to block signals"))?;
    let start = StartingFolder::open()?;
    for folder in options.operands() {
        if let Err(trouble) = control(folder, &letters) {
            program.warn(&trouble);
        }
        start.come_back()?;
    }
    Ok(0)
}

/// The letters to send, each once, in the order in which they were asked for.
#[derive(Debug, Default)]
pub struct Letters {
    /// What is sent.
    bytes: Vec<u8>,
    /// What has been asked for: a letter, and whether it is for the group.
    seen: Vec<(u8, bool)>,
    /// Whom the operator is speaking of.
    to_group: bool,
    /// Whom the bytes so far speak of.
    sent_to_group: bool,
}

impl Letters {
    /// A letter that was asked for.
    pub fn add(&mut self, letter: u8) {
        match letter {
            TO_GROUP => self.to_group = true,
            TO_PROCESS => self.to_group = false,
            _ if self.seen.contains(&(letter, self.to_group)) => {}
            _ => {
                self.seen.push((letter, self.to_group));
                self.speak_of(self.to_group);
                self.bytes.push(letter);
            }
        }
    }

    fn speak_of(&mut self, group: bool) {
        if group != self.sent_to_group {
            self.bytes.push(if group { TO_GROUP } else { TO_PROCESS });
            self.sent_to_group = group;
        }
    }

    /// The bytes. A supervise may read them together with somebody else's, so those for the group end with `=`.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.speak_of(false);
        self.bytes
    }
}

/// Sends the letters to the supervise of one folder; the error is the text of the warning.
fn control(folder: &CStr, letters: &[u8]) -> Result<(), String> {
    let name = shown(folder.to_bytes());
    chdir(folder).map_err(|error| format!("unable to chdir to {name}: {}", text(error)))?;
    let unable = |why: &str| format!("unable to control {name}: {why}");
    let control =
        Control::here().map_err(|error| unable(text(cli::errno::of(&error).unwrap_or(Errno::ENOENT))))?;
    let commands = control.commands().map_err(|error| match error {
        Errno::ENOENT if is_kind(folder, |kind| kind == Kind::Template) => {
            unable(&format!("{}: {TEMPLATE}", text(error)))
        }
        Errno::ENOENT if is_not_started_yet(folder) => {
            unable(&format!("{}: svscan has not started it yet", text(error)))
        }
        error => unable(text(error)),
    })?;
    let commands = commands.ok_or_else(|| unable("supervise not running"))?;
    send(&commands, letters).map_err(|error| format!("error writing commands to {name}: {}", text(error)))
}

/// Whether the folder that we are in looks like a service that no supervise has been in: it has something to run, and no
/// `supervise/`.
fn is_not_started_yet(folder: &CStr) -> bool {
    let is_nowhere = control_folder_here().is_ok_and(|control| matches!(control.try_exists(), Ok(false)));
    is_nowhere && has_something_to_run(folder)
}

/// One write, which a FIFO takes whole or not at all. A supervise that reads is fast; one that has stopped while
/// its FIFO is full must not stop us as well. SIGPIPE must be blocked or ignored.
///
/// # Errors
///
/// ETIMEDOUT where the FIFO stays full; what else the system says.
pub fn send(commands: &OwnedFd, letters: &[u8]) -> Result<(), Errno> {
    if letters.is_empty() {
        return Ok(());
    }
    let mut end = None;
    loop {
        match write(commands, letters) {
            Err(Errno::EAGAIN) => {}
            other => return other.map(drop),
        }
        let now = Monotonic::now();
        let left = end.get_or_insert(now + PATIENCE).since(now);
        let mut asked = [PollFd::new(commands.as_fd(), PollFlags::POLLOUT)];
        if left.is_zero() || poll(&mut asked, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO))? == 0
        {
            return Err(Errno::ETIMEDOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(options: &str) -> String {
        let mut letters = Letters::default();
        options.bytes().for_each(|letter| letters.add(letter));
        String::from_utf8(letters.finish()).unwrap()
    }

    #[test]
    fn the_usage_text_begins_as_that_of_daemontools() {
        let theirs = "svc options: u up, d down, o once, x exit, p pause, c continue, h hup, a alarm, i interrupt, \
                      t term, k kill";
        let ours = ", q quit, 1 SIGUSR1, 2 SIGUSR2, w SIGWINCH, + process group, = process alone";
        assert_eq!(usage(), format!("{theirs}{ours}"));
    }

    #[test]
    fn letters_go_once_in_their_order() {
        assert_eq!(sent("dx"), "dx");
        assert_eq!(sent("udud"), "ud");
        assert_eq!(sent(""), "");
    }

    #[test]
    fn nothing_that_was_asked_of_the_process_reaches_the_group_or_the_other_way_round() {
        assert_eq!(sent("+t"), "+t=");
        assert_eq!(sent("t+t"), "t+t=");
        assert_eq!(sent("+t=h+k"), "+t=h+k=");
        assert_eq!(sent("=t+"), "t");
        assert_eq!(sent("++t==t"), "+t=t");
    }
}
