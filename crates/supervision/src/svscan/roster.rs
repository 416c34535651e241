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
    entries: BTreeMap<FolderId, Entry>,
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
        self.entries.get(&id).map(Entry::name)
    }

    /// All folders, and what they are called.
    pub(super) fn names(&self) -> impl Iterator<Item = (FolderId, &OsStr)> {
        self.entries.iter().map(|(id, entry)| (*id, entry.name()))
    }

    /// A supervise was found in a folder that is gone: it is stopped when the listings have shown that.
    pub(super) fn stray(&mut self, now: Monotonic, id: FolderId, name: OsString, part: Part) {
        self.entries.insert(id, Entry::of_stray(now, id, name, part));
    }

    /// When [`Event::Due`] is to be told, if ever.
    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        self.entries.values().filter_map(Entry::wake_at).min()
    }

    /// Whether nothing is on its way out: everything that runs is a folder's that is there.
    pub(super) fn is_settled(&self) -> bool {
        !self.stopping && !self.entries.values().any(Entry::is_ending)
    }

    /// When a supervise was started last.
    pub(super) fn last_start(&self) -> Option<Monotonic> {
        self.entries.values().filter_map(Entry::last_start).max()
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
            if self.entries.get(&id).is_some_and(Entry::has_ended) {
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
        folders: Vec<Found>,
        quiet: bool,
        fresh: bool,
        steps: &mut Vec<Step>,
    ) {
        let mut shown: BTreeMap<FolderId, Vec<Found>> = BTreeMap::new();
        let moved = std::mem::take(&mut self.moved);
        for mut found in folders.into_iter().filter(|found| kind(&found.name) != Kind::Template) {
            if found.arrival == Arrival::Made && moved.contains(&found.id) {
                found.arrival = Arrival::Moved;
            }
            shown.entry(found.id).or_default().push(found);
        }
        let mut unsure = false;
        for (id, entry) in &mut self.entries {
            match shown.remove(id) {
                Some(called) => {
                    let moved = called.iter().any(|found| found.arrival == Arrival::Moved);
                    entry.seen(now, called, self.names_matter, steps);
                    if moved && entry.is_ending() {
                        self.moved.insert(*id);
                    }
                }
                None => unsure |= entry.not_seen(now, quiet, steps),
            }
            // It may have come unseen.
            if fresh && entry.waits_for_run() {
                steps.extend([Step::Watch(*id), Step::Look(*id)]);
            }
        }
        let mut names: BTreeSet<OsString> =
            self.entries.values().map(|entry| entry.name().to_owned()).collect();
        for called in shown.into_values() {
            // Two links to one folder are one service. A name is not given twice: what is replaced ends first.
            let Some(found) = called.into_iter().min_by(|one, other| one.name.cmp(&other.name)) else {
                continue;
            };
            if names.insert(found.name.clone()) {
                steps.push(Step::Look(found.id));
                self.entries.insert(found.id, Entry::arriving(now, found));
            } else if found.arrival == Arrival::Moved {
                self.moved.insert(found.id);
            }
        }
        if unsure {
            steps.push(Step::ListAgain);
        }
        let before = self.entries.len();
        self.follow(now, self.ending(), steps);
        if self.entries.len() < before {
            self.forgotten(steps);
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
