//! What a program that runas starts is: ids, groups, capabilities, variables, folder, umask.

use crate::database::{ALICE, AUDIO, BOB, Database, MANY, NOBODY, WWW};
use std::collections::BTreeMap;
use std::path::Path;
use testkit::{Ran, Tool, needs_root, ours};

/// The fields of /proc/self/status, where `cat /proc/self/status` was the child.
fn status(ran: &Ran) -> BTreeMap<String, String> {
    ran.errors("").exits(0);
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// The variables, where `env -0` was the child.
fn variables(ran: &Ran) -> BTreeMap<String, String> {
    ran.errors("").exits(0);
    let text = String::from_utf8(ran.stdout.clone()).unwrap();
    let entries = text.split_terminator('\0').filter_map(|entry| entry.split_once('='));
    entries.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn sorted(list: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = list.split_whitespace().map(|number| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[track_caller]
fn has_ids(status: &BTreeMap<String, String>, uid: u32, gid: u32, groups: &[u32]) {
    assert_eq!(status["Uid"], format!("{uid}\t{uid}\t{uid}\t{uid}"));
    assert_eq!(status["Gid"], format!("{gid}\t{gid}\t{gid}\t{gid}"));
    assert_eq!(sorted(&status["Groups"]), groups);
}

#[test]
fn an_account_is_become_with_all_its_groups_and_no_capabilities() {
    let Some(database) = Database::new() else { return };
    let login = database.tool("id").args(["-G", "bob"]).run();
    let login = sorted(std::str::from_utf8(&login.exits(0).stdout).unwrap());
    assert_eq!(login, [BOB, WWW, AUDIO], "what a login has");
    let status = status(&database.runas().args(["bob", "cat", "/proc/self/status"]).run());
    has_ids(&status, BOB, BOB, &login);
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "0");
}

#[test]
fn an_account_of_this_machine_is_become_as_by_a_login() {
    if !needs_root() {
        return;
    }
    let account = testkit::account("upkeep-a");
    let runas = || Tool::new(&ours("runas")).env("HOME", "/root").arg(&account.name);
    let login = Tool::new(Path::new("/usr/bin/id")).args(["-G", &account.name]).run();
    let status = status(&runas().args(["cat", "/proc/self/status"]).run());
    has_ids(&status, account.uid, account.gid, &sorted(std::str::from_utf8(&login.stdout).unwrap()));
    let variables = variables(&runas().args(["env", "-0"]).run());
    assert_eq!(
        (variables["HOME"].as_str(), variables["LOGNAME"].as_str()),
        (account.home.to_str().unwrap(), "upkeep-a")
    );
}

#[test]
fn inheritable_and_ambient_capabilities_are_given_up() {
    let Some(database) = Database::new() else { return };
    let caps = ["--inh-caps=+net_bind_service,+chown", "--ambient-caps=+net_bind_service"];
    let runas = database.tool("setpriv").args(caps).arg(ours("runas"));
    let status = status(&runas.args(["bob", "cat", "/proc/self/status"]).run());
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
}

#[test]
fn a_process_that_keeps_its_capabilities_over_a_switch_loses_them_too() {
    let Some(database) = Database::new() else { return };
    let runas = database.tool("setpriv").args(["--securebits=+no_setuid_fixup"]).arg(ours("runas"));
    let status = status(&runas.args(["bob", "cat", "/proc/self/status"]).run());
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
}

#[test]
fn groups_are_the_databases_or_exactly_the_named_ones() {
    let Some(database) = Database::new() else { return };
    database.make_folder("bobs", BOB, 0o755);
    let cases: [(&str, u32, u32, &[u32]); 8] = [
        ("bob:www", BOB, WWW, &[WWW, AUDIO]),
        ("bob:alice", BOB, ALICE, &[ALICE, WWW, AUDIO]),
        ("bob:www:alice", BOB, WWW, &[ALICE, WWW]),
        ("bob:www:www", BOB, WWW, &[WWW, WWW]),
        ("bob:root", BOB, 0, &[0, WWW, AUDIO]),
        ("alice", ALICE, ALICE, &[ALICE]),
        (":61001:61100", BOB, WWW, &[WWW]),
        (":61999:61998", NOBODY, 61998, &[61998]),
    ];
    for (account, uid, gid, groups) in cases {
        let status = status(&database.runas().args([account, "cat", "/proc/self/status"]).run());
        has_ids(&status, uid, gid, groups);
    }
    let many = status(&database.runas().args(["joiner", "cat", "/proc/self/status"]).run());
    assert_eq!(sorted(&many["Groups"]).len(), usize::try_from(MANY).unwrap() + 1);
}

#[test]
fn a_dot_is_the_owner_of_the_current_folder() {
    let Some(database) = Database::new() else { return };
    let bobs = database.make_folder("bobs", BOB, 0o755);
    // Its group is of no importance.
    std::os::unix::fs::chown(&bobs, None, Some(ALICE)).unwrap();
    let ran = database.runas().dir(&bobs).args([".", "cat", "/proc/self/status"]).run();
    has_ids(&status(&ran), BOB, BOB, &[BOB, WWW, AUDIO]);
    let ran = database.runas().dir(&bobs).args([".", "env", "-0"]).run();
    assert_eq!(variables(&ran)["USER"], "bob", "the first account of that number");
}

#[test]
fn the_variables_are_the_accounts_over_inherited_ones() {
    let Some(database) = Database::new() else { return };
    let runas = || {
        let mut runas = database.tool("env");
        let inherited = ["HOME=/root", "USER=root", "SHELL=/bin/evil", "UID=0", "KEPT=yes", "LOGNAME=root"];
        runas = runas.arg("-i").args(inherited).arg(format!("PATH={}", env!("PATH")));
        runas.arg(ours("runas"))
    };
    let bob = variables(&runas().args(["bob", "env", "-0"]).run());
    let home = database.path("home/bob");
    let number = BOB.to_string();
    let expected = [
        ("HOME", home.to_str().unwrap()),
        ("USER", "bob"),
        ("LOGNAME", "bob"),
        ("SHELL", "/bin/bobsh"),
        ("UID", &number),
        ("GID", &number),
        ("KEPT", "yes"),
        ("PATH", env!("PATH")),
    ];
    assert_eq!(bob, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());

    let www = variables(&runas().args(["bob:www", "env", "-0"]).run());
    assert_eq!(www["GID"], WWW.to_string());

    let numbers = variables(&runas().args([":61999:61998", "env", "-0"]).run());
    let expected = [("UID", "61999"), ("GID", "61998"), ("KEPT", "yes"), ("PATH", env!("PATH"))];
    assert_eq!(numbers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());

    let with_account = variables(&runas().args([":61001:61998", "env", "-0"]).run());
    assert_eq!((with_account["USER"].as_str(), with_account["GID"].as_str()), ("bob", "61998"));

    let homeless = variables(&runas().args(["homeless", "env", "-0"]).run());
    assert_eq!((homeless["HOME"].as_str(), homeless["SHELL"].as_str()), ("/", "/bin/sh"));

    let stay = variables(&runas().args(["-", "env", "-0"]).run());
    assert_eq!((stay["HOME"].as_str(), stay["UID"].as_str()), ("/root", "0"), "left alone");
}

#[test]
fn no_inherited_home_survives_beside_the_new_one() {
    let Some(database) = Database::new() else { return };
    // A second entry of the same name is what no shell and no env(1) would make, but any program can.
    let script = "import os, sys\nos.execve(sys.argv[1], sys.argv[1:], Twice())";
    let twice = "class Twice(dict):\n def keys(self): return ['HOME', b'HOME', 'A']\n def values(self): return ['/root', '/root2', 'x']\n def __len__(self): return 3\n";
    let python = database.tool("python3").arg("-c").arg(format!("{twice}{script}")).arg(ours("runas"));
    let ran = python.args(["bob", "/usr/bin/env", "-0"]).run();
    let homes = String::from_utf8(ran.exits(0).stdout.clone()).unwrap();
    let homes: Vec<&str> = homes.split('\0').filter(|entry| entry.starts_with("HOME=")).collect();
    assert_eq!(homes, [format!("HOME={}", database.path("home/bob").display())]);
}

#[test]
fn root_is_become_by_its_name() {
    let Some(database) = Database::new() else { return };
    for groups in ["--clear-groups", "--groups=0", "--groups=5,6"] {
        let runas = database.tool("setpriv").arg(groups).arg(ours("runas"));
        let status = status(&runas.args(["root", "cat", "/proc/self/status"]).run());
        has_ids(&status, 0, 0, if groups == "--clear-groups" { &[] } else { &[0] });
    }
    let variables = variables(&database.runas().env("HOME", "/elsewhere").args(["root", "env", "-0"]).run());
    assert_eq!((variables["HOME"].as_str(), variables["UID"].as_str()), ("/root", "0"));
}

#[test]
fn options_are_done_after_the_switch() {
    let Some(database) = Database::new() else { return };
    let status = status(&database.runas().args(["-n", "-u", "027", "bob", "cat", "/proc/self/status"]).run());
    assert_eq!((status["NoNewPrivs"].as_str(), status["Umask"].as_str()), ("1", "0027"));
    let here = database.make_folder("here", 0, 0o755);
    let home = database.path("home/bob");
    let pwd = |options: &[&str]| database.runas().dir(&here).args(options).args(["bob", "/bin/pwd"]).run();
    pwd(&[]).errors("").prints(format!("{}\n", here.display()));
    pwd(&["-H"]).errors("").prints(format!("{}\n", home.display()));
    database.runas().args(["-H", "homeless", "/bin/pwd"]).run().errors("").prints("/\n");
    database
        .runas_by(BOB, BOB, &[])
        .args(["-H", "-", "/bin/pwd"])
        .run()
        .prints(format!("{}\n", home.display()));
}

#[test]
fn a_home_folder_that_cannot_be_entered_is_not_passed_over() {
    let Some(database) = Database::new() else { return };
    let gone = database.runas().args(["-H", "gone", "echo", "ran"]).run();
    gone.exits(111)
        .prints("")
        .errors("runas: fatal: unable to chdir to /no/such/folder: file does not exist\n");
    // With the account's rights: root could enter it.
    database.make_folder("home/bob", BOB, 0o000);
    let shut = database.runas().args(["-H", "bob", "echo", "ran"]).run();
    shut.exits(111).prints("");
    assert!(shut.stderr.ends_with(b"home/bob: access denied\n"), "{shut:?}");
    let none = database.runas().args(["-H", ":61999:61999", "echo", "ran"]).run();
    none.exits(111).prints("").errors("runas: fatal: uid 61999 has no account, and so no home folder\n");
}

#[test]
fn it_is_the_same_process() {
    let Some(database) = Database::new() else { return };
    let script = r#"echo $$; exec "$0" bob sh -c 'echo $$; cat /proc/$$/comm'"#;
    let ran = database.tool("sh").args(["-c", script]).arg(ours("runas")).run();
    let lines = String::from_utf8(ran.exits(0).stdout.clone()).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines[0], lines[1]);
    assert_eq!(lines[2], "sh");
}

#[test]
fn who_is_that_account_already_needs_no_rights() {
    let Some(database) = Database::new() else { return };
    // The own group may be in the supplementary list or not: a login has it there, some programs do not.
    for groups in [&[WWW, AUDIO][..], &[BOB, WWW, AUDIO]] {
        let runas = database.runas_by(BOB, BOB, groups).env("HOME", "/root");
        let variables = variables(&runas.args(["bob", "env", "-0"]).run());
        assert_eq!((variables["USER"].as_str(), variables["UID"].as_str()), ("bob", "61001"));
        assert_eq!(variables["HOME"], database.path("home/bob").to_str().unwrap());
    }
    let bobs = database.make_folder("bobs", BOB, 0o755);
    database
        .runas_by(BOB, BOB, &[WWW, AUDIO])
        .dir(&bobs)
        .args([".", "echo", "ran"])
        .run()
        .errors("")
        .prints("ran\n");
    // A number without an account, as some container platforms give out.
    let random = database.runas_by(NOBODY, NOBODY, &[]).args([":61999:61999", "id", "-u"]).run();
    random.errors("").prints("61999\n").exits(0);
    database
        .runas_by(NOBODY, NOBODY, &[])
        .args(["-", "id", "-u"])
        .run()
        .errors("")
        .prints("61999\n")
        .exits(0);
}

#[test]
fn an_account_that_one_is_not_wholly_is_not_for_who_is_not_root() {
    let Some(database) = Database::new() else { return };
    let cases: [(u32, u32, &[u32], &str); 5] = [
        (ALICE, ALICE, &[], "bob"),
        (BOB, ALICE, &[WWW, AUDIO], "bob"),
        (BOB, BOB, &[], "bob"),
        (BOB, BOB, &[WWW, AUDIO, ALICE], "bob"),
        (BOB, BOB, &[WWW, AUDIO], "root"),
    ];
    for (uid, gid, groups, account) in cases {
        let ran = database.runas_by(uid, gid, groups).args([account, "echo", "ran"]).run();
        let reason = "only root can change its user and groups: permission denied";
        ran.exits(111).prints("").errors(format!("runas: fatal: unable to become {account}: {reason}\n"));
    }
    let alices = database.make_folder("alices", ALICE, 0o755);
    database
        .runas_by(BOB, BOB, &[WWW, AUDIO])
        .dir(&alices)
        .args([".", "echo", "ran"])
        .run()
        .exits(111)
        .prints("");
}
