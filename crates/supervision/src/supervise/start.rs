//! The child of supervise on its way to become run. Nothing here happens in supervise itself: a file system that hangs
//! or a directory server that is slow holds up the start and nobody else, and the memory that it takes goes with it.
//!
//! A folder with `user` or `env/` is started through runas, in the same process; any other directly. So is, always, a logger
//! without a run: runas makes the folder that its multilog writes in.

use super::account::{Identity, identity};
use super::service::Service;
use super::sources::{Sources, failed};
use nix::errno::Errno;
use nix::unistd::{dup2_stderr, execve, execvpe, setsid};
use protocol::explain;
use protocol::identity::VARIABLE as FOLDER;
use protocol::report::{Report, Step, VARIABLE};
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use sys::descriptor::{set_close_on_exec, standard};
use sys::own_folder::OwnFolder;

/// The exit code of a start that failed.
const FAILED: u8 = 111;

/// The variable that an instance finds its name in.
const INSTANCE: &str = "INSTANCE";

/// What multilog does where nobody has written how: time stamps, and at most ten files of a megabyte.
const ACTIONS: [&CStr; 4] = [c"t", c"s1048576", c"n10", c"./main"];

/// What a start needs besides the service.
#[derive(Debug)]
pub(super) struct Means {
    /// Where runas is.
    pub(super) own: OwnFolder,
    /// Whether a folder runs as it says whoever owns it.
    pub(super) trusting: bool,
}

/// Becomes the service's run. Comes back, with an exit code, only where that failed, after having said why.
pub(super) fn become_run(service: &Service, means: &Means, report: &OwnedFd) -> u8 {
    // A new process leads no session yet, so this cannot fail.
    let _ = setsid();
    let _ = sys::signals::unblock_all();
    let Err(failed) = attempt(service, means, report);
    say(report, &failed);
    FAILED
}

fn say(report: &OwnedFd, message: &Report) {
    let _ = nix::unistd::write(report, &message.encode());
}

fn attempt(service: &Service, means: &Means, report: &OwnedFd) -> Result<Infallible, Report> {
    let sources = Sources::open(service)?;
    let run = sources.run()?;
    // A logger in whose folder nothing says what to run is a multilog.
    let logged = service.logged.as_ref().filter(|_| run.is_none());
    let identity = identity(service, &sources, logged, means.trusting, |warning| {
        say(report, &Report::Warning(warning));
    })?;
    let variables = sources.variables()?;
    let instance = sources.instance().map(|value| assignment(INSTANCE, value.to_bytes()));
    let environment = environment(instance.as_deref());
    if sources.logs_stderr()? {
        let [_, stdout, _] = standard();
        dup2_stderr(stdout).map_err(|error| failed(Step::Folder, Some(error), "unable to log stderr"))?;
    }
    if logged.is_some() {
        let multilog = means.own.program("multilog").unwrap_or_else(|| c"multilog".to_owned());
        let child: Vec<&CStr> = [multilog.as_c_str()].into_iter().chain(ACTIONS).collect();
        return through_runas(means, &identity, &variables, &child, environment, report);
    }
    let run = run.ok_or_else(|| failed(Step::Execute, Some(Errno::ENOENT), "unable to run ./run"))?;
    let child: Vec<&CStr> = [run.as_c_str()].into_iter().chain(sources.instance()).collect();
    if identity.account.is_some() || !variables.is_empty() {
        return through_runas(means, &identity, &variables, &child, environment, report);
    }
    let Err(error) = execve(&run, &child, &environment);
    let detail = explain::execution(&run, error).map(|detail| format!(": {detail}")).unwrap_or_default();
    let reason = format!("unable to run {}: {}{detail}", run.to_string_lossy(), cli::errno::text(error));
    Err(Report::Failed { step: Step::Execute, errno: error as i32, reason })
}

/// Goes on as runas, which makes a folder for the account if asked to, becomes it, applies the variables and then is the
/// child: one process all the way.
fn through_runas(
    means: &Means,
    identity: &Identity,
    variables: &[OwnedFd],
    child: &[&CStr],
    environment: Vec<&CStr>,
    report: &OwnedFd,
) -> Result<Infallible, Report> {
    let unable = |error| failed(Step::User, Some(error), "unable to run runas");
    let mut options = Vec::new();
    if let Some(uid) = identity.only {
        options.extend([c"-o".to_owned(), number(uid)]);
    }
    if let Some(uid) = identity.dot {
        options.extend([c"-d".to_owned(), number(uid)]);
    }
    if let Some(folder) = identity.folder {
        options.extend([c"-m".to_owned(), folder.to_owned()]);
    }
    for folder in variables {
        set_close_on_exec(folder, false).map_err(unable)?;
        options.extend([c"-E".to_owned(), number(folder.as_raw_fd())]);
    }
    set_close_on_exec(report.as_fd(), false).map_err(unable)?;
    let passed = assignment(VARIABLE, report.as_raw_fd().to_string().as_bytes());
    let mut environment = environment;
    environment.push(&passed);

    let mut arguments = vec![c"runas"];
    arguments.extend(options.iter().map(CString::as_c_str));
    arguments.push(identity.account.as_deref().unwrap_or(c"-"));
    arguments.extend(child);
    let error = match means.own.program("runas") {
        Some(path) => {
            execve(&path, &arguments, &environment).map_or_else(|error| error, |never| match never {})
        }
        None => {
            execvpe(c"runas", &arguments, &environment).map_or_else(|error| error, |never| match never {})
        }
    };
    // Should it be sent after all: it must not reach another program.
    let _ = set_close_on_exec(report.as_fd(), true);
    Err(unable(error))
}

/// What supervise was started with, with the instance's name and without what only runas may be told.
fn environment(instance: Option<&CStr>) -> Vec<&CStr> {
    let names = [VARIABLE, FOLDER, INSTANCE];
    // Without a template, a variable of that name means nothing to us.
    let names = if instance.is_some() { &names[..] } else { &names[..2] };
    let mut entries = sys::environment::without(names);
    entries.extend(instance);
    entries
}

fn assignment(name: &str, value: &[u8]) -> CString {
    CString::new([name.as_bytes(), b"=", value].concat()).unwrap_or_default()
}

fn number(value: impl ToString) -> CString {
    CString::new(value.to_string()).unwrap_or_default()
}
