//! How far apart starts are.

use protocol::status::Phase;
use std::collections::BTreeMap;
use std::fs;
use sys::process::Ending;
use testkit::{Beacon, TestTree, status, wait_until};

/// A run script that tells when its process was made, in hundredths of a second since the machine was, and ends.
fn tells_when(beacon: &Beacon, end: &str) -> String {
    let told = beacon.say("'$(cut -d\" \" -f22 /proc/$$/stat)'");
    format!("{told}\n{end}")
}

/// The times between so many starts, in seconds.
fn gaps(beacon: &Beacon, starts: usize) -> Vec<f64> {
    let times: Vec<f64> = (0..starts).map(|_| beacon.hear().parse::<f64>().unwrap() / 100.0).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

// A start is noted just before its process is made, and both are told in whole ticks: so much less is right.
const TICKS: f64 = 0.05;

#[test]
fn what_ends_well_and_at_once_is_started_once_a_second() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    tree.folder("web", |f| f.run(&tells_when(&beacon, "exit 0")));
    let _supervise = tree.supervise("web");
    for gap in gaps(&beacon, 4) {
        assert!(gap >= 1.0 - TICKS, "{gap} s");
    }
}

#[test]
fn what_fails_at_once_is_started_less_and_less_often() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&tells_when(&beacon, "exit 1")));
    let supervise = tree.supervise("web");
    for (gap, least) in gaps(&beacon, 3).into_iter().zip([2.0, 4.0]) {
        assert!(gap >= least - TICKS, "{gap} s, and not {least}");
    }
    // It goes on to sixteen seconds, by commands that do not wait.
    for spacing in [8, 16, 16] {
        web.wait_for(status("the spacing has grown", move |status| {
            status.detail.as_ref().unwrap().spacing == spacing * 1_000_000_000
        }));
        tree.svc(["-u", "web"]);
        let _ = beacon.hear();
    }
    assert_eq!(supervise.errors(), "");
}

#[test]
fn a_start_that_fails_is_spaced_as_well() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("#!/no/such/interpreter"));
    let supervise = tree.supervise("web");
    web.wait_for(status("tried twice", |status| status.detail.as_ref().unwrap().starts == 2));
    web.wait_for(status("four seconds apart now", |status| {
        let detail = status.detail.as_ref().unwrap();
        detail.phase == Phase::Resting && detail.spacing == 4_000_000_000
    }));
    assert_eq!(supervise.errors().lines().count(), 1, "said once");
}

/// Every way to end, in the record.
#[test]
fn the_record_says_how_the_last_run_ended() {
    let tree = TestTree::new();
    let mut ends: BTreeMap<String, Ending> =
        [0, 1, 100, 111, 255].map(|code| (format!("exit {code}"), Ending::Exited(code))).into();
    // Those that stop a process, or that it does not notice, end nothing.
    let harmless = [17, 18, 19, 20, 21, 22, 23, 28];
    for signal in (1..=31).chain([34, 64]).filter(|signal| !harmless.contains(signal)) {
        ends.insert(format!("ulimit -c 0; kill -{signal} $$"), Ending::Killed(signal));
    }
    let services: Vec<_> = ends
        .into_iter()
        .enumerate()
        .map(|(number, (run, ending))| {
            let name = format!("s{number}");
            (tree.folder(&name, |f| f.run(&run).down()), run, ending, tree.supervise(&name))
        })
        .collect();
    for (service, run, ending, supervise) in services {
        service.wait_for(testkit::down());
        fs::write(service.file("supervise/control"), "o").unwrap();
        let last = wait_until(&format!("{run:?} has run"), &[&service.file("supervise")], || {
            let status = service.status()?;
            status.detail.filter(|detail| status.pid.is_none() && detail.starts == 1)?.last
        });
        assert_eq!(last, ending, "{run}");
        supervise.stop();
    }
}
