//! svup, as daemontools-encore documents it: no Debian package has it to compare with.

use crate::asked::{Supervised, fifos};
use testkit::{TestTree, ours};

const UP: [u8; 18] = [0x40, 0, 0, 0, 0x6b, 2, 0x1e, 0x9f, 0, 0, 0, 0, 0x66, 0x78, 0, 0, 0, b'u'];
const DOWN: [u8; 18] = [0x40, 0, 0, 0, 0x6b, 2, 0x1e, 0x9f, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'u'];

#[test]
fn the_answer_is_the_exit_code() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    let call = |folder| tree.tool(&ours("svup")).arg(folder).run();
    call("web").exits(100).errors("");
    for length in [18, 20] {
        let with = |start: &[u8]| [start, &[0; 2]].concat()[..length].to_vec();
        web.set_status(&with(&UP));
        call("web").exits(0).prints("").errors("");
        web.set_status(&with(&DOWN));
        call("web").exits(100).prints("").errors("");
    }
    web.set_status(&UP[..17]);
    call("web").exits(111).errors("svup: fatal: unable to read web/supervise/status: bad format\n");
}

#[test]
fn no_supervise_is_not_up() {
    let tree = TestTree::new();
    tree.folder("plain", |f| f);
    tree.folder("left", |f| fifos(f).file("supervise/status", UP));
    let call = |folder| tree.tool(&ours("svup")).arg(folder).run();
    call("plain").exits(100).errors("");
    call("left").exits(100).errors("");
    call("nosuch").exits(111).errors("svup: fatal: unable to chdir to nosuch: file does not exist\n");
}

#[test]
fn wrong_calls_are_told_how() {
    let tree = TestTree::new();
    let call = |argument: &[&str]| tree.tool(&ours("svup")).args(argument).run();
    call(&[]).exits(100).errors("svup: usage: svup dir\n");
    call(&["-z", "web"]).exits(100).errors("svup: illegal option -- z\nsvup: usage: svup dir\n");
    for letter in ["L", "l"] {
        call(&[&format!("-{letter}"), "web"]).exits(100).errors(format!(
            "svup: illegal option -- {letter}: a logger has a supervise of its own: svup dir/log\n\
             svup: usage: svup dir\n"
        ));
    }
}
