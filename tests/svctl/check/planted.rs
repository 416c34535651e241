//! Faults that need no account: a folder each, and exactly what is to be said of it.

use super::{Planted, SLEEPS, each_is_found, planted, program};
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use testkit::TestTree;

#[test]
fn each_fault_of_a_program_is_found_and_nothing_else() {
    let tree = TestTree::new();
    let long = format!("#!/{}/sh\n", "a".repeat(300));
    each_is_found(
        &tree,
        vec![
            planted("no-run", &["run-missing"], |f| f),
            planted("folder-run", &["not-a-file"], |f| f.directory("run")),
            planted("fifo-run", &["not-a-file"], |f| f.fifo("run")),
            planted("link-run", &["link-dangling"], |f| f.link("run", "nothing")),
            planted("not-x", &["not-executable"], |f| f.run(SLEEPS).mode("run", 0o644)),
            planted("empty-run", &["empty"], |f| f.file("run", "").mode("run", 0o755)),
            planted("dos", &["dos-line-ends"], |f| f.run("#!/bin/sh\r\nexec sleep 1000\r")),
            planted("dos-later", &["dos-line-ends"], |f| f.run("exec sleep 1000\r")),
            planted("bom", &["byte-order-mark"], |f| {
                f.file("run", "\u{feff}#!/bin/sh\nexec sleep 1\n").mode("run", 0o755)
            }),
            planted("no-shebang", &["no-interpreter"], |f| {
                f.file("run", "exec sleep 1\n").mode("run", 0o755)
            }),
            planted("no-program", &["not-a-program"], |f| f.file("run", "MZ\0\0").mode("run", 0o755)),
            planted("no-sh", &["interpreter-missing"], |f| f.run("#!/no/such/sh\nexec sleep 1000")),
            planted("folder-sh", &["interpreter-missing"], |f| f.run("#!/etc\nexec sleep 1000")),
            planted("relative-sh", &["interpreter-relative"], |f| f.run("#!sh\nexec sleep 1000")),
            planted("env-words", &["interpreter-arguments"], |f| {
                f.run("#!/usr/bin/env sh -e\nexec sleep 1000")
            }),
            planted("env-none", &["program-missing"], |f| f.run("#!/usr/bin/env no-such-sh\n:")),
            planted("long-sh", &["interpreter-too-long"], move |f| f.run(&long)),
            planted("finish", &["not-executable"], |f| f.run(SLEEPS).file("finish", "#!/bin/sh\n")),
            planted("check", &["interpreter-missing"], |f| f.run(SLEEPS).script("check", "#!/no/such/sh")),
            planted("none-in-path", &["program-missing"], |f| f.run("exec no-such-program")),
            planted("none-at-path", &["program-missing"], |f| f.run("exec /no/such/program")),
            planted("none-here", &["program-missing"], |f| f.run("exec ./no-such-program")),
            planted("folder-program", &["program-missing"], |f| f.run("exec /etc")),
            planted("not-x-program", &["program-not-executable"], |f| {
                f.run("exec ./server").file("server", "")
            }),
            planted("broken-program", &["interpreter-missing"], |f| {
                f.run("exec ./server").script("server", "#!/no/such/python")
            }),
            planted("no-script", &["script-missing"], |f| f.run("exec sh /no/such/script")),
            planted("no-folder", &["folder-missing"], |f| {
                f.run("cd /no/such/folder || exit 1\nexec sleep 1000")
            }),
            planted("roots-path", &["program-only-in-roots-path"], |f| {
                f.run("exec useradd").env("PATH", "/usr/bin:/bin")
            }),
        ],
    );
}

#[test]
fn each_fault_of_a_value_is_found_and_nothing_else() {
    let tree = TestTree::new();
    let value = |name: &'static str, codes, content: &'static str| {
        planted(name, codes, move |f| f.run(SLEEPS).file(name, content))
    };
    each_is_found(
        &tree,
        vec![
            value("watchdog", &["bad-value"], "30\n"),
            value("restart-max", &["bad-value"], "-1s\n"),
            value("timeout-kill", &["bad-value"], "soon\n"),
            value("down-signal", &["bad-value"], "TERMINATE\n"),
            value("leftovers", &["bad-value"], "forget\n"),
            value("notification-fd", &["bad-value"], "2\n"),
            value("capabilities", &["capabilities-bad"], "chown\n"),
            value("user", &["user-bad"], "bob\nalice\n"),
            planted("unknown-user", &["user-unknown"], |f| f.run(SLEEPS).user("no-such-account")),
            planted("number-user", &["user-unknown"], |f| f.run(SLEEPS).user("4711")),
            planted("unknown-group", &["group-unknown"], |f| f.run(SLEEPS).user("root:no-such-group")),
            planted("folder-user", &["user-bad"], |f| f.run(SLEEPS).directory("user")),
            planted("few", &["few-milliseconds"], |f| f.run(SLEEPS).file("timeout-kill", "5\n")),
            planted("stop", &["signal-ends-nothing"], |f| f.run(SLEEPS).file("down-signal", "STOP\n")),
            planted("no-finish", &["without-effect"], |f| f.run(SLEEPS).file("timeout-finish", "5s\n")),
            planted("never-ready", &["without-effect"], |f| f.run(SLEEPS).file("timeout-ready", "5s\n")),
            planted("never-asked", &["without-effect"], |f| {
                f.run(SLEEPS).file("notification-fd", "3\n").script("check", "exit 0")
            }),
            planted("capabilities-for-nobody", &["capabilities-refused"], |f| {
                f.run(SLEEPS).file("capabilities", "net_raw\n")
            }),
            planted("assigned", &["variable-name"], |f| f.run(SLEEPS).env("A=1", "")),
            planted("folder-variable", &["variable-skipped"], |f| {
                f.run(SLEEPS).env("A", "1").directory("env/B")
            }),
            planted("lines", &["variable-lines"], |f| f.run(SLEEPS).env("A", "1\n2")),
            planted("dos-variable", &["variable-line-end"], |f| f.run(SLEEPS).env("A", "1\r")),
            planted("twice-named", &["variable-assignment"], |f| f.run(SLEEPS).env("PORT", "PORT=80")),
            planted("file-env", &["env-unusable"], |f| f.run(SLEEPS).file("env", "A=1\n")),
            planted("no-home", &["home-missing"], |f| f.run(SLEEPS).env("HOME", "/no/such/home")),
            planted("file-home", &["home-not-a-folder"], |f| f.run(SLEEPS).env("HOME", "/etc/passwd")),
            planted("slip", &["misspelt"], |f| f.run(SLEEPS).file("timeout_kill", "5s\n")),
            planted("users", &["misspelt"], |f| f.run(SLEEPS).file("users", "bob\n")),
            planted("run.sh", &["misspelt", "run-missing"], |f| f.script("run.sh", SLEEPS)),
        ],
    );
}

