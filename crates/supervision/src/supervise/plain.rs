//! A start in which nothing can be in the way: all of it is looked up by supervise itself, and the new process has nothing to do but to
//! wait until it is on record and to execute its program. Most starts are such, and take much less than one with a child of its own
//! ([`super::start`]), which is made for all others: where something is wrong, is to be said, is to be opened, or leads to another file
//! system, which might hang.

use super::explanation::{NO_RUNAS, Unexplained};
use super::handing;
use super::preparation::Preparation;
use super::role::{Means, Role};
use super::service::Service;
use super::sockets::Sockets;
use super::sources::Sources;
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::folder::{CAPABILITIES, CHECK, ENV, FINISH, LISTEN, LOG, RUN, USER};
use protocol::report::{ERRNO_AT, Report, Step};
use std::borrow::Cow;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use sys::exec::Strings;
use sys::spawn::{Program, Spawned, can_share};

/// What has a say in a start.
const NAMES: [&CStr; 8] = [RUN, FINISH, CHECK, USER, ENV, LISTEN, CAPABILITIES, LOG];

/// Makes the process, if the start is such a one; `close` is what it is not to have open.
///
/// # Errors
///
/// What clone says.
pub(super) fn spawn(
    service: &Service,
    means: &Means,
    sockets: &Sockets,
    role: &Role,
    report: &OwnedFd,
    close: impl Iterator<Item = RawFd>,
) -> Option<Result<(Pid, Spawned, Unexplained), Errno>> {
    if !can_share() || !sockets.is_empty() {
        return None;
    }
    let start = prepared(service, means, role)?;
    let command = start.command(report);
    let (file, step, reason) = if command.is_runas {
        (means.own.program("runas")?, Step::User, NO_RUNAS.to_owned())
    } else {
        let file = command.arguments.first()?.clone();
        let reason = format!("unable to run {}", file.to_string_lossy());
        (file, Step::Execute, reason)
    };
    let failure = Report::Failed { step, errno: 0, reason };
    let program = Program {
        file: file.clone(),
        arguments: Strings::new(command.arguments.into_iter().map(Cow::Owned).collect()),
        environment: Strings::new(command.environment),
        close: close.collect(),
        word: report.as_raw_fd(),
        keep: command.keep.iter().map(AsRawFd::as_raw_fd).collect(),
        joins_stderr: start.logs_stderr,
        failure: failure.encode(),
        errno_at: ERRNO_AT,
    };
    Some(program.spawn().map(|(pid, spawned)| (pid, spawned, Unexplained::new(file, failure))))
}

/// What it becomes, where nothing is in the way.
fn prepared(service: &Service, means: &Means, role: &Role) -> Option<Preparation> {
    if means.is_shared || service.template.is_some() {
        return None;
    }
    let sources = Sources::open(service).ok().filter(is_plain)?;
    let mut is_silent = true;
    let warn = |_| is_silent = false;
    let mut start = Preparation::look(service, means, &sources, role, warn).ok()?;
    if !is_silent {
        return None;
    }
    if let Role::Run(voicebox) = role {
        // Both are said in numbers that only the new process knows.
        if voicebox.pipe.is_some() || voicebox.alive_within.is_some() {
            return None;
        }
        start.more.extend(handing::variables(voicebox));
    }
    Some(start)
}

/// Whether there is a `run`, nothing leads to elsewhere, and nothing is to be opened or given.
fn is_plain(sources: &Sources<'_>) -> bool {
    let own = sources.own();
    let Ok(Some(folder)) = own.look(c".") else { return false };
    NAMES.iter().all(|name| match own.look(name) {
        Ok(Some(there)) => {
            ![LISTEN, CAPABILITIES].contains(name) && !there.is_link() && there.device == folder.device
        }
        Ok(None) => *name != RUN,
        Err(_) => false,
    })
}
