//! What daemontools-encore adds: no limit at all, words for the two signs, and variables.

use super::calls::{LETTERS, USAGE};
use super::limits::of;
use std::path::Path;
use testkit::{Ran, Tool, needs_root, ours, process, theirs};

const LIMITS: [&str; 2] = ["/bin/cat", "/proc/self/limits"];

/// softlimit under some limits.
fn softlimit(outer: &[&str], variables: &[(&str, &str)], args: &[&str]) -> Ran {
    of_program(&ours("softlimit"), outer, variables, args)
}

fn of_program(program: &Path, outer: &[&str], variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut tool = Tool::new(Path::new("/usr/bin/prlimit")).args(outer).arg(program).args(args).args(LIMITS);
    for (name, value) in variables {
        tool = tool.env(name, value);
    }
    tool.run()
}

const REFUSED: &str = "softlimit: fatal: setrlimit failed: permission denied\n";

/// Whether we may raise a hard limit. In a container root often may not.
fn may_raise() -> bool {
    const SYS_RESOURCE: u64 = 1 << 24;
    let effective = process::field(std::process::id(), "CapEff").unwrap();
    u64::from_str_radix(&effective, 16).unwrap() & SYS_RESOURCE != 0
}

/// Where we may not, what is refused shows that it was tried.
#[track_caller]
fn is_lifted(ran: &Ran, name: &str) {
    if may_raise() {
        assert_eq!(of(ran, name), ["unlimited", "unlimited"], "{name}");
    } else {
        ran.exits(111).prints("").errors(REFUSED);
    }
}

#[test]
fn a_minus_lifts_the_hard_limit_too() {
    let low = ["--core=0:5", "--stack=3000000:4000000", "--cpu=50:60", "--nofile=50:60"];
    for value in ["-", "unlimited"] {
        is_lifted(&softlimit(&low, &[], &["-c", value]), "Max core file size");
        is_lifted(&softlimit(&low, &[], &["-t", value, "-s", "="]), "Max cpu time");
        is_lifted(&softlimit(&low, &[], &["-m", value]), "Max stack size");
        let ran = softlimit(&["--core=0:unlimited"], &[], &["-c", value]);
        assert_eq!(of(&ran, "Max core file size"), ["unlimited", "unlimited"]);
        let ran = softlimit(&["--core=0:unlimited"], &[], &["-c", value, "-c", "7"]);
        assert_eq!(of(&ran, "Max core file size"), ["7", "unlimited"]);
    }
    // The kernel knows no unlimited number of open files, whoever asks.
    softlimit(&low, &[], &["-o-"]).exits(111).errors(REFUSED);
}

#[test]
fn a_minus_needs_root_where_there_is_a_hard_limit() {
    if !needs_root() {
        return;
    }
    let run = |limit: &str, args: &[&str]| {
        let account = ["--reuid=61999", "--regid=61999", "--clear-groups"];
        let outer = Tool::new(Path::new("/usr/bin/prlimit")).args([limit, "setpriv"]).args(account);
        outer.arg(ours("softlimit")).args(args).args(LIMITS).run()
    };
    run("--core=0:5", &["-c-"]).exits(111).prints("").errors(REFUSED);
    let ran = run("--core=0:unlimited", &["-c-"]);
    assert_eq!(of(ran.exits(0), "Max core file size"), ["unlimited", "unlimited"]);
}

#[test]
fn the_word_hard_is_the_equals_sign() {
    let ran = softlimit(&["--core=0:5"], &[], &["-c", "hard"]);
    assert_eq!(of(&ran, "Max core file size"), ["5", "5"]);
}

#[test]
fn signs_and_words_of_encore_are_wrong_calls_in_daemontools() {
    let Some(theirs) = theirs("softlimit") else { return };
    for value in ["-", "unlimited", "hard"] {
        for letter in LETTERS {
            Tool::new(&theirs).args([&format!("-{letter}"), value, "true"]).run().exits(100).errors(USAGE);
        }
    }
}

