//! What earlier runs left behind: looked for, named, and waited for or ended where the service wishes that.

use super::super::leftovers::{Verdict, in_background, judge};
use super::super::machine::{Action, Clear};
use super::{ENDING, Effects};
use protocol::command::Signal;
use std::os::fd::BorrowedFd;

impl Effects {
    /// Looks for what earlier runs left behind, and decides whether it is to be gone first.
    pub(in super::super) fn clear<'a>(&mut self, clear: Clear<'a>) -> Option<Action<'a>> {
        let look = self.leftovers.look();
        let of_run = self.of_run.take().unwrap_or(look);
        let last = self.last.take();
        if self.leftovers.found().is_empty() {
            return Some(clear.free());
        }
        let (wish, killed_after) = self.value(|values| (values.leftovers(), values.killed_after()));
        let verdict = judge(wish, self.leftovers.found(), &of_run, last);
        let names = self.leftovers.unnamed();
        if let Verdict::IsTheService { but } = &verdict {
            // Of each program once.
            let (programs, line) = in_background(self.leftovers.found(), but);
            if self.warned.is_new(&format!("in the background: {programs:?}")) {
                self.warn(&line);
            }
        } else if !names.is_empty() {
            self.warn(&format!("left behind by an earlier run: {}", names.join("; ")));
        }
        let is_ending = verdict == Verdict::End;
        if verdict == Verdict::Stay {
            return Some(clear.free());
        }
        self.leftovers.wait_for(verdict);
        if is_ending {
            for signal in [Signal::Terminate, Signal::Continue] {
                self.leftovers.send(signal.number());
            }
        }
        clear.waits(is_ending.then(|| killed_after.unwrap_or(ENDING)));
        None
    }

    /// Whether what was waited for is gone; what it has left behind itself is told to end as well, if it was.
    pub(in super::super) fn are_leftovers_cleared(&mut self) -> bool {
        let look = self.leftovers.look();
        self.leftovers.go_on(&look);
        self.leftovers.are_cleared()
    }

    /// What becomes readable when a leftover that is waited for ends.
    pub(in super::super) fn end_of_leftover(&self) -> Option<BorrowedFd<'_>> {
        self.leftovers.end()
    }

    /// Whether that has happened.
    pub(in super::super) fn has_leftover_ended(&self) -> bool {
        self.leftovers.has_one_ended()
    }
}
