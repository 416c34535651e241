//! The child of supervise on its way to become run or finish. Nothing here happens in supervise itself: a file system that hangs
//! or a directory server that is slow holds up the start and nobody else, and the memory that it takes goes with it.
//!
//! A folder with `user` or `env/` is started through runas, in the same process; any other directly. So is, always, a logger
//! without a run: runas makes the folder that its multilog writes in.

use super::account::{Identity, identity};
use super::handing::{self, assignment};
use super::hearing::Voicebox;
use super::owner::Me;
use super::reports::may_go_on;
use super::service::Service;
use super::sockets::Sockets;
use super::sources::{Sources, failed};
use nix::errno::Errno;
use nix::unistd::{Pid, dup2_stderr, execve, getegid, geteuid, setsid};
use protocol::capability::{Set, can_be_given};
use protocol::explain;
use protocol::folder::{CHECK, FINISH, RUN};
use protocol::identity::VARIABLE as FOLDER;
use protocol::kept::VARIABLES as KEPT;
use protocol::report::{Report, Step, VARIABLE};
use protocol::user::User;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
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
    /// The files of supervise itself. A start that hangs is not to hold them, most of all the lock, when supervise is gone.
    pub(super) private: Vec<RawFd>,
}

/// What the child becomes.
#[derive(Debug)]
pub(super) enum Role {
    /// run, with what it gets to say how it is.
    Run(Voicebox),
    /// After a run of that process ended like that.
    Finish { pid: Pid, ending: Ending },
    /// While run runs.
    Check,
}

/// Becomes the service's run or finish, once it may. Comes back, with an exit code, only where that failed, after having said why.
pub(super) fn become_program(
    service: &Service,
    means: &Means,
    sockets: &Sockets,
    role: &Role,
    mut report: OwnedFd,
) -> u8 {
    for number in &means.private {
        let _ = nix::unistd::close(*number);
    }
    // A new process leads no session yet, so this cannot fail.
    let _ = setsid();
    if !may_go_on(&report) {
        return NOT_BEGUN;
    }
    let _ = sys::signals::unblock_all();
    let Err(failed) = attempt(service, means, sockets, role, &mut report);
    say(&report, &failed);
    FAILED
}

fn say(report: &OwnedFd, message: &Report) {
    let _ = sys::write::to_socket(report, &message.encode());
}

fn attempt(
    service: &Service,
    means: &Means,
    sockets: &Sockets,
    role: &Role,
    report: &mut OwnedFd,
) -> Result<Infallible, Report> {
    let sources = Sources::open(service)?;
    let run = sources.program(RUN)?;
    // A logger in whose folder nothing says what to run is a multilog.
    let logged = service.logged.as_ref().filter(|_| run.is_none());
    let me = Me { uid: geteuid().as_raw(), gid: getegid().as_raw() };
    let mut identity = identity(me, &service.directory, &sources, logged, means.trusting, |warning| {
        say(report, &Report::Warning(warning));
    })?;
    let capabilities = capabilities(&sources, &identity)?;
    let mut variables = sources.variables()?;
    let mut more: Vec<CString> =
        sources.instance().map(|value| assignment(INSTANCE, value.to_bytes())).into_iter().collect();
    if sources.logs_stderr()? {
        let [_, stdout, _] = standard();
        dup2_stderr(stdout).map_err(|error| failed(Step::Folder, Some(error), "unable to log stderr"))?;
    }
    let mut child: Vec<CString> = Vec::new();
    match role {
        Role::Run(_) if logged.is_some() => {
            child.push(means.own.program("multilog").unwrap_or_else(|| c"multilog".to_owned()));
            child.extend(ACTIONS.map(CStr::to_owned));
        }
        Role::Run(_) => {
            child.extend(run);
            child.extend(sources.instance().map(CStr::to_owned));
        }
        Role::Check => {
            identity.folder = None;
            child.extend(sources.program(CHECK)?);
            child.extend(sources.instance().map(CStr::to_owned));
        }
        Role::Finish { pid, ending } => {
            // It finds what there is.
            identity.folder = None;
            child.extend(sources.program(FINISH)?);
            child.extend(after(*ending).map(number));
            child.extend([service.argument.to_owned(), number(pid)]);
        }
    }
    let words: Vec<&CStr> = child.iter().map(CString::as_c_str).collect();
    let Some(program) = words.first() else {
        return Err(failed(Step::Execute, Some(Errno::ENOENT), "unable to run ./run"));
    };
    if let Role::Run(voicebox) = role {
        let handed = handing::open(&sources, &identity, sockets, &means.own, report)?;
        more.extend(handed.variables());
        more.extend(handing::variables(voicebox));
        handing::place(voicebox, handed, report, &mut variables)?;
    }
    let environment = environment(sources.instance().is_some(), &more);
    if identity.account.is_some() || identity.folder.is_some() || !variables.is_empty() {
        return through_runas(means, &identity, capabilities, &variables, &words, environment, report);
    }
    let Err(error) = execve(program, &words, &environment);
    let detail = explain::execution(program, error).map(|detail| format!(": {detail}")).unwrap_or_default();
    let reason = format!("unable to run {}: {}{detail}", program.to_string_lossy(), cli::errno::text(error));
    Err(Report::Failed { step: Step::Execute, errno: error as i32, reason })
}

/// What the account keeps of root's rights: none, unless `capabilities` says so and nothing is in the way of that.
fn capabilities(sources: &Sources<'_>, identity: &Identity) -> Result<Set, Report> {
    let Some(set) = sources.capabilities()? else { return Ok(Set::default()) };
    if let Some(uid) = identity.only {
        let reason =
            format!("capabilities: only root can give them, and this folder is uid {uid}'s to change");
        return Err(failed(Step::Owner, None, &reason));
    }
    let user = identity.account.as_deref().and_then(|account| User::parse(account.to_bytes()).ok());
    let denied = can_be_given(user.as_ref(), geteuid().is_root());
    denied.map_err(|why| failed(Step::Switch, None, &format!("capabilities: {why}")))?;
    Ok(set)
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
    capabilities: Set,
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
    for capability in capabilities.iter() {
        options.extend([c"-k".to_owned(), CString::new(capability.name()).unwrap_or_default()]);
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
    let error = means.own.execute(c"runas", &arguments, &environment);
    // Should it be sent after all: it must not reach another program.
    let _ = set_close_on_exec(report.as_fd(), true);
    Err(unable(error))
}

/// What supervise was started with, and these as well; without what only runas may be told, and what was meant for supervise itself.
fn environment(is_instance: bool, more: &[CString]) -> Vec<&CStr> {
    let [kept, command] = KEPT;
    let mut names = vec![VARIABLE, FOLDER, kept, command];
    names.extend(handing::VARIABLES);
    // Without a template, a variable of that name means nothing to us.
    names.extend(is_instance.then_some(INSTANCE));
    let mut entries = sys::environment::without(&names);
    entries.extend(more.iter().map(CString::as_c_str));
    entries
}

fn number(value: impl ToString) -> CString {
    CString::new(value.to_string()).unwrap_or_default()
}
