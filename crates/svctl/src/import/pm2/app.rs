//! A service from an app, or a template with its instances.

use super::around::Around;
use super::command::{self, Command};
use super::fields::{self, Fields};
use super::rest;
use crate::blueprint::Blueprint;
use crate::import::plan::{Note, Program, variable};
use crate::import::procfile::shell;
use crate::import::script::change_folder;
use anyhow::Result;
use nix::unistd::Uid;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// How long pm2 waits before it kills, where a file does not say.
const KILL_TIMEOUT: i64 = 1600;

/// The most instances that anybody means.
const MOST: i64 = 1000;

/// The variable that tells an instance its number.
const INSTANCE: &str = "NODE_APP_INSTANCE";

/// The folders for an app, and what there is to say.
pub(super) fn program(map: Map<String, Value>, number: usize, around: &Around<'_>) -> Program {
    let mut fields = Fields::new(map);
    let mut notes = Vec::new();
    let said = name(&mut fields, number);
    let blueprints = folders(&mut fields, &said, around, &mut notes).unwrap_or_else(|why| {
        notes.push(Note::no_equal(format!("{why:#}"), "mend it in the file, and import it again"));
        Vec::new()
    });
    if !blueprints.is_empty() {
        rest::tell(fields, &mut notes);
    }
    Program { name: said, blueprints, notes }
}

fn folders(
    fields: &mut Fields,
    said: &str,
    around: &Around<'_>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Blueprint>> {
    let folder = folder(fields, around, notes);
    let Some(command) = command::take(fields, &folder, around, notes) else {
        anyhow::bail!("it has no script");
    };
    let name = service_name(said, notes);
    let count = instances(fields, &command, notes);
    let mut made = Blueprint::new(&if count > 1 { format!("{name}@") } else { name.clone() })?;
    let mut lines = vec![change_folder(&folder)];
    let instance = fields.text("instance_var").unwrap_or_else(|| INSTANCE.to_owned());
    if count > 1 {
        lines.push(command::export_instance(&instance));
        notes.push(Note::carried(format!("{count} instances, {instance}")));
    }
    shell::run(&mut made, &lines, &command.text, notes);
    account(fields, around, &mut made, notes)?;
    let port = environment(fields, around, &mut made, notes);
    stopping(fields, &mut made, notes);
    logs(fields, &mut made, notes);
    if fields.is("autorestart") == Some(false) {
        made.script("finish", "#!/bin/sh\n# 125: it is not started again.\nexit 125\n");
        notes.push(Note::carried("autorestart=false (by finish)"));
    }
    let mut blueprints = vec![made];
    if count > 1 {
        let counted = fields.text("increment_var");
        for number in 0..count {
            let mut blueprint = Blueprint::new(&format!("{name}@{number}"))?;
            if let (Some(PORT), Some(port)) = (counted.as_deref(), port) {
                variable(&mut blueprint, false, PORT, &port.saturating_add(number).to_string())?;
            }
            blueprints.push(blueprint);
        }
        if counted.as_deref() == Some(PORT) {
            notes.push(Note::carried("increment_var=PORT"));
        } else if let Some(counted) = counted {
            notes.push(Note::no_equal(
                format!("increment_var counts {counted} up"),
                format!("write it into env/{counted} of each instance"),
            ));
        }
    }
    Ok(blueprints)
}

/// The variable with a program's port.
const PORT: &str = "PORT";

/// What pm2 calls it: without a name, as its script without the end.
fn name(fields: &mut Fields, number: usize) -> String {
    let script = fields.text("script");
    let by_script = script.as_deref().and_then(|script| Path::new(script).file_stem()?.to_str());
    let by_script = by_script.map(str::to_owned).unwrap_or_else(|| format!("app{number}"));
    if let Some(script) = script {
        fields.put_back("script", script);
    }
    fields.text("name").filter(|name| !name.is_empty()).unwrap_or(by_script)
}

/// The same as the name of a folder: no path, no template.
fn service_name(said: &str, notes: &mut Vec<Note>) -> String {
    let is_odd = |character: char| {
        matches!(character, '/' | '@') || character.is_control() || character.is_whitespace()
    };
    let name = said.trim().replace(is_odd, "-");
    let name = name.trim_start_matches(['.', '-']).to_owned();
    let name = if name.is_empty() { "app".to_owned() } else { name };
    if name != said {
        notes.push(Note::changed(format!("{said} is called {name}: it is the name of a folder"), ""));
    }
    name
}

fn folder(fields: &mut Fields, around: &Around<'_>, notes: &mut Vec<Note>) -> String {
    let here = Path::new(around.folder);
    match fields.text("cwd") {
        Some(cwd) => {
            notes.push(Note::carried("cwd"));
            let path: PathBuf = here.join(cwd).components().filter(|part| part.as_os_str() != ".").collect();
            path.to_string_lossy().into_owned()
        }
        None => around.folder.to_owned(),
    }
}

