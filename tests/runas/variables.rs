//! `env/` folders: what gets in, what is refused, and with whose rights it is read.

use crate::database::{ALICE, BOB, Database, WWW};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::os::unix::fs::{chown, symlink};
use testkit::{Ran, ours};

/// What `variable` is for bob, `none` if it is not set, with `-e env`.
fn variable(database: &Database, name: &str) -> Ran {
    let script = format!("echo ${{{name}-none}}");
    database.runas().args(["-e", "env", "bob", "/bin/sh", "-c", &script]).run()
}

/// Nothing may run, and this is the reason.
#[track_caller]
fn refused(database: &Database, reason: &str) {
    let ran = database.runas().args(["-e", "env", "bob", "echo", "ran"]).run();
    ran.exits(111).prints("").errors(format!("runas: fatal: {reason}\n"));
}

#[test]
fn roots_secrets_get_in_for_the_account() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", 0, 0o700);
    database.make_file("env/SECRET", "of root\n", 0, 0o600);
    variable(&database, "SECRET").errors("").prints("of root\n");
    // By a path too, and by one through root's links.
    symlink(database.path(""), database.path("link")).unwrap();
    symlink("link/env", database.path("another")).unwrap();
    for path in [
        database.path("env"),
        database.path("link/env"),
        database.path("another"),
        database.path("../").join(database.path("env")),
    ] {
        let script = "echo $SECRET";
        let ran = database.runas().arg("-e").arg(&path).args(["bob", "/bin/sh", "-c", script]).run();
        ran.errors("").prints("of root\n");
    }
}

#[test]
fn a_descriptor_serves_as_well_and_is_not_passed_on() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", 0, 0o700);
    database.make_file("env/SECRET", "of root", 0, 0o600);
    let script = r#"exec "$0" -E 5 bob /bin/sh -c 'echo $SECRET; ls /proc/$$/fd' 5<env"#;
    let ran = database.tool("sh").args(["-c", script]).arg(ours("runas")).run();
    let seen = String::from_utf8(ran.errors("").exits(0).stdout.clone()).unwrap();
    let mut lines = seen.lines();
    assert_eq!(lines.next(), Some("of root"));
    assert!(!lines.any(|line| line == "5"), "{seen}");
}

#[test]
fn later_folders_win_and_the_accounts_own_variables_lose() {
    let Some(database) = Database::new() else { return };
    for (folder, value) in [("env", "first"), ("env2", "second")] {
        database.make_folder(folder, 0, 0o755);
        database.make_file(&format!("{folder}/BOTH"), value, 0, 0o644);
    }
    database.make_file("env/GONE", "x", 0, 0o644);
    database.make_file("env2/GONE", "", 0, 0o644);
    database.make_file("env2/HOME", "/elsewhere", 0, 0o644);
    database.make_file("env2/SHELL", "", 0, 0o644);
    let print = "echo $BOTH ${GONE-gone} $HOME ${SHELL-none} $USER";
    let runas =
        |folders: [&str; 4]| database.runas().args(folders).args(["bob", "/bin/sh", "-c", print]).run();
    runas(["-e", "env", "-e", "env2"]).errors("").prints("second gone /elsewhere none bob\n");
    let other = runas(["-e", "env2", "-e", "env"]);
    other.errors("").prints("first x /elsewhere none bob\n");
}

#[test]
fn values_are_read_as_by_envdir() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", 0, 0o755);
    let files: [(&str, &[u8]); 7] = [
        ("PLAIN", b"x"),
        ("BLANKS", b" a b \t \nsecond line\n"),
        ("NUL", b"one\0two"),
        ("EMPTY", b""),
        ("NEWLINE", b"\n"),
        ("BYTES", b"\xff\xfe"),
        (".HIDDEN", b"x"),
    ];
    for (name, content) in files {
        database.make_file(&format!("env/{name}"), content, 0, 0o644);
    }
    let entries = |loader: &[&str]| {
        let outer = ["env", "-i", "EMPTY=inherited", "PLAIN=inherited", "OTHER=y"];
        let tool = database.tool("env").args(&outer[1..]);
        let tool = if loader[0] == "runas" { tool.arg(ours("runas")) } else { tool.arg(loader[0]) };
        let ran = tool.args(&loader[1..]).args(["/usr/bin/env", "-0"]).run();
        let mut entries: Vec<Vec<u8>> =
            ran.errors("").exits(0).stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        entries.sort();
        entries
    };
    let ours = entries(&["runas", "-e", "env", "-"]);
    assert!(ours.contains(&b"NUL=one\ntwo".to_vec()) && ours.contains(&b"BLANKS= a b".to_vec()), "{ours:?}");
    if testkit::theirs("envdir").is_some() {
        assert_eq!(ours, entries(&["envdir", "env"]));
    }
}

