//! svstat: how services are, a line each, in the words of daemontools. Trouble with a folder is said in its line;
//! the exit code is 0.

use crate::asking::{LOGGER, StartingFolder, TEMPLATE, is_kind};
use cli::errno::text;
use cli::text::shown;
use cli::{Failure, Program};
use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::unistd::chdir;
use protocol::control::{Control, Glance, Unreadable};
use protocol::folder::DOWN;
use protocol::instance::Kind;
use protocol::process::Boot;
use protocol::status::{Detail, Doing, Phase, Readiness, Status, Want};
use protocol::tai64n::Tai64n;
use std::cell::OnceCell;
use std::ffi::CStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;
use sys::clock::Monotonic;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "svstat", usage: "svstat: usage: svstat dir ..." };

/// Lines are printed when they are so many bytes.
const BLOCK: usize = 8192;

/// Most words are not more bytes.
const USUAL: usize = 64;

/// Runs the program.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |args| report(&args).map_err(Failure::Fatal))
}

fn report(args: &Args) -> anyhow::Result<u8> {
    let start = StartingFolder::open()?;
    let (moment, mut glance, mut lines) = (Moment::now(), Glance::new(), Lines::default());
    // No options, as in daemontools.
    for folder in args.iter().skip(1) {
        if let Some((status, normally_up)) = glance.at(folder) {
            lines.add(folder, &moment.words(&status, normally_up));
        } else {
            lines.add(folder, &look(folder, &moment).unwrap_or_else(|trouble| trouble));
            start.come_back()?;
        }
    }
    Ok(0)
}

/// What is to be printed, in as few writes as daemontools makes: many lines in each, and all of them by the end, whatever that is.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, folder: &CStr, words: &str) {
        for part in [folder.to_bytes(), b": ", words.as_bytes(), b"\n"] {
            self.0.extend_from_slice(part);
        }
        if self.0.len() >= BLOCK {
            self.print();
        }
    }

    fn print(&mut self) {
        // A full disk or a closed stdout changes neither the rest nor the exit code, as in daemontools.
        let _ = std::io::stdout().write_all(&self.0);
        self.0.clear();
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.print();
    }
}

/// When it is that the services are looked at, which is asked once.
struct Moment {
    wall: Tai64n,
    monotonic: Monotonic,
    boot: OnceCell<Option<Boot>>,
}

impl Moment {
    fn now() -> Self {
        let (wall, monotonic) = (Tai64n::from_wall(sys::clock::wall()), Monotonic::now());
        Self { wall, monotonic, boot: OnceCell::new() }
    }

    fn words(&self, status: &Status, normally_up: bool) -> String {
        words(status, normally_up, self.wall, self.lived(status))
    }

    /// How long the service has been up by the clock that nobody sets, if the record tells it. Which boot this is, is asked only
    /// where that counts.
    fn lived(&self, status: &Status) -> Option<Duration> {
        let detail = status.detail.as_ref().filter(|_| status.pid.is_some())?;
        let start = Monotonic::from_zero(Duration::from_nanos(detail.last_start?));
        let lived = self.monotonic.since(start);
        let is_of_now = || detail.boot.is_some() && detail.boot == *self.boot.get_or_init(Boot::current);
        (differ(lived, age(status.since, self.wall)) && is_of_now()).then_some(lived)
    }
}

/// What there is to say of a folder; what is in the way of it as an error.
fn look(folder: &CStr, moment: &Moment) -> Result<String, String> {
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
    Ok(moment.words(&status, normally_up))
}