#[test]
fn each_fault_of_a_place_is_found_and_nothing_else() {
    let tree = TestTree::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("a port").port();
    let open = tree.root().join("open");
    std::fs::create_dir(&open).expect("a folder");
    std::fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("chmod");
    let socket = format!("{}/x.sock\n", open.display());
    let home = tree.root().join("home");
    program(&home.join(".local/bin/serve"), "#!/bin/sh\n");
    let faults: Vec<Planted> = vec![
        planted("my web", &["name-blank"], |f| f.run(SLEEPS)),
        planted("tab\tweb", &["name-control"], |f| f.run(SLEEPS)),
        planted("lonely@1", &["template-missing"], |f| f),
        planted("bare@", &["run-missing"], |f| f.env("A", "1")),
        planted("bare@1", &["run-missing"], |f| f),
        planted("open", &["world-writable"], |f| f.run(SLEEPS).mode(".", 0o777)),
        planted("open-run", &["world-writable"], |f| f.run(SLEEPS).mode("run", 0o757)),
        planted("open-env", &["world-writable"], |f| f.run(SLEEPS).env("A", "1").mode("env", 0o777)),
        planted("file-supervise", &["supervise-unusable"], |f| f.run(SLEEPS).file("supervise", "")),
        planted("open-supervise", &["supervise-writable"], |f| {
            f.run(SLEEPS).directory("supervise").mode("supervise", 0o777)
        }),
        planted("bad-listen", &["listen-bad"], |f| f.run(SLEEPS).file("listen", "localhost\n")),
        planted("listen-taken", &["address-in-use"], move |f| {
            f.run(SLEEPS).file("listen", format!("127.0.0.1:{port}\n"))
        }),
        planted("listen-owner", &["listen-owner"], |f| {
            f.run(SLEEPS).file("listen", "/run/upkeep-none/x owner=no-such-account\n")
        }),
        planted("listen-open", &["listen-path"], move |f| f.run(SLEEPS).file("listen", socket)),
        planted("fd-taken", &["bad-value"], |f| {
            f.run(SLEEPS).file("listen", "@upkeep-none\n").file("notification-fd", "3\n")
        }),
        planted("needs-none", &["needs-unknown"], |f| f.run(SLEEPS).file("needs", "no-such-service\n")),
        planted("needs-path", &["needs-bad"], |f| f.run(SLEEPS).file("needs", "a/b\n")),
        planted("needs-itself", &["needs-circle"], |f| f.run(SLEEPS).file("needs", "needs-itself\n")),
        planted("needs-one", &["needs-circle"], |f| f.run(SLEEPS).file("needs", "needs-two\n")),
        planted("needs-two", &["needs-circle"], |f| f.run(SLEEPS).file("needs", "needs-one\n")),
        planted("needs-a-down-one", &["needs-down"], |f| f.run(SLEEPS).file("needs", "down-one\n")),
        planted("down-one", &[], |f| f.run(SLEEPS).down()),
        planted("file-log", &["log-not-a-folder"], |f| f.run(SLEEPS).file("log", "")),
        planted("down-log", &["logger-down"], |f| {
            f.run(SLEEPS).directory("log").file("log/down", "").file("log/stderr", "")
        }),
        planted("log-run", &["interpreter-missing"], |f| {
            f.run(SLEEPS).log("#!/no/such/sh\nexec cat").file("log/stderr", "")
        }),
        planted("log-main", &["log-not-writable"], |f| {
            f.run(SLEEPS).directory("log").file("log/main", "").file("log/stderr", "")
        }),
        planted("only-in-home", &["program-only-in-home"], move |f| {
            f.run("exec serve").env("HOME", &home.display().to_string())
        }),
    ];
    each_is_found(&tree, faults);
}
