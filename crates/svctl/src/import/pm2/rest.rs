//! What pm2 does and a supervisor of this kind does not, and what to do about it. Pure.

use super::fields::{Fields, text};
use crate::import::plan::Note;
use serde_json::Value;

/// Fields that change nothing of what runs: pm2's own names, checks and services.
const ITS_OWN: [&str; 26] = [
    "append_env_to_name",
    "automation",
    "deep_monitoring",
    "disable_source_map_support",
    "disable_trace",
    "event_loop_inspector",
    "execute_command",
    "filter_env",
    "force",
    "install_url",
    "io",
    "kill_retry_time",
    "name_prefix",
    "namespace",
    "pid_file",
    "pmx",
    "post_update",
    "trace",
    "treekill",
    "username",
    "v8",
    "version",
    "vizion",
    "windowsHide",
    "windows_hide",
    "write",
];

/// Of `watch`, and silent where it is said.
const OF_WATCH: [&str; 3] = ["ignore_watch", "watch_delay", "watch_options"];

/// Says of each field that is left what it would have been.
pub(super) fn tell(fields: Fields, notes: &mut Vec<Note>) {
    let mut own = Vec::new();
    for (name, value) in fields.rest() {
        if ITS_OWN.contains(&name.as_str()) {
            own.push(name);
        } else if let Some(note) = note(&name, &value) {
            notes.push(note);
        }
    }
    if !own.is_empty() {
        notes.push(Note::no_equal(
            format!("{}: of pm2's own, nothing is needed for it here", own.join(", ")),
            "",
        ));
    }
}

fn note(name: &str, value: &Value) -> Option<Note> {
    if *value == Value::Bool(false) || OF_WATCH.contains(&name) {
        return None;
    }
    let shown = text(value).unwrap_or_else(|| value.to_string());
    if let Some(environment) = name.strip_prefix("env_") {
        let names: Vec<String> =
            value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        return Some(Note::no_equal(
            format!("{name} counts only with pm2's --env {environment}, and was left out"),
            format!("to have it, write it into env/: {}", names.join(", ")),
        ));
    }
    Some(match name {
        "restart_delay" => Note::changed(
            format!(
                "restart_delay={shown}: here starts are at least a second apart, and up to 16 seconds when it fails again and again"
            ),
            "restart-max sets the longest pause",
        ),
        "exp_backoff_restart_delay" => Note::changed(
            "exp_backoff_restart_delay: pauses double here as well, from 1 second to 16, while it fails",
            "restart-max sets the longest pause",
        ),
        "max_restarts" | "min_uptime" => Note::no_equal(
            format!(
                "{name}={shown}: nothing is given up here; what fails is started again, at most every 16 seconds"
            ),
            "a finish that exits 125 gives up",
        ),
        "max_memory_restart" => Note::no_equal(
            format!("max_memory_restart={shown}: nobody looks at its memory"),
            "node ends by itself with --max-old-space-size=MEGABYTES, and is started again; softlimit -a limits any program",
        ),
        "watch" => Note::no_equal(
            "watch: nothing is restarted when a file changes",
            "have entr or watchexec call svctl restart where you develop",
        ),
        "cron_restart" => Note::no_equal(
            format!("cron_restart={shown}: cron does that"),
            format!("a line in a crontab: {shown} svctl restart NAME"),
        ),
        "wait_ready" | "listen_timeout" => Note::no_equal(
            format!("{name}: the message `ready` of process.send is not heard here"),
            "see notification-fd and notify-socket in upkeep(7)",
        ),
        "shutdown_with_message" => Note::no_equal(
            "shutdown_with_message: it is told by a signal, INT",
            "process.on('SIGINT', ...) in the program",
        ),
        "source_map_support" => Note::no_equal(
            "source_map_support: node does that itself",
            "add --enable-source-maps behind node in run",
        ),
        _ => Note::no_equal(format!("{name}={shown} is nothing that is known here, and was left out"), ""),
    })
}