#[test]
fn what_is_no_file_is_skipped_with_a_word_and_never_waited_for() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", BOB, 0o755);
    mkfifo(&database.path("env/FIFO"), Mode::from_bits_truncate(0o666)).unwrap();
    variable(&database, "FIFO")
        .exits(0)
        .prints("none\n")
        .errors("runas: warning: env/FIFO is skipped: not a regular file\n");
    std::fs::remove_file(database.path("env/FIFO")).unwrap();

    symlink("/etc/shadow", database.path("env/SHADOW")).unwrap();
    let ran = variable(&database, "SHADOW");
    ran.exits(0).prints("none\n").errors("runas: warning: env/SHADOW is skipped: not a regular file\n");
    std::fs::remove_file(database.path("env/SHADOW")).unwrap();

    database.make_folder("env/FOLDER", BOB, 0o755);
    symlink("nowhere", database.path("env/DANGLING")).unwrap();
    let ran = variable(&database, "FOLDER");
    let mut lines: Vec<&str> = std::str::from_utf8(&ran.stderr).unwrap().lines().collect();
    lines.sort_unstable();
    let skipped = ["DANGLING", "FOLDER"]
        .map(|name| format!("runas: warning: env/{name} is skipped: not a regular file"));
    assert_eq!(lines, skipped);
    ran.exits(0).prints("none\n");
}

#[test]
fn nothing_is_read_for_the_account_that_it_could_not_read_itself() {
    let Some(database) = Database::new() else { return };
    let secret = database.make_file("secret", "of root", 0, 0o600);
    // In its own folder it can put a name of its own for root's file.
    database.make_folder("env", BOB, 0o755);
    std::fs::hard_link(&secret, database.path("env/SECRET")).unwrap();
    refused(&database, "unable to read env/SECRET: access denied");
    // A folder's path, of which it can change a part, leads to where root has its secrets.
    database.make_folder("roots", 0, 0o700);
    database.make_file("roots/SECRET", "of root", 0, 0o600);
    database.make_folder("bobs", BOB, 0o755);
    symlink(database.path("roots"), database.path("bobs/env")).unwrap();
    symlink(database.path(""), database.path("bobs/up")).unwrap();
    let everybodys = database.make_folder("everybodys", 0, 0o777);
    symlink(database.path("roots"), everybodys.join("env")).unwrap();
    let sticky = database.make_folder("sticky", 0, 0o1777);
    symlink(database.path("roots"), sticky.join("env")).unwrap();
    for path in ["bobs/env", "bobs/up/roots", "everybodys/env", "sticky/env"] {
        let ran = database.runas().args(["-e", path, "bob", "echo", "ran"]).run();
        ran.exits(111).prints("").errors(format!("runas: fatal: unable to open {path}: access denied\n"));
    }
}

#[test]
fn swapping_names_gets_the_account_nothing() {
    let Some(database) = Database::new() else { return };
    database.make_folder("roots", 0, 0o700);
    database.make_file("roots/SECRET", "of root", 0, 0o600);
    database.make_folder("bobs", BOB, 0o755);
    database.make_folder("bobs/own", BOB, 0o755);
    let own = database.make_file("bobs/own/SECRET", "of bob", BOB, 0o644);
    std::fs::hard_link(database.path("roots/SECRET"), own.with_file_name(".other")).unwrap();
    symlink(database.path("roots"), database.path("bobs/link")).unwrap();
    // Bob's folder, and in it bob's file, are exchanged with what is root's as fast as can be.
    const SWAP: &str = "
import ctypes, os
parent = os.getppid()
rename = lambda a, b: ctypes.CDLL(None).renameat2(-100, a.encode(), -100, b.encode(), 2)
print(flush=True)
while os.getppid() == parent:
    rename('bobs/own/SECRET', 'bobs/own/.other')
    rename('bobs/own', 'bobs/link')
";
    let script = r#"
        mkfifo ready
        python3 -c "$1" >ready & swapper=$!
        read -r _ <ready
        for turn in $(seq 150); do "$2" -e bobs/own bob /bin/sh -c 'echo "$SECRET"'; done
        kill $swapper"#;
    let ran = database.tool("sh").args(["-c", script, "sh", SWAP]).arg(ours("runas")).run();
    let seen = String::from_utf8(ran.stdout.clone()).unwrap();
    assert!(!seen.contains("of root"), "{ran:?}");
    assert!(seen.contains("of bob"), "{ran:?}");
}

