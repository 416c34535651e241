//! The numbers of the accounts that a path's `owner` and `group` name. supervise looks up no account itself: runas does, in a process
//! of its own, which may take ten seconds.

use super::super::sources::failed;
use cli::text::shown;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, dup2_stderr, dup2_stdout, getegid, geteuid, read};
use protocol::ids::Ids;
use protocol::listen::Access;
use protocol::report::{Report, Step, VARIABLE};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use sys::clock::Monotonic;
use sys::own_folder::OwnFolder;
use sys::process::{Ending, send, spawn, wait};

/// How long a directory server may take.
const AT_MOST: Duration = Duration::from_secs(10);

/// The most that runas says.
const LONGEST: usize = 4096;

/// Whose a socket's file is to be, and who may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    pub(super) mode: u32,
}

/// Those who are asked for accounts.
#[derive(Debug)]
pub(super) struct Accounts<'a> {
    pub(super) own: &'a OwnFolder,
}

impl Accounts<'_> {
    /// What a line says of a path, in numbers: else who we are, and an owner's own group.
    pub(super) fn wanted(&mut self, access: &Access) -> Result<Wanted, Report> {
        let Access { mode, owner, group } = access;
        let mut wanted = Wanted { uid: geteuid(), gid: getegid(), mode: *mode };
        if let Some(owner) = owner {
            let Ids { uid, gid } = self.ids("owner", owner, owner)?;
            (wanted.uid, wanted.gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        }
        if let Some(group) = group {
            // An account as runas has it, with this one for its first group.
            let account = [c"root:".to_bytes(), group.to_bytes()].concat();
            let account = CString::new(account).unwrap_or_default();
            wanted.gid = Gid::from_raw(self.ids("group", group, &account)?.gid);
        }
        Ok(wanted)
    }

    fn ids(&self, what: &str, name: &CStr, account: &CStr) -> Result<Ids, Report> {
        let unable = format!("unable to find the {what} {}", shown(name.to_bytes()));
        let (ending, said) =
            ask(self.own, account).map_err(|error| failed(Step::Sockets, Some(error), &unable))?;
        let ids = Ids::parse(&said).filter(|_| ending == Ending::Exited(0));
        ids.ok_or_else(|| {
            let line = said.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = line.strip_prefix(b"runas: fatal: ").unwrap_or(line);
            let why = if line.is_empty() { "runas says nothing".into() } else { shown(line) };
            failed(Step::Sockets, None, &format!("{unable}: {why}"))
        })
    }
}

/// What `runas -q` says of an account, and how it ended; ETIMEDOUT where it took too long.
fn ask(own: &OwnFolder, account: &CStr) -> Result<(Ending, Vec<u8>), Errno> {
    let (reader, writer) = nix::unistd::pipe()?;
    let child = spawn(|| run(own, account, &writer))?;
    drop(writer);
    let said = said(&reader, Monotonic::now() + AT_MOST);
    if said.is_err() {
        let _ = send(child, Signal::SIGKILL.into());
    }
    let ending = wait(child)?;
    Ok((ending, said?))
}

/// Becomes runas; its answer and its errors go to the pipe.
fn run(own: &OwnFolder, account: &CStr, pipe: &OwnedFd) -> u8 {
    // Nobody waits for the answer any more then.
    let _ = set_pdeathsig(Signal::SIGKILL);
    if dup2_stdout(pipe).and_then(|()| dup2_stderr(pipe)).is_ok() {
        let arguments = [c"runas", c"-q", account];
        let environment = sys::environment::without(&[VARIABLE]);
        let _ = own.execute(c"runas", &arguments, &environment);
    }
    111
}

/// Everything that comes, until the end.
fn said(pipe: &OwnedFd, until: Monotonic) -> Result<Vec<u8>, Errno> {
    let mut said = Vec::new();
    let mut block = [0; 512];
    while said.len() < LONGEST {
        let left = until.since(Monotonic::now());
        let mut asked = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        match poll(&mut asked, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Err(Errno::EINTR) => continue,
            Ok(0) => return Err(Errno::ETIMEDOUT),
            other => other?,
        };
        match read(pipe, &mut block) {
            Ok(0) => break,
            Ok(length) => said.extend(block.iter().take(length)),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(said)
}
