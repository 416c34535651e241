//! The order in which services stop: each only when those that need it have ended. Those that need each other in a circle have
//! no order among them, and stop together. Pure.

use super::events::{Needs, Part, Who};
use protocol::identity::FolderId;
use protocol::needs::circles;
use std::collections::{BTreeMap, BTreeSet};

/// Who is to have ended before others are told to stop.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The groups of those that have to do with others, and have not ended.
    group_of: BTreeMap<Who, usize>,
    groups: BTreeMap<usize, Group>,
}

/// Those of a circle, or one alone.
#[derive(Debug, Default)]
struct Group {
    services: Vec<FolderId>,
    /// How many have not ended, loggers too.
    left: usize,
    needs: BTreeSet<usize>,
    /// How many groups need this one, and have not ended.
    needed_by: usize,
}

impl Order {
    /// The order of those that run: the others are waited for by nobody.
    pub(super) fn new(needs: Needs, runs: impl Fn(&FolderId) -> bool) -> Self {
        let mut graph: BTreeMap<Who, BTreeSet<Who>> = BTreeMap::new();
        for ((id, part), needed) in needs.into_iter().filter(|((id, _), _)| runs(id)) {
            let needed = needed.into_iter().filter(&runs).map(|needed| (needed, Part::Service));
            graph.entry((id, part)).or_default().extend(needed);
            // A logger always ends after its service, whoever needs whom.
            graph.entry((id, Part::Service)).or_default().insert((id, Part::Logger));
        }
        let group_of = circles(&graph);
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        for (who, number) in &group_of {
            let group = groups.entry(*number).or_default();
            group.left = group.left.saturating_add(1);
            if let (id, Part::Service) = who {
                group.services.push(*id);
            }
            let needed = graph.get(who).into_iter().flatten().filter(|(_, part)| *part == Part::Service);
            group
                .needs
                .extend(needed.filter_map(|needed| group_of.get(needed)).filter(|needed| *needed != number));
        }
        let all: Vec<usize> = groups.values().flat_map(|group| group.needs.iter().copied()).collect();
        for needed in all {
            if let Some(group) = groups.get_mut(&needed) {
                group.needed_by = group.needed_by.saturating_add(1);
            }
        }
        Self { group_of, groups }
    }

    /// Whether it is not a service's turn yet.
    pub(super) fn holds(&self, id: FolderId) -> bool {
        let group = self.group_of.get(&(id, Part::Service)).and_then(|number| self.groups.get(number));
        group.is_some_and(|group| group.needed_by > 0)
    }

    /// That one has ended. Returns those whose turn it is by that.
    pub(super) fn ended(&mut self, id: FolderId, part: Part) -> Vec<FolderId> {
        let group = self.group_of.remove(&(id, part)).and_then(|number| self.groups.get_mut(&number));
        let Some(group) = group else { return Vec::new() };
        group.left = group.left.saturating_sub(1);
        if group.left > 0 {
            return Vec::new();
        }
        let mut next = Vec::new();
        for number in std::mem::take(&mut group.needs) {
            let Some(needed) = self.groups.get_mut(&number) else { continue };
            needed.needed_by = needed.needed_by.saturating_sub(1);
            if needed.needed_by == 0 {
                next.append(&mut needed.services);
            }
        }
        next
    }
}
