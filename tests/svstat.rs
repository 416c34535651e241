//! svstat, beside Debian's: on records of every kind, and on folders without.

use crate::asked::{Chance, Supervised, fifos, same};
use protocol::report::Step;
use protocol::status::{Detail, Failed, Phase, Status, Want};
use protocol::tai64n::Tai64n;
use std::fs::OpenOptions;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{Account, TestTree, Tool, failed, is_root, needs_root, ours, skip, theirs};

/// The bytes of a record: a label that many seconds ago, and what follows it.
fn record(ago: u64, pid: u32, paused: u8, want: u8) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let label = Tai64n::from_wall(now - Duration::from_secs(ago));
    [&label.to_bytes()[..], &pid.to_le_bytes(), &[paused, want]].concat()
}

#[test]
fn every_kind_of_record_is_read_as_by_debian() {
    let Some(their_svstat) = theirs("svstat") else { return };
    let tree = TestTree::new();
    let plain = Supervised::new(&tree, "plain", |f| f);
    let marked = Supervised::new(&tree, "marked", |f| f.down());
    let call = |program: &Path| tree.tool(program).args(["plain", "marked"]);
    let mut chance = Chance::new(2);
    for _ in 0..100 {
        let pid = [0, 1, 4711, u32::MAX][chance.below(4)];
        let ago = [0, 1, 59, 100_000][chance.below(4)];
        let want = *chance.pick(b"ud\0\0ox\xff");
        let mut bytes = record(ago, pid, u8::try_from(chance.below(3)).unwrap(), want);
        bytes.resize([18, 19, 20, 40, 512][chance.below(5)], 1);
        plain.set_status(&bytes);
        marked.set_status(&bytes);
        same(|| call(&ours("svstat")), || call(&their_svstat));
    }
}

#[test]
fn what_is_no_record_is_told_as_by_debian() {
    let Some(their_svstat) = theirs("svstat") else { return };
    let tree = TestTree::new();
    let odd = Supervised::new(&tree, "odd", |f| f);
    let call = |program: &Path| tree.tool(program).arg("odd");
    let check = || same(|| call(&ours("svstat")), || call(&their_svstat));
    check().prints("odd: unable to open supervise/status: file does not exist\n");
    for length in [0, 1, 17, 18, 19, 20, 64, 600] {
        for byte in [0, 1, 0x40, 0xff] {
            odd.set_status(&vec![byte; length]);
            check().exits(0);
        }
    }
    let mut chance = Chance::new(3);
    for _ in 0..100 {
        let length = 17 + chance.below(5);
        odd.set_status(&std::iter::repeat_with(|| chance.below(256) as u8).take(length).collect::<Vec<u8>>());
        check().exits(0);
    }
}

#[test]
fn trouble_with_a_folder_is_told_as_by_debian() {
    let Some(their_svstat) = theirs("svstat") else { return };
    let tree = TestTree::new();
    let _web = Supervised::new(&tree, "web", |f| f.mode("supervise", 0o700));
    tree.folder("nobody", fifos);
    tree.folder("plain", |f| f);
    tree.folder("half", |f| f.directory("supervise"));
    tree.folder("loop", |f| f.link("supervise", "supervise"));
    tree.folder("marked", |f| f.link("down", "down"));
    tree.folder("dangling", |f| f.link("down", "nothing").link("supervise", "nothing"));
    tree.folder("closed", |f| f.mode(".", 0o700));
    std::fs::write(tree.services().join("file"), "").unwrap();
    let names =
        ["nosuch", "file", "", "web", "nobody", "plain", "half", "loop", "marked", "dangling", "closed"];
    let odd = ["a\x1b[2Jb", "two\nlines", "-u", "--", "é", "plain/"];
    let call = |program: &Path| tree.tool(program).args(names).args(odd).arg(tree.services().join("plain"));
    same(|| call(&ours("svstat")), || call(&their_svstat)).exits(0).errors("");
    if let Some(nobody) = Account::find("nobody").filter(|_| is_root()) {
        same(|| call(&ours("svstat")).account(&nobody), || call(&their_svstat).account(&nobody)).exits(0);
    }
    // Nothing asked, nothing said.
    same(|| tree.tool(&ours("svstat")), || tree.tool(&their_svstat)).exits(0).prints("").errors("");
}

