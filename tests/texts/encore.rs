//! What daemontools-encore has and 0.76 has not, where a folder or a caller of its meets ours.

use crate::asked::{Supervised, same};
use protocol::tai64n::Tai64n;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{TestTree, ours, theirs, up};

/// A record of encore's supervise: that of the service, and of its log where it has a script for one.
fn record(pid: u32, want: u8, state: u8, log: bool) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let label = Tai64n::from_wall(now - Duration::from_secs(77)).to_bytes();
    let half = |pid: u32, want, state| [&label[..], &pid.to_le_bytes(), &[0, want, state, 0]].concat();
    let mut record = half(pid, want, state);
    if log {
        record.extend(half(4712, b'u', 3));
    }
    record
}

/// Of the state behind it, and of the log, ours says no more than 0.76 does.
#[test]
fn a_record_of_encores_is_read_as_by_debian() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    for log in [false, true] {
        for state in 0..=6 {
            for (pid, want) in [(4711, b'u'), (4711, b'd'), (4711, 0), (0, b'u'), (0, b'd'), (0, 0)] {
                web.set_status(&record(pid, want, state, log));
                let up = if pid == 0 { 100 } else { 0 };
                tree.tool(&ours("svup")).arg("web").run().exits(up).prints("").errors("");
                let Some(their_svstat) = theirs("svstat") else { continue };
                let call = |program: &Path| tree.tool(program).arg("web");
                same(|| call(&ours("svstat")), || call(&their_svstat)).exits(0).errors("");
            }
        }
    }
}

/// To 0.76 and to us, `-L` and `-l` are folders. Who writes them most often means what they are in encore.
#[test]
fn the_log_options_are_folders_to_svstat_that_are_told_the_cure() {
    let tree = TestTree::new();
    let web = Supervised::new(&tree, "web", |f| f);
    web.set_status(&record(0, b'd', 0, false));
    let call = |program: &Path, option: &str| {
        let ran = tree.tool(program).args([option, "nosuch"]).run();
        String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap()
    };
    for option in ["-L", "-l"] {
        let absent = "unable to chdir: file does not exist";
        let cure = ": a logger has a supervise of its own: svstat dir/log";
        let expected = |cure: &str| format!("{option}: {absent}{cure}\nnosuch: {absent}\n");
        assert_eq!(call(&ours("svstat"), option), expected(cure));
        let Some(their_svstat) = theirs("svstat") else { continue };
        assert_eq!(call(&their_svstat, option), expected(""));
    }
    // A folder of that name is one.
    tree.folder("-l", |f| f);
    if let Some(their_svstat) = theirs("svstat") {
        let call = |program: &Path| tree.tool(program).args(["-l", "web"]);
        same(|| call(&ours("svstat")), || call(&their_svstat)).exits(0);
    }
}

/// Scripts that encore runs at other moments are the service's own, as for 0.76.
#[test]
fn files_that_mean_something_to_encore_alone_mean_nothing() {
    let Some(their_supervise) = theirs("supervise") else { return };
    for program in [&their_supervise, &ours("supervise")] {
        let tree = TestTree::new();
        let [run, other] = ["run", "other"].map(|name| tree.beacon(name));
        let script = format!("{other}\nexit 0");
        let web = tree.folder("web", |f| {
            let f = f.run(&format!("{run}\nexec sleep 1000")).file("no-setsid", "");
            ["start", "stop", "notify", "log"].into_iter().fold(f, |f, name| f.script(name, &script))
        });
        let mut running = tree.launch(program).stop_by_control(web.path()).arg("web").start();
        let _ = run.next();
        web.wait_for(up());
        tree.svc(["-dx", "web"]);
        assert_eq!(running.wait(), Ok(0));
        assert!(other.told().is_none());
    }
}
