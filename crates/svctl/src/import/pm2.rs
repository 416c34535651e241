//! pm2's ecosystem file, in JSON: `{"apps": [{"name": ..., "script": ...}]}`, or the array, or one app alone.
//!
//! | module | what is in it |
//! |---|---|
//! | `fields` | the fields of an app, taken out one by one, by all their names |
//! | `command` | `script`, `args`, `interpreter`: the command |
//! | `app` | a service, or a template with its instances, from an app |
//! | `rest` | what has no equal here, and what to do about it |

mod app;
mod around;
mod command;
mod fields;
mod rest;

use super::plan::{Note, Plan, Source};
use super::procfile::owner::User;
use anyhow::{Context, Result, bail};
use around::Around;
use serde_json::Value;

/// Has node print what a file says that is a program.
const TO_JSON: &str = "node -p 'JSON.stringify(require(\"./ecosystem.config.js\"))' >ecosystem.json";

/// Services for the apps of an ecosystem file.
pub(super) fn plan(source: &Source, user: Option<&str>) -> Result<Plan> {
    let user = User::choose(user, source)?;
    let Some(folder) = source.folder().to_str() else { bail!("the name of its folder is not UTF-8") };
    let is_file = |path: &std::path::Path| path.is_file();
    plan_with(source, &Around { folder, user: &user, is_private: source.is_private, is_file: &is_file })
}

/// The same, when everything has been looked at.
fn plan_with(source: &Source, around: &Around<'_>) -> Result<Plan> {
    let text = std::str::from_utf8(&source.text).context("it is not UTF-8")?;
    let is_script = source.path.extension().is_some_and(|extension| extension == "js" || extension == "cjs");
    if is_script || text.contains("module.exports") {
        bail!("it is a program, not JSON: have node print what it says, and import that: {TO_JSON}");
    }
    let value: Value = serde_json::from_str(text).with_context(|| {
        format!("it is not plain JSON (if pm2 reads it, node can make JSON of it: {TO_JSON})")
    })?;
    let mut plan = Plan::default();
    for (number, app) in (1..).zip(apps(value, &mut plan.notes)?) {
        match app {
            Value::Object(fields) => plan.programs.push(app::program(fields, number, around)),
            _ => {
                plan.notes.push(Note::no_equal(format!("app {number} is no object, and was passed over"), ""))
            }
        }
    }
    if plan.programs.is_empty() {
        bail!("there is no app in it");
    }
    Ok(plan)
}

/// The apps, however they are wrapped.
fn apps(value: Value, notes: &mut Vec<Note>) -> Result<Vec<Value>> {
    let mut object = match value {
        Value::Array(apps) => return Ok(apps),
        Value::Object(object) => object,
        _ => bail!("there is no app in it"),
    };
    if object.remove("deploy").is_some() {
        notes.push(Note::no_equal(
            "deploy, which copies a version to other machines, is nothing a supervisor does",
            "go on using what does it, with svctl restart at its end",
        ));
    }
    match object.remove("apps") {
        Some(Value::Array(apps)) => Ok(apps),
        Some(app) => Ok(vec![app]),
        None if object.contains_key("script") || object.contains_key("exec") => {
            Ok(vec![Value::Object(object)])
        }
        None => bail!("there is no \"apps\" in it"),
    }
}

#[cfg(test)]
mod tests;
