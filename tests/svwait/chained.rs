//! Going on as the next program.

use super::*;
use testkit::call as plain_call;

#[test]
fn it_becomes_the_program_where_it_was_and_leaves_nothing_open() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&up(), "");
    let script = "echo \"$0\" \"$@\"; pwd; ls -l /proc/self/fd | grep -c event; grep -E 'Sig(Blk|Ign)' /proc/self/status";
    let ran = call(&tree, ["web", "--", "sh", "-c", script, "x", "--", "-y"]).run();
    let said = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
    let expected = tree.tool("/bin/sh".as_ref()).args(["-c", script, "x", "--", "-y"]).run();
    assert_eq!(said, String::from_utf8(expected.stdout).unwrap());
    assert!(said.starts_with(&format!("x -- -y\n{}\n0\n", tree.services().display())), "{said}");
    assert_eq!(waiters(web.service()), [""; 0]);
}

#[test]
fn after_an_event_it_is_where_it_was() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&down(), "");
    let mut waiting = svwait(&tree, ["web", "--", "sh", "-c", "pwd >&2"]);
    until_waiting(web.service(), 1);
    web.becomes(&up(), "u");
    assert_eq!(waiting.wait(), Ok(0));
    assert_eq!(waiting.errors(), format!("{}\n", tree.services().display()));
}

#[test]
fn the_program_gets_the_environment_as_it_is() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&up(), "");
    let path = web.service().path().to_str().unwrap();
    let environment = ["A=1", "noequals", "A=2", "PATH=/usr/bin:/bin"];
    let ran = plain_call(&ours("svwait"), &["svwait", path, "--", "cat", "/proc/self/environ"], &environment);
    ran.exits(0).errors("").prints(environment.map(|entry| format!("{entry}\0")).concat());
}

#[test]
fn a_program_that_cannot_be_run_is_told_as_the_others_do() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&up(), "");
    fs::create_dir(tree.services().join("folder")).unwrap();
    let ran = |program: &str| {
        let ran = call(&tree, ["web", "--", program]).run();
        let told = tree.tool(&ours("setlock")).args(["lock", program]).run();
        let words = |ran: &testkit::Ran| String::from_utf8(ran.stderr.clone()).unwrap();
        assert_eq!(words(&ran).replace("svwait", "setlock"), words(&told));
        assert_eq!(ran.end, told.end);
        words(&ran)
    };
    assert_eq!(ran("no-such-program"), "svwait: fatal: unable to run no-such-program: file does not exist\n");
    assert_eq!(ran("./folder"), "svwait: fatal: unable to run ./folder: access denied\n");
    ran("./no-such-program");
}

#[test]
fn a_wait_that_failed_runs_nothing() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&down(), "");
    call(&tree, ["-t", "10", "web", "--", "echo", "run"]).run().exits(99).prints("");
    let mut waiting = svwait(&tree, ["web", "--", "echo", "run"]);
    until_waiting(web.service(), 1);
    web.tells("O");
    assert_eq!(waiting.wait(), Ok(1));
    assert_eq!(waiting.output(), "");
    call(&tree, ["nosuch", "--", "echo", "run"]).run().exits(111).prints("");
}
