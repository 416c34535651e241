//! A start in progress: runas may wait for a directory server for long.

use super::{Installation, Site, Version, Way, lines};
use protocol::status::Phase;
use std::fs;
use testkit::{Invariants, TestTree, ours, process, resting, up, wait_until};

/// A site whose runas waits until `gate` is written to, and ends then where `refuse` is written.
fn slow(build: impl FnOnce(testkit::Folder) -> testkit::Folder) -> (Site, u32) {
    let tree = TestTree::new();
    let programs = Installation::new(&tree);
    let runas = ours("runas");
    let script = format!(
        "#!/bin/sh\nread line <gate\n[ $line = go ] || exec '{0}' nobody-of-that-name true\nexec '{0}' \"$@\"\n",
        runas.display()
    );
    programs.install_script("runas", &script);
    let site = Site::with_programs(tree, programs, |f| build(f.user("-").fifo("gate")));
    site.wait_for_phase(Phase::Starting);
    let pid = site.web.pid();
    wait_until("runas waits", &[], || (process::name(pid)? == "runas").then_some(()));
    (site, pid)
}

#[test]
fn a_start_in_progress_goes_on_and_is_no_run_before_it_is_executed() {
    let (mut site, pid) = slow(|f| f.alone("exec sleep 1000"));
    let invariants = Invariants::watch(&site.tree);
    for version in [Version::Next, Version::This, Version::This] {
        site.change(Way::Upgrade, version);
        let status = site.status();
        assert_eq!(status.detail.unwrap().phase, Phase::Starting);
        assert_eq!(site.web.pid(), pid);
    }
    fs::write(site.web.file("gate"), "go\n").unwrap();
    site.web.wait_for(up());
    wait_until("run runs", &[], || (process::name(pid)? == "sleep").then_some(()));
    assert_eq!(site.web.pid(), pid);
    invariants.end(site.end());
}

#[test]
fn a_start_that_fails_after_an_upgrade_says_why_and_has_no_finish() {
    let (mut site, _) = slow(|f| f.alone("exec sleep 1000").script("finish", "echo finish >>said"));
    site.change(Way::Upgrade, Version::Next);
    fs::write(site.web.file("gate"), "no\n").unwrap();
    site.web.wait_for(testkit::failed("nobody-of-that-name"));
    site.web.wait_for(resting());
    assert!(!site.web.file("said").exists(), "run never was: {:?}", lines(&site.web.file("said"), 1));
    // The next start waits at the gate as well.
    site.end().for_each(drop);
}

/// A command meanwhile reaches the start, after an upgrade too.
#[test]
fn a_start_in_progress_can_be_stopped_after_an_upgrade() {
    let (mut site, pid) = slow(|f| f.alone("exec sleep 1000"));
    site.change(Way::Upgrade, Version::Next);
    site.tree.svc(["-d", "web"]);
    site.web.wait_for(testkit::down());
    assert!(!process::is_alive(pid));
    site.end().for_each(drop);
}
