//! A service's `capabilities`: its account has these and no others, if it is root who says so.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use testkit::{Account, Folder, Service, TestTree, Tool, account, failed, needs_root, ours, skip, up};

const KILL: u64 = 1 << 5;
const NET_BIND_SERVICE: u64 = 1 << 10;
const NET_RAW: u64 = 1 << 13;

/// What /proc says of run.
fn status(service: &Service) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

#[track_caller]
fn has_exactly(service: &Service, account: &Account, capabilities: u64) {
    service.wait_for(up());
    let status = status(service);
    let uid = account.uid;
    assert_eq!(status["Uid"], format!("{uid}\t{uid}\t{uid}\t{uid}"));
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status[set], format!("{capabilities:016x}"), "{set}");
    }
}

fn sleeps(f: Folder, account: &Account, capabilities: &str) -> Folder {
    f.run("exec sleep 1000").user(&account.name).file("capabilities", capabilities)
}

#[test]
fn the_account_of_a_service_has_exactly_these() {
    if !needs_root() {
        return;
    }
    let (tree, alice) = (TestTree::new(), account("upkeep-a"));
    let web = tree.folder("web", |f| sleeps(f, &alice, "# a port below 1024\nnet_bind_service\n"));
    let both = tree.folder("both", |f| sleeps(f, &alice, "net_raw kill\n").env("A", "b"));
    let _supervises = [tree.supervise("web"), tree.supervise("both")];
    has_exactly(&web, &alice, NET_BIND_SERVICE);
    has_exactly(&both, &alice, NET_RAW | KILL);
    // Read afresh at each start.
    fs::write(web.file("capabilities"), "kill").unwrap();
    let before = web.pid();
    tree.svc(["-t", "web"]);
    web.wait_until("it runs again", |web| web.status()?.pid.filter(|pid| pid.get() != before));
    has_exactly(&web, &alice, KILL);
}

#[test]
fn an_instance_has_its_own_or_those_of_its_template_and_a_logger_none() {
    if !needs_root() {
        return;
    }
    let (tree, alice) = (TestTree::new(), account("upkeep-a"));
    tree.folder("web@", |f| sleeps(f, &alice, "net_bind_service\n").directory("log"));
    let plain = tree.folder("web@1", |f| f);
    let own = tree.folder("web@2", |f| f.file("capabilities", "net_raw\n"));
    let _svscan = tree.svscan();
    has_exactly(&plain, &alice, NET_BIND_SERVICE);
    has_exactly(&own, &alice, NET_RAW);
    let log = plain.log();
    log.wait_for(up());
    assert_eq!(status(&log)["CapPrm"], "0000000000000000");
}

#[test]
fn a_server_of_an_ordinary_account_listens_on_port_80() {
    if !needs_root() {
        return;
    }
    let can = Tool::new(Path::new("/usr/bin/unshare")).args(["--net", "ip", "link"]).run().end == Ok(0);
    if !can {
        return skip("it needs network namespaces and ip of the package iproute2");
    }
    let (tree, alice) = (TestTree::new(), account("upkeep-a"));
    let beacon = tree.beacon("web");
    // What it says on stdout once it listens.
    let to_beacon = beacon.say("").replacen("echo ''", "", 1);
    let serves = format!("exec /usr/bin/python3 -u -m http.server 80 --bind 127.0.0.1 {to_beacon}");
    let web = tree.folder("web", |f| sleeps(f, &alice, "net_bind_service\n").run(&serves));
    let launch = tree.launch(Path::new("/usr/bin/unshare")).arg("--net");
    let script = r#"ip link set lo up && exec "$0" web"#;
    let _supervise = launch.arg("sh").arg("-c").arg(script).arg(ours("supervise")).start();
    let said = beacon.hear();
    assert!(said.starts_with("Serving HTTP on 127.0.0.1 port 80 "), "{said}");
    let sockets = fs::read_to_string(format!("/proc/{}/net/tcp", web.pid())).unwrap();
    let socket = sockets.lines().find(|line| line.contains(" 0100007F:0050 ")).expect("port 80");
    assert!(socket.contains(&format!(" {} ", alice.uid)), "{socket}");
}

/// It is not started, for that reason.
#[track_caller]
fn is_refused(tree: &TestTree, name: &str, reason: &str, build: impl FnOnce(Folder) -> Folder) {
    let service = tree.folder(name, |f| build(f.run("exec sleep 1000")));
    let _supervise = tree.supervise(name);
    service.wait_for(failed(reason));
    // Its process is on its way out when it has told.
    service.wait_for(testkit::status("nothing runs", |status| status.pid.is_none()));
}

#[test]
fn what_does_not_name_capabilities_that_can_be_given_is_not_started() {
    if !needs_root() {
        return;
    }
    let (tree, alice) = (TestTree::new(), account("upkeep-a"));
    for (name, content, reason) in [
        ("empty", "# none\n", "capabilities: no capability is named"),
        ("unknown", "net_raw net_row\n", "capabilities: no capability is called net_row"),
        ("prefix", "cap_kill\n", "capabilities: cap_kill is not how it is spelt here: write kill"),
        ("dangerous", "kill\nsys_admin\n", "capabilities: sys_admin is not given, it leads back to root"),
    ] {
        is_refused(&tree, name, reason, |f| f.user(&alice.name).file("capabilities", content));
    }
    is_refused(&tree, "long", "unable to use capabilities", |f| {
        f.user(&alice.name).file("capabilities", "kill\n".repeat(20_000))
    });
    is_refused(&tree, "folder", "unable to use capabilities", |f| {
        f.user(&alice.name).directory("capabilities")
    });
    is_refused(&tree, "fifo", "unable to use capabilities", |f| f.user(&alice.name).fifo("capabilities"));
}

#[test]
fn they_are_for_an_account_other_than_root() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let nobody = "capabilities: they are for an account to become";
    let root = "capabilities: they are for an account other than root";
    is_refused(&tree, "without-user", nobody, |f| f.file("capabilities", "kill\n"));
    is_refused(&tree, "stay", nobody, |f| f.user("-").file("capabilities", "kill\n"));
    is_refused(&tree, "root", root, |f| f.user("root").file("capabilities", "kill\n"));
}

#[test]
fn nobody_but_root_says_so() {
    if !needs_root() {
        return;
    }
    let (tree, alice) = (TestTree::new(), account("upkeep-a"));
    let reason = "capabilities: only root can give them";
    let with_user = |f: Folder| f.user(&alice.name).file("capabilities", "kill\n");
    // Whoever owns a folder decides for himself, and would give himself what he has not.
    is_refused(&tree, "alices", reason, |f| with_user(f).owner(&alice));
    // So would whoever can change that one file, or what is run.
    for name in ["capabilities", "run"] {
        is_refused(&tree, &format!("alices-{name}"), reason, |f| {
            let f = with_user(f);
            chown(f.path().join(name), Some(alice.uid), Some(alice.gid)).unwrap();
            f
        });
    }
    // And a supervise that is not root's has none to give.
    let own = tree.folder("own", |f| with_user(f.run("exec sleep 1000")).owner(&alice));
    let _supervise = tree.launch(&ours("supervise")).arg("own").account(&alice).start();
    own.wait_for(failed(reason));
}