/// What can be told apart: each variable with the line of the limit that it sets.
const VARIABLES: [(&str, &[&str]); 11] = [
    ("ALLBYTES", &["Max address space"]),
    ("COREBYTES", &["Max core file size"]),
    ("DATABYTES", &["Max data size"]),
    ("FILEBYTES", &["Max file size"]),
    ("LOCKEDBYTES", &["Max locked memory"]),
    ("STACKBYTES", &["Max stack size"]),
    ("MEMBYTES", &["Max data size", "Max stack size", "Max locked memory", "Max address space"]),
    ("OPENFILES", &["Max open files"]),
    ("PROCS", &["Max processes"]),
    ("RSSBYTES", &["Max resident set"]),
    ("CPUSECS", &["Max cpu time"]),
];

/// Hard limits, of which one is below the values that are used here.
const HIGH: [&str; 2] = ["--nofile=50:60", "--memlock=9:90000"];

#[test]
fn each_variable_sets_what_its_option_does() {
    let before = softlimit(&HIGH, &[], &[]);
    for (name, set) in VARIABLES {
        let (variable, value) =
            (format!("SOFTLIMIT_{name}"), if name == "OPENFILES" { "55" } else { "300000000" });
        let ran = softlimit(&HIGH, &[(&variable, value)], &[]);
        for (_, lines) in VARIABLES {
            for line in lines {
                let [soft, hard] = of(&before, line);
                let hard_is_lower = hard.parse().is_ok_and(|hard: u64| hard < 300_000_000);
                let clamped =
                    if hard_is_lower && name != "OPENFILES" { hard.clone() } else { value.to_owned() };
                let expected = if set.contains(line) { clamped } else { soft };
                assert_eq!(of(&ran, line), [expected, hard], "{name}: {line}");
            }
        }
        // 0.76 does not look at it.
        if let Some(theirs) = theirs("softlimit") {
            assert_eq!(of_program(&theirs, &HIGH, &[(&variable, value)], &[]), before);
        }
    }
}

#[test]
fn options_count_before_variables_and_all_memory_before_one_kind() {
    let variables = [("SOFTLIMIT_OPENFILES", "55"), ("SOFTLIMIT_COREBYTES", "=")];
    let ran = softlimit(&["--nofile=50:60", "--core=0:7"], &variables, &["-o", "51"]);
    assert_eq!(of(&ran, "Max open files"), ["51", "60"]);
    assert_eq!(of(&ran, "Max core file size"), ["7", "7"]);
    let variables = ["ALLBYTES", "DATABYTES", "STACKBYTES"].map(|name| format!("SOFTLIMIT_{name}"));
    let mut variables: Vec<(&str, &str)> = variables.iter().map(|name| (&**name, "400000000")).collect();
    variables.push(("SOFTLIMIT_MEMBYTES", "300000000"));
    let ran = softlimit(&HIGH, &variables, &[]);
    for name in ["Max address space", "Max data size", "Max stack size"] {
        assert_eq!(of(&ran, name)[0], "300000000", "{name}");
    }
    let ran = softlimit(&HIGH, &variables, &["-s", "=", "-d", "350000000"]);
    assert_eq!(of(&ran, "Max address space")[0], "300000000");
    assert_eq!(of(&ran, "Max data size")[0], "350000000");
    assert_eq!(of(&ran, "Max stack size"), of(&softlimit(&HIGH, &[], &["-s="]), "Max stack size"));
}

#[test]
fn variables_are_read_as_options_are_and_passed_on() {
    let value = |value: &str| softlimit(&["--core=3:7"], &[("SOFTLIMIT_COREBYTES", value)], &[]);
    assert_eq!(of(&value(""), "Max core file size"), ["0", "7"]);
    assert_eq!(of(&value("hard"), "Max core file size"), ["7", "7"]);
    assert_eq!(of(&value("1000"), "Max core file size"), ["7", "7"]);
    for wrong in ["x", "1 ", "-1"] {
        value(wrong).exits(100).prints("").errors(USAGE);
    }
    is_lifted(&value("-"), "Max core file size");
    let tool = Tool::new(&ours("softlimit")).env_clear().env("SOFTLIMIT_COREBYTES", "0").env("A", "b");
    tool.arg("/usr/bin/env").run().exits(0).prints("A=b\nSOFTLIMIT_COREBYTES=0\n");
}
