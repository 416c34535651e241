//! svok, beside Debian's.

use crate::asked::{Supervised, fifos, same};
use std::path::Path;
use testkit::{Account, TestTree, is_root, ours, theirs};

#[test]
fn the_answers_are_debians() {
    let Some(their_svok) = theirs("svok") else { return };
    let tree = TestTree::new();
    let _web = Supervised::new(&tree, "web", |f| f);
    let _closed = Supervised::new(&tree, "closed", |f| f.mode("supervise", 0o700));
    tree.folder("nobody", fifos);
    tree.folder("plain", |f| f);
    tree.folder("loop", |f| f.link("supervise", "supervise"));
    tree.folder("odd", |f| f.directory("supervise").directory("supervise/ok"));
    let cases: [&[&str]; 9] = [
        &[],
        &["web"],
        &["web", "ignored"],
        &["nobody"],
        &["plain"],
        &["nosuch"],
        &["loop"],
        &["odd"],
        &["-u"],
    ];
    let nobody = Account::find("nobody").filter(|_| is_root());
    for arguments in cases.into_iter().chain([&["closed"][..]]) {
        for account in [None, nobody.as_ref()] {
            let call = |program: &Path| {
                let tool = tree.tool(program).args(arguments);
                if let Some(account) = account { tool.account(account) } else { tool }
            };
            same(|| call(&ours("svok")), || call(&their_svok));
        }
    }
}

#[test]
fn the_answer_is_the_exit_code() {
    let tree = TestTree::new();
    let _web = Supervised::new(&tree, "web", |f| f);
    tree.folder("plain", |f| f);
    let call = |folder| tree.tool(&ours("svok")).arg(folder).run();
    call("web").exits(0).errors("");
    call("plain").exits(100).errors("");
    call("nosuch").exits(111).errors("svok: fatal: unable to chdir to nosuch: file does not exist\n");
    tree.tool(&ours("svok")).run().exits(100).errors("svok: usage: svok dir\n");
}

/// A name that a terminal would obey is shown escaped; Debian's svok prints it as it is.
#[test]
fn odd_names_do_not_reach_the_terminal() {
    let tree = TestTree::new();
    let call = |program: &Path| tree.tool(program).arg("a\x1b[2J\nb").run();
    call(&ours("svok"))
        .exits(111)
        .errors("svok: fatal: unable to chdir to a\\x1b[2J\\x0ab: file does not exist\n");
    let Some(their_svok) = theirs("svok") else { return };
    call(&their_svok).errors("svok: fatal: unable to chdir to a\x1b[2J\nb: file does not exist\n");
}

/// Debian's svok is content with anything that it can open for writing.
#[test]
fn only_a_fifo_says_that_supervise_is_running() {
    let tree = TestTree::new();
    tree.folder("file", |f| f.directory("supervise").file("supervise/ok", ""));
    let call = |program: &Path| tree.tool(program).arg("file").run();
    call(&ours("svok"))
        .exits(111)
        .errors("svok: fatal: unable to open file/supervise/ok: invalid argument\n");
    let Some(their_svok) = theirs("svok") else { return };
    call(&their_svok).exits(0);
}
