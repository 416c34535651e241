//! Arguments, folders, limits: every way to call it and every complaint.

use super::Case;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use testkit::{account, needs_root, ours, same_as_theirs, skip};

#[test]
fn every_call_of_the_table() {
    let case = Case::new();
    case.file("A", "new").file("NEW", "value");
    fs::write(case.path("plain"), "x").unwrap();
    fs::write(case.path("lost"), "#!/no/such\n").unwrap();
    case.mode("lost", 0o755);
    fs::create_dir(case.path("-x")).unwrap();
    fs::write(case.path("-x/X"), "dash").unwrap();
    fs::create_dir(case.path("--")).unwrap();
    symlink("d", case.path("link")).unwrap();
    symlink("nowhere", case.path("dangling")).unwrap();
    symlink("loop", case.path("loop")).unwrap();
    let long = "n".repeat(300);
    let calls: [&[&str]; 38] = [
        &[],
        &["d"],
        &[""],
        &["nowhere"],
        &["-x"],
        &["", "true"],
        &["nowhere", "true"],
        &["plain", "true"],
        &["plain/", "true"],
        &["dangling", "true"],
        &["loop", "true"],
        &[&long, "true"],
        &["d", "env", "-0"],
        &["./d/", "env", "-0"],
        &["link", "env", "-0"],
        &["d/../d", "env", "-0"],
        &["-x", "env", "-0"],
        &["--", "env", "-0"],
        &["--", "d", "true"],
        &["-", "true"],
        &["-z", "true"],
        &["d", "--", "true"],
        &["d", "-p", "true"],
        &["d", "true"],
        &["d", "false"],
        &["d", "sh", "-c", "exit 77"],
        &["d", "sh", "-c", "kill -TERM $$"],
        &["d", "sh", "-c", "pwd; echo err >&2"],
        &["d", "printf", "%s|", "", "a b", "-p"],
        &["d", ""],
        &["d", "nosuchprogram"],
        &["d", "/no/such/program"],
        &["d", "/"],
        &["d", "."],
        &["d", "d"],
        &["d", "./plain"],
        &["d", "./lost"],
        &["d", "./nosuchprogram"],
    ];
    for args in calls {
        case.same_call(&[], args);
    }
    // By its whole path, and the folder that it was called in is still the same.
    let whole = case.path("d");
    let ran = case.same_call(&[], &[whole.as_os_str(), "pwd".as_ref()]);
    let here = [case.0.root().as_os_str().as_bytes(), b"\n"].concat();
    assert!(ran.is_none_or(|ran| ran.stdout == here));
}

#[test]
fn a_wrong_call_exits_111() {
    let case = Case::new();
    case.tool(&ours("envdir"), &["d"]).run().exits(111).errors("envdir: usage: envdir dir child\n");
}

#[test]
fn programs_are_sought_where_the_caller_says_and_not_where_the_folder_says() {
    let case = Case::new();
    case.file("PATH", "/nowhere");
    fs::write(case.path("plain"), "x").unwrap();
    for path in ["PATH=", "PATH=:", "PATH=/nowhere:/usr/bin", "PATH=/etc/passwd:/bin", "PATH=/nowhere"] {
        for child in ["env", "plain", "nosuchprogram", "d", "/usr/bin/env"] {
            case.same_call(&["/usr/bin/env", path], &["d", child]);
        }
    }
    for child in ["env", "plain", "nosuchprogram", "/usr/bin/env"] {
        case.same_call(&["env", "-u", "PATH"], &["d", child]);
    }
}

#[test]
fn folders_that_an_account_may_not_use() {
    if !needs_root() {
        return;
    }
    let account = account("upkeep-a");
    let case = Case::new();
    case.file("A", "new");
    let call = |folder: &str, here: &str| {
        same_as_theirs("envdir", |program| {
            let tool = case.tool(program, &[folder, "env", "-0"]).dir(&case.path(here));
            tool.account(&account).run()
        })
    };
    for (mode, complaint) in [
        (0o711, "unable to read directory d: access denied"),
        (0o744, "unable to switch to directory d: access denied"),
        (0o700, "unable to switch to directory d: access denied"),
    ] {
        case.mode("d", mode);
        let Some(ran) = call("d", ".") else { return };
        ran.exits(111).errors(format!("envdir: fatal: {complaint}\n"));
    }
    case.mode("d", 0o755).mode("d/A", 0o600);
    let Some(ran) = call("d", ".") else { return };
    ran.exits(111).errors("envdir: fatal: unable to read d/A: access denied\n");
    fs::create_dir(case.path("here")).unwrap();
    case.mode("here", 0o711);
    let Some(ran) = call("../d", "here") else { return };
    ran.exits(111).errors("envdir: fatal: unable to switch to current directory: access denied\n");
}

