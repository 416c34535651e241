//! Accounts written as nobody should: each runs nothing at all, least of all as root.

use super::USAGE;
use crate::database::{BOB, Database};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The child says that it ran, and as whom: nobody may ever see that.
const CHILD: [&str; 3] = ["sh", "-c", "echo ran as $(id -u)"];

#[test]
fn nothing_odd_runs() {
    let Some(database) = Database::new() else { return };
    let odd = [
        "",
        ":",
        "::",
        ":::",
        "0",
        "00",
        "-1",
        "+1",
        "+0",
        " 1",
        "1 ",
        " bob",
        "bob ",
        "bob\n",
        "bob\nroot",
        "\n",
        "\t",
        "0x0",
        "1000",
        "4294967295",
        "4294967296",
        "18446744073709551616",
        ":0:0",
        ":0:1",
        ":1:0",
        ":00:1",
        ":1:00",
        ":01:1",
        ":-1:1",
        ":1:-1",
        ":+1:1",
        ": 1:1",
        ":1 :1",
        ":0x1:1",
        ":1.0:1",
        ":1e1:1",
        ":4294967295:1",
        ":1:4294967295",
        ":4294967296:1",
        ":4294967297:1",
        ":18446744073709551616:1",
        ":18446744073709551617:1",
        ":61001",
        ":61001:",
        "::61001",
        ":61001:61001:61001",
        ":61001:61001:",
        ":bob:bob",
        ":\u{661}:1",
        "ROOT",
        "Root",
        "root ",
        "root:",
        "root:0",
        "toor",
        "toor:bob",
        "bob:",
        "bob::",
        "bob::www",
        "bob:www:",
        "bob:0",
        "bob:61001",
        "bob:-1",
        "bob:+1",
        "bob:toors",
        "bob:www:toors",
        "bob:nosuchgroup",
        "bob:www:nosuchgroup",
        "bob:www:0",
        "nosuchaccount",
        "nosuchaccount:root",
        "nobody:nobody",
        "61001",
        "bob/",
        "..",
        "./bob",
        "*",
        "oflongnamesthelongestisthisoneno",
        "oflongnamesthelongestisthisonenow1",
        "bo",
        "bobb",
        "b\u{f6}b",
        "\u{ff10}",
        "bob,alice",
        "bob alice",
        "bob;id",
        "$(id)",
    ];
    for account in odd {
        let ran = database.runas().args(["--", account]).args(CHILD).run();
        ran.exits(111).prints("");
        assert!(ran.stderr.starts_with(b"runas: fatal: "), "{account:?}: {ran:?}");
        // Without the double dash a sign makes an option of it, which is as odd.
        let ran = database.runas().arg(account).args(CHILD).run();
        ran.prints("");
        assert!(matches!(ran.end, Ok(100 | 111)), "{account:?}: {ran:?}");
    }
    let not_text = OsStr::from_bytes(b"b\xffb");
    database.runas().arg(not_text).args(CHILD).run().exits(111).prints("");
}

#[test]
fn names_that_only_look_like_numbers_are_names() {
    let Some(database) = Database::new() else { return };
    for (account, uid) in [("61004", 61003), ("0day", 61004), ("oflongnamesthelongestisthisonenow", 61008)] {
        database.runas().args([account, "id", "-u"]).run().errors("").prints(format!("{uid}\n"));
    }
}

#[test]
fn the_reasons_say_what_to_write() {
    let Some(database) = Database::new() else { return };
    let roots = database.make_folder("roots", 0, 0o755);
    let strangers = database.make_folder("strangers", 61999, 0o755);
    let cases = [
        ("", "unable to run as : it is empty: write an account's name"),
        (":0:0", "unable to run as :0:0: uid or gid 0 by number: write root if that is meant"),
        ("nosuch", "unknown account nosuch"),
        ("bob:nosuch", "unknown group nosuch"),
        ("bob:toors", "group toors has gid 0: write root if that is meant"),
        ("toor", "account toor has uid 0: write root if that is meant"),
        (".", "the current folder belongs to root: write root if that is meant"),
    ];
    for (account, reason) in cases {
        let ran = database.runas().dir(&roots).arg(account).args(CHILD).run();
        ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
    }
    let ran = database.runas().dir(&strangers).arg(".").args(CHILD).run();
    let reason = "the current folder belongs to uid 61999, which has no account";
    ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
}

#[test]
fn a_folders_owner_asks_for_nobody_else() {
    let Some(database) = Database::new() else { return };
    let bobs = database.make_folder("bobs", BOB, 0o755);
    let alices = database.make_folder("alices", 61002, 0o755);
    for account in ["bob", "."] {
        let ran = database.runas().dir(&bobs).args(["-o", "61001", account, "id", "-u"]).run();
        ran.exits(0).errors("").prints("61001\n");
    }
    let others =
        ["alice", "root", "-", ":61001:61001", "bob:bob", "bob:www", "bob:www:audio", ":61002:61002"];
    for account in others {
        let ran = database.runas().dir(&bobs).args(["-o", "61001", account]).args(CHILD).run();
        let reason = "the folder belongs to bob (uid 61001), so it can only run as bob: write bob into user";
        ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
    }
    database.runas().dir(&alices).args(["-o", "61001", "."]).args(CHILD).run().exits(111).prints("");
    let ran = database.runas().args(["-o", "61999", "bob"]).args(CHILD).run();
    ran.exits(111).prints("");
    assert!(ran.stderr.ends_with(b"which has no account: give it to root or to an account\n"), "{ran:?}");
    // Another name of the same number is the same owner.
    database.runas().args(["-o", "61001", "alias", "id", "-u"]).run().errors("").prints("61001\n");
}

#[test]
fn a_wrong_call_is_told_with_the_usage() {
    let Some(database) = Database::new() else { return };
    let usage = format!("{USAGE}\n");
    database.runas().run().exits(100).prints("").errors(&usage);
    database.runas().arg("bob").run().exits(100).prints("").errors(&usage);
    let ran = database.runas().args(["-x", "bob"]).args(CHILD).run();
    ran.exits(100).prints("").errors(format!("runas: illegal option -- x\n{usage}"));
    let ran = database.runas().args(["-u", "9", "bob"]).args(CHILD).run();
    ran.exits(100).prints("").errors(format!("runas: the umask of -u is an octal number up to 777\n{usage}"));
}
