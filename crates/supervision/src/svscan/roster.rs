//! Who is on: what svscan knows of each folder, and what follows from what it sees. Pure: no system call, no clock.
//!
//! A folder is its device and inode; its name is only what it is called. It goes through
//!
//! - *arriving*: it is new, and starts when nothing in it has changed for a second (a `cp -r` makes `run` executable while it
//!   is empty, before `user` is there). One renamed or linked in is whole, and starts at once; one without a `run` waits for it;
//! - *supervised*: one supervise for the service, one for its logger, started or found, each started again when it ends;
//! - *ending*: the service is told to stop, then the logger gets the end of its input; then it is forgotten.
//!
//! It leaves when two complete listings have not shown it, the second of them undisturbed: one listing of a large
//! directory that changes can miss what is there.

use super::entry::Entry;
use super::events::{Arrival, Event, Found, Needs, Part, Step};
use super::order::Order;
use protocol::identity::FolderId;
use protocol::instance::{Kind, kind};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use sys::clock::Monotonic;

/// All folders of the service directory.
#[derive(Debug)]
pub(super) struct Roster {
    /// Each in a place of its own: in a map's nodes, of which half is empty, ten thousand would take twice as much.
    entries: BTreeMap<FolderId, Box<Entry>>,
    /// Those that were renamed in, and wait until what had their name, or they themselves under another, has ended.
    moved: BTreeSet<FolderId>,
    /// A name says where `supervise/` is: a folder renamed is another service.
    names_matter: bool,
    /// Everything is told to stop, some of it later than the rest.
    stopping: bool,
    order: Order,
}

impl Roster {
    /// An empty one. `names_matter` where `supervise/` is kept elsewhere, under the folder's path.
    pub(super) fn new(names_matter: bool) -> Self {
        Self {
            entries: BTreeMap::new(),
            moved: BTreeSet::new(),
            names_matter,
            stopping: false,
            order: Order::default(),
        }
    }

    /// What a folder is called.
    pub(super) fn name(&self, id: FolderId) -> Option<&OsStr> {
        self.entries.get(&id).map(|entry| entry.name())
    }

    /// All folders, and what they are called.
    pub(super) fn names(&self) -> impl Iterator<Item = (FolderId, &OsStr)> {
        self.entries.iter().map(|(id, entry)| (*id, entry.name()))
    }

    /// A supervise was found in a folder that is gone: it is stopped when the listings have shown that.
    pub(super) fn stray(&mut self, now: Monotonic, id: FolderId, name: OsString, part: Part) {
        self.entries.insert(id, Box::new(Entry::of_stray(now, id, name, part)));
    }

