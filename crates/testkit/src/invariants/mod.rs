//! What must hold of a tree of services whatever is done to it: one piece of code that every test of harm ends with.
//!
//! | what | where |
//! |---|---|
//! | of each service at most one copy lives, at every instant; none runs as root that was not asked to | [`watch`] |
//! | what is wanted up is up, what is wanted down is down, no folder is forgotten; records and svstat tell the truth; commands are acted on | [`services`] |
//! | no zombies; descriptors, memory and threads are what they were; nobody is busy when there is nothing to do | [`residents`] |
//! | numbered lines are in a log once each, whole, in order | [`lines`] |
//! | nothing outside the tree has changed; no message is repeated for ever; nothing is left after the end | [`outside`] |
//!
//! Each is a function of what can be seen from outside: /proc, the service folders, the answers of svc and svstat.
//!
//! The watch looks about every millisecond, so a second copy that lives for less can escape it. None escapes
//! [`crate::Folder::alone`]: such a run holds a lock for as long as it lives, and one that finds the lock held tells.

pub mod lines;
mod outside;
mod residents;
mod services;
mod stat;
#[cfg(test)]
mod tests;
mod watch;

use crate::wait::in_time;
use crate::{Running, TestTree};
use outside::Outside;
use residents::{Footprint, Resident};
use services::Services;
use stat::Process;
use std::collections::BTreeSet;
use std::path::PathBuf;
use watch::Watch;

pub use watch::LEFT_BEHIND;

/// Watches a tree from outside while a test does harm to it, and says at the end whether everything held.
///
/// ```no_run
/// # use testkit::{Invariants, TestTree, up};
/// # let tree = TestTree::new();
/// # let web = tree.folder("web", |f| f.alone("exec sleep 1000"));
/// let svscan = tree.svscan();
/// let invariants = Invariants::watch(&tree);
/// web.wait_for(up());
/// invariants.at_rest();
/// // harm
/// invariants.end([svscan]);
/// ```
#[derive(Debug)]
#[must_use = "hold() or end() say whether everything held"]
pub struct Invariants {
    root: PathBuf,
    services: Services,
    outside: Outside,
    baseline: std::cell::RefCell<Vec<(Resident, Footprint)>>,
    logs: Vec<(PathBuf, u64)>,
    watch: Watch,
}

/// Something that must hold.
struct Invariant<'a> {
    /// In words.
    sentence: &'static str,
    /// Whether it may still come to hold, and is waited for: what has been cannot be undone.
    is_waited_for: bool,
    /// What is wrong about it at this moment.
    faults: Box<dyn FnMut() -> Vec<String> + 'a>,
}

fn soon<'a>(sentence: &'static str, faults: impl FnMut() -> Vec<String> + 'a) -> Invariant<'a> {
    Invariant { sentence, is_waited_for: true, faults: Box::new(faults) }
}

fn always<'a>(sentence: &'static str, faults: impl FnMut() -> Vec<String> + 'a) -> Invariant<'a> {
    Invariant { sentence, is_waited_for: false, faults: Box::new(faults) }
}

impl Invariants {
    /// Begins to watch the processes that work in the tree, and notes what is around it.
    pub fn watch(tree: &TestTree) -> Self {
        Self {
            root: tree.root().into(),
            services: Services::new(tree.services()),
            outside: Outside::note(tree.root()),
            baseline: std::cell::RefCell::default(),
            logs: Vec::new(),
            watch: Watch::begin(tree.root()),
        }
    }

