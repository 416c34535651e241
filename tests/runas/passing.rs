//! What a chain-loader was not asked to change passes through: signals, descriptors, umask, everything else of the
//! environment. The same child is started with and without one, and must not see a difference.

use crate::database::Database;
use testkit::{Tool, ours};

/// Our chain-loaders, each doing next to nothing.
const LOADERS: [&[&str]; 4] =
    [&["setuidgid", "root"], &["envuidgid", "root"], &["runas", "root"], &["runas", "-"]];

/// What `child` prints under `outer`, directly and through each of the chain-loaders.
#[track_caller]
fn nothing_changes(database: &Database, outer: &[&str], child: &[&str]) -> String {
    let outer = || -> Tool { database.tool(outer[0]).args(&outer[1..]) };
    let direct = outer().args(child).run();
    assert_eq!(direct.end, Ok(0), "{direct:?}");
    for loader in LOADERS {
        let ran = outer().arg(ours(loader[0])).args(&loader[1..]).args(child).run();
        assert_eq!(ran, direct, "{loader:?}");
    }
    String::from_utf8(direct.stdout).unwrap()
}

const SIGNALS: [&str; 3] =
    ["grep", "-E", "^(SigPnd|SigBlk|SigIgn|SigCgt|Umask|Seccomp|NoNewPrivs|Cpus_allowed_list)"];

fn signals() -> Vec<&'static str> {
    [&SIGNALS[..], &["/proc/self/status"]].concat()
}

#[test]
fn signal_dispositions_and_mask() {
    let Some(database) = Database::new() else { return };
    let ignored = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    const PIPE: u64 = 1 << 12;
    let default = nothing_changes(&database, &["env", "--default-signal=PIPE"], &signals());
    assert_eq!(ignored(&default) & PIPE, 0);
    let kept = nothing_changes(&database, &["env", "--ignore-signal=PIPE,HUP,XFSZ"], &signals());
    assert_eq!(ignored(&kept) & PIPE, PIPE);
    let blocked = nothing_changes(&database, &["env", "--block-signal=USR1,CHLD,TERM"], &signals());
    assert!(!blocked.contains("SigBlk:\t0000000000000000"));
}

#[test]
fn umask_and_limits() {
    let Some(database) = Database::new() else { return };
    let umask = ["sh", "-c", "umask 013; ulimit -n 77; ulimit -c 0; exec \"$@\"", "sh"];
    assert!(nothing_changes(&database, &umask, &signals()).contains("Umask:\t0013"));
    nothing_changes(&database, &umask, &["cat", "/proc/self/limits"]);
}

#[test]
fn descriptors() {
    let Some(database) = Database::new() else { return };
    let list = ["ls", "-l", "--time-style=+", "/proc/self/fd"];
    let open = [
        "sh",
        "-c",
        "exec 7</dev/zero 9>/dev/full; exec \"$@\" 2>/dev/null | sed 's/.* //; s/[0-9]*]/]/; s/[0-9]*\\/fd/fd/'",
        "sh",
    ];
    let seen = nothing_changes(&database, &open, &list);
    assert!(seen.contains("/dev/zero") && seen.contains("/dev/full"), "{seen}");
    // Closed ones as well: what is opened on /dev/null meanwhile is not passed on.
    for closed in ["0<&-", "2>&-", "0<&- 2>&-"] {
        let script = format!("exec \"$@\" {closed}");
        nothing_changes(&database, &["sh", "-c", &script, "sh"], &["sh", "-c", "ls /proc/$$/fd"]);
    }
}

#[test]
fn all_other_variables_in_their_order() {
    let Some(database) = Database::new() else { return };
    let outer = ["env", "-i", "Z=1", "A=\u{e9}\n", "PATH=/usr/bin:/bin", "EMPTY=", "odd name=x"];
    let direct = nothing_changes_for(&database, &outer, &["setuidgid", "root"]);
    assert_eq!(direct, "Z=1\0A=\u{e9}\n\0PATH=/usr/bin:/bin\0EMPTY=\0odd name=x\0");
    nothing_changes_for(&database, &outer, &["runas", "-"]);
}

#[track_caller]
fn nothing_changes_for(database: &Database, outer: &[&str], loader: &[&str]) -> String {
    let outer = || database.tool(outer[0]).args(&outer[1..]);
    let direct = outer().args(["env", "-0"]).run();
    let ran = outer().arg(ours(loader[0])).args(&loader[1..]).args(["env", "-0"]).run();
    assert_eq!(ran, direct, "{loader:?}");
    String::from_utf8(direct.stdout).unwrap()
}

#[test]
fn session_group_and_folder() {
    let Some(database) = Database::new() else { return };
    let here = database.make_folder("here", 0, 0o755);
    let here = here.to_str().unwrap();
    let outer = ["sh", "-c", "cd \"$0\" && echo $$ && exec \"$@\"", here];
    let child = ["sh", "-c", "echo $$; pwd; cut -d' ' -f5,6 /proc/$$/stat"];
    for loader in LOADERS {
        let ran = database.tool(outer[0]).args(&outer[1..]).arg(ours(loader[0])).args(&loader[1..]);
        let lines = String::from_utf8(ran.args(child).run().exits(0).stdout.clone()).unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!((lines[0], lines[2]), (lines[1], here), "{loader:?}");
    }
}
