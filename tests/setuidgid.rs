//! setuidgid and envuidgid beside Debian's: the same calls must say the same, end the same, and start a program with the
//! same ids, groups and variables in the same order.

use crate::database::{AUDIO, BOB, Database, WWW};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use testkit::{Ran, Tool, ours, theirs};

const PROGRAMS: [&str; 2] = ["setuidgid", "envuidgid"];

/// A child that tells all that these programs change.
const TELL: &str = "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs)' /proc/self/status; exec env -0";

/// What ours and theirs make of the same arguments, with the same preparation.
fn both(
    database: &Database,
    program: &str,
    args: &[impl AsRef<OsStr>],
    outer: &[&str],
) -> Option<(Ran, Ran)> {
    let call = |path: &Path| -> Tool {
        let tool = database.tool("env").args([
            "-i",
            "Z=1",
            "GID=old",
            "A=2",
            "PATH=/usr/bin:/bin",
            "UID=old",
            "B=3",
        ]);
        tool.args(outer).arg(path).args(args)
    };
    let theirs = theirs(program)?;
    Some((call(&ours(program)).run(), call(&theirs).run()))
}

#[track_caller]
fn the_same(database: &Database, program: &str, args: &[impl AsRef<OsStr>], outer: &[&str]) {
    let Some((ours, theirs)) = both(database, program, args, outer) else { return };
    let shown: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    assert_eq!(ours, theirs, "{program} {shown:?} after {outer:?}");
}

#[test]
fn every_call_of_the_table() {
    let Some(database) = Database::new() else { return };
    database.make_file("plain", "x", 0, 0o644);
    database.make_file("text", "x", 0, 0o755);
    database.make_file("lost", "#!/no/such\n", 0, 0o755);
    database.make_file("roots", "#!/bin/sh\n", 0, 0o700);
    let calls: [&[&str]; 35] = [
        &[],
        &["bob"],
        &[""],
        &["", ""],
        &["bob", ""],
        &["bob", "true"],
        &["bob", "false"],
        &["bob", "sh", "-c", TELL],
        &["alice", "sh", "-c", TELL],
        &["root", "sh", "-c", TELL],
        &["toor", "sh", "-c", TELL],
        &["61004", "sh", "-c", TELL],
        &["joiner", "sh", "-c", TELL],
        &["homeless", "sh", "-c", TELL],
        &["nosuch", "true"],
        &["Bob", "true"],
        &["bob ", "true"],
        &["bob:www", "true"],
        &["0", "true"],
        &["61001", "true"],
        &[":61001:61001", "true"],
        &["-1", "true"],
        &["-x", "true"],
        &["--", "true"],
        &["--", "bob", "true"],
        &["-", "true"],
        &["+", "true"],
        &["bob", "nosuchprogram"],
        &["bob", "/no/such/program"],
        &["bob", "/"],
        &["bob", "."],
        &["bob", "./plain"],
        &["bob", "./lost"],
        &["bob", "./roots"],
        &["bob", "./text"],
    ];
    for program in PROGRAMS {
        for args in calls {
            the_same(&database, program, args, &[]);
        }
        // Where programs are sought: in the PATH of the call, and nowhere else.
        for path in
            ["PATH=", "PATH=:", "PATH=/nowhere", "PATH=/root:/usr/bin", "PATH=/etc/passwd:/bin", "NOPATH="]
        {
            for child in ["true", "roots", "lost", "text", "plain", "nosuchprogram", "home", ""] {
                the_same(&database, program, &["bob", child], &["env", "-u", "PATH", path]);
            }
        }
        the_same(&database, program, &[OsStr::new("bob"), OsStr::from_bytes(b"/\xff")][..1], &[]);
    }
}

#[test]
fn callers_who_are_not_root() {
    let Some(database) = Database::new() else { return };
    let bob = ["setpriv", "--reuid=61001", "--regid=61001", "--groups=61100,61101"];
    for program in PROGRAMS {
        for account in ["bob", "alice", "root", "nosuch"] {
            the_same(&database, program, &[account, "sh", "-c", TELL], &bob);
        }
        for missing in ["setuid", "setgid", "setuid,-setgid"] {
            let without =
                ["setpriv", &format!("--bounding-set=-{missing}"), &format!("--inh-caps=-{missing}")];
            the_same(&database, program, &["bob", "sh", "-c", TELL], &without);
        }
    }
}

#[test]
fn generated_calls() {
    const WORDS: [&str; 16] = [
        "bob", "alice", "root", "nosuch", "", "-", "--", "-x", "true", "false", "echo", "./plain", "/", "sh",
        "-c", "env",
    ];
    let Some(database) = Database::new() else { return };
    database.make_file("plain", "x", 0, 0o644);
    // A generator is enough of its own: the calls are the same in each run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..100 {
        let program = PROGRAMS[next(2)];
        let count = next(5);
        let mut args = Vec::new();
        for place in 0..count {
            // An account first, mostly: the rest would never be looked at.
            args.push(if place == 0 && next(3) > 0 { WORDS[next(3)] } else { WORDS[next(WORDS.len())] });
        }
        the_same(&database, program, &args, &[]);
    }
}

#[test]
fn generated_environments() {
    let Some(database) = Database::new() else { return };
    let mut state = 88_172_645_463_325_252_u64;
    for _ in 0..40 {
        let mut variables = vec!["env".to_owned(), "-i".to_owned(), "PATH=/usr/bin:/bin".to_owned()];
        for _ in 0..state % 9 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let name =
                ["A", "UID", "GID", "UIDS", "GI", "HOME", "_", "uid"][usize::try_from(state % 8).unwrap()];
            variables.push(format!("{name}={}", state % 7));
        }
        state = state.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1;
        let outer: Vec<&str> = variables.iter().map(String::as_str).collect();
        for program in PROGRAMS {
            the_same(&database, program, &["bob", "env", "-0"], &outer);
        }
    }
}

#[test]
fn with_an_s_all_groups_are_taken() {
    let Some(database) = Database::new() else { return };
    let ran = database.tool(ours("setuidgid")).args(["-s", "bob", "sh", "-c", "id -u; id -g; id -G"]).run();
    ran.errors("").prints(format!("{BOB}\n{BOB}\n{BOB} {WWW} {AUDIO}\n")).exits(0);
    let ran = database.tool(ours("setuidgid")).args(["-s", "nosuch", "true"]).run();
    ran.exits(111).errors("setuidgid: fatal: unknown account nosuch\n");
    for args in [&["-s"][..], &["-s", "bob"]] {
        let ran = database.tool(ours("setuidgid")).args(args).run();
        ran.exits(100).errors("setuidgid: usage: setuidgid account child\n");
    }
    // To 0.76 it is an account that does not exist.
    if let Some(theirs) = theirs("setuidgid") {
        let ran = database.tool(theirs).args(["-s", "bob", "true"]).run();
        ran.exits(111).errors("setuidgid: fatal: unknown account -s\n");
    }
}

#[test]
fn names_are_shown_so_that_no_terminal_obeys_them() {
    let Some(database) = Database::new() else { return };
    let ran = database.tool(ours("setuidgid")).args(["a\x1b[2Jb\n", "true"]).run();
    ran.exits(111).errors("setuidgid: fatal: unknown account a\\x1b[2Jb\\x0a\n");
    if let Some(theirs) = theirs("setuidgid") {
        let ran = database.tool(theirs).args(["a\x1b[2Jb\n", "true"]).run();
        ran.exits(111).errors("setuidgid: fatal: unknown account a\x1b[2Jb\n\n");
    }
}
