//! pgrphack beside Debian's.

use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use testkit::{Tool, ours, same_as_theirs};

const USAGE: &str = "pgrphack: usage: pgrphack child\n";

#[test]
fn wrong_calls_and_children_that_cannot_be_run() {
    for args in
        [&[][..], &[""], &["-x"], &["--"], &["--", "true"], &["-"], &["nosuchprogram"], &["/"], &["/no/such"]]
    {
        same_as_theirs("pgrphack", |pgrphack| Tool::new(pgrphack).args(args).run());
    }
    Tool::new(&ours("pgrphack")).run().exits(100).prints("").errors(USAGE);
    let ran = Tool::new(&ours("pgrphack")).arg("/no/such").run();
    ran.exits(111).prints("").errors("pgrphack: fatal: unable to run /no/such: file does not exist\n");
}

/// Whether the child leads its group and its session, and whether it has a terminal; with the exit code.
const WHO: &str = "set -- $(cut -d' ' -f5-7 /proc/$$/stat); \
    echo group $(($1 == $$)) session $(($2 == $$)) terminal $(($3 != 0)); exit 5";

#[test]
fn the_child_leads_a_session_of_its_own() {
    let run = |pgrphack: &Path| Tool::new(pgrphack).args(["sh", "-c", WHO]).run();
    same_as_theirs("pgrphack", run);
    run(&ours("pgrphack")).exits(5).errors("").prints("group 1 session 1 terminal 0\n");
}

#[test]
fn one_that_leads_a_group_already_stays_where_it_is() {
    let leader = |pgrphack: &Path| {
        let mut tool = Tool::new(pgrphack).args(["sh", "-c", WHO]);
        tool.command().process_group(0);
        tool.run()
    };
    same_as_theirs("pgrphack", leader);
    let ran = leader(&ours("pgrphack"));
    assert!(ran.exits(5).stdout.starts_with(b"group 1 session 0"), "{ran:?}");
    same_as_theirs("pgrphack", |pgrphack| {
        Tool::new(Path::new("/usr/bin/setsid")).arg("--wait").arg(pgrphack).args(["sh", "-c", WHO]).run()
    });
}

/// A terminal, and what is behind it; no child of another test inherits them.
fn terminal() -> (PtyMaster, File) {
    let keyboard = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).unwrap();
    grantpt(&keyboard).and_then(|()| unlockpt(&keyboard)).unwrap();
    let name = ptsname_r(&keyboard).unwrap();
    let open = File::options().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(name);
    (keyboard, open.unwrap())
}

/// A child on a terminal, which becomes the session's own; pgrphack takes the child out of that session.
#[test]
fn a_terminal_is_left_behind() {
    let on_a_terminal = |program: &Path| {
        let (_keyboard, terminal) = terminal();
        // The shell leads the session, and what it starts is in its group.
        let session = ["--wait", "--ctty", "sh", "-c", "\"$@\"; exit $?", "sh"];
        let setsid = Tool::new(Path::new("/usr/bin/setsid")).args(session);
        let mut tool = setsid.arg(program).args(["sh", "-c", WHO]);
        tool.command().stdin(terminal);
        tool.run()
    };
    same_as_theirs("pgrphack", on_a_terminal);
    on_a_terminal(&ours("pgrphack")).exits(5).prints("group 1 session 1 terminal 0\n");
    on_a_terminal(Path::new("/usr/bin/env")).exits(5).prints("group 0 session 0 terminal 1\n");
}
