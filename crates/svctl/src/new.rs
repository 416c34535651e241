//! `svctl new`: a service folder from a command line. It is made aside, checked, and renamed in, or not made at all.
//!
//! | module | what is in it |
//! |---|---|
//! | `plan` | the folders that a call asks for, or what is wrong with it |
//! | `command` | the script that becomes the command |
//! | `words` | a word of it, as a shell reads it |
//! | [`environment`], [`switch`] | variables as files; commands that become somebody else: import needs them as well |
//! | `account` | whether there is that account, and it can be run as |
//! | `begin` | waiting until svscan has taken it up |

mod account;
mod around;
mod begin;
mod command;
pub(crate) mod environment;
mod plan;
pub(crate) mod switch;
mod words;

use crate::arguments::New;
use crate::check::{self, Finding, Weight};
use crate::control::{self, Order, Outcome};
use crate::directory::{Directory, Service};
use crate::exit;
use crate::import::script::quoted;
use crate::output::{Paint, print};
use anyhow::{Context, Result};
use around::{Around, There};
use begin::Scanner;
use cli::Failure;
use cli::text::shown;
use nix::errno::Errno;
use nix::unistd::geteuid;
use plan::{Plan, plan};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Something that hinders the making.
fn fault(code: &'static str, what: String, cure: String) -> Finding {
    Finding::fault(code, None, what, cure)
}

/// Runs the command.
///
/// # Errors
///
/// What the system says.
pub fn run(directory: &Directory, call: &New) -> Result<u8, Failure> {
    let plan = match judge(directory, call)? {
        Ok(plan) => plan,
        Err(finding) => return refuse(directory, call, &[finding]),
    };
    let staged = plan.blueprints.iter().map(|made| made.stage(directory)).collect::<Result<Vec<_>>>();
    let staged = staged.map_err(not_permitted)?;
    let mut findings = plan.advice;
    if let Some((folder, made)) = staged.first().zip(plan.blueprints.first()) {
        // Instances have nothing of their own.
        let mut found = check::examine(folder.path(), &made.name, directory.path());
        found.retain(|found| !findings.iter().any(|told| told.code == found.code));
        findings.extend(found);
    }
    if findings.iter().any(|finding| finding.weight == Weight::Fault) {
        findings.sort_by_key(|finding| finding.weight);
        return refuse(directory, call, &findings);
    }
    tell(directory, call, &findings)?;
    // Before the folders are there: what is told from now on is heard.
    let scanner = Scanner::of(directory);
    for staged in staged {
        let place = staged.commit().map_err(not_permitted)?;
        print(&format!("made {}\n", shown(place.as_os_str().as_bytes())))?;
    }
    let services = plan.blueprints.iter().filter(|made| !made.is_template());
    let services: Vec<Service> = services.map(|made| directory.service(OsStr::new(&made.name))).collect();
    let code = begin(directory, call, &services, &scanner)?;
    print(&next(directory, call, &services))?;
    Ok(code)
}

/// What is to be made, or what is wrong with the call.
fn judge(directory: &Directory, call: &New) -> Result<Result<Plan, Finding>> {
    let here = std::env::current_dir().context("unable to find the path of the current directory")?;
    let around = Around {
        here: &here,
        is_root: geteuid().is_root(),
        path: std::env::var_os("PATH"),
        has_service: &|name| directory.path().join(name).symlink_metadata().is_ok(),
        look: &|path: &Path| match path.metadata() {
            Ok(found) if found.is_dir() => There::Folder,
            Ok(_) => There::Other,
            Err(_) => There::Nothing,
        },
    };
    let planned = plan(call, &around).and_then(|plan| {
        let user = call.user.iter().try_for_each(|user| account::examine(user, &call.name));
        user.map(|()| plan)
    });
    Ok(planned)
}

/// Says what is wrong, and that nothing has come of it.
fn refuse(directory: &Directory, call: &New, findings: &[Finding]) -> Result<u8, Failure> {
    tell(directory, call, findings)?;
    print("nothing was made\n")?;
    Ok(exit::FAULTS)
}

fn tell(directory: &Directory, call: &New, findings: &[Finding]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    print(&check::show(&directory.service(OsStr::new(&call.name)), findings, Paint::stdout()))
}

/// Waits until the services are up, where anybody starts them.
fn begin(directory: &Directory, call: &New, services: &[Service], scanner: &Scanner) -> Result<u8> {
    let place = shown(directory.path().as_os_str().as_bytes());
    if let Scanner::None = scanner {
        print(&format!(
            "nothing starts it yet: no svscan runs on {place}; svscan {place} starts what is there\n"
        ))?;
        return Ok(exit::DONE);
    }
    if call.down || call.waiting.no_wait || services.is_empty() {
        return Ok(exit::DONE);
    }
    if !scanner.wait(services, call.waiting) {
        print("no supervise has taken it up in time: svscan says why, where its stderr goes\n")?;
        return Ok(exit::TIMEOUT);
    }
    let outcomes = control::carry_out(services, Order::Start, call.waiting);
    for (service, outcome) in services.iter().zip(&outcomes) {
        control::tell(service, outcome)?;
    }
    Ok(exit::worst(outcomes.iter().map(Outcome::exit_code)))
}

/// What to do next.
fn next(directory: &Directory, call: &New, services: &[Service]) -> String {
    let is_usual = Directory::choose(None).is_ok_and(|usual| usual.path() == directory.path());
    let place = quoted(&directory.path().to_string_lossy());
    let svctl = if is_usual { "svctl".to_owned() } else { format!("svctl -d {place}") };
    let mut text = String::new();
    let mut line = |command: &str, name: &str, what: &str| {
        let _ = writeln!(
            text,
            "{:<width$}  {what}",
            format!("{svctl} {command} {name}"),
            width = svctl.len() + 24
        );
    };
    match services {
        [] => {
            let template = quoted(&call.name);
            line("new", &format!("{template}NAME"), "makes an instance of it");
        }
        [first, others @ ..] => {
            let name = match first.name.split_once('@') {
                Some((template, _)) if !others.is_empty() => quoted(&format!("{template}@*")),
                _ => quoted(&first.name),
            };
            if call.down {
                line("start", &name, "starts it");
            }
            line("status", &name, "tells how it is");
            if call.log {
                line("logs -f", &name, "shows what it says, as it says it");
            }
        }
    }
    text
}

/// With the exit code for what we may not.
fn not_permitted(error: anyhow::Error) -> Failure {
    match error.chain().find_map(cli::errno::of) {
        Some(Errno::EACCES | Errno::EPERM) => Failure::Ended(exit::NOT_PERMITTED, error),
        _ => Failure::Fatal(error),
    }
}
