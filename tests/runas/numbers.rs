//! `runas -q`: the numbers of an account, for whoever asks.

use super::USAGE;
use crate::database::{ALICE, AUDIO, BOB, Database, NOBODY, WWW};

#[test]
fn an_account_has_numbers() {
    let Some(database) = Database::new() else { return };
    let bobs = database.make_folder("bobs", BOB, 0o755);
    for (account, numbers) in [
        ("bob", format!("{BOB} {BOB} {WWW} {AUDIO}\n")),
        ("bob:www", format!("{BOB} {WWW} {AUDIO}\n")),
        ("bob:www:alice", format!("{BOB} {WWW} {ALICE}\n")),
        ("bob:www:www", format!("{BOB} {WWW}\n")),
        ("alice", format!("{ALICE} {ALICE}\n")),
        (":61999:61998", "61999 61998\n".to_owned()),
        (":61001:61998", "61001 61998\n".to_owned()),
        ("root", "0 0\n".to_owned()),
        (".", format!("{BOB} {BOB} {WWW} {AUDIO}\n")),
    ] {
        database.runas().dir(&bobs).args(["-q", account]).run().exits(0).errors("").prints(numbers);
    }
    let of_dot = database.runas().dir(&bobs).args(["-q", "-d", "61002", "."]).run();
    of_dot.exits(0).errors("").prints(format!("{ALICE} {ALICE}\n"));
}

#[test]
fn they_are_those_that_it_would_be_run_with() {
    let Some(database) = Database::new() else { return };
    for account in ["bob", "bob:www:audio", "joiner"] {
        let script = r#"echo "$(id -u) $(id -G)""#;
        let is = database.runas().args([account, "sh", "-c", script]).run();
        let told = database.runas().args(["-q", account]).run();
        let sorted = |text: &[u8]| {
            let text = std::str::from_utf8(text).unwrap();
            let numbers = text.split_whitespace().map(|number| number.parse().unwrap());
            let mut numbers: Vec<u32> = numbers.collect();
            let (ids, groups) = numbers.split_at_mut(2);
            groups.sort_unstable();
            (ids.to_owned(), groups.to_owned())
        };
        assert_eq!(sorted(&told.exits(0).stdout), sorted(&is.exits(0).stdout), "{account}");
    }
}

#[test]
fn anybody_may_ask() {
    let Some(database) = Database::new() else { return };
    let runas = || database.runas_by(NOBODY, NOBODY, &[AUDIO]).arg("-q");
    runas().arg("bob").run().exits(0).errors("").prints(format!("{BOB} {BOB} {WWW} {AUDIO}\n"));
    runas().arg("root").run().exits(0).errors("").prints("0 0\n");
    runas().arg("-").run().exits(0).errors("").prints(format!("{NOBODY} {NOBODY} {AUDIO}\n"));
}

#[test]
fn who_is_not_there_has_none() {
    let Some(database) = Database::new() else { return };
    for (account, reason) in [
        ("nosuch", "unknown account nosuch"),
        ("1000", "unknown account 1000: numbers are written :UID:GID"),
        ("bob:nosuch", "unknown group nosuch"),
        ("toor", "account toor has uid 0: write root if that is meant"),
        ("", "unable to look up : it is empty: write an account's name"),
        (":0:0", "unable to look up :0:0: uid or gid 0 by number: write root if that is meant"),
        (".", "the current folder belongs to root: write root if that is meant"),
    ] {
        let ran = database.runas().args(["-q", account]).run();
        ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
    }
}

#[test]
fn nothing_is_run_and_nothing_else_is_asked() {
    let Some(database) = Database::new() else { return };
    let wrong: [&[&str]; 5] = [
        &["-q"],
        &["-q", "bob", "echo", "ran"],
        &["-nq", "bob"],
        &["-q", "-kkill", "bob"],
        &["-q", "-u22", "bob"],
    ];
    for args in wrong {
        database.runas().args(args).run().exits(100).prints("").errors(format!("{USAGE}\n"));
    }
}

#[test]
fn numbers_that_nobody_gets_are_a_failure() {
    let Some(database) = Database::new() else { return };
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = database.runas().args(["-q", "bob"]).stdout(full).run();
    ran.exits(111).errors("runas: fatal: unable to write output: out of disk space\n");
}
