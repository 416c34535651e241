//! Services that end at once, whatever the way: each is started again, spaced by how it ended, and nobody else waits.

use testkit::{Service, TestTree, up};

/// The signals that end a process by default, of the old 31.
fn deadly() -> impl Iterator<Item = u8> {
    (1..=31).filter(|signal| ![17, 18, 19, 20, 21, 22, 23, 28].contains(signal))
}

#[test]
fn whatever_way_a_run_ends_it_is_started_again_and_only_failures_are_spaced_more_and_more() {
    let tree = TestTree::new();
    let codes = [0, 1, 100, 111, 255].map(|code| (format!("exit-{code}"), format!("exit {code}")));
    let signals = deadly().map(|signal| (format!("signal-{signal}"), format!("kill -{signal} $$")));
    let services: Vec<(String, Service)> = codes
        .into_iter()
        .chain(signals)
        .map(|(name, how)| (name.clone(), tree.folder(&name, |f| f.run(&format!("ulimit -c 0\n{how}")))))
        .collect();
    let steady = tree.folder("steady", |f| f.run("exec sleep 1000"));
    let svscan = tree.svscan();
    steady.wait_for(up());
    let pid = steady.pid();
    for (name, service) in &services {
        let detail = service.wait_until("it has been started twice", |service| {
            service.status()?.detail.filter(|detail| detail.starts >= 2 && detail.last.is_some())
        });
        let expected = match name.split_once('-').unwrap() {
            ("exit", code) => sys::process::Ending::Exited(code.parse().unwrap()),
            (_, signal) => sys::process::Ending::Killed(signal.parse().unwrap()),
        };
        assert_eq!(detail.last, Some(expected), "{name}");
        let seconds = detail.spacing / 1_000_000_000;
        assert_eq!(seconds > 1, name != "exit-0", "{name}: {seconds} s");
        assert_eq!(detail.failed, None, "{name}");
    }
    assert_eq!(steady.pid(), pid);
    assert_eq!(svscan.errors(), "");
}
