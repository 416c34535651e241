//! setuser: an account with its groups, its home and its variables, or nothing at all. There is none in 0.76; what
//! daemontools-encore documents is the measure.

use crate::database::{ALICE, AUDIO, BOB, Database, WWW};
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use testkit::{Ran, Tool, needs_root, ours, skip};

const USAGE: &str = "setuser: usage: setuser account child\n";

/// A child that tells all that it changes.
const TELL: &str = "id -u; id -g; id -G; pwd; grep -E '^(Uid|Gid|Cap(Inh|Prm|Eff|Amb))' /proc/self/status";

fn setuser(database: &Database, args: &[&str]) -> Tool {
    database.tool(ours("setuser")).args(args)
}

#[test]
fn an_account_is_become_with_its_groups_in_its_home() {
    let Some(database) = Database::new() else { return };
    let home = database.path("home");
    for (name, uid, groups) in
        [("bob", BOB, format!("{BOB} {WWW} {AUDIO}")), ("alice", ALICE, ALICE.to_string())]
    {
        let ids = format!("{uid}\t{uid}\t{uid}\t{uid}");
        let none = "0000000000000000";
        let expected = format!(
            "{uid}\n{uid}\n{groups}\n{}/{name}\nUid:\t{ids}\nGid:\t{ids}\n\
             CapInh:\t{none}\nCapPrm:\t{none}\nCapEff:\t{none}\nCapAmb:\t{none}\n",
            home.display()
        );
        // Whoever starts it has other groups, and rights that would survive a switch.
        let caps = ["--groups=5,6", "--inh-caps=+chown", "--ambient-caps=+chown"];
        let tool = database.tool("setpriv").args(caps).arg(ours("setuser")).args([name, "sh", "-c", TELL]);
        tool.run().errors("").prints(expected).exits(0);
    }
}

#[test]
fn an_account_of_this_machine_is_become_as_by_a_login() {
    if !needs_root() {
        return;
    }
    let account = testkit::account("upkeep-a");
    let login = Tool::new(Path::new("/usr/bin/id")).args(["-G", &account.name]).run();
    let ran = Tool::new(&ours("setuser")).args([&account.name, "id", "-G"]).run();
    ran.errors("").prints(&login.stdout).exits(0);
    let ran = Tool::new(&ours("setuser")).args([&account.name, "pwd"]).run();
    ran.errors("").prints(format!("{}\n", account.home.display())).exits(0);
}

#[test]
fn five_variables_are_set_over_old_ones_and_the_rest_stays_in_its_order() {
    let Some(database) = Database::new() else { return };
    let variables = |account: &str| {
        let old = ["Z=1", "HOME=/root", "LOGNAME=root", "UID=0", "PATH=/usr/bin:/bin", "B=2", "C=3"];
        let tool = database.tool("env").arg("-i").args(old).arg(ours("setuser"));
        let ran = tool.args([account, "env"]).run();
        String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap()
    };
    let home = database.path("home/bob");
    let home = home.display();
    // HOME takes C's place and UID that of GID, which was last by then.
    assert_eq!(
        variables("bob"),
        format!(
            "Z=1\nC=3\nLOGNAME=root\nGID={BOB}\nPATH=/usr/bin:/bin\nB=2\nHOME={home}\nSHELL=/bin/bobsh\nUSER=bob\nUID={BOB}\n"
        )
    );
    let homeless = variables("homeless");
    assert!(homeless.contains("\nHOME=/\nSHELL=/bin/sh\nUSER=homeless\n"), "{homeless}");
    let alias = variables("toor");
    assert!(alias.contains("\nUSER=toor\nUID=0\n"), "{alias}");
}

