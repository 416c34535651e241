//! What the roster is told, and what it answers.

use protocol::identity::FolderId;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::time::Duration;
use sys::process::Ending;

/// A folder in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: OsString,
    pub(super) id: FolderId,
    pub(super) arrival: Arrival,
}

/// How a folder came to be in the directory, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It may still be in the making.
    Made,
    /// It was renamed in just now, and so is whole.
    Moved,
    /// It is a link, and so is what it leads to.
    Linked,
}

/// What a look into a new folder shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Looked {
    /// It has a `run`, or its template has one.
    pub(super) has_run: bool,
    /// It has a `log/`, or its template has one.
    pub(super) has_log: bool,
    /// Changes when anything in it does.
    pub(super) print: u64,
    /// How long nothing in it has changed, by the wall clock.
    pub(super) at_rest: Duration,
    /// A supervise runs in it, or in its `log/`, already.
    pub(super) runs: bool,
}

/// The two supervises of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    Service,
    Logger,
}

/// Whom each service needs, and each logger: what their folders say.
pub(super) type Needs = BTreeMap<Who, BTreeSet<FolderId>>;

/// A service, or its logger.
pub(super) type Who = (FolderId, Part);

/// Where a supervise that runs has come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// svscan has just started it.
    Started,
    /// It ran already, and is ours.
    Found,
    /// It ran already, and is another program: that of daemontools, or runsv.
    Foreign,
}

/// What svscan sees.
#[derive(Debug)]
pub(super) enum Event {
    /// A complete listing; `quiet` when nothing is known to have changed since the one before, `fresh` when what is known
    /// is not to be relied on.
    Listed { folders: Vec<Found>, quiet: bool, fresh: bool },
    /// The answer to [`Step::Look`].
    Looked(FolderId, Looked),
    /// Something changed in a folder that waits for its `run`, or in the template that it may get one from.
    Changed(OsString),
    /// The answer to [`Step::Start`]: the supervise runs.
    Started(FolderId, Part, Origin),
    /// The answer to [`Step::Start`]: it could not be started, and why.
    NotStarted(FolderId, Part, String),
    /// A supervise ended.
    Exited(FolderId, Part, Ending),
    /// The answer to [`Step::CountUnread`].
    Unread(FolderId, usize),
    /// svscan is to stop everything, in the order that follows from who needs whom; said again, to kill it.
    Stop(Needs),
    /// The time of [`Roster::wake_at`] has come.
    Due,
}

/// What svscan has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Look into a new folder.
    Look(FolderId),
    /// Tell when something changes in it, or in its template.
    Watch(FolderId),
    /// Do not, any more: the folder that had this name when it was watched.
    Unwatch(OsString),
    /// Start a supervise, or take over the one that runs; `with_log` where there is a log pipe between the two.
    Start { id: FolderId, part: Part, with_log: bool },
    /// Tell a supervise to stop its service and leave.
    Terminate(FolderId, Part),
    /// Tell it to kill its service and leave.
    Kill(FolderId, Part),
    /// It has not done so: kill them both.
    Destroy(FolderId, Part),
    /// Tell a logger's supervise that its input ends.
    EndInput(FolderId),
    /// The service writes into the log pipe: a logger that reads another one is to end with that.
    Reconnect(FolderId),
    /// Close svscan's own end of the log pipe, the last that keeps it open.
    CloseInput(FolderId),
    /// Count what waits in the log pipe.
    CountUnread(FolderId),
    /// Drop everything that is held for it.
    Forget(FolderId),
    /// List the directory again, soon.
    ListAgain,
    /// Say this.
    Warn(String),
    /// Nothing is left: svscan's end.
    Leave,
}
