//! What is to be made of a call of `svctl new`, and why not. Pure: what the file system says is asked through [`Around`].

use super::around::Around;
use super::command::{self, Command};
use super::{environment, fault};
use crate::arguments::New;
use crate::blueprint::Blueprint;
use crate::check::Finding;
use protocol::instance::{Kind, kind};
use protocol::{folder, listen};
use std::ffi::{CStr, OsStr};
use std::path::PathBuf;

/// What is to be made.
#[derive(Debug)]
pub(super) struct Plan {
    /// The folders: a template before its instances.
    pub(super) blueprints: Vec<Blueprint>,
    /// What should be known, and hinders nothing.
    pub(super) advice: Vec<Finding>,
}

/// What a call makes.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    /// A service, or a template alone.
    One { name: String },
    /// One more instance of a template that is there.
    Instance { name: String },
    /// A template, and instances of it.
    Template { name: String, instances: Vec<String> },
    /// Instances of a template that is there.
    Instances { names: Vec<String> },
}

/// The folders that a call asks for.
///
/// # Errors
///
/// What is wrong with it, and what to do.
pub(super) fn plan(call: &New, around: &Around<'_>) -> Result<Plan, Finding> {
    let shape = shape(call, around)?;
    let mut advice = Vec::new();
    let run = if call.command.is_empty() {
        None
    } else {
        let has_instance = shape.has_instance();
        let command = Command { call, has_instance, around };
        Some(command::script(&command, &mut advice)?)
    };
    let whole = |name: &str, instance: Option<&str>| {
        let mut blueprint = empty(name)?;
        if let Some(run) = &run {
            blueprint.script(path(folder::RUN), run.as_str());
        }
        settings(&mut blueprint, call, around, instance)?;
        Ok(blueprint)
    };
    let down = |mut blueprint: Blueprint| {
        if call.down {
            blueprint.file(path(folder::DOWN), "");
        }
        blueprint
    };
    let blueprints: Vec<Blueprint> = match &shape {
        Shape::One { name } if name.ends_with('@') => vec![whole(name, Some("1"))?],
        Shape::One { name } => vec![down(whole(name, None)?)],
        Shape::Instance { name } => vec![down(whole(name, after_at(name))?)],
        Shape::Instances { names } => {
            let made = names.iter().map(|name| whole(name, after_at(name)).map(down));
            made.collect::<Result<_, _>>()?
        }
        Shape::Template { name, instances } => {
            let mut made = vec![whole(name, instances.first().map(String::as_str))?];
            for instance in instances {
                made.push(down(empty(&format!("{name}{instance}"))?));
            }
            made
        }
    };
    if let Some(made) = blueprints.iter().find(|made| (around.has_service)(&made.name)) {
        return Err(fault(
            "is-there",
            format!("{} is there already, and nothing is overwritten", made.name),
            format!("give another name, or take that one away: svctl remove {}", made.name),
        ));
    }
    if around.is_root && call.user.is_none() && run.is_some() {
        advice.push(runs_as_root(call));
    }
    Ok(Plan { blueprints, advice })
}

impl Shape {
    /// Whether its command may mention the name of an instance.
    fn has_instance(&self) -> bool {
        match self {
            Self::One { name } => name.ends_with('@'),
            Self::Instance { .. } | Self::Template { .. } | Self::Instances { .. } => true,
        }
    }
}

fn shape(call: &New, around: &Around<'_>) -> Result<Shape, Finding> {
    let name = call.name.as_str();
    let has_command = !call.command.is_empty();
    empty(name)?;
    if !call.instances.is_empty() {
        return with_instances(call, around);
    }
    match kind(OsStr::new(name)) {
        Kind::Instance { template, .. } => {
            let template = template.to_string_lossy();
            match ((around.has_service)(&template), has_command) {
                (true, _) => Ok(Shape::Instance { name: name.to_owned() }),
                (false, true) => Ok(Shape::One { name: name.to_owned() }),
                (false, false) => Err(fault(
                    "no-template",
                    format!("there is no template {template} whose command {name} could have"),
                    format!(
                        "make both: svctl new {} --instances {} -- COMMAND...",
                        template.trim_end_matches('@'),
                        after_at(name).unwrap_or_default()
                    ),
                )),
            }
        }
        Kind::Plain | Kind::Template if has_command => Ok(Shape::One { name: name.to_owned() }),
        Kind::Plain | Kind::Template => Err(fault(
            "no-command",
            format!("nothing says what {name} is to run"),
            format!("write the command behind two dashes: svctl new {name} -- COMMAND..."),
        )),
    }
}

