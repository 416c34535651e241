//! The child of supervise on its way to become run or finish. Nothing here happens in supervise itself: a file system that hangs
//! or a directory server that is slow holds up the start and nobody else, and the memory that it takes goes with it.
//!
//! A folder with `user` or `env/` is started through runas, in the same process; any other directly. So is, always, a logger
//! without a run: runas makes the folder that its multilog writes in.

use super::account::{Identity, identity};
use super::reports::may_go_on;
use super::service::Service;
use super::sources::{Sources, failed};
use nix::errno::Errno;
use nix::unistd::{Pid, dup2_stderr, execve, execvpe, setsid};
use protocol::explain;
use protocol::folder::{FINISH, RUN};
use protocol::identity::VARIABLE as FOLDER;
use protocol::kept::VARIABLES as KEPT;
use protocol::report::{Report, Step, VARIABLE};
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use sys::descriptor::{set_close_on_exec, standard};
use sys::own_folder::OwnFolder;
use sys::process::Ending;

/// The exit code of a start that failed.
const FAILED: u8 = 111;

/// The exit code of one that nobody has put on record.
const NOT_BEGUN: u8 = 0;

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

/// What the child becomes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    Run,
    /// After a run of that process ended like that.
    Finish {
        pid: Pid,
        ending: Ending,
    },
}

/// Becomes the service's run or finish, once it may. Comes back, with an exit code, only where that failed, after having said why.
pub(super) fn become_program(service: &Service, means: &Means, role: Role, report: &OwnedFd) -> u8 {
    // A new process leads no session yet, so this cannot fail.
    let _ = setsid();
    if !may_go_on(report) {
        return NOT_BEGUN;
    }
    let _ = sys::signals::unblock_all();
    let Err(failed) = attempt(service, means, role, report);
    say(report, &failed);
    FAILED
}

fn say(report: &OwnedFd, message: &Report) {
    let _ = sys::write::to_socket(report, &message.encode());
}

fn attempt(service: &Service, means: &Means, role: Role, report: &OwnedFd) -> Result<Infallible, Report> {
    let sources = Sources::open(service)?;
    let run = sources.program(RUN)?;
    // A logger in whose folder nothing says what to run is a multilog.
    let logged = service.logged.as_ref().filter(|_| run.is_none());
    let mut identity = identity(service, &sources, logged, means.trusting, |warning| {
        say(report, &Report::Warning(warning));
    })?;
    let variables = sources.variables()?;
    let instance = sources.instance().map(|value| assignment(INSTANCE, value.to_bytes()));
    let environment = environment(instance.as_deref());
    if sources.logs_stderr()? {
        let [_, stdout, _] = standard();
        dup2_stderr(stdout).map_err(|error| failed(Step::Folder, Some(error), "unable to log stderr"))?;
    }
    let mut child: Vec<CString> = Vec::new();
    match role {
        Role::Run if logged.is_some() => {
            child.push(means.own.program("multilog").unwrap_or_else(|| c"multilog".to_owned()));
            child.extend(ACTIONS.map(CStr::to_owned));
        }
        Role::Run => {
            child.extend(run);
            child.extend(sources.instance().map(CStr::to_owned));
        }
        Role::Finish { pid, ending } => {
            // It finds what there is.
            identity.folder = None;
            child.extend(sources.program(FINISH)?);
            child.extend(after(ending).map(number));
            child.extend([service.argument.to_owned(), number(pid)]);
        }
    }
    let words: Vec<&CStr> = child.iter().map(CString::as_c_str).collect();
    let Some(program) = words.first() else {
        return Err(failed(Step::Execute, Some(Errno::ENOENT), "unable to run ./run"));
    };
    if identity.account.is_some() || identity.folder.is_some() || !variables.is_empty() {
        return through_runas(means, &identity, &variables, &words, environment, report);
    }
    let Err(error) = execve(program, &words, &environment);
    let detail = explain::execution(program, error).map(|detail| format!(": {detail}")).unwrap_or_default();
    let reason = format!("unable to run {}: {}{detail}", program.to_string_lossy(), cli::errno::text(error));
    Err(Report::Failed { step: Step::Execute, errno: error as i32, reason })
}

/// What finish is told of the end of run, as in s6: the exit code, or 256 and the signal, which is 0 where it is not known.
fn after(ending: Ending) -> [i32; 2] {
    match ending {
        Ending::Exited(code) => [code.into(), 0],
        Ending::Killed(signal) => [256, signal.into()],
        Ending::Unknown => [256, 0],
    }
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
    let [kept, command] = KEPT;
    let names = [VARIABLE, FOLDER, kept, command, INSTANCE];
    // Without a template, a variable of that name means nothing to us.
    let names = if instance.is_some() { &names[..] } else { &names[..4] };
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
