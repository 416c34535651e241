//! What is wrong with a service folder, found without starting it: each finding with its reason and its cure.
//!
//! What a start would decide, those are asked who decide it: supervise's own judgement of owners, runas's of accounts, the parsers of
//! the folder's files. What an account gets at is tried by a child that becomes it. Nothing is made or changed.
//!
//! | file | what it looks at |
//! |---|---|
//! | `service.rs` | one folder, from all sides; `subject.rs` is what is opened of it |
//! | `around.rs`, `place.rs` | the service directory, its svscan and its variables; the file system, and what an earlier supervise left |
//! | `past.rs` | what a supervise that runs has met already |
//! | `names.rs` | names that are not what somebody meant |
//! | `programs.rs`, `executable.rs` | run, finish and check: whether the system could execute them |
//! | `account.rs`, `capabilities.rs`, `home.rs` | whom it runs as, with which rights, and HOME |
//! | `values.rs`, `variables.rs`, `sockets.rs`, `order.rs` | the files of one line, `env/`, `listen`, `needs` |
//! | `scene.rs`, `script.rs` | what run says, and with what it begins |
//! | `rights.rs`, `reach.rs`, `access.rs` | what the account has to get at, what stops it, and trying |
//! | `seek.rs`, `argument.rs` | where programs are found, and the scripts that they are given |
//! | `logger.rs` | the folders that loggers write in |

mod access;
mod account;
mod argument;
mod around;
mod capabilities;
mod executable;
mod found;
mod home;
mod logger;
mod names;
mod order;
mod past;
mod place;
mod programs;
mod reach;
mod rights;
mod scene;
mod script;
mod seek;
mod service;
mod sockets;
mod subject;
mod values;
mod variables;

use crate::arguments::Check;
use crate::directory::{Directory, Service};
use crate::exit;
use crate::output::{Paint, print};
use anyhow::{Context, Result};
use around::Around;
use cli::Failure;
use cli::text::shown;
use found::Found;
use serde::Serialize;
use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It does not run so, or not as what it says it is.
    Fault,
    /// It runs, and somebody will be sorry.
    Advice,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// One word for it, the same for ever, for scripts: `run-missing`.
    pub code: &'static str,
    /// Which file of the folder it is about, if it is one: `run`, `log/run`, `web@/user`.
    pub file: Option<String>,
    /// What is wrong, and why.
    pub what: String,
    /// What to do about it: a command where there is one.
    pub cure: String,
}

impl Finding {
    /// One that keeps it from running as it says.
    pub(crate) fn fault(
        code: &'static str,
        file: impl Into<Option<String>>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { weight: Weight::Fault, code, file: file.into(), what: what.into(), cure: cure.into() }
    }

    /// One that somebody will be sorry for.
    pub(crate) fn advice(
        code: &'static str,
        file: impl Into<Option<String>>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { weight: Weight::Advice, ..Self::fault(code, file, what, cure) }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    services: Vec<PrintedService<'a>>,
}

#[derive(Debug, Serialize)]
struct PrintedService<'a> {
    name: &'a str,
    findings: &'a [Finding],
}

/// `svctl check`
///
/// # Errors
///
/// What is named is not there.
pub fn run(directory: Result<Directory>, call: &Check) -> Result<u8, Failure> {
    let (services, missing) = select(directory, call)?;
    let mut places: HashMap<PathBuf, Option<Around>> = HashMap::new();
    let mut checked = Vec::new();
    let mut is_partial = false;
    for service in services {
        let place = above(&service);
        let around = places.entry(place).or_insert_with_key(|place| Around::of(place));
        let found = match around {
            Some(around) => service::examine(&service.path, &called(&service), around),
            None => Found::hidden(),
        };
        is_partial |= found.is_partial;
        checked.push((service, sorted(found.findings)));
    }
    if call.json {
        let services = checked
            .iter()
            .map(|(service, findings)| PrintedService { name: &service.name, findings })
            .collect();
        let text = serde_json::to_string_pretty(&Printed { services }).context("unable to write JSON")?;
        print(&format!("{text}\n"))?;
    } else {
        let paint = Paint::stdout();
        let mut text: String =
            checked.iter().map(|(service, findings)| self::show(service, findings, paint)).collect();
        if is_partial {
            text.push_str(
                &paint.weak("Some things cannot be seen by this account: as root more can be seen."),
            );
            text.push('\n');
        }
        print(&text)?;
    }
    for name in &missing {
        crate::PROGRAM.warn(&format!("there is no service {name}, and no folder of that name"));
    }
    let counts = |finding: &Finding| finding.weight == Weight::Fault || call.strict;
    let has_faults = checked.iter().flat_map(|(_, findings)| findings).any(counts);
    let faults = if has_faults { exit::FAULTS } else { exit::DONE };
    let absent = if missing.is_empty() { exit::DONE } else { exit::NO_SUCH_SERVICE };
    Ok(if has_faults { faults } else { absent })
}