fn with_instances(call: &New, around: &Around<'_>) -> Result<Shape, Finding> {
    let base = call.name.strip_suffix('@').unwrap_or(&call.name);
    if base.contains('@') {
        return Err(fault(
            "odd-name",
            format!("{} is the name of an instance, and cannot have instances itself", call.name),
            "name the template without what follows the @".to_owned(),
        ));
    }
    for (at, instance) in call.instances.iter().enumerate() {
        if instance.is_empty() || instance.ends_with('@') {
            return Err(fault(
                "odd-name",
                format!("an instance cannot be called {instance:?}"),
                "write their names with commas between: --instances 6001,6002".to_owned(),
            ));
        }
        if call.instances.iter().take(at).any(|other| other == instance) {
            let cure = "name each once".to_owned();
            return Err(fault("odd-name", format!("the instance {instance} is named twice"), cure));
        }
    }
    let template = format!("{base}@");
    let is_there = (around.has_service)(&template);
    match (is_there, call.command.is_empty()) {
        (false, false) => Ok(Shape::Template { name: template, instances: call.instances.clone() }),
        (true, true) => Ok(Shape::Instances {
            names: call.instances.iter().map(|instance| format!("{template}{instance}")).collect(),
        }),
        (true, false) => Err(fault(
            "template-there",
            format!("the template {template} is there already, and nothing is overwritten"),
            format!(
                "leave the command out for more instances of it: svctl new {base} --instances {}",
                call.instances.join(",")
            ),
        )),
        (false, true) => Err(fault(
            "no-command",
            format!("nothing says what {base} is to run"),
            format!("svctl new {base} --instances {} -- COMMAND...", call.instances.join(",")),
        )),
    }
}

/// Everything but run and down.
fn settings(
    blueprint: &mut Blueprint,
    call: &New,
    around: &Around<'_>,
    instance: Option<&str>,
) -> Result<(), Finding> {
    if let Some(user) = &call.user {
        blueprint.file(path(folder::USER), format!("{user}\n"));
    }
    // supervise reads them before it becomes the account; as root's alone they are the service's and nobody else's.
    let is_secret = around.is_root && call.user.is_some();
    for variable in &call.env {
        let Some((name, value)) = variable.split_once('=') else {
            return Err(fault(
                "odd-variable",
                format!("--env {variable} gives {variable} no value"),
                format!("write --env {variable}=VALUE; nothing behind the = makes it empty"),
            ));
        };
        let content = environment::file(name, value).map_err(|odd| {
            let what = format!("--env {name} cannot be a file of env/: {odd}");
            fault("odd-variable", what, "set it in a script, and name that as the command".to_owned())
        })?;
        let place = path(folder::ENV).join(name);
        if blueprint.entries.contains_key(&place) {
            let cure = "give each variable once".to_owned();
            return Err(fault("odd-variable", format!("--env {name} is there twice"), cure));
        }
        if is_secret {
            blueprint.secret(place, content);
        } else {
            blueprint.file(place, content);
        }
    }
    if !call.listen.is_empty() {
        let lines: String = call.listen.iter().map(|line| format!("{line}\n")).collect();
        listen::parse(lines.as_bytes(), instance.map(str::as_bytes)).map_err(|bad| {
            let text = bad.to_string();
            let (what, cure) = text.rsplit_once(": ").unwrap_or((&text, ""));
            fault("bad-listen", what.replacen("line", "--listen", 1), cure.to_owned())
        })?;
        blueprint.file(path(folder::LISTEN), lines);
    }
    if call.log {
        // What programs complain about is what one looks for in their logs.
        blueprint.file(path(folder::LOG_STDERR), "");
    }
    Ok(())
}

fn runs_as_root(call: &New) -> Finding {
    let name = if call.instances.is_empty() { call.name.clone() } else { format!("{}@", call.name) };
    Finding::advice(
        "runs-as-root",
        None,
        format!("{name} runs as root, since no account is named for it"),
        format!(
            "name one: svctl new {} --user ACCOUNT ..., or later in a file `user` in its folder",
            call.name
        ),
    )
}

fn empty(name: &str) -> Result<Blueprint, Finding> {
    Blueprint::new(name).map_err(|why| {
        let why = why.to_string();
        let (what, cure) = why.split_once(": ").unwrap_or((&why, ""));
        fault("odd-name", what.to_owned(), cure.to_owned())
    })
}

/// What follows the first `@`.
fn after_at(name: &str) -> Option<&str> {
    name.split_once('@').map(|(_, instance)| instance)
}

fn path(name: &CStr) -> PathBuf {
    PathBuf::from(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
