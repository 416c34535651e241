//! A supervisord.conf, with the files that it includes, as service folders.
//!
//! | module | what is in it |
//! |---|---|
//! | [`ini`] | sections and options, as Python reads them |
//! | `include` | the file and those that it includes |
//! | `expand`, `words`, `values` | the little languages in values: `%(name)s`, words and pairs, sizes and signals |
//! | `settings` | what the section of a program says, with Supervisor's defaults |
//! | `account` | `sudo` and its like in front of a command |
//! | `instances` | several processes as instances of one template |
//! | `logs`, `fastcgi` | where output goes, and where a socket comes from |
//! | `service` | the folders of a program |
//! | `rest` | what has no equal here |

mod account;
mod expand;
mod fastcgi;
mod include;
pub mod ini;
mod instances;
mod logs;
mod rest;
mod service;
mod settings;
mod values;
mod words;

use super::plan::{Note, Plan, Program, Source};
use crate::blueprint::Blueprint;
use anyhow::{Result, bail};
use expand::Names;
use fastcgi::Socket;
use ini::{Ini, Section};
use nix::unistd::Uid;
use service::{Conditions, Person};
use settings::{Settings, Surroundings};
use std::ffi::{CStr, CString, OsString};
use std::path::Path;

/// What is to be made of it.
///
/// # Errors
///
/// It is no such file, or nothing in it is a program.
pub(super) fn plan(source: &Source, user: Option<&str>) -> Result<Plan> {
    let around = surroundings(source);
    let (ini, notes) = include::read(source, &around)?;
    planned(&ini, notes, &around, user, &person, source.is_private)
}

/// What is to be made of a text alone: it includes nothing, there are no variables, and no account is known.
///
/// # Errors
///
/// It is no such file, or nothing in it is a program.
pub fn plan_of(text: &[u8]) -> Result<Plan> {
    let mut ini = Ini::default();
    ini.read("supervisord.conf", text)?;
    planned(&ini, Vec::new(), &Surroundings::default(), None, &|_| None, false)
}

fn planned(
    ini: &Ini,
    notes: Vec<Note>,
    around: &Surroundings,
    user: Option<&str>,
    person: &dyn Fn(&str) -> Option<Person>,
    is_private: bool,
) -> Result<Plan> {
    let (base, names) = settings::base(ini, around).map_err(anyhow::Error::msg)?;
    let conditions = Conditions { base: &base, user, person, is_private };
    let mut plan = Plan { programs: Vec::new(), notes };
    let mut are_there = false;
    for section in ini.sections() {
        let Some((kind @ ("program" | "fcgi-program"), program)) = section.name.split_once(':') else {
            continue;
        };
        are_there = true;
        for (name, group) in groups(ini, program.trim()) {
            let made = if kind == "program" {
                settings::program(ini, section, &group, &base, &names)
                    .and_then(|settings| made(&name, settings, None, conditions))
            } else {
                fastcgi(ini, section, &name, &group, &names, conditions)
            };
            match made {
                Ok(Some(mut program)) => {
                    program.notes.extend(rest::options(ini, section));
                    plan.programs.push(program);
                }
                Ok(None) => plan.notes.push(Note::carried(format!("[{}] numprocs=0: nothing", section.name))),
                Err(why) => plan.programs.push(not_made(program.trim(), why)),
            }
        }
    }
    if !are_there {
        bail!("there is no [program:NAME] in it");
    }
    plan.notes.extend(rest::sections(ini));
    plan.notes.extend(quick_ends(&plan));
    Ok(plan)
}

fn made(
    name: &str,
    settings: Option<Settings>,
    socket: Option<&Socket>,
    conditions: Conditions<'_>,
) -> Result<Option<Program>, String> {
    let Some(settings) = settings else { return Ok(None) };
    let (here, note) = service_name(name);
    let mut program =
        service::program(&here, settings, socket, conditions).map_err(|why| format!("{why:#}"))?;
    name.clone_into(&mut program.name);
    program.notes.extend(note);
    Ok(Some(program))
}