/// The words for a status, which depend on nothing else. `lived` is how long it has been up, where that is known: it counts where
/// the wall clock has been set since.
#[must_use]
pub fn words(status: &Status, normally_up: bool, now: Tai64n, lived: Option<Duration>) -> String {
    let by_wall = age(status.since, now);
    let seconds = lived.filter(|lived| differ(*lived, by_wall)).map_or(by_wall, |lived| lived.as_secs());
    let mut words = String::with_capacity(USUAL);
    let _ = match status.pid {
        Some(pid) => write!(words, "up (pid {pid}) {seconds} seconds"),
        None => write!(words, "down {seconds} seconds"),
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
    let Some(detail) = &status.detail else { return words };
    match detail.phase {
        Phase::Finishing => words.push_str(", finish runs"),
        Phase::Clearing => {
            let (count, es) = (detail.leftovers, if detail.leftovers == 1 { "" } else { "es" });
            let _ = write!(words, ", waiting for {count} process{es} of an earlier run");
        }
        Phase::Waiting => {
            let _ = write!(words, ", waiting for {}", shown(detail.note.as_bytes()));
        }
        Phase::Starting | Phase::Up => say_how_it_is(&mut words, detail, now),
        Phase::Down | Phase::Resting => {}
    }
    if let Some(failed) = &detail.failed {
        let what = if failed.step.is_of_a_run() { "ended" } else { "not started" };
        let _ = write!(words, ", {what}: {}", shown(failed.reason.as_bytes()));
    }
    words
}

/// What is known of a service that runs, beyond that.
fn say_how_it_is(words: &mut String, detail: &Detail, now: Tai64n) {
    match detail.readiness {
        Readiness::Unsaid => {}
        Readiness::Awaited => words.push_str(", not ready"),
        Readiness::Ready(since) => {
            let _ = write!(words, ", ready {} seconds", age(since, now));
        }
    }
    match detail.doing {
        Doing::Nothing => {}
        Doing::Reloading => words.push_str(", reloading"),
        Doing::Stopping => words.push_str(", stopping"),
    }
    if !detail.says.is_empty() {
        let _ = write!(words, ", says: {}", shown(detail.says.as_bytes()));
    }
    if !detail.note.is_empty() {
        let _ = write!(words, ", {}", shown(detail.note.as_bytes()));
    }
}

/// Whether the clocks disagree on how long it has been: each leaves out its part of a second.
fn differ(lived: Duration, by_wall: u64) -> bool {
    lived.as_secs().abs_diff(by_wall) > 1
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
    use protocol::status::Failed;
    use std::num::NonZeroU32;

    fn label(seconds: u64, nanoseconds: u32) -> Tai64n {
        Tai64n::from_wall(Duration::new(seconds, nanoseconds))
    }

    fn status(pid: u32, paused: bool, want: Want) -> Status {
        let pid = NonZeroU32::new(pid);
        Status { since: label(100, 900_000_000), pid, paused, want, terminated: false, detail: None }
    }

    #[test]
    fn the_words_are_those_of_daemontools() {
        let says = |status: Status, normally_up| words(&status, normally_up, label(107, 0), None);
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
        let detail = Detail { phase: Phase::Resting, failed, starts: 3, ..Detail::default() };
        let status = Status { detail: Some(detail), ..status(0, false, Want::Up) };
        assert_eq!(
            words(&status, true, label(107, 0), None),
            "down 7 seconds, normally up, want up, not started: unable to run web/run:\\x0a\\x1b[2J"
        );
    }

    #[test]
    fn a_wall_clock_that_was_set_does_not_change_how_long_it_is_up() {
        let says = |lived| words(&status(9, false, Want::Up), true, label(3700, 0), Some(lived));
        assert_eq!(says(Duration::from_secs(7)), "up (pid 9) 7 seconds");
        // A part of a second counts as theirs does.
        assert_eq!(says(Duration::from_millis(3_599_900)), "up (pid 9) 3600 seconds");
    }

    #[test]
    fn what_it_waits_for_is_told() {
        let says = |phase| {
            let detail = Detail { phase, leftovers: 2, ..Detail::default() };
            words(&Status { detail: Some(detail), ..status(0, false, Want::Up) }, true, label(107, 0), None)
        };
        assert_eq!(says(Phase::Finishing), "down 7 seconds, normally up, want up, finish runs");
        assert_eq!(
            says(Phase::Clearing),
            "down 7 seconds, normally up, want up, waiting for 2 processes of an earlier run"
        );
    }

    #[test]
    fn how_a_service_says_that_it_is_is_told() {
        let says = |detail| {
            words(&Status { detail: Some(detail), ..status(9, false, Want::Up) }, true, label(107, 0), None)
        };
        let up = Detail { phase: Phase::Up, ..Detail::default() };
        assert_eq!(says(up.clone()), "up (pid 9) 7 seconds");
        let awaited = Detail { readiness: Readiness::Awaited, ..up.clone() };
        assert_eq!(says(awaited), "up (pid 9) 7 seconds, not ready");
        let ready = Detail {
            readiness: Readiness::Ready(label(102, 0)),
            doing: Doing::Reloading,
            says: "three\tclients".into(),
            ..up
        };
        assert_eq!(says(ready), "up (pid 9) 7 seconds, ready 5 seconds, reloading, says: three\\x09clients");
    }

    #[test]
    fn what_was_ended_and_what_is_waited_for_is_told() {
        let says = |detail| {
            words(&Status { detail: Some(detail), ..status(0, false, Want::Up) }, true, label(107, 0), None)
        };
        let reason = "not ready within 30s".to_owned();
        let failed = Some(Failed { step: Step::Ready, errno: 0, reason });
        let late = Detail { phase: Phase::Resting, failed, ..Detail::default() };
        assert_eq!(says(late), "down 7 seconds, normally up, want up, ended: not ready within 30s");
        let note = "postgres, which is down".to_owned();
        let waiting = Detail { phase: Phase::Waiting, note, ..Detail::default() };
        assert_eq!(
            says(waiting),
            "down 7 seconds, normally up, want up, waiting for postgres, which is down"
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
