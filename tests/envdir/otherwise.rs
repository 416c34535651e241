//! What is otherwise on purpose, each with a look at theirs.

use super::{Case, entries};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::{ours, theirs};

#[test]
fn a_link_that_leads_nowhere_is_an_error_and_not_the_value_of_the_file_before() {
    let case = Case::new();
    case.file("A", "new");
    symlink("nowhere", case.path("d/LINK")).unwrap();
    let ran = case.tool(&ours("envdir"), &["d", "env", "-0"]).run();
    ran.exits(111).prints("").errors("envdir: fatal: unable to read d/LINK: file does not exist\n");
    // Whatever the order in which a folder is listed, one of many links comes behind one of many files.
    for number in 0..9 {
        case.file(format!("FILE{number}"), "of a file");
        symlink("nowhere", case.path(format!("d/LINK{number}"))).unwrap();
    }
    if let Some(theirs) = theirs("envdir") {
        let ran = case.tool(&theirs, &["d", "env", "-0"]).run();
        let entries = entries(ran.exits(0).errors(""));
        let taken = |entry: &Vec<u8>| entry.starts_with(b"LINK") && entry.ends_with(b"=of a file\n");
        assert!(entries.iter().any(taken), "{ran:?}");
    }
}

#[test]
fn a_file_that_is_removed_meanwhile_is_as_if_it_had_never_been_there() {
    let case = Case::new();
    for number in 0..50 {
        case.file(format!("FILE{number}"), "x");
    }
    let (done, flicker) = (AtomicBool::new(false), case.path("d/FLICKER"));
    let envdir = ours("envdir");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                case.file(".made", "there");
                fs::rename(case.path("d/.made"), &flicker).unwrap();
                fs::remove_file(&flicker).unwrap();
            }
        });
        let wrong = (0..300).find_map(|_| {
            let ran = case.tool(&envdir, &["d", "env", "-0"]).run();
            let seen = entries(&ran).into_iter().find(|entry| entry.starts_with(b"FLICKER"));
            let right = ran.end == Ok(0) && seen.is_none_or(|entry| entry == b"FLICKER=there");
            (!right).then_some(ran)
        });
        done.store(true, Ordering::Relaxed);
        assert_eq!(wrong, None);
    });
}

#[test]
fn with_a_p_all_names_get_a_prefix() {
    let case = Case::new();
    case.file("A", "new").file("B", "").file(".C", "hidden").file("LD", "x=y");
    let call = |args: &[&str]| {
        let outer = ["env", "P_A=old", "P_B=old"];
        case.tool_by(&outer, &ours("envdir"), args).run()
    };
    let sorted = |args: &[&str]| {
        let ran = call(args);
        let mut entries = entries(ran.exits(0).errors(""));
        entries.sort();
        entries
    };
    let untouched = [&b"A=old"[..], b"B=old", b"C=old", b"EMPTY="];
    let expected = [&untouched[..], &[b"PATH=/usr/bin:/bin", b"P_A=new", b"P_LD=x=y", b"Z=1"]].concat();
    let show = ["d", "env", "-0"];
    for options in
        [&["-p", "P_"][..], &["-pP_"], &["-p", "X", "-p", "P_"], &["-pX", "-pP_"], &["-p", "P_", "--"]]
    {
        assert_eq!(sorted(&[options, &show].concat()), expected, "{options:?}");
    }
    assert_eq!(sorted(&["-p", "", "d", "env", "-0"]), {
        let plain = [&b"A=new"[..], b"C=old", b"EMPTY=", b"LD=x=y", b"PATH=/usr/bin:/bin"];
        [&plain[..], &[b"P_A=old", b"P_B=old", b"Z=1"]].concat()
    });
    let usage = "envdir: usage: envdir dir child\n";
    for (args, complaint) in [
        (&["-p"][..], "envdir: option requires an argument -- p\n"),
        (&["-p", "P_"], ""),
        (&["-p", "P_", "d"], ""),
        (&["-pP_", "d"], ""),
        (&["-p", "P_", "-x", "d", "true"], "envdir: illegal option -- x\n"),
    ] {
        call(args).exits(111).prints("").errors(format!("{complaint}{usage}"));
    }
    // To 0.76 it is a folder of that name, as it is to ours with its path.
    fs::create_dir(case.path("-p")).unwrap();
    fs::write(case.path("-p/A"), "in -p").unwrap();
    call(&["./-p", "sh", "-c", "echo $A"]).exits(0).prints("in -p\n");
    if let Some(theirs) = theirs("envdir") {
        case.tool(&theirs, &["-p", "sh", "-c", "echo $A"]).run().exits(0).prints("in -p\n");
        let ran = case.tool(&theirs, &["-pP_", "d", "true"]).run();
        ran.exits(111).errors("envdir: fatal: unable to switch to directory -pP_: file does not exist\n");
    }
}

/// With a prefix there is no program to compare with; without one, the same folder under the names that it gives.
#[test]
fn a_prefix_is_as_if_the_files_had_it() {
    let names: [&[u8]; 7] = [b"A", b"B=C", b"=", b"\xff", b"a b", b"EMPTY", b"Z"];
    let (plain, prefixed) = (Case::new(), Case::new());
    for (name, content) in names.iter().zip(["x", "", "y\0z", " \n", "", "x \t", "z"]) {
        plain.file(name, content);
        prefixed.file([b"A", *name].concat(), content);
    }
    let sorted = |ran: testkit::Ran| {
        let mut entries = entries(ran.exits(0).errors(""));
        entries.sort();
        entries
    };
    let Some(theirs) = theirs("envdir") else { return };
    assert_eq!(
        sorted(plain.tool(&ours("envdir"), &["-p", "A", "d", "env", "-0"]).run()),
        sorted(prefixed.tool(&theirs, &["d", "env", "-0"]).run())
    );
}

#[test]
fn a_file_that_never_ends_is_given_up() {
    let case = Case::new();
    let complaint = "envdir: fatal: unable to read d/A: the file is too long\n";
    symlink("/dev/zero", case.path("d/A")).unwrap();
    case.tool(&ours("envdir"), &["d", "true"]).run().exits(111).errors(complaint);
    fs::remove_file(case.path("d/A")).unwrap();
    case.file("A", "x\n");
    fs::File::options().write(true).open(case.path("d/A")).unwrap().set_len((64 << 20) + 1).unwrap();
    case.tool(&ours("envdir"), &["d", "true"]).run().exits(111).errors(complaint);
    if let Some(theirs) = theirs("envdir") {
        case.tool(&theirs, &["d", "sh", "-c", "echo $A"]).run().exits(0).prints("x\n");
    }
}

#[test]
fn odd_names_of_files_do_not_reach_the_terminal() {
    let case = Case::new();
    fs::create_dir(case.path("d/\x1b[2J")).unwrap();
    let call = |program: &Path| case.tool(program, &["d", "true"]).run();
    call(&ours("envdir")).exits(111).errors("envdir: fatal: unable to read d/\\x1b[2J: is a directory\n");
    if let Some(theirs) = theirs("envdir") {
        call(&theirs).exits(111).errors("envdir: fatal: unable to read d/\x1b[2J: is a directory\n");
    }
}