/// How many there are to be.
fn instances(fields: &mut Fields, command: &Command, notes: &mut Vec<Note>) -> i64 {
    let mode = fields.text("exec_mode").unwrap_or_default();
    let said = fields.take("instances");
    let number = said.as_ref().and_then(fields::text).and_then(|text| text.parse::<i64>().ok());
    let processors =
        || std::thread::available_parallelism().map_or(1, |count| i64::try_from(count.get()).unwrap_or(1));
    let count = match (&said, number) {
        (None, _) => 1,
        (Some(_), Some(count)) if count > 0 => count.min(MOST),
        // max, or 0: one for each processor; -1: one less.
        (Some(_), number) => processors().saturating_add(number.unwrap_or(0)).max(1),
    };
    let is_cluster = mode.starts_with("cluster") || (mode.is_empty() && said.is_some() && command.is_node);
    if is_cluster && count > 1 {
        notes.push(Note::no_equal(
            format!("cluster mode: {count} processes that share their port; here it is one process"),
            "have the program make the others itself, by node's module cluster; or set exec_mode to fork, and give each instance a port of its own",
        ));
        return 1;
    }
    count
}

fn account(
    fields: &mut Fields,
    around: &Around<'_>,
    made: &mut Blueprint,
    notes: &mut Vec<Note>,
) -> Result<()> {
    let (uid, gid) = (fields.text("uid"), fields.text("gid"));
    let Some(uid) = uid else {
        if gid.is_some() {
            notes.push(Note::no_equal(
                "gid alone names no account",
                "write `user` with the account and the group: bob:www",
            ));
        }
        around.user.write(made, notes);
        return Ok(());
    };
    let line = match (uid.parse::<u32>(), &gid) {
        (Ok(number), gid) => match (accounts::by_uid(Uid::from_raw(number))?, gid) {
            (Some(account), None) => account.name.to_string_lossy().into_owned(),
            (_, Some(gid)) => format!(":{number}:{gid}"),
            (None, None) => format!(":{number}:{number}"),
        },
        (Err(_), None) => uid.clone(),
        (Err(_), Some(gid)) => format!("{uid}:{gid}"),
    };
    if protocol::user::User::parse(line.as_bytes()).is_err() {
        anyhow::bail!(
            "uid {uid}{} is no account",
            gid.map(|gid| format!(" with gid {gid}")).unwrap_or_default()
        );
    }
    notes.push(Note::carried(format!("user={line}")));
    notes.push(Note::changed(
        "HOME, USER and the groups are the account's; pm2 leaves those of whoever started it",
        "",
    ));
    made.file("user", format!("{line}\n"));
    Ok(())
}

/// Variables; the port, if there is one.
fn environment(
    fields: &mut Fields,
    around: &Around<'_>,
    made: &mut Blueprint,
    notes: &mut Vec<Note>,
) -> Option<i64> {
    let mut variables: Vec<(String, Option<String>)> = match fields.take("env") {
        Some(Value::Object(map)) => {
            map.iter().map(|(name, value)| (name.clone(), fields::text(value))).collect()
        }
        _ => Vec::new(),
    };
    if let Some(port) = fields.text("port") {
        variables.retain(|(name, _)| name != PORT);
        variables.push((PORT.to_owned(), Some(port)));
    }
    let mut port = None;
    for (name, value) in &variables {
        let Some(value) = value else {
            notes.push(Note::no_equal(
                format!("env: {name} is no text, and was left out"),
                format!("write it into env/{name}"),
            ));
            continue;
        };
        if name == PORT {
            port = value.parse().ok();
        }
        match variable(made, around.is_private, name, value) {
            Ok(()) => notes.push(Note::carried(format!("env {name}"))),
            Err(why) => notes.push(Note::no_equal(why.to_string(), "set it in run")),
        }
    }
    port
}

/// pm2 sends INT, to the whole tree, and KILL soon after.
fn stopping(fields: &mut Fields, made: &mut Blueprint, notes: &mut Vec<Note>) {
    let timeout = fields.number("kill_timeout").unwrap_or(KILL_TIMEOUT).max(0);
    made.file("timeout-kill", format!("{timeout}ms\n"));
    made.file("down-signal", "INT\n");
    notes.push(Note::carried(format!("stopped by INT, and by KILL after {timeout} ms")));
    if fields.is("treekill") != Some(false) {
        made.file("kill-group", "");
    }
}

fn logs(fields: &mut Fields, made: &mut Blueprint, notes: &mut Vec<Note>) {
    let files: Vec<String> =
        ["out_file", "error_file", "log_file"].into_iter().filter_map(|name| fields.text(name)).collect();
    let forms = ["log_date_format", "log_type", "time", "merge_logs"];
    let has_form = forms.into_iter().filter(|name| fields.take(name).is_some()).count() > 0;
    if fields.is("disable_logs") == Some(true) {
        notes.push(Note::carried("disable_logs"));
        return;
    }
    made.file("log/stderr", "");
    if !files.is_empty() || has_form {
        let names = if files.is_empty() { "its own form".to_owned() } else { files.join(", ") };
        notes.push(Note::changed(
            format!("its log is in log/main, with a time in front of each line, and never larger than ten files of a megabyte; not in {names}"),
            "svctl logs shows it",
        ));
    } else {
        notes.push(Note::carried("a log in log/main"));
    }
}