#[test]
fn a_file_that_somebody_else_could_have_written_is_refused() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", 0, 0o755);
    let file = |owner, mode| database.make_file("env/X", "value", owner, mode);
    file(0, 0o646);
    refused(&database, "unable to use env/X: everybody can write to it");
    file(BOB, 0o666);
    refused(&database, "unable to use env/X: everybody can write to it");
    file(ALICE, 0o644);
    refused(&database, "unable to use env/X: it belongs to uid 61002, not to root or uid 61001");
    file(ALICE, 0o600);
    refused(&database, "unable to read env/X: access denied");
    file(BOB, 0o600);
    variable(&database, "X").errors("").prints("value\n");
    file(BOB, 0o200);
    refused(&database, "unable to read env/X: access denied");
    // Of a group that root trusts; then it must be one that the account may read.
    chown(file(0, 0o660), None, Some(WWW)).unwrap();
    variable(&database, "X").errors("").prints("value\n");
}

#[test]
fn so_is_a_folder() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", 0, 0o777);
    refused(&database, "unable to use env: everybody can write to it");
    database.make_folder("env", 0, 0o1777);
    refused(&database, "unable to use env: everybody can write to it");
    database.make_folder("env", ALICE, 0o755);
    refused(&database, "unable to use env: it belongs to uid 61002, not to root or uid 61001");
    database.make_folder("env", ALICE, 0o700);
    refused(&database, "unable to use env: it belongs to uid 61002, not to root or uid 61001");
    database.make_folder("env", BOB, 0o700);
    database.make_file("env/X", "value", BOB, 0o400);
    variable(&database, "X").errors("").prints("value\n");
    database.make_folder("env", BOB, 0);
    refused(&database, "unable to read directory env: access denied");
}

#[test]
fn names_and_sizes_that_cannot_be_are_refused() {
    let Some(database) = Database::new() else { return };
    database.make_folder("env", 0, 0o755);
    let odd = database.make_file("env/A=B", "value", 0, 0o644);
    refused(&database, "unable to use env/A=B: a variable cannot have = in its name");
    std::fs::remove_file(odd).unwrap();
    let long = database.make_file("env/LONG", vec![b'x'; 128 * 1024 + 1], 0, 0o644);
    refused(&database, "unable to read env/LONG: the file is too long");
    std::fs::remove_file(long).unwrap();
    // Taken, but more than the kernel takes in one variable.
    database.make_file("env/LONG", vec![b'x'; 128 * 1024], 0, 0o644);
    refused(&database, "unable to run echo: argument list too long");
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let Some(database) = Database::new() else { return };
    refused(&database, "unable to open env: file does not exist");
    database.make_file("env", "x", 0, 0o644);
    refused(&database, "unable to open env: not a directory");
    let script = r#"exec "$0" -E 5 bob echo ran 5</dev/null"#;
    let ran = database.tool("sh").args(["-c", script]).arg(ours("runas")).run();
    ran.exits(111).prints("");
    database.runas().args(["-e", "", "bob", "echo", "ran"]).run().exits(111).prints("");
}

#[test]
fn somebody_uses_the_own_folder_and_roots() {
    let Some(database) = Database::new() else { return };
    let runas = |groups: &[u32]| database.runas_by(ALICE, ALICE, groups).args(["-e", "env"]);
    let print = ["alice", "/bin/sh", "-c", "echo $X"];
    database.make_folder("env", ALICE, 0o700);
    database.make_file("env/X", "own", ALICE, 0o600);
    runas(&[]).args(print).run().errors("").prints("own\n");
    database.make_file("env/X", "roots", 0, 0o644);
    runas(&[]).args(print).run().errors("").prints("roots\n");
    database.make_folder("env", 0, 0o755);
    runas(&[]).args(print).run().errors("").prints("roots\n");
    database.make_file("env/X", "bobs", BOB, 0o644);
    runas(&[]).args(print).run().exits(111).prints("");
    runas(&[]).args(["-", "echo", "ran"]).run().exits(111).prints("");
}
