//! The text itself: each figure with its name, its kind and what it means. Pure.

use crate::seen::{Moment, Seen};
use crate::state::Mood;
use protocol::status::{Phase, Want};
use std::fmt::Write as _;
use sys::process::Ending;

/// A figure of each service.
struct Figure {
    /// After `upkeep_service_`.
    name: &'static str,
    /// What is behind the name in a line: `_total` for what only grows.
    suffix: &'static str,
    kind: &'static str,
    unit: &'static str,
    help: &'static str,
    /// `None` where a service has none.
    value: fn(&Seen, &Moment) -> Option<f64>,
}

const fn gauge(
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    value: fn(&Seen, &Moment) -> Option<f64>,
) -> Figure {
    Figure { name, suffix: "", kind: "gauge", unit, help, value }
}

const FIGURES: [Figure; 14] = [
    gauge("up", "", "1 while run runs.", |seen, _| flag(seen.pid().is_some())),
    gauge(
        "ready",
        "",
        "1 while it can be used: it is up, and has said that it is ready if it ever says so.",
        |seen, _| flag(seen.status.as_ref().is_some_and(protocol::status::Status::is_ready)),
    ),
    gauge("wanted_up", "", "1 where the last command, or else its folder, wants it up.", |seen, _| {
        flag(seen.status.as_ref().map_or(seen.is_normally_up, |status| status.want == Want::Up))
    }),
    gauge("supervised", "", "1 while a supervise keeps it.", |seen, _| flag(seen.status.is_some())),
    gauge("in_trouble", "", "1 where somebody should look: it should run and does not.", |seen, _| {
        flag(seen.mood() == Mood::Bad)
    }),
    gauge("waiting", "", "1 while it waits for services that it needs.", |seen, _| {
        flag(seen.detail().is_some_and(|detail| detail.phase == Phase::Waiting))
    }),
    Figure {
        name: "starts",
        suffix: "_total",
        kind: "counter",
        unit: "",
        help: "Starts since it was taken up.",
        value: |seen, _| seen.detail().map(|detail| count(detail.starts)),
    },
    gauge("since_seconds", "seconds", "How long it has been up, or has not.", |seen, _| {
        seen.since.map(|since| since.as_secs_f64())
    }),
    gauge("next_start_seconds", "seconds", "When the next start is due.", |seen, _| {
        seen.state.next_start().map(|next| next.as_secs_f64())
    }),
    gauge("processes", "", "Processes of its tree.", |seen, _| {
        seen.status.as_ref().map(|_| count(u64::try_from(seen.usage.processes).unwrap_or(u64::MAX)))
    }),
    gauge("leftovers", "", "Processes that earlier runs left behind.", |seen, _| {
        seen.detail().map(|detail| f64::from(detail.leftovers))
    }),
    gauge(
        "memory_bytes",
        "bytes",
        "What is in memory of its processes; what they share counts for each.",
        |seen, _| seen.status.as_ref().map(|_| count(seen.usage.memory)),
    ),
    gauge(
        "cpu_seconds",
        "seconds",
        "What its processes, as they are now, have used of the processors.",
        |seen, _| seen.status.as_ref().map(|_| seen.usage.processor.as_secs_f64()),
    ),
    gauge(
        "last_exit_code",
        "",
        "Exit code of the last run that ended; 128 and the signal where one killed it.",
        |seen, _| match seen.detail()?.last? {
            Ending::Exited(code) => Some(f64::from(code)),
            Ending::Killed(signal) => Some(128.0 + f64::from(signal)),
            Ending::Unknown => None,
        },
    ),
];

/// The whole text. Loggers are services as well: `web/log`.
pub(super) fn metrics(seen: &[Seen], moment: &Moment) -> String {
    let services: Vec<&Seen> =
        seen.iter().flat_map(|seen| [Some(seen), seen.log.as_deref()]).flatten().collect();
    let mut text = String::new();
    for Figure { name, suffix, kind, unit, help, value } in &FIGURES {
        let _ = writeln!(text, "# TYPE upkeep_service_{name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(text, "# UNIT upkeep_service_{name} {unit}");
        }
        let _ = writeln!(text, "# HELP upkeep_service_{name} {help}");
        for seen in &services {
            if let Some(value) = value(seen, moment) {
                let _ = writeln!(
                    text,
                    "upkeep_service_{name}{suffix}{{service=\"{}\"}} {value}",
                    label(&seen.service.name)
                );
            }
        }
    }
    text.push_str("# TYPE upkeep_service_state info\n# HELP upkeep_service_state How it is, in a word.\n");
    for seen in &services {
        let (name, state) = (label(&seen.service.name), seen.state.word());
        let _ = writeln!(text, "upkeep_service_state_info{{service=\"{name}\",state=\"{state}\"}} 1");
    }
    text.push_str("# EOF\n");
    text
}

fn flag(holds: bool) -> Option<f64> {
    Some(if holds { 1.0 } else { 0.0 })
}

/// Above 2^53 it is rounded.
fn count(number: u64) -> f64 {
    number as f64
}

/// As the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
