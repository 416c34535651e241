//! A log directory that is rotated step by step, and somebody who reads it, looking at any instants.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A directory as multilog and svlogd keep it. A file is its lines; files that have no name any more stay for who holds them.
#[derive(Debug, Default)]
struct Kept {
    files: BTreeMap<u64, Vec<u32>>,
    current: Option<u64>,
    previous: Option<u64>,
    processed: Option<u64>,
    old: BTreeMap<u64, u64>,
    made: u64,
    labels: u64,
    lines: u32,
    /// The next step of a rotation, if one is going on.
    step: u8,
    clock: u64,
    gone_at: BTreeMap<u64, u64>,
    processor_ended: u64,
}

const STEPS: u8 = 7;

impl Kept {
    fn make(&mut self) -> u64 {
        self.made += 1;
        self.files.insert(self.made, Vec::new());
        self.made
    }

    fn write(&mut self) {
        if self.step == 0 {
            let current = self.current.unwrap();
            self.lines += 1;
            self.files.get_mut(&current).unwrap().push(self.lines);
        }
    }

    fn unlink(&mut self, file: u64) {
        self.gone_at.insert(file, self.clock);
    }

    fn label(&mut self, file: u64) {
        self.labels += 1;
        self.old.insert(self.labels, file);
    }

    /// One step of a rotation; `keep` is how many old files stay.
    fn advance(&mut self, has_processor: bool, keep: usize) {
        self.clock += 1;
        match (self.step, has_processor) {
            (0, _) => self.previous = self.current.take(),
            (1, _) => self.current = Some(self.make()),
            (2, false) => self.label(self.previous.unwrap()),
            (2, true) => self.processed = Some(self.make()),
            (3, false) => self.previous = None,
            (3, true) => {
                let (from, to) = (self.previous.unwrap(), self.processed.unwrap());
                *self.files.get_mut(&to).unwrap() = self.files[&from].clone();
            }
            (4, true) => {
                let previous = self.previous.take().unwrap();
                self.unlink(previous);
            }
            (5, true) => {
                self.processor_ended = self.clock;
                let processed = self.processed.unwrap();
                self.label(processed);
            }
            (6, true) => self.processed = None,
            _ => {
                while self.old.len() > keep {
                    let (_, file) = self.old.pop_first().unwrap();
                    self.unlink(file);
                }
            }
        }
        self.step = if self.step == STEPS { 0 } else { self.step + 1 };
    }

    fn listing(&self) -> Listing {
        Listing {
            old: self.old.iter().map(|(label, file)| old(*label, *file)).collect(),
            previous: self.previous.map(id),
            current: self.current.map(id),
            processed: self.processed.map(id),
        }
    }
}

fn id(inode: u64) -> FolderId {
    FolderId { device: 1, inode }
}

fn old(label: u64, file: u64) -> Old {
    let text = format!("@{label:024x}");
    Old { label: text.as_bytes().try_into().unwrap(), name: CString::new(text + ".s").unwrap(), id: id(file) }
}

/// Who reads: holds what it has taken, and reads each to its end before the next.
#[derive(Debug, Default)]
struct Reader {
    order: Order,
    queue: Vec<u64>,
    read: usize,
    lines: Vec<u32>,
}

impl Reader {
    fn look(&mut self, kept: &Kept) {
        let seen = kept.listing();
        let rewritten =
            |file: FolderId| kept.gone_at.get(&file.inode).is_some_and(|gone| kept.processor_ended >= *gone);
        for next in self.order.next(&seen, rewritten) {
            self.queue.push(match next {
                Next::Old(name) => seen.old.iter().find(|old| old.name == name).unwrap().id.inode,
                Next::Previous => kept.previous.unwrap(),
                Next::Processed => kept.processed.unwrap(),
                Next::Current => kept.current.unwrap(),
            });
        }
        while let Some(file) = self.queue.first() {
            let lines = &kept.files[file];
            self.lines.extend(&lines[self.read..]);
            self.read = lines.len();
            if self.queue.len() == 1 {
                break;
            }
            self.queue.remove(0);
            self.read = 0;
        }
    }
}

/// What happens: a line, a step of a rotation, or a look.
fn acts() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![3 => Just(0_u8), 8 => Just(1_u8), 2 => Just(2_u8)], 0..250)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the instants of the looks: each line once, in its order; with a processor or without, when the directory
    /// was there before and when it was not.
    #[test]
    fn no_line_is_lost_or_doubled(acts in acts(), has_processor: bool) {
        let mut kept = Kept::default();
        kept.current = Some(kept.make());
        let mut reader = Reader::default();
        for act in acts {
            match act {
                0 => kept.write(),
                1 => kept.advance(has_processor, usize::MAX),
                _ => reader.look(&kept),
            }
        }
        reader.look(&kept);
        prop_assert_eq!(reader.lines, (1..=kept.lines).collect::<Vec<_>>());
    }

    /// Where only one old file is kept, what is lost is what was removed before it was seen, and nothing is doubled. With a look
    /// in each rotation nothing is lost at all.
    #[test]
    fn what_is_removed_after_it_was_taken_is_read_to_its_end(acts in acts()) {
        let mut kept = Kept::default();
        kept.current = Some(kept.make());
        let mut reader = Reader::default();
        reader.look(&kept);
        for act in acts {
            match act {
                0 => kept.write(),
                1 => {
                    kept.advance(false, 1);
                    // The new `current` is there, and what was it can be gone by now.
                    if kept.step == 0 {
                        reader.look(&kept);
                    }
                }
                _ => reader.look(&kept),
            }
        }
        reader.look(&kept);
        prop_assert_eq!(reader.lines, (1..=kept.lines).collect::<Vec<_>>());
    }
}

#[test]
fn a_label_that_is_there_twice_is_taken_once() {
    let mut order = Order::default();
    let mut seen = Listing { old: vec![old(1, 10), old(1, 11), old(2, 12)], ..Listing::default() };
    seen.old[1].name = c"@000000000000000000000001.s.gz".to_owned();
    let next: Vec<Next> = order.next(&seen, |_| false).collect();
    let names = [c"@000000000000000000000001.s", c"@000000000000000000000002.s"];
    assert_eq!(next, names.map(|name| Next::Old(name.to_owned())));
    // svlogd's `.u` that a processor turns into `.s`, and an old file that somebody compresses.
    seen.old = vec![old(1, 13), old(2, 14)];
    assert_eq!(order.next(&seen, |_| false).count(), 0);
}

#[test]
fn nothing_else_can_have_come_while_current_is_the_same() {
    let mut order = Order::default();
    assert!(!order.is_at(None) && !order.is_at(Some(id(1))));
    let seen = Listing { current: Some(id(1)), ..Listing::default() };
    assert_eq!(order.next(&seen, |_| false).collect::<Vec<_>>(), [Next::Current]);
    assert!(order.is_at(Some(id(1))) && !order.is_at(Some(id(2))) && !order.is_at(None));
}
