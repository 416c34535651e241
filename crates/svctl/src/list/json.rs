//! `svctl list --json`: the same, in a form that stays. A field may come, and none goes or changes what it means.

use crate::directory::Directory;
use crate::output::ending;
use crate::seen::{Moment, Seen};
use anyhow::Result;
use cli::text::shown;
use protocol::status::{Readiness, Want};
use serde::Serialize;
use std::os::unix::ffi::OsStrExt;
use sys::process::Ending;

/// What JSON says of all.
#[derive(Debug, Serialize)]
struct Listing<'a> {
    service_directory: String,
    services: Vec<Entry<'a>>,
}

/// What JSON says of one. What there is none of is null.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    name: &'a str,
    path: String,
    state: &'static str,
    reason: Option<String>,
    wish: Option<&'static str>,
    normally: &'static str,
    pid: Option<u32>,
    user: Option<String>,
    uid: Option<u32>,
    since_seconds: Option<f64>,
    ready: Option<bool>,
    starts: Option<u64>,
    next_start_seconds: Option<f64>,
    processes: usize,
    memory_bytes: u64,
    cpu_seconds: f64,
    leftovers: Option<u16>,
    last_end: Option<End>,
    says: Option<&'a str>,
    supervise_pid: Option<u32>,
    log: Option<Box<Entry<'a>>>,
}

/// How the last run ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum End {
    ExitCode(u8),
    Signal(String),
    Unknown(bool),
}

pub(super) fn text(directory: &Directory, seen: &[Seen], moment: &Moment) -> Result<String> {
    let service_directory = shown(directory.path().as_os_str().as_bytes()).into_owned();
    let services = seen.iter().map(|seen| entry(seen, moment)).collect();
    Ok(serde_json::to_string_pretty(&Listing { service_directory, services })? + "\n")
}

fn entry<'a>(seen: &'a Seen, moment: &Moment) -> Entry<'a> {
    let (status, detail) = (seen.status.as_ref(), seen.detail());
    Entry {
        name: &seen.service.name,
        path: shown(seen.service.path.as_os_str().as_bytes()).into_owned(),
        state: seen.state.word(),
        reason: seen.state.reason(),
        wish: status.map(|status| match status.want {
            Want::Up => "up",
            Want::Down => "down",
            Want::Once => "once",
        }),
        normally: if seen.is_normally_up { "up" } else { "down" },
        pid: seen.pid(),
        user: seen.owner.map(|uid| moment.account(uid)),
        uid: seen.owner,
        since_seconds: seen.since.map(|since| since.as_secs_f64()),
        ready: detail.and_then(|detail| match detail.readiness {
            Readiness::Unsaid => None,
            Readiness::Awaited => Some(false),
            Readiness::Ready(_) => Some(true),
        }),
        starts: detail.map(|detail| detail.starts),
        next_start_seconds: seen.state.next_start().map(|next| next.as_secs_f64()),
        processes: seen.usage.processes,
        memory_bytes: seen.usage.memory,
        cpu_seconds: seen.usage.processor.as_secs_f64(),
        leftovers: detail.map(|detail| detail.leftovers),
        last_end: detail.and_then(|detail| detail.last).map(|last| match last {
            Ending::Exited(code) => End::ExitCode(code),
            Ending::Killed(_) => End::Signal(ending(last)),
            Ending::Unknown => End::Unknown(true),
        }),
        says: detail.map(|detail| detail.says.as_str()).filter(|says| !says.is_empty()),
        supervise_pid: detail.and_then(|detail| Some(detail.supervise?.pid.get())),
        log: seen.log.as_deref().map(|log| Box::new(entry(log, moment))),
    }
}
