//! In the child, on its way to become run: what misses is opened and passed to supervise, and all is handed to run as
//! sd_listen_fds(3) has it, from descriptor 3 on.

use super::super::sources::failed;
use super::held::Sockets;
use super::ids::Accounts;
use super::open::{Opened, open, renew, unable};
use nix::errno::Errno;
use nix::sys::stat::fstat;
use nix::unistd::getpid;
use protocol::listen::noted::Noted;
use protocol::listen::parse;
use protocol::report::{Report, Step};
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use sys::descriptor::{duplicate, move_to};
use sys::own_folder::OwnFolder;

/// The first number that run gets a socket under.
const FIRST: RawFd = 3;

/// How the child speaks to supervise. Each says whether that is still there.
pub(in super::super) struct Supervise<'a> {
    /// Has it close all sockets but these, and waits until it has.
    pub(in super::super) keep_only: &'a mut dyn FnMut(&[String]) -> bool,
    /// Passes it a socket, and the line for [`Sockets::taken`].
    pub(in super::super) take: &'a mut dyn FnMut(&str, BorrowedFd<'_>) -> bool,
}

/// The sockets of run, in the order of their lines.
#[derive(Debug, Default)]
pub(in super::super) struct Handed {
    sockets: Vec<OwnedFd>,
    names: Vec<String>,
}

/// Opens what misses of a `listen`'s sockets, and sets on all what can have changed. `content` is that file's, if it is there.
///
/// It changes the sockets of this process too, so it is for the child only.
pub(in super::super) fn prepare(
    content: Option<&[u8]>,
    instance: Option<&[u8]>,
    held: &Sockets,
    own: &OwnFolder,
    supervise: &mut Supervise<'_>,
) -> Result<Handed, Report> {
    let lines = parse(content.unwrap_or_default(), instance)
        .map_err(|bad| failed(Step::Sockets, None, &format!("unable to use listen: {bad}")))?;
    let gone = || failed(Step::Sockets, Some(Errno::EPIPE), "unable to reach supervise");
    let mut accounts = Accounts { own };
    let mut good = Vec::new();
    for listen in &lines {
        let socket = listen.socket();
        if let Some(one) = held.find(&socket) {
            good.extend(renew(listen, &one.opened, one.noted.file, &mut accounts)?.then_some(socket));
        }
    }
    if !held.are_among(&good) {
        held.retain_in_child(&good);
        if !(supervise.keep_only)(&good) {
            return Err(gone());
        }
    }
    let mut handed = Handed::default();
    let above = above(lines.len());
    for listen in lines {
        let socket = listen.socket();
        let given = match held.find(&socket).filter(|_| good.contains(&socket)) {
            Some(one) => duplicate(&one.opened, above),
            None => {
                let opened = open(&listen, &mut accounts)?;
                let noted = noted(socket, &opened).map_err(|error| unable(&listen, error))?;
                if !(supervise.take)(&noted.to_string(), opened.socket.as_fd()) {
                    return Err(gone());
                }
                duplicate(&opened.socket, above)
            }
        };
        handed.sockets.push(given.map_err(|error| unable(&listen, error))?);
        handed.names.push(listen.name);
    }
    Ok(handed)
}

impl Handed {
    /// How many there are.
    pub(in super::super) fn count(&self) -> usize {
        self.sockets.len()
    }

    /// The first number behind theirs.
    pub(in super::super) fn above(&self) -> RawFd {
        above(self.count())
    }

    /// The variables that tell run of them; none where there are none.
    pub(in super::super) fn variables(&self) -> Vec<CString> {
        if self.sockets.is_empty() {
            return Vec::new();
        }
        let variables = [
            format!("LISTEN_FDS={}", self.count()),
            format!("LISTEN_PID={}", getpid()),
            format!("LISTEN_FDNAMES={}", self.names.join(":")),
        ];
        variables.into_iter().filter_map(|variable| CString::new(variable).ok()).collect()
    }

    /// Gives them the numbers from 3 on, and lets run have them. What is in `also` is moved out of their way, close-on-exec; all else
    /// that this process has open there is closed, so it is the last thing to do before run is executed.
    pub(in super::super) fn place(self, also: &mut [&mut OwnedFd]) -> Result<(), Report> {
        let unable = |error| failed(Step::Sockets, Some(error), "unable to hand over the sockets");
        let above = self.above();
        for other in also.iter_mut().filter(|other| other.as_raw_fd() < above) {
            **other = duplicate(&*other, above).map_err(unable)?;
        }
        for (number, socket) in (FIRST..).zip(self.sockets) {
            move_to(socket, number).map_err(unable)?;
        }
        Ok(())
    }
}

/// The first number behind those of so many sockets.
fn above(count: usize) -> RawFd {
    RawFd::try_from(count).unwrap_or(RawFd::MAX).saturating_add(FIRST)
}

fn noted(socket: String, opened: &Opened) -> Result<Noted, Errno> {
    let cookie = sys::socket::cookie(&opened.socket)?;
    Ok(Noted { cookie, inode: fstat(&opened.socket)?.st_ino, file: opened.file, socket })
}

#[cfg(test)]
mod tests;
