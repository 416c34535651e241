//! A service of each kind.

use testkit::{Folder, TestTree, ours};

/// Services that are not up for long, or not as supervise sees it.
pub(super) const MAY_REST: [&str; 2] = ["crash", "background"];

const FOREVER: &str = "exec sleep 1000";

/// Restarted within a second, whatever happens to it.
pub(super) fn steady(f: Folder) -> Folder {
    f.alone(FOREVER).file("restart-max", "1s\n")
}

/// Makes all of them; their names, those of loggers among them.
pub(super) fn build(tree: &TestTree) -> Vec<&'static str> {
    let multilog = format!("exec '{}' t n5 s4096 ./main", ours("multilog").display());
    let quick_log = |f: Folder| f.file("log/restart-max", "1s\n");
    for name in ["plain", "other"] {
        tree.folder(name, steady);
    }
    tree.folder("logged", |f| quick_log(steady(f).log(FOREVER)));
    let talk = "while :; do echo something; sleep 1 8>&-; done";
    tree.folder("talker", |f| quick_log(f.alone(talk).file("restart-max", "1s\n").log(&multilog)));
    tree.folder("finish", |f| steady(f).script("finish", "exit 0"));
    tree.folder("hanging", |f| steady(f).script("finish", FOREVER).file("timeout-finish", "100\n"));
    tree.folder("worker@", steady);
    for name in ["worker@1", "worker@2"] {
        tree.folder(name, |f| f);
    }
    tree.folder("crash", |f| f.alone("exit 1").file("restart-max", "1s\n"));
    let stubborn = format!("trap '' TERM\n{FOREVER}");
    tree.folder("stubborn", |f| steady(f).alone(&stubborn).file("timeout-kill", "100\n"));
    tree.folder("background", |f| f.alone("sleep 1000 8>&- &\nexit 0").file("restart-max", "1s\n"));
    let forking = format!("sleep 1000 8>&- &\n{FOREVER}");
    tree.folder("forking", |f| steady(f).alone(&forking).file("leftovers", "kill\n"));
    tree.folder("down", |f| steady(f).down());
    let names =
        ["plain", "other", "logged", "logged/log", "talker", "talker/log", "finish", "hanging", "worker@1"];
    [&names[..], &["worker@2", "crash", "stubborn", "background", "forking", "down"]].concat()
}

/// Tells all what is wanted of them in the end, as it was in the beginning.
pub(super) fn want(tree: &TestTree, names: &[&str]) {
    for name in names {
        tree.svc([if *name == "down" { "-dc" } else { "-uc" }, name]);
    }
}
