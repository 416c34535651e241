//! `svctl logs`: what services have logged, in the order of time.
//!
//! | file | what is in it |
//! |---|---|
//! | `place.rs`, `script.rs` | where a service's log is |
//! | `folder.rs`, `order.rs` | the files of a log directory: which come next, whatever becomes of their names |
//! | `reader.rs`, `backward.rs` | its lines, forwards, and backwards to where the last ones begin |
//! | `stamp.rs` | the time before a line |
//! | `source.rs`, `merge.rs`, `show.rs` | several of them, in the order of time |
//! | `text.rs` | a line as it is shown |
//! | `since.rs` | from when on |
//! | `follow.rs`, `watch.rs` | what comes while one looks |

mod backward;
mod folder;
mod follow;
mod merge;
mod order;
mod place;
mod reader;
mod script;
mod show;
mod since;
mod source;
mod stamp;
mod text;
mod watch;

use crate::PROGRAM;
use crate::arguments::Logs;
use crate::directory::{Directory, Service};
use crate::exit;
use crate::list::complain_about;
use crate::output::{Paint, print};
use anyhow::anyhow;
use cli::Failure;
use follow::Follow;
use show::Show;
use since::since;
use source::{Sources, Trouble};
use std::time::Duration;
use sys::clock::wall;
use text::Format;

/// How many lines are shown before those that are followed, where nothing is said.
const LINES: usize = 10;

/// Runs the command.
///
/// # Errors
///
/// What stands in the way of all of it.
pub fn run(directory: &Directory, call: &Logs) -> Result<u8, Failure> {
    let since = call.since.as_deref().map(|text| since(text, wall())).transpose();
    let since = since.map_err(|why| Failure::Ended(exit::USAGE, anyhow!(why)))?;
    let count = call.lines.or((call.follow && since.is_none()).then_some(LINES));
    let selection = directory.select(&call.names)?;
    complain_about(&selection);
    let are_all = call.names.is_empty();
    let mut codes = vec![if selection.missing.is_empty() { exit::DONE } else { exit::NO_SUCH_SERVICE }];
    if selection.found.is_empty() && !are_all {
        return Ok(exit::worst(codes));
    }
    let mut sources = Sources::new(call.follow);
    let mut troubles = Vec::new();
    for service in &selection.found {
        let number = sources.add(service);
        let (_, found) = sources.find(number);
        // Of all services, those without a logger are not meant.
        troubles.extend(found.into_iter().filter(|trouble| !are_all || !trouble.is_no_logger));
    }
    troubles.extend(sources.begin(count, since));
    let may_come = call.follow && (are_all || selection.found.len() > 1);
    let with_names = call.names_shown || may_come || sources.services() > 1;
    let mut show = Show::new(Format::new(Paint::stdout(), with_names));
    if call.follow {
        Follow::new(directory, are_all, sources, show).run(&troubles)?;
        return Ok(exit::DONE);
    }
    say(&troubles, &mut codes);
    for number in 0..sources.all().len() {
        show.wake(&mut sources, number);
    }
    while let Some(text) = show.block(&mut sources) {
        print(text)?;
    }
    say(&show.troubles(), &mut codes);
    Ok(exit::worst(codes))
}

fn say(troubles: &[Trouble], codes: &mut Vec<u8>) {
    for trouble in troubles {
        PROGRAM.warn(&trouble.text);
        codes.push(trouble.code);
    }
}

/// The last lines of a service's log, with local time, fit for a terminal; empty where there is none, or none that we may read. For a
/// logger, those of the service that it logs.
#[must_use]
pub fn last_lines(service: &Service, count: usize) -> Vec<String> {
    lines(service, count, None)
}

/// As [`last_lines`]: of those that are not older than `since`, a time since 1970.
#[must_use]
pub fn last_lines_since(service: &Service, count: usize, since: Duration) -> Vec<String> {
    lines(service, count, Some(since))
}

fn lines(service: &Service, count: usize, since: Option<Duration>) -> Vec<String> {
    let mut sources = Sources::new(false);
    let number = sources.add(service);
    sources.find(number);
    sources.begin(Some(count), since);
    let text = show::all(&mut sources, Format::default());
    text.lines().map(str::to_owned).collect()
}
