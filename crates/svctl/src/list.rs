//! `svctl list`: all services in a table, as JSON, or shown afresh as things happen.

mod json;
mod watch;

use crate::arguments::List;
use crate::directory::{Directory, Selection, Service};
use crate::exit;
use crate::output::{Align, Paint, Table, bytes, ending, print, span};
use crate::seen::{Moment, Seen, look_at_all};
use crate::state::Mood;
use anyhow::Result;
use cli::Failure;
use cli::text::shown;
use std::collections::HashMap;
use std::time::Duration;

/// What is shown where there is no service.
const NOTHING: &str =
    "there are no services yet; to make one: svctl new NAME --user USER --log -- COMMAND...";

/// Runs the command.
///
/// # Errors
///
/// The service directory cannot be listed.
pub fn run(directory: &Directory, call: &List) -> Result<u8, Failure> {
    let selection = directory.select(&call.names)?;
    if call.watch {
        return watch::run(directory, call);
    }
    let moment = Moment::now();
    let seen = look_at_all(&selection.found, &moment);
    let text = if call.json {
        json::text(directory, &seen, &moment)?
    } else if seen.is_empty() && call.names.is_empty() {
        format!("{NOTHING}\n")
    } else {
        table(&seen, &moment, call.all, &Processor::Total).show(Paint::stdout())
    };
    print(&text)?;
    complain_about(&selection);
    Ok(if selection.missing.is_empty() { exit::DONE } else { exit::NO_SUCH_SERVICE })
}

/// Says on stderr what nothing is called.
pub fn complain_about(selection: &Selection) {
    for name in &selection.missing {
        crate::PROGRAM.warn(&format!("there is no service {name}"));
    }
}

/// What is shown of the use of processors.
#[derive(Debug)]
enum Processor<'a> {
    /// All that was used so far.
    Total,
    /// What share of one processor was used in a span of time, before which so much had been.
    Since(Duration, &'a HashMap<Service, Duration>),
}

impl Processor<'_> {
    fn show(&self, seen: &Seen) -> String {
        let used = seen.usage.processor;
        match self {
            Self::Total => span(used),
            Self::Since(time, before) => {
                let before = before.get(&seen.service).copied().unwrap_or(used);
                let share = used.saturating_sub(before).as_secs_f64() * 100.0 / time.as_secs_f64().max(0.001);
                format!("{share:.0}%")
            }
        }
    }
}

/// The table: a row for each service, and for loggers that are in trouble, or all of them.
fn table(seen: &[Seen], moment: &Moment, all: bool, processor: &Processor<'_>) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("NAME", Left),
        ("STATE", Left),
        ("PID", Right),
        ("USER", Left),
        ("SINCE", Right),
        ("STARTS", Right),
        ("MEMORY", Right),
        ("CPU", Right),
        ("LAST END", Left),
    ]);
    for service in seen {
        row(&mut table, service, moment, processor);
        let is_shown = |log: &&Seen| all || is_in_trouble_of_its_own(log, service);
        if let Some(log) = service.log.as_deref().filter(is_shown) {
            row(&mut table, log, moment, processor);
        }
    }
    table
}

/// What is true of both is said once; and a service that is down by command does not need its logger.
fn is_in_trouble_of_its_own(log: &Seen, service: &Seen) -> bool {
    log.mood() == Mood::Bad && log.state != service.state && service.mood() != Mood::Quiet
}

fn row(table: &mut Table, seen: &Seen, moment: &Moment, processor: &Processor<'_>) {
    let detail = seen.detail();
    let text = |is_there: bool, text: String| if is_there { text } else { String::new() };
    let usage = seen.usage;
    table.row(
        vec![
            seen.service.name.clone(),
            seen.state.to_string(),
            seen.pid().map_or_else(String::new, |pid| pid.to_string()),
            seen.owner.map_or_else(String::new, |uid| moment.account(uid)),
            seen.since.map_or_else(String::new, span),
            detail.map_or_else(String::new, |detail| detail.starts.to_string()),
            text(usage.processes > 0, bytes(usage.memory)),
            text(usage.processes > 0, processor.show(seen)),
            detail.and_then(|detail| detail.last).map_or_else(String::new, ending),
        ],
        Some((1, seen.mood())),
    );
    if let Some(why) = why(seen) {
        table.note(why);
    }
}

/// Why it is as it is, for a person.
#[must_use]
pub fn why(seen: &Seen) -> Option<String> {
    let mut why = seen.state.reason().map(|reason| shown(reason.as_bytes()).into_owned());
    if let (Some(why), Some(next)) = (&mut why, seen.state.next_start()) {
        why.push_str(&format!("; next try in {}", span(next)));
    }
    let says = seen.detail().map(|detail| detail.says.as_str()).filter(|says| !says.is_empty());
    why.or_else(|| says.map(|says| format!("it says: {}", shown(says.as_bytes()))))
}
