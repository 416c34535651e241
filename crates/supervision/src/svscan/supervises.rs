//! The supervises that svscan keeps: children, and those that it has found running. The end of a child is told by SIGCHLD, that
//! of the others through one descriptor for all of them.

use super::events::{Origin, Part};
use super::takeover::{Hold, Other, Running};
use crate::held::Held;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use protocol::command::Target;
use protocol::identity::FolderId;
use std::collections::{BTreeMap, HashMap};
use std::os::fd::{AsFd, BorrowedFd};
use sys::process::{self, Ending};

/// Which of all.
type Place = (FolderId, Part);

/// How many ends are asked for at a time.
const BATCH: usize = 64;

/// All of them.
#[derive(Debug)]
pub(super) struct Supervises {
    all: BTreeMap<Place, Supervise>,
    children: BTreeMap<Pid, Place>,
    /// Those of others, by the number under which `ends` tells of them.
    found: HashMap<u64, Place>,
    next: u64,
    ends: Epoll,
}

#[derive(Debug)]
enum Supervise {
    /// A child, which is not reaped, so that its number is its own.
    Child(Pid),
    // Most are children: the others have their place elsewhere.
    Ours(Box<Ours>),
    Other(Box<(Option<u64>, Other)>),
}

/// One that an earlier svscan has started.
#[derive(Debug)]
struct Ours {
    held: Held,
    /// It was told to stop already.
    told: bool,
}

/// What one is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To stop its service, and leave.
    Terminate,
    /// To kill its service, and leave.
    Kill,
    /// To leave when its service, a logger, has come to the end of its input.
    EndInput,
    /// To become the program that is installed now.
    Upgrade,
}