    /// These services need not be up when they are wanted up: they crash again and again, or cannot be started.
    pub fn may_rest<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.services.may_rest.extend(names.map(str::to_owned));
        self
    }

    /// These folders need not have a supervise: they are refused.
    pub fn refused<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.services.refused.extend(names.map(str::to_owned));
        self
    }

    /// In this directory of multilog's are the lines 1 to `last` in the end: see [`lines`].
    pub fn log(mut self, directory: impl Into<PathBuf>, last: u64) -> Self {
        self.logs.push((directory.into(), last));
        self
    }

    /// Now is what descriptors, memory and threads have to be in the end. Waits first until everything is as it is
    /// wanted and nobody is busy.
    ///
    /// # Panics
    ///
    /// Where that does not come to pass.
    #[track_caller]
    pub fn at_rest(&self) {
        self.check(&mut [self.services_are_wanted(), self.nobody_is_busy()]);
        *self.baseline.borrow_mut() = residents::footprints(&self.residents());
    }

    /// Waits until things are as they must be, and checks all of it.
    ///
    /// # Panics
    ///
    /// With a list of all that does not hold.
    #[track_caller]
    pub fn hold(&self) {
        let mut invariants = [
            self.services_are_wanted(),
            soon("records tell the truth", || self.services.untrue(&self.processes())),
            soon("svstat tells the truth", || self.services.untold()),
            always("commands are acted on", || self.services.deaf()),
            // Commands were given: it must all be so again.
            self.services_are_wanted(),
            self.no_zombies(),
            self.nobody_is_busy(),
            soon("a process needs what it needed before", || self.grown()),
            soon("lines are logged once, whole, in order", || self.logged_wrongly()),
            always("nothing outside the tree changes", || self.outside.changes()),
            always("no message is repeated for ever", || outside::repeated(&self.root, self.watch.starts())),
            always("nothing panics", || outside::panics(&self.root)),
            always("no second copy finds the lock held", || self.services.doubled()),
            always("one copy at most, as its own account", || self.watch.seen()),
        ];
        self.check(&mut invariants);
    }

    /// As [`Invariants::hold`]; then stops these, in this order, and makes sure that nothing is left. A program that
    /// was killed, and whose successor is to be stopped, comes last.
    ///
    /// # Panics
    ///
    /// With a list of all that does not hold.
    #[track_caller]
    pub fn end(self, running: impl IntoIterator<Item = Running>) {
        self.hold();
        running.into_iter().for_each(Running::stop);
        self.check(&mut [
            soon("nothing is left", || self.processes().iter().map(Process::to_string).collect()),
            always("one copy at most to the end", || self.watch.seen()),
        ]);
    }

    /// Waits for each in turn, then panics with all that do not hold.
    #[track_caller]
    fn check(&self, invariants: &mut [Invariant<'_>]) {
        let mut broken = String::new();
        for Invariant { sentence, is_waited_for, faults } in invariants {
            let mut last = faults();
            if !last.is_empty() && *is_waited_for {
                in_time(&[], || {
                    last = faults();
                    last.is_empty().then_some(())
                });
            }
            if !last.is_empty() {
                broken += &format!("NOT SO: {sentence}:\n    {}\n", last.join("\n    "));
            }
        }
        assert!(broken.is_empty(), "{broken}{}", self.picture());
    }

    fn services_are_wanted(&self) -> Invariant<'_> {
        let sentence = "what is wanted up is up, what is wanted down is down";
        soon(sentence, || self.services.unwanted(&self.processes()))
    }

    fn no_zombies(&self) -> Invariant<'_> {
        // One that is there at two looks is not merely on its way.
        let mut before = None;
        soon("children that have ended are collected", move || {
            let now: BTreeSet<String> = residents::zombies(&self.residents()).into_iter().collect();
            let before = before.replace(now.clone()).unwrap_or_else(|| now.clone());
            now.intersection(&before).cloned().collect()
        })
    }

    fn nobody_is_busy(&self) -> Invariant<'_> {
        let mut quiet = BTreeSet::new();
        let sentence = "nobody is busy where there is nothing to do";
        soon(sentence, move || residents::busy(|| self.residents(), &mut quiet))
    }

    fn grown(&self) -> Vec<String> {
        residents::grown(&self.baseline.borrow(), &residents::footprints(&self.residents()))
    }

    fn logged_wrongly(&self) -> Vec<String> {
        let faults = |(directory, last): &(PathBuf, u64)| lines::faults(directory, *last);
        self.logs.iter().flat_map(faults).collect()
    }

    fn processes(&self) -> Vec<Process> {
        stat::processes_in(&self.root)
    }

    fn residents(&self) -> Vec<Resident> {
        residents::among(&self.processes())
    }

    fn picture(&self) -> String {
        let lines: Vec<String> = self.processes().iter().map(Process::to_string).collect();
        format!("after {} looks; in {}:\n{}", self.watch.looks(), self.root.display(), lines.join("\n"))
    }
}

impl Drop for Invariants {
    fn drop(&mut self) {
        let seen = self.watch.seen();
        assert!(seen.is_empty() || std::thread::panicking(), "{}", seen.join("\n"));
    }
}
