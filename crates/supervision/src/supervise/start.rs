//! The child of supervise on its way to become run, finish or check. Nothing here happens in supervise itself: a file system that hangs
//! or a directory server that is slow holds up the start and nobody else, and the memory that it takes goes with it.
//!
//! A start in which nothing can be in the way needs no such child ([`super::plain`]).

use super::explanation::{NO_RUNAS, not_executed};
use super::handing;
use super::preparation::{Command, Preparation};
use super::reports::may_go_on;
use super::role::{Means, Role};
use super::service::Service;
use super::sockets::Sockets;
use super::sources::{Sources, failed};
use nix::unistd::{dup2_stderr, execve, setsid};
use protocol::report::{Report, Step};
use std::convert::Infallible;
use std::ffi::CStr;
use std::os::fd::OwnedFd;
use sys::descriptor::{set_close_on_exec, standard};

/// The exit code of a start that failed.
const FAILED: u8 = 111;

/// The exit code of one that nobody has put on record.
const NOT_BEGUN: u8 = 0;

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
    let warn = |warning| say(report, &Report::Warning(warning));
    let mut start = Preparation::look(service, means, &sources, role, warn)?;
    if start.logs_stderr {
        let [_, stdout, _] = standard();
        dup2_stderr(stdout).map_err(|error| failed(Step::Folder, Some(error), "unable to log stderr"))?;
    }
    if let Role::Run(voicebox) = role {
        let handed = handing::open(&sources, &start.identity, sockets, &means.own, report)?;
        start.more.extend(handed.variables());
        start.more.extend(handing::variables(voicebox));
        handing::place(voicebox, handed, report, &mut start.variables)?;
    }
    execute(&start.command(report), means, report)
}

fn execute(command: &Command<'_>, means: &Means, report: &OwnedFd) -> Result<Infallible, Report> {
    let arguments: Vec<&CStr> = command.arguments.iter().map(AsRef::as_ref).collect();
    let environment: Vec<&CStr> = command.environment.iter().map(AsRef::as_ref).collect();
    if !command.is_runas {
        let program = arguments.first().copied().unwrap_or_default();
        let Err(error) = execve(program, &arguments, &environment);
        return Err(not_executed(program, error));
    }
    let unable = |error| failed(Step::User, Some(error), NO_RUNAS);
    for descriptor in &command.keep {
        set_close_on_exec(descriptor, false).map_err(unable)?;
    }
    let error = means.own.execute(c"runas", &arguments, &environment);
    // Should it be sent after all: it must not reach another program.
    let _ = set_close_on_exec(report, true);
    Err(unable(error))
}
