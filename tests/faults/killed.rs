//! supervise is killed: its service does not notice, and the next supervise knows all that the killed one knew.

mod often;
mod phases;
mod unwatched;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::status::{Phase, Status};
use std::fs::File;
use testkit::{Beacon, Condition, Folder, Running, Service, TestTree, status};

/// A service with one supervise after the other: each takes over from one that was killed.
struct Succession {
    tree: TestTree,
    web: Service,
    /// The last lives.
    supervises: Vec<Running>,
}

impl Succession {
    fn new(build: impl FnOnce(Folder) -> Folder) -> Self {
        Self::in_tree(TestTree::new(), build)
    }

    fn in_tree(tree: TestTree, build: impl FnOnce(Folder) -> Folder) -> Self {
        let web = tree.folder("web", build);
        let supervises = vec![tree.supervise("web")];
        Self { tree, web, supervises }
    }

    fn current(&mut self) -> &mut Running {
        self.supervises.last_mut().expect("a supervise")
    }

    #[track_caller]
    fn kill(&mut self) {
        let current = self.current();
        current.signal(Signal::SIGKILL);
        assert_eq!(current.wait(), Err(9), "{}", current.errors());
    }

    fn start_another(&mut self) {
        self.supervises.push(self.tree.supervise("web"));
    }

    /// Kills the supervise and waits for the next one to have taken its place.
    #[track_caller]
    fn succeed(&mut self) {
        self.kill();
        self.start_another();
        let supervise = self.current().pid();
        self.web.wait_for(kept_by(supervise));
    }

    /// As above, while a process runs, which is adopted.
    #[track_caller]
    fn adopt(&mut self, pid: u32) {
        self.succeed();
        self.current().wait_for_errors(&format!("supervise: info: web: adopted pid {pid}\n"));
        assert_eq!(self.web.pid(), pid);
    }

    /// Supervises that were killed come last, and have nothing left to stop.
    fn end(self) -> impl Iterator<Item = Running> {
        self.supervises.into_iter().rev()
    }
}

/// A supervise of that pid has written the record.
fn kept_by(pid: u32) -> Condition {
    status(&format!("kept by supervise {pid}"), move |status| {
        let supervise = status.detail.as_ref().and_then(|detail| detail.supervise);
        supervise.is_some_and(|supervise| supervise.pid.get() == pid)
    })
}

/// A supervise that is not that one has written the record.
fn kept_by_another_than(pid: u32) -> Condition {
    status(&format!("kept by another supervise than {pid}"), move |status| {
        let supervise = status.detail.as_ref().and_then(|detail| detail.supervise);
        supervise.is_some_and(|supervise| supervise.pid.get() != pid)
    })
}

/// Nothing but that phase is waited for.
fn phase(wanted: Phase) -> Condition {
    status(&format!("{wanted:?}"), move |status| phase_of(status) == Some(wanted))
}

fn phase_of(status: &Status) -> Option<Phase> {
    status.detail.as_ref().map(|detail| detail.phase)
}

/// Runs on at TERM, says when it does, and ends when its gate is written to.
fn stubborn(tree: &TestTree) -> (Beacon, String) {
    let beacon = tree.beacon("web");
    let run = format!("trap '' TERM\n{}\nread -r line <gate", beacon.say("it ignores TERM"));
    (beacon, run)
}

/// The FIFO `gate` of a service: held open, so that nobody waits for the other side, and nothing is lost.
fn gate(web: &Service) -> File {
    File::options().read(true).write(true).open(web.file("gate")).expect("a FIFO")
}

#[track_caller]
pub(super) fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), signal).expect("a signal to it");
}
