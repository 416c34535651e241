//! The numbers of `s` and `n`: how they are read, and where they end.

use super::place::{Entry, Place, from_file, same};
use std::path::Path;
use testkit::{ours, theirs};

/// The sizes of the files of a log, the oldest first, `current` last.
fn sizes(program: &Path, script: &[&str], input: &[u8]) -> Vec<u64> {
    let place = Place::new();
    let mut tool = place.tool(program, script);
    tool.command().stdin(from_file(input));
    tool.run().exits(0).errors("");
    let mut files = place.old_files("main");
    files.push("main/current".into());
    files.iter().map(|file| place.file(file).metadata().unwrap().len()).collect()
}

#[test]
fn a_size_below_4096_is_4096() {
    let input = b"0123456789\n".repeat(3000);
    for size in [
        "s",
        "s0",
        "s1",
        "s4095",
        "s4096",
        "s-5",
        "sX",
        "s x",
        "s+5000",
        "s 5000",
        "s4097",
        "s5000",
        "s5000x",
        "s05000",
        "s0x2000",
        "s18446744073709551616",
        "s18446744073709559999",
        "s99999999999999999999999",
    ] {
        same(&[size, "./main"], &input);
    }
    let Some((_, seen)) = same(&["s1", "./main"], &input) else { return };
    let first = |entry: &&Entry| entry.name == "main/@label.s";
    assert!(seen.iter().find(first).unwrap().content.len() <= 4096);
}

#[test]
fn a_size_above_16777215_is_that_and_the_default_is_99999() {
    let input = b"0123456789012345678901234567890123456789012345678901234567890123456789\n".repeat(240_000);
    for size in ["s16777215", "s18446744073709551615"] {
        let sizes = [Some(ours("multilog")), theirs("multilog")]
            .map(|program| Some(sizes(&program?, &[size, "./main"], &input)));
        let [Some(ours), Some(theirs)] = sizes else { return };
        assert_eq!(ours, theirs, "{size}");
        assert!(ours.len() == 2 && (16_775_215..=16_777_215).contains(&ours[0]), "{ours:?}");
    }
    let input = &input[..400_000];
    let Some((_, seen)) = same(&["./main"], input) else { return };
    assert!((97_999..=99_999).contains(&seen[1].content.len()));
}

#[test]
fn a_number_of_files_below_2_is_2_and_the_default_is_10() {
    let input = b"0123456789\n".repeat(6000);
    for (number, files) in [
        ("n", 2),
        ("n0", 2),
        ("n1", 2),
        ("n2", 2),
        ("n3", 3),
        ("n03", 3),
        ("n3x", 3),
        ("nX", 2),
        ("x", 10),
        ("n-3", 2),
    ] {
        let Some((_, seen)) = same(&["s4096", number, "./main"], &input) else { return };
        let old = seen.iter().filter(|entry| entry.name.starts_with("main/@")).count();
        assert_eq!(old + 1, files, "{number}");
    }
}
