//! The state of a process that exec keeps.

use super::{ALONE, Loaders};
use std::path::Path;
use testkit::Tool;

/// What `child` prints under `outer`: the same directly, and through each of the chain-loaders that `chosen` says.
#[track_caller]
fn nothing_changes(outer: &[&str], child: &[&str], chosen: impl Fn(&super::Loader) -> bool) -> String {
    let loaders = Loaders::new();
    let outer = || Tool::new(Path::new(outer[0])).dir(loaders.folder()).args(&outer[1..]);
    let direct = outer().args(child).run();
    direct.exits(0).errors("");
    for loader in loaders.iter().filter(|loader| chosen(loader)) {
        for program in loader.programs() {
            let ran = outer().arg(&program).args(&loader.args).args(child).run();
            assert_eq!(ran, direct, "{} {:?}", program.display(), loader.args);
        }
    }
    String::from_utf8(direct.stdout).unwrap().replace(loaders.folder().to_str().unwrap(), "HERE")
}

const SIGNALS: [&str; 4] = [
    "grep",
    "-E",
    "^(SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt|Umask|Seccomp|NoNewPrivs|Cpus_allowed)",
    "/proc/self/status",
];

/// A set of signals in what [`SIGNALS`] shows.
fn set(shown: &str, name: &str) -> u64 {
    let line = shown.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

const PIPE: u64 = 1 << 12;
/// All but KILL and STOP, which nobody can ignore or block, and the two that the C library of env keeps for itself.
const ALL: u64 = !(1 << 8 | 1 << 18 | 1 << 31 | 1 << 32);

#[test]
fn signals_that_are_at_their_defaults_or_ignored() {
    let shown = nothing_changes(&["/usr/bin/env", "--default-signal"], &SIGNALS, |_| true);
    assert_eq!(set(&shown, "SigIgn") & ALL, 0);
    let shown = nothing_changes(&["/usr/bin/env", "--ignore-signal=PIPE,HUP,XFSZ,INT"], &SIGNALS, |_| true);
    assert_eq!(set(&shown, "SigIgn") & PIPE, PIPE);
    // fghack cannot wait for a child where SIGCHLD is ignored.
    let shown = nothing_changes(&["/usr/bin/env", "--ignore-signal"], &SIGNALS, |loader| !loader.forks);
    assert!(set(&shown, "SigIgn").count_ones() > 50, "{shown}");
}

#[test]
fn signals_that_are_blocked_or_wait() {
    let shown = nothing_changes(&["/usr/bin/env", "--block-signal"], &SIGNALS, |_| true);
    assert_eq!(set(&shown, "SigBlk") & ALL, ALL);
    let kill =
        ["/usr/bin/env", "--block-signal=USR1,PIPE", "bash", "-c", "kill -USR1 $$; exec \"$@\"", "bash"];
    // What waits for a process is not its child's.
    let shown = nothing_changes(&kill, &SIGNALS, |loader| !loader.forks);
    assert_eq!(set(&shown, "ShdPnd"), 1 << 9);
}

#[test]
fn umask_limits_nice_and_folder() {
    let script =
        "umask 013; ulimit -n 77; ulimit -c 0; ulimit -Ss 4000; exec nice -n 5 choom -n 78 -- \"$@\"";
    let outer = ["/bin/bash", "-c", script, "bash"];
    let shown = nothing_changes(&outer, &SIGNALS, |_| true);
    assert!(shown.contains("Umask:\t0013"), "{shown}");
    let more = "nice; ulimit -n; cat /proc/self/oom_score_adj /proc/self/limits";
    let shown = nothing_changes(&outer, &["sh", "-c", more], |_| true);
    assert!(shown.contains("\n77\n78\n"), "{shown}");
    // setuser goes to the account's home.
    let shown = nothing_changes(&outer, &["sh", "-c", "pwd; readlink /proc/self/cwd"], |loader| {
        loader.name != "setuser"
    });
    assert_eq!(shown, "HERE\nHERE\n");
    let shown = nothing_changes(&["/usr/bin/setpriv", "--no-new-privs"], &SIGNALS, |_| true);
    assert!(shown.contains("NoNewPrivs:\t1"));
}

#[test]
fn process_group_session_and_the_caller() {
    let who = ["sh", "-c", "echo $$ $PPID $(cut -d' ' -f5-7 /proc/$$/stat)"];
    // Said before, by the process that becomes the chain-loader.
    let said = "echo $$ $PPID $(cut -d' ' -f5-7 /proc/$$/stat); exec \"$@\"";
    let loaders = Loaders::new();
    for loader in loaders.iter().filter(|loader| !loader.forks && loader.name != "pgrphack") {
        for program in loader.programs() {
            let ran =
                Tool::new(Path::new("/bin/sh")).args(["-c", said, "sh"]).arg(&program).args(&loader.args);
            let said = String::from_utf8(ran.args(who).run().exits(0).stdout.clone()).unwrap();
            let (before, after) = said.split_once('\n').unwrap();
            assert_eq!(before, after.trim_end(), "{}", program.display());
        }
    }
}

/// The numbers of the child's open descriptors, with what is behind them.
const LIST: [&str; 3] =
    ["sh", "-c", "cd /proc/$$/fd; for fd in *; do echo $fd $(readlink $fd | sed 's/:.*//'); done"];

#[test]
fn descriptors() {
    for open in ["exec", "exec 7</dev/zero 9>/dev/full 3</etc/passwd 8<>/dev/null; exec"] {
        let outer = ["/bin/bash", "-c", &format!("{ALONE}{open} \"$@\""), "bash"];
        let shown = nothing_changes(&outer, &LIST, |loader| !loader.opens);
        assert_eq!(shown.contains("7 /dev/zero\n8 /dev/null\n9 /dev/full\n"), open != "exec", "{shown}");
    }
    // A large number, and where a file is read.
    let outer = ["/bin/bash", "-c", "exec 250</etc/passwd; read line <&250; exec \"$@\"", "bash"];
    let shown = nothing_changes(&outer, &["cat", "/proc/self/fdinfo/250"], |_| true);
    assert!(shown.starts_with("pos:\t") && !shown.starts_with("pos:\t0\n"), "{shown}");
}

/// What is opened on /dev/null meanwhile is not passed on.
#[test]
fn closed_descriptors_stay_closed() {
    for closed in ["0<&-", "0<&- 2>&-", "2>&-"] {
        let outer = ["/bin/sh", "-c", &format!("exec \"$@\" {closed}"), "sh"];
        let open = ["sh", "-c", "for fd in 0 1 2; do test -e /proc/$$/fd/$fd && echo $fd; done; exit 0"];
        let loaders = Loaders::new();
        let expected: String =
            (0..3).filter(|fd| !closed.contains(&format!("{fd}"))).map(|fd| format!("{fd}\n")).collect();
        for loader in loaders.iter() {
            // Not of Debian's that open something: it would get the number.
            let ran = Tool::new(Path::new(outer[0])).args(&outer[1..]).arg(testkit::ours(loader.name));
            ran.args(&loader.args).args(open).run().exits(0).prints(&expected);
        }
    }
}
