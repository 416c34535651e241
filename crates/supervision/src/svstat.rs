//! svstat: how services are, a line each, in the words of daemontools. Trouble with a folder is said in its line;
//! the exit code is 0.

use crate::asking::{LOGGER, StartingFolder, TEMPLATE, is_kind};
use cli::errno::text;
use cli::text::shown;
use cli::{Failure, Program};
use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::unistd::chdir;
use protocol::control::{Control, Unreadable};
use protocol::folder::DOWN;
use protocol::instance::Kind;
use protocol::status::{Status, Want};
use protocol::tai64n::Tai64n;
use std::ffi::CStr;
use std::fmt::Write as _;
use std::io::Write as _;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "svstat", usage: "svstat: usage: svstat dir ..." };

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| report(&args).map_err(Failure::Fatal))
}

fn report(args: &Args) -> anyhow::Result<u8> {
    let start = StartingFolder::open()?;
    let mut stdout = std::io::stdout().lock();
    // No options, as in daemontools.
    for folder in args.iter().skip(1) {
        let mut line = folder.to_bytes().to_vec();
        line.extend_from_slice(b": ");
        line.extend_from_slice(look(folder).unwrap_or_else(|trouble| trouble).as_bytes());
        line.push(b'\n');
        // A full disk or a closed stdout changes neither the rest nor the exit code, as in daemontools.
        let _ = stdout.write_all(&line);
        start.come_back()?;
    }
    Ok(0)
}

/// What there is to say of a folder; what is in the way of it as an error.
fn look(folder: &CStr) -> Result<String, String> {
    chdir(folder).map_err(|error| {
        // No options: that is a folder, as in daemontools. But who writes this most often means daemontools-encore's.
        let is_option = error == Errno::ENOENT && [c"-L", c"-l"].contains(&folder);
        let hint = if is_option { format!(": {LOGGER}: svstat dir/log") } else { String::new() };
        format!("unable to chdir: {}{hint}", text(error))
    })?;
    let normally_up = match stat(DOWN) {
        Ok(_) => false,
        Err(Errno::ENOENT) => true,
        Err(error) => return Err(format!("unable to stat down: {}", text(error))),
    };
    let not_asked = |error| format!("unable to open supervise/ok: {}", text(error));
    let control =
        Control::here().map_err(|error| not_asked(cli::errno::of(&error).unwrap_or(Errno::ENOENT)))?;
    let is_running = control.is_running().map_err(|error| match error {
        Errno::ENOENT if is_kind(folder, |kind| kind == Kind::Template) => {
            format!("{}: {TEMPLATE}", not_asked(error))
        }
        error => not_asked(error),
    });
    if !is_running? {
        return Err("supervise not running".to_owned());
    }
    let status = control.status().map_err(|why| match why {
        Unreadable::Open(error) => format!("unable to open supervise/status: {}", text(error)),
        Unreadable::Read(error) => format!("unable to read supervise/status: {}", text(error)),
        Unreadable::Format(error) => format!("unable to read supervise/status: {error}"),
    })?;
    Ok(words(&status, normally_up, Tai64n::from_wall(sys::clock::wall())))
}

/// The words for a status, which depend on nothing else.
#[must_use]
pub fn words(status: &Status, normally_up: bool, now: Tai64n) -> String {
    let seconds = age(status.since, now);
    let mut words = match status.pid {
        Some(pid) => format!("up (pid {pid}) {seconds} seconds"),
        None => format!("down {seconds} seconds"),
    };
    let is_up = status.pid.is_some();
    let notes = [
        (is_up && !normally_up, ", normally down"),
        (!is_up && normally_up, ", normally up"),
        (is_up && status.paused, ", paused"),
        (!is_up && status.want == Want::Up, ", want up"),
        (is_up && status.want == Want::Down, ", want down"),
    ];
    for (_, note) in notes.iter().filter(|(holds, _)| *holds) {
        words.push_str(note);
    }
    if let Some(failed) = status.detail.as_ref().and_then(|detail| detail.failed.as_ref()) {
        let _ = write!(words, ", not started: {}", shown(failed.reason.as_bytes()));
    }
    words
}

/// Whole seconds between two labels as daemontools counts them: the fractions are left out before, not after; and
/// absurd numbers are rounded as its floating point rounds them.
fn age(since: Tai64n, now: Tai64n) -> u64 {
    let seconds =
        |label: Tai64n| label.to_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let age = seconds(now).saturating_sub(seconds(since));
    age as f64 as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::report::Step;
    use protocol::status::{Detail, Failed, Phase};
    use std::num::NonZeroU32;
    use std::time::Duration;

    fn label(seconds: u64, nanoseconds: u32) -> Tai64n {
        Tai64n::from_wall(Duration::new(seconds, nanoseconds))
    }

    fn status(pid: u32, paused: bool, want: Want) -> Status {
        let pid = NonZeroU32::new(pid);
        Status { since: label(100, 900_000_000), pid, paused, want, terminated: false, detail: None }
    }

    #[test]
    fn the_words_are_those_of_daemontools() {
        let says = |status: Status, normally_up| words(&status, normally_up, label(107, 0));
        assert_eq!(says(status(9, false, Want::Up), true), "up (pid 9) 7 seconds");
        assert_eq!(
            says(status(9, true, Want::Down), false),
            "up (pid 9) 7 seconds, normally down, paused, want down"
        );
        assert_eq!(says(status(9, false, Want::Once), true), "up (pid 9) 7 seconds");
        assert_eq!(says(status(0, true, Want::Down), false), "down 7 seconds");
        assert_eq!(says(status(0, false, Want::Up), true), "down 7 seconds, normally up, want up");
    }

    #[test]
    fn a_start_that_failed_is_told_in_one_line() {
        let reason = "unable to run web/run:\n\x1b[2J".to_owned();
        let failed = Some(Failed { step: Step::Execute, errno: 2, reason });
        let detail = Detail {
            phase: Phase::Resting,
            leaving: false,
            last: None,
            failed,
            supervise: 1,
            starts: 3,
            spacing: 0,
            next_start: None,
        };
        let status = Status { detail: Some(detail), ..status(0, false, Want::Up) };
        assert_eq!(
            words(&status, true, label(107, 0)),
            "down 7 seconds, normally up, want up, not started: unable to run web/run:\\x0a\\x1b[2J"
        );
    }

    #[test]
    fn a_clock_that_went_back_and_nonsense_are_no_trouble() {
        assert_eq!(age(label(100, 0), label(50, 0)), 0);
        assert_eq!(age(Tai64n::from_bytes([0xff; 12]), label(50, 0)), 0);
        assert_eq!(
            age(Tai64n::from_bytes([0; 12]), label(0, 0)),
            4_611_686_018_427_387_904,
            "as theirs rounds"
        );
    }
}