#[test]
fn no_inherited_home_survives_beside_the_new_one() {
    const SCRIPT: &str = "
import ctypes, os, sys
array = lambda strings: (ctypes.c_char_p * (len(strings) + 1))(*strings, None)
args = array([b'setuser', b'bob', b'/usr/bin/env', b'-0'])
twice = array([b'HOME=/root', b'USER=root', b'HOME=/root2', b'USER=root2', b'UID=0', b'UID=0'])
ctypes.CDLL(None).execve(os.fsencode(sys.argv[1]), args, twice)";
    let Some(database) = Database::new() else { return };
    let ran = database.tool("python3").arg("-c").arg(SCRIPT).arg(ours("setuser")).run();
    let text = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
    let mut entries: Vec<&str> = text.split_terminator('\0').collect();
    entries.sort_unstable();
    let expected = [
        format!("GID={BOB}"),
        format!("HOME={}", database.path("home/bob").display()),
        "SHELL=/bin/bobsh".into(),
        format!("UID={BOB}"),
        "USER=bob".into(),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn wrong_calls_and_unknown_accounts() {
    let Some(database) = Database::new() else { return };
    for args in [&[][..], &["bob"], &["--"], &[""]] {
        setuser(&database, args).run().exits(100).prints("").errors(USAGE);
    }
    for name in ["nosuch", "", "-s", "--", "-", "0", "61001", ":61001:61001", "bob:www", "Bob", "bob ", "."] {
        let ran = setuser(&database, &[name, "echo", "ran"]).run();
        ran.exits(111).prints("").errors(format!("setuser: fatal: unknown account {name}\n"));
    }
    let ran = setuser(&database, &["b\x1b[2J", "echo", "ran"]).run();
    ran.exits(111).prints("").errors("setuser: fatal: unknown account b\\x1b[2J\n");
}

#[test]
fn a_home_that_the_account_cannot_enter_is_fatal() {
    let Some(database) = Database::new() else { return };
    let ran = setuser(&database, &["gone", "echo", "ran"]).run();
    ran.exits(111)
        .prints("")
        .errors("setuser: fatal: unable to chdir to /no/such/folder: file does not exist\n");
    // Root could enter it: so it is seen that root's rights are gone by then.
    let home = database.path("home/bob");
    chown(&home, Some(0), Some(0)).unwrap();
    fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let ran = setuser(&database, &["bob", "echo", "ran"]).run();
    let complaint = format!("setuser: fatal: unable to chdir to {}: access denied\n", home.display());
    ran.exits(111).prints("").errors(complaint);
    setuser(&database, &["homeless", "pwd"]).run().exits(0).prints("/\n").errors("");
}

#[test]
fn the_child_is_sought_from_the_home_on_and_its_end_is_the_end() {
    let Some(database) = Database::new() else { return };
    database.make_file("home/bob/here", "#!/bin/sh\necho in the home\nexit 77\n", BOB, 0o700);
    setuser(&database, &["bob", "./here"]).run().exits(77).prints("in the home\n").errors("");
    let ran = database.tool("env").arg("PATH=:/bin").arg(ours("setuser")).args(["bob", "here"]).run();
    ran.exits(77).prints("in the home\n").errors("");
    for (child, reason) in
        [("./nosuch", "file does not exist"), ("/", "access denied"), ("/etc/passwd", "access denied")]
    {
        let ran = setuser(&database, &["bob", child]).run();
        ran.exits(111).errors(format!("setuser: fatal: unable to run {child}: {reason}\n"));
    }
}

#[test]
fn only_root_becomes_somebody_else() {
    let Some(database) = Database::new() else { return };
    let by_bob = |groups: &str, name: &str| -> Ran {
        let ids = [&format!("--reuid={BOB}"), &format!("--regid={BOB}"), groups];
        let tool = database.tool("setpriv").args(ids).arg(ours("setuser"));
        tool.args([name, "id", "-u"]).run()
    };
    let own = format!("--groups={WWW},{AUDIO}");
    by_bob(&own, "bob").exits(0).prints(format!("{BOB}\n")).errors("");
    for (groups, name) in [(own.as_str(), "alice"), (&own, "root"), ("--clear-groups", "bob")] {
        let complaint = "only root can change its user and groups: permission denied";
        let ran = by_bob(groups, name);
        ran.exits(111).prints("").errors(format!("setuser: fatal: unable to become {name}: {complaint}\n"));
    }
}

/// A system that says no, or says yes and does nothing: the child never runs.
#[test]
fn a_switch_that_fails_or_only_says_yes_ends_it() {
    let Some(database) = Database::new() else { return };
    if !Path::new("/usr/bin/strace").exists() {
        return skip("it needs strace");
    }
    for (injection, complaint) in [
        (
            "setgroups:error=EPERM",
            "unable to become bob: unable to set the supplementary groups: permission denied",
        ),
        ("setresgid:error=EAGAIN", "unable to become bob: unable to set gid 61001: temporary failure"),
        ("setresuid:error=EAGAIN", "unable to become bob: unable to set uid 61001: temporary failure"),
        (
            "setgroups:retval=0",
            "unable to become bob: the system reports no error, but the supplementary groups are not as asked",
        ),
        (
            "setresgid:retval=0",
            "unable to become bob: the system reports no error, but the group is not as asked",
        ),
        (
            "setresuid:retval=0",
            "unable to become bob: the system reports no error, but the user is not as asked",
        ),
        ("chdir:error=EIO", "unable to chdir to /: input/output error"),
    ] {
        let account = if injection.starts_with("chdir") { "homeless" } else { "bob" };
        let strace = database.tool("strace").args(["-o", "/dev/null", "-e", &format!("inject={injection}")]);
        let ran = strace.arg(ours("setuser")).args([account, "echo", "ran"]).run();
        ran.exits(111).prints("").errors(format!("setuser: fatal: {complaint}\n"));
    }
}
