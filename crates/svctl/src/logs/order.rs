//! Which files of a log directory come next, each once, whatever has happened to their names since the last look. Pure.
//!
//! A file is written as `current`, and gets another name when it ends: `previous` for a moment, then its label; svlogd gives it
//! the label at once. It stays the same file, unless a processor has rewritten it: then the file is removed, and what the
//! processor made of it has the label. What is to be known of a directory between two looks is therefore little: which labels
//! were there, and which files have been taken that had none yet.
//!
//! | a taken file that had no label | what has happened | what follows |
//! |---|---|---|
//! | has one | a rotation | that label is not taken again |
//! | is `previous` or `current` | nothing, or half a rotation | it is looked for again |
//! | is gone, and a processor has ended since | it was rewritten | the first new label is what was made of it: not taken |
//! | is gone, and `processed` is complete | the same, but for the label | it is looked for as that |
//! | is gone otherwise | it was one too many, and removed | nothing |

use protocol::identity::FolderId;
use protocol::tai64n::LABEL;
use std::collections::BTreeSet;
use std::ffi::CString;

/// The label in the name of an old file.
pub(super) type Label = [u8; LABEL];

/// An old file: one that has a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Old {
    pub(super) label: Label,
    pub(super) name: CString,
    pub(super) id: FolderId,
}

/// The files of a log directory at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// In the order of their names.
    pub(super) old: Vec<Old>,
    pub(super) previous: Option<FolderId>,
    pub(super) current: Option<FolderId>,
    /// What a processor writes; complete when there is no `previous` any more.
    pub(super) processed: Option<FolderId>,
}

/// A file that is to be taken now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Old(CString),
    Previous,
    Processed,
    Current,
}

/// What is known of a directory from the last look.
#[derive(Debug, Default)]
pub(super) struct Order {
    labels: BTreeSet<Label>,
    /// Taken, and without a label then; in their order.
    unnamed: Vec<FolderId>,
}

impl Order {
    /// Whether that file has been taken and is still looked for: it must be held, so that its number is not given again.
    pub(super) fn is_looked_for(&self, id: FolderId) -> bool {
        self.unnamed.contains(&id)
    }

    /// Whether the last file that was taken is that one: then nothing else can have come.
    pub(super) fn is_at(&self, current: Option<FolderId>) -> bool {
        current.is_some() && self.unnamed.last().copied() == current
    }

    /// What is to be taken after a look, in its order. `was_rewritten` says of a file that is gone whether a processor has ended
    /// since.
    pub(super) fn next(
        &mut self,
        seen: &Listing,
        was_rewritten: impl Fn(FolderId) -> bool,
    ) -> impl Iterator<Item = Next> {
        let mut new: Vec<&Old> = Vec::new();
        for old in &seen.old {
            // One label twice is one file twice: it is just being compressed, or renamed.
            let is_twice = new.last().is_some_and(|last| last.label == old.label);
            if !is_twice && !self.labels.contains(&old.label) {
                new.push(old);
            }
        }
        let has_label = |id: FolderId| seen.old.iter().any(|old| old.id == id);
        let processed = seen.processed.filter(|_| seen.previous.is_none());
        new.retain(|old| !self.unnamed.contains(&old.id));
        self.unnamed.retain_mut(|id| {
            if has_label(*id) {
                return false;
            }
            if [seen.previous, seen.current, processed].contains(&Some(*id)) {
                return true;
            }
            if !new.is_empty() && was_rewritten(*id) {
                new.remove(0);
                return false;
            }
            match processed.filter(|processed| !has_label(*processed)) {
                Some(processed) => *id = processed,
                None => return false,
            }
            true
        });
        self.labels = seen.old.iter().map(|old| old.label).collect();
        let mut next: Vec<Next> = new.into_iter().map(|old| Next::Old(old.name.clone())).collect();
        let unnamed =
            [(seen.previous, Next::Previous), (processed, Next::Processed), (seen.current, Next::Current)];
        for (id, file) in unnamed {
            if let Some(id) = id.filter(|id| !has_label(*id) && !self.unnamed.contains(id)) {
                self.unnamed.push(id);
                next.push(file);
            }
        }
        next.into_iter()
    }
}

#[cfg(test)]
mod tests;