/// What a call names; all services and templates where it names nothing. A folder can be named where there is no service directory.
fn select(directory: Result<Directory>, call: &Check) -> Result<(Vec<Service>, Vec<String>), Failure> {
    match directory {
        Ok(directory) if call.names.is_empty() => {
            let names = directory.folders()?;
            Ok((names.iter().map(|name| directory.service(name)).collect(), Vec::new()))
        }
        Ok(directory) => {
            let selection = directory.select(&call.names)?;
            Ok((selection.found, selection.missing))
        }
        Err(error) if call.names.is_empty() => Err(error.into()),
        Err(_) => {
            let (found, missing): (Vec<_>, Vec<_>) =
                call.names.iter().partition(|name| Path::new(name).is_dir());
            let name = |name: &std::ffi::OsString| shown(name.as_bytes()).into_owned();
            let service = |path: &std::ffi::OsString| Service { name: name(path), path: PathBuf::from(path) };
            Ok((found.into_iter().map(service).collect(), missing.into_iter().map(name).collect()))
        }
    }
}

/// What the service is called in its directory: `web`, and of its logger `web/log`.
fn called(service: &Service) -> String {
    let name = service.file_name();
    let above = service.path.parent().and_then(Path::file_name);
    let is_log = name == "log" && above.is_some() && service.name.ends_with("/log");
    let name = name.to_string_lossy();
    above
        .filter(|_| is_log)
        .map_or_else(|| name.clone().into_owned(), |above| format!("{}/{name}", above.to_string_lossy()))
}

/// The service directory that it is in.
fn above(service: &Service) -> PathBuf {
    let levels = if called(service).ends_with("/log") { 2 } else { 1 };
    // What is named by a dot has a name all the same.
    let is_named = service.path.file_name().is_some();
    let path = if is_named { service.path.clone() } else { service.path.canonicalize().unwrap_or_default() };
    let above = path.ancestors().nth(levels).unwrap_or(Path::new("/"));
    if above == Path::new("") { PathBuf::from(".") } else { above.to_owned() }
}

/// Everything that is wrong with a folder: the worst first. `directory` is where its template and the services that it needs are
/// sought; `called` is the name that it has or will have there.
#[must_use]
pub fn examine(folder: &Path, called: &str, directory: &Path) -> Vec<Finding> {
    Around::of(directory)
        .map_or_else(Vec::new, |around| sorted(service::examine(folder, called, &around).findings))
}

/// Faults first, each kind in the order in which a start would meet them.
fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.weight);
    findings
}

/// The findings as people read them.
#[must_use]
pub fn show(service: &Service, findings: &[Finding], paint: Paint) -> String {
    let name = paint.strong(&service.name);
    if findings.is_empty() {
        return format!("{name}: {}\n", paint.good("nothing is wrong"));
    }
    let mut text = format!("{name}:\n");
    for Finding { weight, file, what, cure, .. } in findings {
        let word = match weight {
            Weight::Fault => paint.bad("fault"),
            Weight::Advice => paint.between("advice"),
        };
        let file = file.as_ref().map(|file| format!("{}: ", shown(file.as_bytes()))).unwrap_or_default();
        text.push_str(&format!(
            "  {word}: {file}{}\n    cure: {}\n",
            shown(what.as_bytes()),
            shown(cure.as_bytes())
        ));
    }
    text
}

/// A path as a word of a shell's command, in a text.
fn quoted(path: &Path) -> String {
    let text = shown(path.as_os_str().as_bytes()).into_owned();
    shlex::try_quote(&text).map_or_else(|_| text.clone(), |quoted| quoted.into_owned())
}
