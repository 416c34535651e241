//! Where a failure is told: on stderr, or on the pipe of whoever has started runas.

use super::USAGE;
use crate::database::{BOB, Database};
use nix::errno::Errno;
use protocol::report::{Report, Step};
use testkit::{Ran, ours};

/// Runs runas with a file in place of the report pipe, on descriptor 9: what is in it then, and what runas said.
fn reported(database: &Database, args: &[&str]) -> (Vec<Report>, Ran) {
    let script = r#"UPKEEP_REPORT=9 exec "$@" 9>"$0""#;
    let file = database.path("report");
    let ran = database.tool("sh").args(["-c", script]).arg(&file).arg(ours("runas")).args(args).run();
    let mut bytes = std::fs::read(file).unwrap();
    let mut reports = Vec::new();
    while let Some(report) = Report::take(&mut bytes) {
        reports.push(report);
    }
    assert!(bytes.is_empty(), "{bytes:?}");
    (reports, ran)
}

fn failed(step: Step, errno: Errno, reason: &str) -> Vec<Report> {
    let errno = if errno == Errno::UnknownErrno { 0 } else { errno as i32 };
    vec![Report::Failed { step, errno, reason: reason.to_owned() }]
}

#[test]
fn each_step_of_a_start_is_reported() {
    let Some(database) = Database::new() else { return };
    let none = Errno::UnknownErrno;
    let cases: [(&[&str], Step, Errno, &str); 10] = [
        (&["nosuch", "echo"], Step::User, none, "user: unknown account nosuch"),
        (
            &[":0:0", "echo"],
            Step::User,
            none,
            "user: unable to run as :0:0: uid or gid 0 by number: write root if that is meant",
        ),
        (
            &["-o", "61001", "alice", "echo"],
            Step::Owner,
            none,
            "the folder belongs to bob (uid 61001), so it can only run as bob: write bob into user",
        ),
        (
            &["-e", "nosuch", "bob", "echo"],
            Step::Environment,
            Errno::ENOENT,
            "unable to open nosuch: file does not exist",
        ),
        (
            &["-E", "77", "bob", "echo"],
            Step::Environment,
            Errno::EBADF,
            "unable to use descriptor 77: file descriptor not open",
        ),
        (
            &["-k", "mknod", "bob", "echo"],
            Step::Switch,
            none,
            "unable to keep capabilities as bob: mknod is not given, it leads back to root: it makes a device of any disk",
        ),
        (&["-q", "nosuch"], Step::User, none, "user: unknown account nosuch"),
        (
            &["-H", "gone", "echo"],
            Step::Switch,
            Errno::ENOENT,
            "unable to chdir to /no/such/folder: file does not exist",
        ),
        (&["bob", "./nosuch"], Step::Execute, Errno::ENOENT, "unable to run ./nosuch: file does not exist"),
        (
            &["bob", "./home"],
            Step::Execute,
            Errno::EACCES,
            "unable to run ./home: access denied: it is not a regular file",
        ),
    ];
    for (args, step, errno, reason) in cases {
        let (reports, ran) = reported(&database, args);
        assert_eq!(reports, failed(step, errno, reason), "{args:?}");
        ran.exits(111).prints("").errors("");
    }
}

#[test]
fn a_wrong_call_is_a_failure_too() {
    let Some(database) = Database::new() else { return };
    let (reports, ran) = reported(&database, &["-x", "bob", "echo"]);
    let reason = format!("runas: illegal option -- x: {USAGE}");
    assert_eq!(reports, failed(Step::Switch, Errno::UnknownErrno, &reason));
    ran.exits(100).prints("").errors("");
}

#[test]
fn a_switch_that_root_alone_may_make() {
    let Some(database) = Database::new() else { return };
    let script = r#"UPKEEP_REPORT=9 exec setpriv --reuid=61002 --regid=61002 --clear-groups "$@" 9>"$0""#;
    let file = database.make_file("report", "", 0, 0o666);
    let sh = database.tool("sh").args(["-c", script]).arg(&file).arg(ours("runas"));
    sh.args(["bob", "echo", "ran"]).run().exits(111).prints("").errors("");
    let reason = "unable to become bob: only root can change its user and groups: permission denied";
    let report = Report::take(&mut std::fs::read(file).unwrap());
    assert_eq!(report.into_iter().collect::<Vec<_>>(), failed(Step::Switch, Errno::EPERM, reason));
}

#[test]
fn warnings_come_on_the_same_way_and_success_is_silence() {
    let Some(database) = Database::new() else { return };
    let (reports, ran) =
        reported(&database, &["bob", "sh", "-c", "echo ${UPKEEP_REPORT-none}; ls /proc/$$/fd"]);
    assert_eq!(reports, []);
    ran.exits(0).errors("");
    let lines = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(lines.lines().next(), Some("none"), "the variable is not passed on");
    assert!(!lines.lines().any(|line| line == "9"), "nor is the descriptor: {lines}");

    database.make_folder("env", BOB, 0o755);
    database.make_folder("env/folder", BOB, 0o755);
    let (reports, ran) = reported(&database, &["-e", "env", "bob", "echo", "ran"]);
    assert_eq!(reports, [Report::Warning("env/folder is skipped: not a regular file".into())]);
    ran.exits(0).prints("ran\n").errors("");
}

#[test]
fn a_variable_that_names_no_pipe_is_not_believed() {
    let Some(database) = Database::new() else { return };
    for nonsense in ["", "x", "2", "-1", "77", "99999999999999999999"] {
        let runas = || database.runas().env("UPKEEP_REPORT", nonsense);
        runas()
            .args(["nosuch", "echo", "ran"])
            .run()
            .exits(111)
            .prints("")
            .errors("runas: fatal: unknown account nosuch\n");
        runas().args(["bob", "sh", "-c", "echo ${UPKEEP_REPORT-none}"]).run().errors("").prints("none\n");
    }
}