fn fastcgi(
    ini: &Ini,
    section: &Section,
    name: &str,
    group: &str,
    names: &Names,
    conditions: Conditions<'_>,
) -> Result<Option<Program>, String> {
    let socket = fastcgi::socket(ini, section, name, names)?;
    let settings = settings::program(ini, section, group, conditions.base, names)?;
    let count = settings.as_ref().map_or(0, |settings| settings.processes.len());
    if count > 1 && !socket.can_be_shared() {
        return Err(format!(
            "{count} processes have one unix socket, and here each opens its own: let one process have children (PHP_FCGI_CHILDREN, for instance), and set numprocs=1"
        ));
    }
    let mut program = made(name, settings, Some(&socket), conditions)?;
    if let Some(program) = &mut program {
        if count > 1 {
            program.notes.push(Note::changed(
                "each process opens the port for itself, and the kernel shares connections out among them",
                "",
            ));
        }
    }
    Ok(program)
}

fn not_made(program: &str, why: String) -> Program {
    let note = Note::no_equal(why, "mend it there and import again: what is made already is left alone");
    Program { name: program.to_owned(), blueprints: Vec::new(), notes: vec![note] }
}

/// What a program is called here, for each group that it is in; Supervisor starts it for each of them.
fn groups(ini: &Ini, program: &str) -> Vec<(String, String)> {
    let has = |section: &&Section| {
        let programs = ini.value(section, "programs").map_or("", |value| value.text.as_str());
        section.name.starts_with("group:") && programs.split(',').any(|name| name.trim() == program)
    };
    let groups: Vec<String> =
        ini.sections().filter(has).map(|section| section.name.replacen("group:", "", 1)).collect();
    match groups.as_slice() {
        [] => vec![(program.to_owned(), program.to_owned())],
        [group] => vec![(program.to_owned(), group.clone())],
        groups => groups.iter().map(|group| (format!("{group}-{program}"), group.clone())).collect(),
    }
}

/// The name of a service for that of a program: an `@` would make it an instance, a dot in front hides it.
fn service_name(program: &str) -> (String, Option<Note>) {
    let mut name = program.replace('@', "-");
    if name.starts_with('.') {
        name.insert(0, '_');
    }
    let note = (name != program).then(|| {
        Note::changed(
            format!("it is called {name} here: @ stands for instances, and a dot in front hides a folder"),
            "",
        )
    });
    (name, note)
}

/// The one difference in restarting, told once.
fn quick_ends(plan: &Plan) -> Option<Note> {
    let has_finish = |blueprint: &Blueprint| blueprint.entries.contains_key(Path::new("finish"));
    plan.programs.iter().flat_map(|program| &program.blueprints).any(has_finish).then(|| {
        Note::changed(
            "a program that ends before startsecs is tried again startretries times by Supervisor, whatever autorestart says; here finish decides at each end",
            "a program that is to be tried again after a failure alone: autorestart=unexpected, which is in finish",
        )
    })
}

fn surroundings(source: &Source) -> Surroundings {
    let text = |text: OsString| text.into_string().ok();
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect();
    let host = nix::unistd::gethostname().ok().and_then(text).unwrap_or_default();
    Surroundings { environment, here: source.folder().to_string_lossy().into_owned(), host }
}

/// Who somebody is: a number is a uid, as Supervisor has it.
fn person(user: &str) -> Option<Person> {
    let user = user.trim();
    let account = match user.parse() {
        Ok(uid) => accounts::by_uid(Uid::from_raw(uid)),
        Err(_) => accounts::by_name(&CString::new(user).ok()?),
    };
    let account = account.ok()??;
    let text = |text: &CStr| text.to_string_lossy().into_owned();
    Some(Person {
        name: text(&account.name),
        home: text(account.home_folder()),
        shell: text(account.login_shell()),
    })
}