    /// When [`Event::Due`] is to be told, if ever.
    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        self.entries.values().filter_map(|entry| entry.wake_at()).min()
    }

    /// Whether nothing is on its way out: everything that runs is a folder's that is there.
    pub(super) fn is_settled(&self) -> bool {
        !self.stopping && !self.entries.values().any(|entry| entry.is_ending())
    }

    /// When a supervise was started last.
    pub(super) fn last_start(&self) -> Option<Monotonic> {
        self.entries.values().filter_map(|entry| entry.last_start()).max()
    }

    /// Takes no more memory than is needed, after many have come: in their order, they leave the map's nodes half empty.
    pub(super) fn pack(&mut self) {
        self.entries = std::mem::take(&mut self.entries).into_iter().collect();
    }

    /// Takes one event. The steps are to be done in their order.
    pub(super) fn step(&mut self, now: Monotonic, event: Event) -> Vec<Step> {
        let mut steps = Vec::new();
        match event {
            Event::Listed { folders, quiet, fresh } if !self.stopping => {
                self.listed(now, folders, quiet, fresh, &mut steps)
            }
            Event::Listed { .. } => {}
            Event::Changed(name) => {
                let concerned =
                    self.entries.values().filter(|entry| entry.waits_for_run() && depends(entry, &name));
                // Watched anew first: it may be another folder by now, or its template may have come.
                steps.extend(concerned.flat_map(|entry| [Step::Watch(entry.id()), Step::Look(entry.id())]));
            }
            Event::Looked(id, looked) => {
                self.concern(now, id, &mut steps, |entry, steps| entry.looked(now, looked, steps));
            }
            Event::Started(id, part, origin) => {
                self.concern(now, id, &mut steps, |entry, steps| entry.started(part, origin, steps));
            }
            Event::NotStarted(id, part, reason) => {
                self.concern(now, id, &mut steps, |entry, steps| {
                    entry.not_started(now, part, &reason, steps)
                });
            }
            Event::Exited(id, part, ending) => {
                self.concern(now, id, &mut steps, |entry, steps| entry.exited(now, part, ending, steps));
            }
            Event::Unread(id, count) => {
                self.concern(now, id, &mut steps, |entry, steps| entry.unread(count, steps))
            }
            Event::Stop(needs) => self.stop(now, needs, &mut steps),
            Event::Due => {
                for entry in self.entries.values_mut() {
                    entry.due(now, &mut steps);
                }
            }
        }
        steps
    }

    /// Tells one entry, and does what follows from its end if that was it.
    fn concern(
        &mut self,
        now: Monotonic,
        id: FolderId,
        steps: &mut Vec<Step>,
        tell: impl FnOnce(&mut Entry, &mut Vec<Step>),
    ) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        tell(entry, steps);
        let before = self.entries.len();
        self.follow(now, vec![id], steps);
        if self.entries.len() < before {
            self.forgotten(steps);
        }
    }

    /// Forgets those of them that have ended, and when everything stops, tells those whose turn it is by that, and so on.
    fn follow(&mut self, now: Monotonic, mut told: Vec<FolderId>, steps: &mut Vec<Step>) {
        while let Some(id) = told.pop() {
            if self.entries.get(&id).is_some_and(|entry| entry.has_ended()) {
                self.entries.remove(&id);
                steps.push(Step::Forget(id));
            }
            for part in [Part::Service, Part::Logger] {
                if self.entries.get(&id).is_none_or(|entry| entry.is_gone(part)) {
                    for next in self.order.ended(id, part) {
                        if let Some(entry) = self.entries.get_mut(&next) {
                            entry.end(now, steps);
                            told.push(next);
                        }
                    }
                }
            }
        }
    }

    fn ending(&self) -> Vec<FolderId> {
        self.entries.iter().filter(|(_, entry)| entry.is_ending()).map(|(id, _)| *id).collect()
    }

    fn listed(
        &mut self,
        now: Monotonic,
        mut folders: Vec<Found>,
        quiet: bool,
        fresh: bool,
        steps: &mut Vec<Step>,
    ) {
        let moved = std::mem::take(&mut self.moved);
        folders.retain(|found| kind(&found.name) != Kind::Template);
        for found in folders.iter_mut().filter(|found| moved.contains(&found.id)) {
            if found.arrival == Arrival::Made {
                found.arrival = Arrival::Moved;
            }
        }
        // In the order of the entries, so that both are gone through together.
        folders.sort_unstable_by(|one, other| (one.id, &one.name).cmp(&(other.id, &other.name)));
        let mut shown = folders.into_iter().peekable();
        let mut new = Vec::new();
        let mut unsure = false;
        for (id, entry) in &mut self.entries {
            new.extend(std::iter::from_fn(|| shown.next_if(|found| found.id < *id)));
            let called: Vec<Found> = std::iter::from_fn(|| shown.next_if(|found| found.id == *id)).collect();
            if called.is_empty() {
                unsure |= entry.not_seen(now, quiet, steps);
            } else {
                let moved = called.iter().any(|found| found.arrival == Arrival::Moved);
                entry.seen(now, called, self.names_matter, steps);
                if moved && entry.is_ending() {
                    self.moved.insert(*id);
                }
            }
            // It may have come unseen.
            if fresh && entry.waits_for_run() {
                steps.extend([Step::Watch(*id), Step::Look(*id)]);
            }
        }
        new.extend(shown);
        self.take_in(now, new, steps);
        if unsure {
            steps.push(Step::ListAgain);
        }
        let before = self.entries.len();
        self.follow(now, self.ending(), steps);
        if self.entries.len() < before {
            self.forgotten(steps);
        }
    }

    /// Takes in what no entry is yet, sorted.
    fn take_in(&mut self, now: Monotonic, mut new: Vec<Found>, steps: &mut Vec<Step>) {
        // Two links to one folder are one service.
        new.dedup_by(|other, first| other.id == first.id);
        let mut names: BTreeSet<&OsStr> = BTreeSet::new();
        if !new.is_empty() {
            names.extend(self.entries.values().map(|entry| entry.name()));
        }
        // A name is not given twice: what is replaced ends first.
        let is_free: Vec<bool> = new.iter().map(|found| names.insert(&found.name)).collect();
        for (found, is_free) in new.into_iter().zip(is_free) {
            if is_free {
                steps.push(Step::Look(found.id));
                self.entries.insert(found.id, Box::new(Entry::arriving(now, found)));
            } else if found.arrival == Arrival::Moved {
                self.moved.insert(found.id);
            }
        }
    }

    /// Tells those to stop whom nobody needs, and the others when it is their turn; told again, kills everybody.
    fn stop(&mut self, now: Monotonic, needs: Needs, steps: &mut Vec<Step>) {
        let again = std::mem::replace(&mut self.stopping, true);
        // What has never run keeps nobody waiting.
        let runs = |id: &FolderId| self.entries.get(id).is_some_and(|entry| !entry.is_arriving());
        self.order = if again { Order::default() } else { Order::new(needs, runs) };
        for (id, entry) in &mut self.entries {
            if !self.order.holds(*id) {
                entry.end(now, steps);
            }
            if again {
                entry.hurry(now, steps);
            }
        }
        self.follow(now, self.ending(), steps);
        self.forgotten(steps);
    }

    /// What follows when an entry has been forgotten.
    fn forgotten(&self, steps: &mut Vec<Step>) {
        if !self.stopping {
            // What has the name now, or is the same folder under a new one, was waiting for this.
            steps.push(Step::ListAgain);
        } else if self.entries.is_empty() {
            steps.push(Step::Leave);
        }
    }
}

/// Whether a change in the folder of that name can matter to an entry: it is its own, or its template.
fn depends(entry: &Entry, changed: &OsStr) -> bool {
    let template = match kind(entry.name()) {
        Kind::Instance { template, .. } => Some(template),
        Kind::Plain | Kind::Template => None,
    };
    entry.name() == changed || template == Some(changed)
}

#[cfg(test)]
mod tests;