impl Supervises {
    /// None yet.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn new() -> nix::Result<Self> {
        Ok(Self {
            all: BTreeMap::new(),
            children: BTreeMap::new(),
            found: HashMap::new(),
            next: 0,
            ends: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
        })
    }

    /// One has been started.
    pub(super) fn started(&mut self, id: FolderId, part: Part, pid: Pid) {
        self.children.insert(pid, (id, part));
        self.all.insert((id, part), Supervise::Child(pid));
    }

    /// Takes no more memory than is needed, after many have come.
    pub(super) fn pack(&mut self) {
        self.all = std::mem::take(&mut self.all).into_iter().collect();
        self.children = std::mem::take(&mut self.children).into_iter().collect();
    }

    /// One was found running.
    ///
    /// # Errors
    ///
    /// What the system says: its end would not be seen.
    pub(super) fn found(&mut self, id: FolderId, part: Part, running: Running) -> nix::Result<Origin> {
        let (supervise, origin) = match running {
            Running::Ours { held, told } => match held.end() {
                // After an upgrade of svscan.
                None => {
                    self.started(id, part, held.pid());
                    return Ok(Origin::Found);
                }
                Some(end) => {
                    let number = self.watch(end, EpollFlags::EPOLLIN)?;
                    self.found.insert(number, (id, part));
                    (Supervise::Ours(Box::new(Ours { held, told })), Origin::Found)
                }
            },
            Running::Other(other) => {
                let number = match &other.hold {
                    Hold::Process(held) => match held.end() {
                        Some(end) => Some(self.watch(end, EpollFlags::EPOLLIN)?),
                        None => {
                            self.children.insert(held.pid(), (id, part));
                            None
                        }
                    },
                    // What always counts is enough: that nobody reads it.
                    Hold::Ok(fifo) => Some(self.watch(fifo.as_fd(), EpollFlags::empty())?),
                };
                self.found.extend(number.map(|number| (number, (id, part))));
                (Supervise::Other(Box::new((number, other))), Origin::Foreign)
            }
        };
        self.all.insert((id, part), supervise);
        Ok(origin)
    }

    fn watch(&mut self, end: BorrowedFd<'_>, flags: EpollFlags) -> nix::Result<u64> {
        let number = self.next;
        self.ends.add(end, EpollEvent::new(flags, number))?;
        self.next = number.wrapping_add(1);
        Ok(number)
    }

    /// A child of svscan's was reaped; which of them it was, if it was one.
    pub(super) fn reaped(&mut self, pid: Pid) -> Option<Place> {
        let place = self.children.remove(&pid)?;
        self.all.remove(&place);
        Some(place)
    }

    /// Those of the others that have ended, and how.
    pub(super) fn ended(&mut self) -> Vec<(Place, Ending)> {
        let mut ended = Vec::new();
        let mut events = [EpollEvent::empty(); BATCH];
        loop {
            let count = self.ends.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            for event in events.iter().take(count) {
                let Some(place) = self.found.remove(&event.data()) else { continue };
                let Some(supervise) = self.all.remove(&place) else { continue };
                let (end, ending) = match (supervise.held(), &supervise) {
                    (Some(held), _) => (held.end(), held.ended()),
                    (None, Supervise::Other(other)) => (other.1.end_of_ok(), None),
                    (None, _) => continue,
                };
                let _ = end.map(|end| self.ends.delete(end));
                ended.push((place, ending.unwrap_or(Ending::Unknown)));
            }
            if count < BATCH {
                return ended;
            }
        }
    }

    /// The process of one, if it is known.
    pub(super) fn pid(&self, id: FolderId, part: Part) -> Option<Pid> {
        match self.all.get(&(id, part))? {
            Supervise::Child(pid) => Some(*pid),
            other => other.held().map(Held::pid),
        }
    }

    /// Tells one something. It may have ended this moment, which is told in its own way.
    pub(super) fn tell(&self, id: FolderId, part: Part, order: Order) {
        let Some(supervise) = self.all.get(&(id, part)) else { return };
        match supervise {
            Supervise::Other(other) if !other.1.is_ours() => {
                other.1.command(order.letters());
                // One that was stopped is to read them.
                if order != Order::Upgrade {
                    supervise.send(Signal::SIGCONT);
                }
            }
            // Told once more, it would kill.
            Supervise::Ours(ours) if ours.told && order == Order::Terminate => {
                supervise.send(Signal::SIGCONT)
            }
            _ => order.signals().iter().for_each(|signal| supervise.send(*signal)),
        }
    }

    /// Kills one of ours.
    pub(super) fn kill(&self, id: FolderId, part: Part) {
        let supervise = self.all.get(&(id, part));
        if let Some(supervise @ (Supervise::Child(_) | Supervise::Ours(_))) = supervise {
            supervise.send(Signal::SIGKILL);
        }
    }
}

impl AsFd for Supervises {
    /// Readable when [`Supervises::ended`] has something to say.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ends.0.as_fd()
    }
}

impl Supervise {
    /// What holds it, if that is not its being a child.
    fn held(&self) -> Option<&Held> {
        match self {
            Self::Child(_) => None,
            Self::Ours(ours) => Some(&ours.held),
            Self::Other(other) => match &other.1.hold {
                Hold::Process(held) => Some(held),
                Hold::Ok(_) => None,
            },
        }
    }

    fn send(&self, signal: Signal) {
        match self {
            Self::Child(pid) => {
                let _ = process::send(*pid, signal.into());
            }
            other => {
                if let Some(held) = other.held() {
                    held.send(Target::Process, signal.into());
                }
            }
        }
    }
}

impl Order {
    /// For a supervise of ours. Two different ones kill: of the same kind, only one waits to be taken. One that was
    /// stopped is to take them.
    fn signals(self) -> &'static [Signal] {
        match self {
            Self::Terminate => &[Signal::SIGTERM, Signal::SIGCONT],
            Self::Kill => &[Signal::SIGINT, Signal::SIGTERM, Signal::SIGCONT],
            Self::EndInput => &[Signal::SIGHUP, Signal::SIGCONT],
            Self::Upgrade => &[Signal::SIGUSR2],
        }
    }

    /// For another program: what daemontools' svc and runit's sv would write.
    fn letters(self) -> &'static [u8] {
        match self {
            Self::Terminate => b"dx",
            Self::Kill => b"dxk",
            Self::EndInput => b"ox",
            Self::Upgrade => b"",
        }
    }
}
