//! What a process is made for, and with what.

use super::hearing::Voicebox;
use nix::unistd::Pid;
use std::os::fd::RawFd;
use sys::own_folder::OwnFolder;
use sys::process::Ending;

/// What a start needs besides the service.
#[derive(Debug)]
pub(super) struct Means {
    /// Where runas is.
    pub(super) own: OwnFolder,
    /// Whether a folder runs as it says whoever owns it.
    pub(super) trusting: bool,
    /// Whether the service's folder is on a file system that others share, and that can hang.
    pub(super) is_shared: bool,
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
