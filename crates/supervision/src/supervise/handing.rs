//! What run finds open besides the standard three, and the variables that tell it: its sockets, the descriptor on which it says that
//! it is ready, and the address where it says how it is.

use super::account::Identity;
use super::hearing::Voicebox;
use super::reports::may_go_on;
use super::sockets::{Handed, Sockets, Supervise, prepare};
use super::sources::{Sources, failed};
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::folder::LISTEN;
use protocol::report::{Report, Step};
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use sys::descriptor::{duplicate, move_to};
use sys::own_folder::OwnFolder;
use sys::socket::send_with;
use sys::write::to_socket;

/// What one process is told and no other: it is never passed on from whoever started supervise.
pub(super) const VARIABLES: [&str; 8] = [
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "LISTEN_FDNAMES",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "MAINPID",
];

/// An entry of an environment.
pub(super) fn assignment(name: &str, value: &[u8]) -> CString {
    CString::new([name.as_bytes(), b"=", value].concat()).unwrap_or_default()
}

/// The variables for a run, which this process is about to become.
pub(super) fn variables(voicebox: &Voicebox) -> Vec<CString> {
    let mut variables = Vec::new();
    if let Some(address) = &voicebox.socket {
        variables.push(assignment("NOTIFY_SOCKET", address.as_bytes()));
    }
    if let Some(within) = voicebox.alive_within {
        let pid = Pid::this();
        variables.push(assignment("WATCHDOG_USEC", within.as_micros().to_string().as_bytes()));
        variables.push(assignment("WATCHDOG_PID", pid.to_string().as_bytes()));
    }
    variables
}

/// Opens those of the service's sockets that supervise does not hold yet, and passes them to it.
pub(super) fn open(
    sources: &Sources<'_>,
    identity: &Identity,
    held: &Sockets,
    own: &OwnFolder,
    report: &OwnedFd,
) -> Result<Handed, Report> {
    let content = sources.list(LISTEN, Step::Sockets)?;
    if let (Some(_), Some(uid)) = (&content, identity.only) {
        let reason = format!(
            "listen: only root can have sockets opened by root, and this folder is uid {uid}'s to change"
        );
        return Err(failed(Step::Owner, None, &reason));
    }
    let say = |report: &OwnedFd, message: Report| to_socket(report, &message.encode()).is_ok();
    let mut supervise = Supervise {
        keep_only: &mut |lines| say(report, Report::Sockets { lines: lines.to_vec() }) && may_go_on(report),
        take: &mut |line, socket| {
            let message = Report::Socket { line: line.to_owned() }.encode();
            send_with(report, &message, socket).is_ok_and(|length| length == message.len())
        },
    };
    let instance = sources.instance().map(CStr::to_bytes);
    prepare(content.as_deref(), instance, held, own, &mut supervise)
}

/// Puts what run gets on its numbers. The socket of the report and the folders of variables make room.
pub(super) fn place(
    voicebox: &Voicebox,
    sockets: Handed,
    report: &mut OwnedFd,
    folders: &mut [OwnedFd],
) -> Result<(), Report> {
    let unable = |error: Errno| {
        failed(Step::Folder, Some(error), "unable to pass on what it says that it is ready with")
    };
    let Some((pipe, number)) = &voicebox.pipe else {
        let mut others: Vec<_> = folders.iter_mut().chain([report]).collect();
        return sockets.place(&mut others);
    };
    let free = sockets.above();
    if *number < free {
        let reason = format!("notification-fd: {number} is a socket of listen: write {free} or more");
        return Err(failed(Step::Folder, None, &reason));
    }
    let beyond = number.saturating_add(1);
    let mut pipe = duplicate(pipe, beyond).map_err(unable)?;
    for other in folders.iter_mut().chain([&mut *report]) {
        *other = duplicate(&*other, beyond).map_err(unable)?;
    }
    let mut others: Vec<_> = folders.iter_mut().chain([report, &mut pipe]).collect();
    sockets.place(&mut others)?;
    move_to(pipe, *number).map_err(unable)
}
