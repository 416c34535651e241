//! The corpus of the fuzz targets, without a fuzzer: every file of it, and variations that are made of these.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics: that is how it fails"
)]

use properties::{ALL, Property};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// What a corpus is for: small files, which say by their names what is in them.
const LARGEST: u64 = 4096;

/// How many variations each property gets.
const VARIATIONS: u32 = 500;

fn fuzz(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(path)
}

fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string());
    entries.map(Result::unwrap).collect()
}

fn corpus(property: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = fuzz("corpus").join(property);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// One change of an input: where, and what with.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// What is there, once more, elsewhere.
    Repeat(Index, Index, usize),
    /// From there on another file of the corpus, from that place of it on.
    Splice(Index, Index, Index),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let telling = prop::sample::select(b"\0\n\r\t :@#!=+-*?\\/0179az\x7f\x80\xff".to_vec());
    let byte = prop_oneof![telling, any::<u8>()];
    let bytes = prop::collection::vec(byte.clone(), 1..6);
    let place = any::<Index>;
    prop_oneof![
        (place(), byte).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (place(), bytes).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), 1_usize..9).prop_map(|(at, length)| Change::Remove(at, length)),
        (place(), place(), 1_usize..40).prop_map(|(from, to, length)| Change::Repeat(from, to, length)),
        (place(), place(), place()).prop_map(|(at, other, from)| Change::Splice(at, other, from)),
        place().prop_map(Change::Cut),
    ]
}

fn changed(mut data: Vec<u8>, changes: &[Change], corpus: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let place = |at: &Index, data: &[u8]| at.index(data.len() + 1);
    for change in changes {
        match change {
            Change::Replace(at, byte) => {
                let at = place(at, &data);
                data.splice(at..data.len().min(at + 1), [*byte]);
            }
            Change::Insert(at, bytes) => {
                let at = place(at, &data);
                data.splice(at..at, bytes.iter().copied());
            }
            Change::Remove(at, length) => {
                let at = place(at, &data);
                data.drain(at..data.len().min(at + length));
            }
            Change::Repeat(from, to, length) => {
                let (from, to) = (place(from, &data), place(to, &data));
                let part = data[from..data.len().min(from + length)].to_vec();
                data.splice(to..to, part);
            }
            Change::Splice(at, other, from) => {
                let (_, other) = &corpus[other.index(corpus.len())];
                data.truncate(place(at, &data));
                data.extend_from_slice(&other[place(from, other)..]);
            }
            Change::Cut(at) => data.truncate(place(at, &data)),
        }
    }
    data
}

/// Runs every property on a thread of its own; each failure names its property.
fn for_each_property(test: impl Fn(&str, Property) + Sync) {
    std::thread::scope(|scope| {
        let threads = ALL.iter().map(|(name, property)| {
            let run = || test(name, *property);
            std::thread::Builder::new().name((*name).to_owned()).spawn_scoped(scope, run).unwrap()
        });
        let ended: Vec<bool> =
            threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().is_ok()).collect();
        let failed: Vec<&str> =
            ALL.iter().zip(ended).filter(|(_, ended)| !ended).map(|((name, _), _)| *name).collect();
        assert!(failed.is_empty(), "what does not hold: {failed:?}");
    });
}

#[test]
fn every_file_of_the_corpus_is_replayed() {
    for_each_property(|name, property| {
        for (file, data) in corpus(name) {
            assert!(catch_unwind(|| property(&data)).is_ok(), "on {}", file.display());
        }
    });
}

#[test]
fn variations_of_the_corpus_hold_as_well() {
    for_each_property(|name, property| {
        let corpus = corpus(name);
        let config = Config { cases: VARIATIONS, failure_persistence: None, ..Config::default() };
        let variation = (any::<Index>(), prop::collection::vec(change(), 0..6));
        let data = variation.prop_map(|(seed, changes)| {
            changed(corpus[seed.index(corpus.len())].1.clone(), &changes, &corpus)
        });
        let result = TestRunner::new(config).run(&data, |data| {
            property(&data);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
    });
}

/// A property without a target is never fuzzed, a corpus without a property never replayed.
#[test]
fn each_property_has_its_target_and_its_corpus() {
    let names: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names.len(), ALL.len(), "each once");
    assert_eq!(names_in("corpus"), names);
    assert_eq!(names_in("fuzz_targets"), names.iter().map(|name| format!("{name}.rs")).collect());
    let manifest = fs::read_to_string(fuzz("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), names.len());
    for name in &names {
        let target = fs::read_to_string(fuzz(&format!("fuzz_targets/{name}.rs"))).unwrap();
        let calls =
            format!("#![no_main]\n\nlibfuzzer_sys::fuzz_target!(|data: &[u8]| properties::{name}(data));\n");
        assert_eq!(target, calls);
        let listed = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&listed), "fuzz/Cargo.toml does not list {name}");
    }
}

#[test]
fn seeds_are_small_and_have_names_that_say_what_they_are() {
    for (name, _) in ALL {
        let files = corpus(name);
        assert!(files.len() > 3, "{name}");
        let contents: BTreeSet<&Vec<u8>> = files.iter().map(|(_, data)| data).collect();
        assert_eq!(contents.len(), files.len(), "{name}: one is there twice");
        for (file, data) in &files {
            let seed = file.file_name().unwrap().to_str().unwrap();
            assert!(data.len() as u64 <= LARGEST, "{}", file.display());
            let is_hash = seed.len() >= 32 && seed.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(!is_hash, "{}: name it after what it shows", file.display());
        }
    }
}