#[test]
fn a_folder_that_one_cannot_come_back_to_is_fatal() {
    let Some(their_svstat) = theirs("svstat") else { return };
    if !needs_root() {
        return;
    }
    let Some(nobody) = Account::find("nobody") else { return skip("there is no account nobody") };
    let tree = TestTree::new();
    let hidden = tree.folder("hidden", |f| f.mode(".", 0o711));
    let call = |program: &Path| Tool::new(program).dir(hidden.path()).account(&nobody).arg("/");
    same(|| call(&ours("svstat")), || call(&their_svstat))
        .exits(111)
        .errors("svstat: fatal: unable to open current directory: access denied\n");
}

#[test]
fn output_that_nobody_takes_is_no_error() {
    let Some(their_svstat) = theirs("svstat") else { return };
    let tree = TestTree::new();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let call = |program: &Path| tree.tool(program).arg("nosuch").stdout(full());
    same(|| call(&ours("svstat")), || call(&their_svstat)).exits(0).errors("");
    // And a reader that has gone ends it by the signal, since nothing has changed that.
    let call = |program: &Path| {
        let (_, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
        tree.tool(program).arg("nosuch").stdout(writer)
    };
    assert_eq!(same(|| call(&ours("svstat")), || call(&their_svstat)).end, Err(libc::SIGPIPE));
}

/// Debian's svstat takes the error for a long read, and tells what it read last: another service's state.
#[test]
fn a_record_that_cannot_be_read_is_not_made_up() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    web.set_status(&record(5, 4711, 0, b'u'));
    let _odd = Supervised::new(&tree, "odd", |f| f.directory("supervise/status"));
    let call = |program: &Path| {
        let ran = tree.tool(program).args(["web", "odd"]).run();
        String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap()
    };
    let said = call(&ours("svstat"));
    assert!(said.ends_with("\nodd: unable to read supervise/status: is a directory\n"), "{said}");
    let Some(their_svstat) = theirs("svstat") else { return };
    let said = call(&their_svstat);
    assert!(said.contains("\nodd: up (pid 4711) "), "{said}");
}

/// What Debian's svstat cannot know is told behind what it tells.
#[test]
fn a_service_of_ours_that_could_not_be_started_says_why() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    let reason = "unable to run web/run: file does not exist: its interpreter /no/such/python does not exist";
    let failed = |reason: &str| Failed { step: Step::Execute, errno: 2, reason: reason.into() };
    let mut status = Status {
        since: Tai64n::from_bytes([0xff; 12]),
        pid: None,
        paused: false,
        want: Want::Up,
        terminated: false,
        detail: Some(Detail {
            phase: Phase::Resting,
            failed: Some(failed(reason)),
            starts: 3,
            ..Detail::default()
        }),
    };
    web.set_status(&status.encode());
    let theirs_says = "web: down 0 seconds, normally up, want up";
    assert_eq!(tree.svstat("web"), format!("{theirs_says}, not started: {reason}"));
    if let Some(their_svstat) = theirs("svstat") {
        tree.tool(&their_svstat).arg("web").run().exits(0).prints(format!("{theirs_says}\n"));
    }
    status.pid = NonZeroU32::new(5);
    status.detail.as_mut().unwrap().failed = Some(failed("a\n\x1b[2J"));
    web.set_status(&status.encode());
    assert_eq!(tree.svstat("web"), "web: up (pid 5) 0 seconds, not started: a\\x0a\\x1b[2J");
}

#[test]
fn our_supervise_lets_it_say_why() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("#!/no/such/python"));
    let _running = tree.supervise("web");
    web.wait_for(failed("/no/such/python"));
    let said = tree.svstat("web");
    assert!(said.starts_with("web: down ") && said.contains(", want up, not started: "), "{said}");
    assert!(said.contains("/no/such/python does not exist"), "{said}");
}
