//! What supervise itself was started with is not for its services.

use std::path::PathBuf;
use testkit::{TestTree, ours};

const OTHERS: [(&str, &str); 8] = [
    ("NOTIFY_SOCKET", "/run/systemd/notify"),
    ("LISTEN_FDS", "2"),
    ("LISTEN_PID", "1"),
    ("LISTEN_PIDFDID", "5"),
    ("LISTEN_FDNAMES", "a:b"),
    ("WATCHDOG_USEC", "30000000"),
    ("WATCHDOG_PID", "1"),
    ("MAINPID", "1"),
];

fn is_passed_on(program: PathBuf, argument: &str) {
    let tree = TestTree::new();
    let [beacon, plain] = ["web", "plain"].map(|name| tree.beacon(name));
    tree.folder("web", |f| {
        f.run(&format!("{beacon}\nexec sleep 1000")).file("notify-socket", "").file("watchdog", "1h\n")
    });
    tree.folder("plain", |f| f.run(&format!("{plain}\nexec sleep 1000")));
    let mut launch = tree.launch(&program).arg(argument).env("OTHER", "kept");
    for (name, value) in OTHERS {
        launch = launch.env(name, value);
    }
    let _running = launch.start();
    let start = if argument == "plain" { None } else { Some(beacon.next()) };
    if let Some(start) = start {
        assert!(start.environment["NOTIFY_SOCKET"].starts_with("@upkeep/"));
        assert_eq!(start.environment["WATCHDOG_USEC"], "3600000000");
        assert_eq!(start.environment["WATCHDOG_PID"], start.pid.to_string());
        for (name, _) in OTHERS.iter().filter(|(name, _)| name.starts_with("LISTEN") || *name == "MAINPID") {
            assert!(!start.environment.contains_key(*name), "{name}");
        }
    }
    if argument != "web" {
        let start = plain.next();
        assert_eq!(start.environment["OTHER"], "kept");
        for (name, _) in OTHERS {
            assert!(!start.environment.contains_key(name), "{name}");
        }
    }
}

#[test]
fn variables_that_were_meant_for_supervise_are_not_passed_on() {
    is_passed_on(ours("supervise"), "plain");
    is_passed_on(ours("supervise"), "web");
}

#[test]
fn nor_are_those_that_were_meant_for_svscan() {
    is_passed_on(ours("svscan"), ".");
}
