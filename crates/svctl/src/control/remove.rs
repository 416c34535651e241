//! `svctl remove`: services are stopped, and their folders taken away.
//!
//! A folder that is a link is unlinked, and what it leads to stays. Another one first gets a name that svscan passes over, which
//! stops the service and then its logger, with all that it still has to write; it is deleted when both are gone.
//!
//! | file | what is in it |
//! |---|---|
//! | `contents.rs` | what would go with a folder: its log, and what is nobody's setting |
//! | `leaving.rs` | one folder on its way: renamed, stopped, deleted |

mod contents;
mod leaving;

use super::absent::{self, Scanner};
use super::progress::Progress;
use super::{Outcome, tell, told};
use crate::arguments::Remove;
use crate::directory::{Directory, Service};
use crate::exit;
use anyhow::Result;
use cli::Failure;
use cli::errno::text;
use cli::text::shown;
use contents::Contents;
use leaving::Leaving;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use protocol::file::link;
use protocol::instance::{Kind, kind};
use std::ffi::{CString, OsStr, OsString};
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use sys::clock::Monotonic;

/// How often it is looked whether a service is gone, which nobody tells.
const LOOKS: Duration = Duration::from_millis(20);

/// Runs the command.
///
/// # Errors
///
/// The service directory cannot be listed.
pub fn remove(directory: &Directory, call: &Remove) -> Result<u8, Failure> {
    let selection = directory.select(&call.named.names)?;
    let names: Vec<OsString> =
        selection.found.iter().map(|service| service.path.as_os_str().to_owned()).collect();
    let mut removals: Vec<Removal<'_>> = selection
        .found
        .iter()
        .map(|service| match permitted(directory, service, &names, call) {
            Ok(target) => Removal { service, state: State::Agreed(target) },
            Err(refusal) => Removal { service, state: State::Over(refusal) },
        })
        .collect();
    // A supervise that leaves between our open and our write is no end of ours.
    let _ = SigSet::from_iter([Signal::SIGPIPE]).thread_block();
    let is_scanned = absent::scanner(directory.path()) != Scanner::Absent;
    removals.iter_mut().for_each(|removal| removal.begin(directory, call.keep, is_scanned));
    wait(&mut removals, call.timeout);
    for removal in &removals {
        if let State::Over(outcome) = &removal.state {
            tell(removal.service, outcome)?;
        }
    }
    let codes = removals.iter().map(Removal::exit_code);
    Ok(exit::worst(codes.chain(told::missing(&selection))))
}

/// A service that is to be removed.
#[derive(Debug)]
struct Removal<'a> {
    service: &'a Service,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It may be done.
    Agreed(Target),
    /// It is out of svscan's sight.
    Leaving(Leaving),
    Over(Outcome),
}

/// What has the name of the service.
#[derive(Debug)]
enum Target {
    /// A link, which leads there.
    Link(OsString),
    Folder,
}

impl Removal<'_> {
    fn begin(&mut self, directory: &Directory, keep: bool, is_scanned: bool) {
        let State::Agreed(target) = &self.state else { return };
        let elsewhere = match target {
            Target::Link(target) => Some(target.as_os_str()),
            Target::Folder => None,
        };
        self.state = match Leaving::begin(directory, self.service, elsewhere, keep) {
            Ok(mut leaving) => {
                if !is_scanned {
                    leaving.is_alone();
                }
                State::Leaving(leaving)
            }
            Err(error) => State::Over(unable(directory, error)),
        };
    }

    fn look(&mut self) {
        if let State::Leaving(leaving) = &mut self.state {
            if let Some(outcome) = leaving.look() {
                self.state = State::Over(outcome);
            }
        }
    }

    fn exit_code(&self) -> u8 {
        match &self.state {
            State::Over(outcome) => outcome.exit_code(),
            State::Agreed(_) | State::Leaving(_) => exit::TIMEOUT,
        }
    }
}

fn wait(removals: &mut [Removal<'_>], at_most: Option<Duration>) {
    let begun = Monotonic::now();
    let mut progress = Progress::begin();
    loop {
        removals.iter_mut().for_each(Removal::look);
        let is_over = at_most.is_some_and(|at_most| Monotonic::now().since(begun) >= at_most);
        let mut names = Vec::new();
        for removal in removals.iter_mut() {
            let State::Leaving(leaving) = &removal.state else { continue };
            if is_over {
                removal.state = State::Over(leaving.is_late());
            } else {
                names.push(removal.service.name.as_str());
            }
        }
        if names.is_empty() {
            return;
        }
        if progress.is_due() {
            progress.show(&format!("stopping {}", names.join(", ")));
        }
        std::thread::sleep(LOOKS);
    }
}

/// Whether a service may be removed: it is one of the directory, nothing depends on it, and nothing goes with it that was
/// not agreed to.
fn permitted(
    directory: &Directory,
    service: &Service,
    all: &[OsString],
    call: &Remove,
) -> Result<Target, Outcome> {
    let refused = |why: String| Err(Outcome::Failed(why));
    let name = service.file_name();
    if service.path != directory.path().join(&name) {
        let place = shown(directory.path().as_os_str().as_bytes());
        return refused(if service.path.ends_with("log") {
            "a logger goes with its service; without its log/ a service that is restarted writes no log"
                .to_owned()
        } else {
            format!("it is not in the service directory {place}")
        });
    }
    let instances =
        instances(directory, &name).map_err(|error| Outcome::Impossible(cli::errno::chain(&error)))?;
    let left: Vec<_> = instances
        .iter()
        .filter(|instance| !all.contains(&directory.path().join(instance).into_os_string()))
        .map(|instance| shown(instance.as_bytes()))
        .collect();
    if !left.is_empty() {
        return refused(format!("it is the template of {}: remove those first, or with it", left.join(", ")));
    }
    let c_name =
        CString::new(name.as_bytes()).map_err(|_| Outcome::Impossible("its name has a NUL".to_owned()))?;
    if let Some(link) = link(directory, &c_name).map_err(|error| unable(directory, error))? {
        return Ok(Target::Link(link.target));
    }
    if call.keep || call.yes {
        return Ok(Target::Folder);
    }
    let contents = Contents::of(service).map_err(|error| unable(directory, error))?;
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match contents.words() {
        words if is_terminal && !agrees(&service.name, words.as_deref()) => {
            refused("it is left as it is".to_owned())
        }
        Some(words) if !is_terminal => {
            refused(format!("with it would go {words}: say --yes if that is right, or --keep"))
        }
        _ => Ok(Target::Folder),
    }
}

/// The instances of a template; none of what is no template.
fn instances(directory: &Directory, name: &OsStr) -> Result<Vec<OsString>> {
    if kind(name) != Kind::Template {
        return Ok(Vec::new());
    }
    let mut names = directory.names()?;
    names.retain(|other| matches!(kind(other), Kind::Instance { template, .. } if template == name));
    Ok(names)
}

/// Asks on the terminal.
fn agrees(name: &str, contents: Option<&str>) -> bool {
    let with = contents.map(|contents| format!(" with {contents}")).unwrap_or_default();
    let _ = std::io::stderr().write_all(format!("remove {name}{with}? [y/N] ").as_bytes());
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}

fn unable(directory: &Directory, error: Errno) -> Outcome {
    let place = shown(directory.path().as_os_str().as_bytes());
    match error {
        Errno::EACCES | Errno::EPERM => Outcome::NotPermitted(format!(
            "it takes whoever may write in {place}, such as root, to remove it"
        )),
        error => Outcome::Impossible(format!("unable to take it out of {place}: {}", text(error))),
    }
}
