//! Calls that are wrong or cannot be fulfilled, and the texts that say so.

use std::path::Path;
use testkit::{Ran, TestTree, Tool, call, ours, same_as_theirs};

pub(super) const USAGE: &str = "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] \
    [-f filebytes] [-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] \
    [-t cpusecs] child\n";

pub(super) const LETTERS: [&str; 11] = ["a", "c", "d", "f", "l", "m", "o", "p", "r", "s", "t"];

#[test]
fn wrong_calls() {
    let calls: [&[&str]; 20] = [
        &[],
        &["-"],
        &["--"],
        &["-a"],
        &["-z"],
        &["-zo", "5"],
        &["-o"],
        &["-o5"],
        &["-o", "5"],
        &["-o", "5", "-z", "true"],
        &["-o", "5", "--"],
        &["-:", "true"],
        &["-o5x", "true"],
        &["-o", "x", "true"],
        &["-o", "20", "-o", "x", "true"],
        &["-o", "x", "-z"],
        &["-x", "-o", "5"],
        &["-o", "-z", "true"],
        &["--help"],
        &["-o=", "-"],
    ];
    for args in calls {
        same_as_theirs("softlimit", |softlimit| Tool::new(softlimit).args(args).run());
    }
    same_as_theirs("softlimit", |softlimit| Tool::new(softlimit).arg0("/x/other").args(["-o"]).run());
    let ran = Tool::new(&ours("softlimit")).args(["-o", "x", "true"]).run();
    ran.exits(100).prints("").errors(USAGE);
    let ran = Tool::new(&ours("softlimit")).arg("-o").run();
    ran.exits(100).prints("").errors(format!("softlimit: option requires an argument -- o\n{USAGE}"));
}

#[test]
fn numbers_that_are_none() {
    for value in
        ["12abc", " 12", "12 ", "+5", "-5", "0x10", "=1", "==", "1=", ".", "1.5", "1k", "\t1", "\u{663}"]
    {
        for letter in LETTERS {
            let ran = same_as_theirs("softlimit", |softlimit| {
                Tool::new(softlimit).args([&format!("-{letter}"), value, "true"]).run()
            });
            if let Some(ran) = ran {
                ran.exits(100).errors(USAGE);
            }
        }
    }
}

#[test]
fn children_that_cannot_be_run() {
    let tree = TestTree::new();
    std::fs::write(tree.root().join("plain"), "x").unwrap();
    for child in ["nosuchprogram", "/no/such/program", "/", ".", "./plain", "", "--", "-x", "a\u{e9}"] {
        same_as_theirs("softlimit", |softlimit| {
            Tool::new(softlimit).dir(tree.root()).args(["-o", "50", "--", child]).run()
        });
    }
    let ran = Tool::new(&ours("softlimit")).arg("/no/such").run();
    ran.exits(111).prints("").errors("softlimit: fatal: unable to run /no/such: file does not exist\n");
}

/// A call under strace, which makes one request for a limit fail, or one to set it. The exit code, and what was said.
fn failing(softlimit: &Path, request: usize, error: &str) -> (Result<i32, i32>, String) {
    let args =
        ["-qqq", "-e", "trace=prlimit64", "-e", &format!("inject=prlimit64:error={error}:when={request}")];
    let strace = Tool::new(Path::new("/usr/bin/strace")).args(args).arg(softlimit);
    let ran = strace.args(["-c", "5", "-f", "7", "/no/such"]).run();
    let said = String::from_utf8(ran.stderr).unwrap();
    (ran.end, said.lines().filter(|line| line.starts_with("softlimit: ")).map(str::to_owned).collect())
}

#[test]
fn limits_that_the_system_refuses() {
    if !Path::new("/usr/bin/strace").exists() {
        return testkit::skip("it needs Debian's package strace");
    }
    for (request, text) in [(1, "getrlimit failed: "), (2, "setrlimit failed: "), (3, "getrlimit failed: ")] {
        for (error, reason) in [("EPERM", "permission denied"), ("EINVAL", "invalid argument")] {
            let ran = same_as_theirs("softlimit", |softlimit| {
                // Debian's C library asks for the size of the stack itself before the program begins.
                let before = usize::from(*softlimit != ours("softlimit"));
                failing(softlimit, request + before, error)
            });
            let expected = (Ok(111), format!("softlimit: fatal: {text}{reason}"));
            ran.iter().for_each(|ran| assert_eq!(*ran, expected));
        }
    }
}

/// A call with so many arguments and variables that what leads to them is more than a page.
fn crowded(softlimit: &Path, args: &[&str]) -> Ran {
    let numbers: Vec<String> = (0..1500).map(|number| number.to_string()).collect();
    let args = ["softlimit"].iter().chain(args).map(ToString::to_string).chain(numbers.iter().cloned());
    let variables: Vec<String> = numbers.iter().map(|number| format!("V{number}={number}")).collect();
    call(softlimit, &args.collect::<Vec<String>>(), &variables)
}

/// The limits hold for softlimit itself, also when it has something to say.
#[test]
fn limits_that_leave_nothing_to_run_with() {
    for letter in ["-a", "-d", "-s", "-m"] {
        for value in ["0", "1", "4096", "100000", "1000000", "2000000"] {
            for child in ["nosuchprogram", "/no/such/program", "/usr/bin/true"] {
                let args = [letter, value, child];
                same_as_theirs("softlimit", |softlimit| Tool::new(softlimit).args(args).run());
                same_as_theirs("softlimit", |softlimit| crowded(softlimit, &args));
            }
        }
    }
}

/// No file may grow: not even the one that the message goes to.
#[test]
fn limits_are_set_before_what_is_wrong_behind_them_is_told() {
    let tree = TestTree::new();
    let to_a_file = |softlimit: &Path, args: &[&str]| {
        let file = tree.root().join("stderr");
        let mut tool = Tool::new(softlimit).args(args);
        tool.command().stderr(std::fs::File::create(&file).unwrap());
        (tool.run().end, std::fs::read_to_string(&file).unwrap())
    };
    let calls: [&[&str]; 4] =
        [&["-f0", "nosuchprogram"], &["-f0", "-z"], &["-z", "-f0"], &["-f", "9", "-o", "x", "true"]];
    for args in calls {
        same_as_theirs("softlimit", |softlimit| to_a_file(softlimit, args));
    }
    assert_eq!(to_a_file(&ours("softlimit"), &["-f0", "-z"]), (Err(nix::libc::SIGXFSZ), String::new()));
}

#[test]
fn words_of_128_kb() {
    let long = "7".repeat(131_000);
    let script = ["sh", "-c", "ulimit -n"];
    for value in [&long, &format!("{long}x")] {
        same_as_theirs("softlimit", |softlimit| Tool::new(softlimit).args(["-o", value]).args(script).run());
    }
    same_as_theirs("softlimit", |softlimit| Tool::new(softlimit).args(["-o", "50", &long]).run());
}
