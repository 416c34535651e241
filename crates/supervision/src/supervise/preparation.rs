//! What a start becomes: looked up in the service's folder, with nothing done for it yet.
//!
//! A folder with `user` or `env/` is started through runas, in the same process; any other directly. So is, always, a logger
//! without a run: runas makes the folder that its multilog writes in.

use super::account::{Identity, identity};
use super::handing::{self, assignment};
use super::owner::Me;
use super::role::{Means, Role};
use super::service::Service;
use super::sources::{Sources, failed};
use nix::errno::Errno;
use nix::unistd::{getegid, geteuid};
use protocol::capability::{Set, can_be_given};
use protocol::folder::{CHECK, FINISH, RUN};
use protocol::identity::VARIABLE as FOLDER;
use protocol::kept::VARIABLES as KEPT;
use protocol::report::{Report, Step, VARIABLE};
use protocol::user::User;
use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use sys::process::Ending;

/// The variable that an instance finds its name in.
const INSTANCE: &str = "INSTANCE";

/// What multilog does where nobody has written how: time stamps, and at most ten files of a megabyte.
const ACTIONS: [&CStr; 4] = [c"t", c"s1048576", c"n10", c"./main"];

/// What is to be executed, and as whom.
#[derive(Debug)]
pub(super) struct Preparation {
    /// Whom it runs as.
    pub(super) identity: Identity,
    /// The folders of variables, in the order in which they are applied.
    pub(super) variables: Vec<OwnedFd>,
    /// Variables besides those that supervise was started with.
    pub(super) more: Vec<CString>,
    /// Whether stderr goes where stdout does.
    pub(super) logs_stderr: bool,
    capabilities: Set,
    is_instance: bool,
    /// The program and its arguments: never nothing.
    words: Vec<CString>,
}

/// What execve gets.
#[derive(Debug)]
pub(super) struct Command<'a> {
    /// Whether it is runas, or else the file that the first argument names.
    pub(super) is_runas: bool,
    /// The arguments.
    pub(super) arguments: Vec<CString>,
    /// The environment.
    pub(super) environment: Vec<Cow<'static, CStr>>,
    /// What it gets although it is close-on-exec.
    pub(super) keep: Vec<BorrowedFd<'a>>,
}

impl Preparation {
    /// Looks. `warn` gets what should be known.
    ///
    /// # Errors
    ///
    /// Why it cannot be started.
    pub(super) fn look(
        service: &Service,
        means: &Means,
        sources: &Sources<'_>,
        role: &Role,
        warn: impl FnMut(String),
    ) -> Result<Self, Report> {
        let run = sources.program(RUN)?;
        // A logger in whose folder nothing says what to run is a multilog.
        let logged = service.logged.as_ref().filter(|_| run.is_none());
        let me = Me { uid: geteuid().as_raw(), gid: getegid().as_raw() };
        let mut identity = identity(me, &service.directory, sources, logged, means.trusting, warn)?;
        let capabilities = capabilities(sources, &identity)?;
        let variables = sources.variables()?;
        let instance = sources.instance();
        let logs_stderr = sources.logs_stderr()?;
        let mut words: Vec<CString> = Vec::new();
        match role {
            Role::Run(_) if logged.is_some() => {
                words.push(means.own.program("multilog").unwrap_or_else(|| c"multilog".to_owned()));
                words.extend(ACTIONS.map(CStr::to_owned));
            }
            Role::Run(_) => {
                words.extend(run);
                words.extend(instance.map(CStr::to_owned));
            }
            Role::Check => {
                identity.folder = None;
                words.extend(sources.program(CHECK)?);
                words.extend(instance.map(CStr::to_owned));
            }
            Role::Finish { pid, ending } => {
                // It finds what there is.
                identity.folder = None;
                words.extend(sources.program(FINISH)?);
                words.extend(after(*ending).map(number));
                words.extend([service.argument.to_owned(), number(pid)]);
            }
        }
        if words.is_empty() {
            return Err(failed(Step::Execute, Some(Errno::ENOENT), "unable to run ./run"));
        }
        let more = instance.map(|value| assignment(INSTANCE, value.to_bytes())).into_iter().collect();
        let is_instance = instance.is_some();
        Ok(Self { identity, variables, more, logs_stderr, capabilities, is_instance, words })
    }

    /// What is executed for it: the program itself, or runas, which makes a folder for the account if asked to, becomes it, applies the
    /// variables and then is the program: one process all the way. `report` is the socket that runas says through what it could not do.
    pub(super) fn command<'a>(&'a self, report: &'a OwnedFd) -> Command<'a> {
        let identity = &self.identity;
        let mut environment = self.environment();
        if identity.account.is_none() && identity.folder.is_none() && self.variables.is_empty() {
            return Command { is_runas: false, arguments: self.words.clone(), environment, keep: Vec::new() };
        }
        environment.push(assignment(VARIABLE, report.as_raw_fd().to_string().as_bytes()).into());
        let keep = self.variables.iter().chain([report]).map(AsFd::as_fd).collect();
        Command { is_runas: true, arguments: self.through_runas(), environment, keep }
    }

    fn through_runas(&self) -> Vec<CString> {
        let identity = &self.identity;
        let mut arguments = vec![c"runas".to_owned()];
        if let Some(uid) = identity.only {
            arguments.extend([c"-o".to_owned(), number(uid)]);
        }
        if let Some(uid) = identity.dot {
            arguments.extend([c"-d".to_owned(), number(uid)]);
        }
        if let Some(folder) = identity.folder {
            arguments.extend([c"-m".to_owned(), folder.to_owned()]);
        }
        for capability in self.capabilities.iter() {
            arguments.extend([c"-k".to_owned(), CString::new(capability.name()).unwrap_or_default()]);
        }
        for folder in &self.variables {
            arguments.extend([c"-E".to_owned(), number(folder.as_raw_fd())]);
        }
        arguments.push(identity.account.clone().unwrap_or_else(|| c"-".to_owned()));
        arguments.extend(self.words.iter().cloned());
        arguments
    }

    /// What supervise was started with, and these as well; without what only runas may be told, and what was meant for supervise itself.
    fn environment(&self) -> Vec<Cow<'static, CStr>> {
        let [kept, command] = KEPT;
        let mut names = vec![VARIABLE, FOLDER, kept, command];
        names.extend(handing::VARIABLES);
        // Without a template, a variable of that name means nothing to us.
        names.extend(self.is_instance.then_some(INSTANCE));
        let inherited = sys::environment::without(&names).into_iter().map(Cow::Borrowed);
        inherited.chain(self.more.iter().cloned().map(Cow::Owned)).collect()
    }
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

fn number(value: impl ToString) -> CString {
    CString::new(value.to_string()).unwrap_or_default()
}
