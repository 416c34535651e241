//! A system that says no, or says yes and does nothing: the child never runs, and the error is the system's.

use crate::database::Database;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use testkit::{Ran, ours, skip};

/// Runs a chain-loader under strace, which makes a system call fail, or do nothing; on this path only, if one is given.
pub(super) fn tampered(
    database: &Database,
    loader: &[&str],
    injection: &str,
    path: Option<&str>,
) -> Option<Ran> {
    if !Path::new("/usr/bin/strace").exists() {
        skip("it needs strace");
        return None;
    }
    let strace =
        database.tool("strace").args(["-f", "-o", "/dev/null", "-e", &format!("inject={injection}")]);
    let strace = strace.args(path.map(|path| format!("-P{path}")));
    Some(strace.arg(ours(loader[0])).args(&loader[1..]).args(["echo", "ran"]).run())
}

#[test]
fn a_switch_that_fails_ends_it() {
    let Some(database) = Database::new() else { return };
    let reasons = [
        ("setgroups", "unable to set the supplementary groups"),
        ("setresgid", "unable to set gid 61001"),
        ("setresuid", "unable to set uid 61001"),
        ("capset", "unable to give up capabilities"),
    ];
    for (call, reason) in reasons {
        for (error, words) in
            [("EPERM", "permission denied"), ("EAGAIN", "temporary failure"), ("EINVAL", "invalid argument")]
        {
            let Some(ran) = tampered(&database, &["runas", "bob"], &format!("{call}:error={error}"), None)
            else {
                return;
            };
            ran.exits(111)
                .prints("")
                .errors(format!("runas: fatal: unable to become bob: {reason}: {words}\n"));
        }
    }
    for (call, verb) in [("setgroups", "setgid"), ("setgid", "setgid"), ("setuid", "setuid")] {
        let Some(ran) = tampered(&database, &["setuidgid", "bob"], &format!("{call}:error=EAGAIN"), None)
        else {
            return;
        };
        ran.exits(111).prints("").errors(format!("setuidgid: fatal: unable to {verb}: temporary failure\n"));
    }
}

#[test]
fn a_switch_that_only_says_yes_is_found_out() {
    let Some(database) = Database::new() else { return };
    let reasons = [
        ("setgroups", "the system reports no error, but the supplementary groups are not as asked"),
        ("setresgid", "the system reports no error, but the group is not as asked"),
        ("setresuid", "the system reports no error, but the user is not as asked"),
        // The second one is the attempt to go back.
        ("setresuid:when=2", "there would be a way back to root"),
    ];
    for (call, reason) in reasons {
        let (call, when) =
            call.split_once(':').map_or((call, String::new()), |(call, when)| (call, format!(":{when}")));
        let Some(ran) = tampered(&database, &["runas", "bob"], &format!("{call}:retval=0{when}"), None)
        else {
            return;
        };
        ran.exits(111).prints("").errors(format!("runas: fatal: unable to become bob: {reason}\n"));
    }
    for (call, what) in
        [("setgroups", "supplementary groups are"), ("setgid", "group is"), ("setuid", "user is")]
    {
        let Some(ran) = tampered(&database, &["setuidgid", "bob"], &format!("{call}:retval=0"), None) else {
            return;
        };
        let reason = format!("the system reports no error, but the {what} not as asked");
        ran.exits(111).prints("").errors(format!("setuidgid: fatal: unable to setuid: {reason}\n"));
    }
}

#[test]
fn options_that_fail_end_it_too() {
    let Some(database) = Database::new() else { return };
    let Some(ran) = tampered(&database, &["runas", "-n", "bob"], "prctl:error=EINVAL", None) else { return };
    ran.exits(111).prints("").errors("runas: fatal: unable to set no_new_privs: invalid argument\n");
}

#[test]
fn an_account_database_that_fails_knows_nobody_and_does_not_say_unknown() {
    let Some(database) = Database::new() else { return };
    for loader in ["runas", "setuidgid", "envuidgid"] {
        let Some(ran) = tampered(&database, &[loader, "bob"], "openat:error=EIO", Some("/etc/passwd")) else {
            return;
        };
        ran.exits(111).prints("");
        let reason = format!("{loader}: fatal: unable to look up account bob: unable to read /etc/passwd: ");
        assert!(ran.stderr.starts_with(reason.as_bytes()), "{ran:?}");
    }
}

