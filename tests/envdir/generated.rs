//! Random folders through both programs.

use super::Case;
use crate::asked::Chance;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use testkit::{Account, Tool, account, is_root, same_as_theirs};

/// A content: mostly what matters to a value, now and then a long one.
fn content(chance: &mut Chance) -> Vec<u8> {
    const BYTES: &[u8] = b"ab= \t\n\0\r\xff.";
    let length = if chance.below(20) == 0 { chance.below(70_000) } else { chance.below(9) };
    (0..length).map(|_| *chance.pick(BYTES)).collect()
}

/// A name: some of them are in the environment already, some begin with a dot, some are no text.
fn name(chance: &mut Chance) -> Vec<u8> {
    const BYTES: &[u8] = b"ABZab=. \n\xff-_1";
    match chance.below(3) {
        0 => chance.pick(&[&b"A"[..], b"B", b"C", b"Z", b"EMPTY", b"NEW", b".A"]).to_vec(),
        _ => (0..=chance.below(5)).map(|_| *chance.pick(BYTES)).collect(),
    }
}

/// A folder of up to twelve things.
fn fill(case: &Case, chance: &mut Chance) {
    for _ in 0..chance.below(12) {
        let path = case.path("d").join(OsStr::from_bytes(&name(chance)));
        if path.file_name().is_none() || path.symlink_metadata().is_ok() {
            continue;
        }
        match chance.below(10) {
            0 => symlink("../target", &path).unwrap(),
            1 => symlink("/dev/null", &path).unwrap(),
            2 => fs::hard_link(case.path("target"), &path).unwrap(),
            3 => mkfifo(&path, Mode::S_IRWXU).unwrap(),
            _ => fs::write(&path, content(chance)).unwrap(),
        }
    }
    // Their names are told, and ours shows odd ones in another way: so plain ones.
    match chance.below(12) {
        0 => fs::create_dir(case.path("d/SUB")).unwrap(),
        1 => symlink("LOOP", case.path("d/LOOP")).unwrap(),
        2 => {
            case.file("DENIED", content(chance)).mode("d/DENIED", 0);
        }
        _ => {}
    }
}

/// An environment: doubles excepted, which env(1) cannot make.
fn inherited(chance: &mut Chance) -> Vec<String> {
    let names = ["A", "B", "C", "Z", "EMPTY", "NEW", "AB", "a", "_"];
    let variables = (0..chance.below(7)).map(|number| format!("{}={number}", chance.pick(&names)));
    variables.collect()
}

fn call(case: &Case, program: &Path, inherited: &[String], account: Option<&Account>) -> Tool {
    let env = Tool::new(Path::new("/usr/bin/env")).dir(case.0.root()).arg("-i").args(inherited);
    let tool = env.arg(program).args(["d", "/usr/bin/env", "-0"]);
    match account {
        // Nothing is denied to root.
        Some(account) => tool.account(account),
        None => tool,
    }
}

#[test]
fn random_folders_are_the_same_to_both() {
    let account = is_root().then(|| account("upkeep-a"));
    let mut chance = Chance::new(17);
    let mut ends = [0; 2];
    for _ in 0..400 {
        let case = Case::new();
        fs::write(case.path("target"), content(&mut chance)).unwrap();
        fill(&case, &mut chance);
        if let Some(account) = &account {
            account.own(&case.path("d"));
        }
        let inherited = inherited(&mut chance);
        let ran =
            same_as_theirs("envdir", |program| call(&case, program, &inherited, account.as_ref()).run());
        let Some(ran) = ran else { return };
        ends[usize::from(ran.end == Ok(0))] += 1;
    }
    assert!(ends[0] > 50 && ends[1] > 200, "both ends are met: {ends:?}");
}

/// Random arguments: the folder is the first of them, whatever it looks like.
#[test]
fn random_calls_are_the_same_to_both() {
    const WORDS: [&str; 12] = ["d", "d", "", "-", "--", "-x", "true", "env", "sh", "-c", "./d", "nosuch"];
    let case = Case::new();
    case.file("A", "new").file("B", "");
    let mut chance = Chance::new(4711);
    for _ in 0..150 {
        let args: Vec<&str> = (0..chance.below(5)).map(|_| *chance.pick(&WORDS)).collect();
        case.same_call(&[], &args);
    }
}
