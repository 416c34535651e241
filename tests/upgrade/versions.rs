//! Records of other versions: what the first one wrote, and what a later one writes.

use super::{Site, Version, Way};
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use std::time::Duration;
use testkit::{Invariants, down, process, status, theirs, up, wait_until};

/// A record as the first version would have written it: nothing of what came later, and its checksum over that.
fn of_first_version(record: &[u8]) -> Vec<u8> {
    let mut first = record[..64].to_vec();
    first[24] = 1;
    first.resize(504, 0);
    let checksum = first
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    first.extend(checksum.to_le_bytes());
    first
}

/// A service that lives, without a supervise, and the record as the first version had it.
fn left_by_first_version() -> (Site, Invariants, u32) {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    let invariants = Invariants::watch(&site.tree);
    site.web.wait_for(up());
    invariants.at_rest();
    let pid = site.web.pid();
    site.supervise().signal(Signal::SIGKILL);
    assert_eq!(site.supervise().wait(), Err(9));
    let file = site.web.file("supervise/status");
    fs::write(&file, of_first_version(&fs::read(&file).unwrap())).unwrap();
    assert_eq!(site.web.pid(), pid, "it is a record");
    (site, invariants, pid)
}

fn start(site: &mut Site) {
    site.start_supervise();
    let supervise = site.supervise().pid();
    site.is_kept_by(supervise, Version::This);
}

#[test]
fn a_service_on_a_record_of_the_first_version_is_adopted() {
    let (mut site, invariants, pid) = left_by_first_version();
    start(&mut site);
    assert_eq!(site.supervise().errors(), format!("supervise: info: web: adopted pid {pid}\n"));
    assert_eq!(site.web.pid(), pid);
    site.tree.svc(["-t", "web"]);
    site.web.wait_for(status("another", move |status| status.pid.is_some_and(|it| it.get() != pid)));
    invariants.end(site.end());
}

#[test]
fn a_service_on_a_record_of_the_first_version_that_has_ended_is_started() {
    let (mut site, invariants, pid) = left_by_first_version();
    let number = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(number, Signal::SIGKILL).unwrap();
    wait_until("it has ended", &[], || (!process::is_alive(pid)).then_some(()));
    start(&mut site);
    site.web.wait_for(up());
    assert_ne!(site.web.pid(), pid);
    invariants.end(site.end());
}

/// What the tools of every kind say of a service, without how long it has been so.
fn told(site: &Site) -> Vec<String> {
    let svstat = |program: &Path| {
        let ran = site.tree.tool(program).arg("web").run();
        String::from_utf8(ran.exits(0).stdout.clone()).unwrap()
    };
    let mut said = vec![site.tree.svstat("web")];
    said.extend(theirs("svstat").map(|program| svstat(&program)));
    said.extend(theirs("sv").map(|program| {
        let ran = site.tree.tool(&program).arg("status").arg(site.web.path()).run();
        String::from_utf8(ran.exits(0).stdout.clone()).unwrap()
    }));
    let no_digits = |said: String| said.replace(|letter: char| letter.is_ascii_digit(), "");
    said.into_iter().map(no_digits).collect()
}

#[test]
fn every_tool_reads_the_record_of_a_later_version() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    site.web.wait_for(up());
    let mut said = Vec::new();
    for command in [None, Some("-p"), Some("-d")] {
        if let Some(command) = command {
            site.tree.svc([command, "web"]);
            site.web.wait_for(status("obeyed", |status| status.paused || status.pid.is_none()));
        }
        let before = told(&site);
        site.change(Way::Upgrade, Version::Next);
        assert_eq!(told(&site), before);
        site.change(Way::Upgrade, Version::This);
        said.push(before);
    }
    assert!(said[0][0].starts_with("web: up (pid ") && said[1][0].ends_with(", paused"), "{said:?}");
    site.web.wait_for(down());
    site.end().for_each(drop);
}

/// The label is the same: how long it is up goes on through it all.
#[test]
fn the_time_since_when_it_is_up_goes_on() {
    let mut site = Site::new(|f| f.alone("exec sleep 1000"));
    site.web.wait_for(up());
    let since = site.status().since;
    let file = site.web.file("supervise/status");
    let label = fs::read(&file).unwrap()[..12].to_vec();
    for (way, version) in super::CHANGES {
        site.change(way, version);
        assert_eq!(site.status().since.since(since), Duration::ZERO);
        assert_eq!(fs::read(&file).unwrap()[..12], label);
    }
    site.end().for_each(drop);
}
