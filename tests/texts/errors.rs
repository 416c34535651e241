//! The words for the system's errors, and what is fatal to the programs that ask a supervise.

use crate::asked::Supervised;
use std::path::Path;
use testkit::{Ran, TestTree, Tool, ours, same_as_theirs, skip, theirs};

const STRACE: &str = "/usr/bin/strace";

fn strace_is_there() -> bool {
    let is_there = Path::new(STRACE).exists();
    if !is_there {
        skip("it needs strace");
    }
    is_there
}

/// A call through strace, which makes a system call fail.
fn tampered(tree: &TestTree, injection: &str) -> Tool {
    tree.tool(Path::new(STRACE)).args(["-o", "/dev/null", "-e", &format!("inject={injection}")])
}

/// Linux has names for 1 to 133 but two.
#[test]
fn every_error_of_the_system_has_djbs_words() {
    if !strace_is_there() {
        return;
    }
    let tree = TestTree::new();
    let said = same_as_theirs("svok", |program| {
        let said = |number: i32| -> Ran {
            tampered(&tree, &format!("chdir:error={number}")).arg(program).arg("web").run()
        };
        (1..=134).chain([4095]).map(said).collect::<Vec<_>>()
    });
    let Some(said) = said else { return };
    let unknown = "svok: fatal: unable to chdir to web: unknown error\n";
    let known = said.iter().filter(|ran| ran.exits(111).stderr != unknown.as_bytes());
    assert!(known.count() > 80);
    said[1].errors("svok: fatal: unable to chdir to web: file does not exist\n");
}

/// What a name that is not absolute means afterwards would be another folder.
#[test]
fn a_folder_that_cannot_be_gone_back_to_is_fatal() {
    if !strace_is_there() {
        return;
    }
    let tree = TestTree::new();
    let _web = Supervised::new(&tree, "web", |f| f);
    let back = |program: &Path, arguments: &[&str]| {
        tampered(&tree, "fchdir:error=EACCES").arg(program).args(arguments).run()
    };
    let fatal = "svc: fatal: unable to set directory: access denied\n";
    let absent = "svc: warning: unable to chdir to nosuch: file does not exist\n";
    for (arguments, before) in [(["-d", "web"], ""), (["nosuch", "web"], absent)] {
        let Some(said) = same_as_theirs("svc", |program| back(program, &arguments)) else { return };
        said.exits(111).errors(format!("{before}{fatal}"));
    }
    // What it has found by then is lost with Debian's svstat, which prints everything at its end.
    let fatal = "svstat: fatal: unable to set directory: access denied\n";
    let found = "nosuch: unable to chdir: file does not exist\n";
    back(&ours("svstat"), &["nosuch", "web"]).exits(111).prints(found).errors(fatal);
    let Some(their_svstat) = theirs("svstat") else { return };
    back(&their_svstat, &["nosuch", "web"]).exits(111).prints("").errors(fatal);
}

/// Theirs keeps twenty letters, of which there are eleven; ours has more, and no end of changes between group and process.
#[test]
fn any_number_of_letters_is_sent_once_each() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    let many = format!("-{}", "udopchaitkx".repeat(50));
    same_as_theirs("svc", |program| {
        let ran = tree.tool(program).args([many.as_str(), "-kkkk", "--", "web"]).run();
        (ran, web.received())
    });
    let all = format!("-{}", "udopchaitkxq12w+t=a+q=".repeat(50));
    tree.svc([&all, "web"]);
    assert_eq!(web.received(), b"udopchaitkxq12w+tq=");
}
