//! As much of an ELF file as says how a program is linked.

use std::fs;
use std::path::Path;

const PT_LOAD: usize = 1;
const PT_DYNAMIC: usize = 2;
const PT_INTERP: usize = 3;
const DT_NEEDED: usize = 1;
const DT_STRTAB: usize = 5;

/// A program's file.
pub(super) struct Elf {
    bytes: Vec<u8>,
    /// The size of an address.
    word: usize,
    is_little: bool,
}

/// A part of the file, and where the program has it in memory.
struct Segment {
    kind: usize,
    offset: usize,
    address: usize,
    size: usize,
}

impl Elf {
    pub(super) fn read(program: &Path) -> Self {
        let bytes = fs::read(program).unwrap();
        assert_eq!(&bytes[..4], b"\x7fELF");
        let word = if bytes[4] == 2 { 8 } else { 4 };
        Self { word, is_little: bytes[5] == 1, bytes }
    }

    /// Whether it names a dynamic loader.
    pub(super) fn asks_for_an_interpreter(&self) -> bool {
        self.segments().iter().any(|segment| segment.kind == PT_INTERP)
    }

    /// The libraries that the loader is to load for it.
    pub(super) fn needed(&self) -> Vec<String> {
        let segments = self.segments();
        let dynamic = segments.iter().find(|segment| segment.kind == PT_DYNAMIC).unwrap();
        let entries = (dynamic.offset..dynamic.offset + dynamic.size).step_by(2 * self.word);
        let entries: Vec<_> = entries.map(|at| (self.word(at), self.word(at + self.word))).collect();
        let (_, strings) = entries.iter().find(|(tag, _)| *tag == DT_STRTAB).unwrap();
        let holds = |segment: &&Segment| {
            segment.kind == PT_LOAD && (segment.address..segment.address + segment.size).contains(strings)
        };
        let segment = segments.iter().find(holds).unwrap();
        let strings = &self.bytes[strings - segment.address + segment.offset..];
        let name = |start: usize| {
            let name = strings[start..].split(|byte| *byte == 0).next().unwrap();
            String::from_utf8(name.to_vec()).unwrap()
        };
        entries.iter().filter(|(tag, _)| *tag == DT_NEEDED).map(|(_, start)| name(*start)).collect()
    }

    fn segments(&self) -> Vec<Segment> {
        let wide = self.word == 8;
        let (table, size, count) = if wide { (32, 54, 56) } else { (28, 42, 44) };
        let (table, size, count) = (self.word(table), self.number(size, 2), self.number(count, 2));
        let (offset, address, length) = if wide { (8, 16, 32) } else { (4, 8, 16) };
        let segment = |at: usize| Segment {
            kind: self.number(at, 4),
            offset: self.word(at + offset),
            address: self.word(at + address),
            size: self.word(at + length),
        };
        (0..count).map(|number| segment(table + number * size)).collect()
    }

    fn word(&self, at: usize) -> usize {
        self.number(at, self.word)
    }

    fn number(&self, at: usize, size: usize) -> usize {
        let digits = self.bytes[at..at + size].iter();
        let add = |sum, digit: &u8| sum << 8 | usize::from(*digit);
        if self.is_little { digits.rev().fold(0, add) } else { digits.fold(0, add) }
    }
}