/// A limit of open files is met at the same file: as many are open at a time.
#[test]
fn few_descriptors() {
    let case = Case::new();
    case.file("A", "new").file("B", "");
    for limit in 4..8 {
        case.same_call(&["prlimit", &format!("--nofile={limit}")], &["d", "/usr/bin/env", "-0"]);
    }
    let ran = case.same_call(&["prlimit", "--nofile=4"], &["d", "true"]);
    let complaint = "envdir: fatal: unable to read directory d: process cannot open more files\n";
    assert!(ran.is_none_or(|ran| ran.stderr == complaint.as_bytes()));
}

#[test]
fn a_file_that_does_not_fit_into_memory() {
    let case = Case::new();
    case.file("A", "");
    fs::File::options().write(true).open(case.path("d/A")).unwrap().set_len(50 << 20).unwrap();
    let ran = case.same_call(&["prlimit", "--as=30000000"], &["d", "true"]);
    let complaint = "envdir: fatal: unable to read d/A: out of memory\n";
    assert!(ran.is_none_or(|ran| ran.stderr == complaint.as_bytes()));
}

/// What a system says that nobody can make say it otherwise.
#[test]
fn system_calls_that_fail() {
    if !Path::new("/usr/bin/strace").exists() {
        return skip("it needs strace");
    }
    let case = Case::new();
    case.file("A", "new");
    for (injection, complaint) in [
        ("fchdir:error=EIO", "unable to switch to starting directory: input/output error"),
        ("chdir:error=EIO", "unable to switch to directory d: input/output error"),
        ("getdents64:error=EIO", "unable to read directory d: input/output error"),
        ("getdents64:error=EIO:when=2", "unable to read directory d: input/output error"),
        ("execve:error=ENOMEM", "unable to run env: out of memory"),
    ] {
        let strace = ["strace", "-o", "/dev/null", "-e", &format!("inject={injection}")];
        let Some(ran) = case.same_call(&strace, &["d", "env", "-0"]) else { return };
        ran.exits(111).prints("").errors(format!("envdir: fatal: {complaint}\n"));
    }
}

/// What no shell can do: an environment with doubles and entries without `=`, and a call without even a name.
#[test]
fn environments_and_arguments_that_only_a_program_can_make() {
    const SCRIPT: &str = "
import ctypes, os, sys
array = lambda strings: (ctypes.c_char_p * (len(strings) + 1))(*strings, None)
args = array([os.fsencode(arg) for arg in sys.argv[2:]])
twice = [b'A=1', b'B=1', b'A', b'', b'=x', b'A=2', b'NEW', b'B=2', b'A=3', b'PATH=/usr/bin', b'PATH=/no']
ctypes.CDLL(None).execve(os.fsencode(sys.argv[1]), args, array(twice))";
    let case = Case::new();
    case.file("A", "new").file("B", "").file("NEW", "x").file("=x", "y");
    let show = ["d", "cat", "/proc/self/environ"];
    for args in [&["envdir", "d", "true"][..], &["", "d"], &[]] {
        let args = [args, if args.len() == 3 { &show[1..] } else { &[] }].concat();
        same_as_theirs("envdir", |program| {
            let python = case.tool(Path::new("/usr/bin/env"), &["python3", "-c", SCRIPT]);
            python.arg(program).args(&args).run()
        });
    }
}

#[test]
fn callers_who_are_not_root_are_no_different() {
    if !needs_root() {
        return;
    }
    let case = Case::new();
    case.file("A", "new").file("B", "");
    same_as_theirs("envdir", |program| {
        case.tool(program, &["d", "sh", "-c", "id; umask; env -0"]).account(&account("upkeep-a")).run()
    });
}