#[test]
fn root_of_a_user_namespace_is_told_what_it_may_not() {
    let Some(database) = Database::new() else { return };
    // Where only root is mapped, the kernel allows no setgroups.
    let inside = || database.tool("unshare").args(["--user", "--map-root-user"]);
    if inside().arg("true").run().end != Ok(0) {
        return skip("it needs user namespaces");
    }
    let ran = inside().arg(ours("runas")).args(["bob", "echo", "ran"]).run();
    let reason = "unable to become bob: unable to set the supplementary groups: permission denied";
    ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
    // Itself it may always be.
    inside().arg(ours("runas")).args(["root", "echo", "ran"]).run().errors("").prints("ran\n");
}

#[test]
fn no_new_privs_is_no_hindrance() {
    let Some(database) = Database::new() else { return };
    let runas = database.tool("setpriv").arg("--no-new-privs").arg(ours("runas"));
    let ran = runas.args(["bob", "sh", "-c", "id -u; grep NoNewPrivs /proc/$$/status"]).run();
    ran.errors("").prints("61001\nNoNewPrivs:\t1\n");
}

#[test]
fn root_without_the_capability_is_no_root() {
    let Some(database) = Database::new() else { return };
    for (missing, reason) in [
        ("setgid", "unable to set the supplementary groups: permission denied"),
        ("setuid", "unable to set uid 61001: permission denied"),
    ] {
        let without = [format!("--bounding-set=-{missing}"), format!("--inh-caps=-{missing}")];
        let ran =
            database.tool("setpriv").args(without).arg(ours("runas")).args(["bob", "echo", "ran"]).run();
        ran.exits(111).prints("").errors(format!("runas: fatal: unable to become bob: {reason}\n"));
    }
}

/// A process of bob that waits for the end of its input.
fn bobs_process() -> Child {
    let ids = ["--reuid", "61001", "--regid", "61001", "--clear-groups", "cat"];
    let mut child =
        Command::new("setpriv").args(ids).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // Once it has answered it is bob's.
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}

#[test]
fn an_account_at_its_limit_of_processes_is_told() {
    let Some(database) = Database::new() else { return };
    let children = [bobs_process(), bobs_process()];
    for (loader, detail) in
        [("runas", ": the account has as many processes as its limit allows"), ("setuidgid", "")]
    {
        let limited = database.tool("prlimit").arg("--nproc=1").arg(ours(loader));
        let ran = limited.args(["bob", "echo", "ran"]).run();
        let reason = format!("unable to run echo: temporary failure{detail}");
        ran.exits(111).prints("").errors(format!("{loader}: fatal: {reason}\n"));
    }
    for mut child in children {
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_explained() {
    let Some(database) = Database::new() else { return };
    let folder = database.path("");
    database.make_file("plain", "#!/bin/sh\n", 0, 0o644);
    database.make_file("dos", "#!/bin/sh\r\n", 0, 0o755);
    database.make_file("text", "echo ran\n", 0, 0o755);
    database.make_file("lost", "#!/no/such/python\n", 0, 0o755);
    database.make_file("roots", "#!/bin/sh\necho ran\n", 0, 0o700);
    let cases = [
        ("./nosuch", "file does not exist"),
        ("./plain", "access denied: it is not executable: chmod +x"),
        ("./roots", "access denied: this account may not execute it"),
        ("./home", "access denied: it is not a regular file"),
        (
            "./dos",
            "file does not exist: its first line ends in a carriage return: it has the line ends of DOS",
        ),
        ("./lost", "file does not exist: its interpreter /no/such/python does not exist"),
        (
            "./text",
            "exec format error: it is neither a program for this machine nor a script that begins with #!",
        ),
        ("nosuch", "file does not exist"),
        ("lost", "file does not exist: its interpreter /no/such/python does not exist"),
    ];
    for (program, reason) in cases {
        let runas = database.runas().env("PATH", format!("/usr/bin:/bin:{}", folder.display()));
        let ran = runas.args(["bob", program]).run();
        ran.exits(111).prints("").errors(format!("runas: fatal: unable to run {program}: {reason}\n"));
    }
}
