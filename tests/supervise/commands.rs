//! The letters in `supervise/control`, from svc or from anybody who may write there.

use super::steady;
use crate::asked::Chance;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use protocol::status::{Phase, Status, Want};
use std::fs::File;
use std::io::Write;
use testkit::{Service, TestTree, down, not_supervised, process, resting, status, up, wait_until};

fn control(service: &Service) -> File {
    open(&service.file("supervise/control"), OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())
        .unwrap()
        .into()
}

#[test]
fn once_is_once() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexit 3")).down());
    let _supervise = tree.supervise("web");
    web.wait_for(down());
    for count in 1..=3 {
        tree.svc(["-o", "web"]);
        let _ = beacon.next();
        web.wait_for(status("it has run once more", move |status| {
            let detail = status.detail.as_ref().unwrap();
            detail.starts == count && detail.phase == Phase::Down && status.want == Want::Once
        }));
    }
    assert!(beacon.told().is_none());
}

#[test]
fn once_lets_what_runs_run_to_its_end() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    let pid = beacon.next().pid;
    tree.svc(["-o", "web"]);
    web.wait_for(status("once", |status| status.want == Want::Once));
    assert_eq!(web.pid(), pid);
    tree.svc(["-t", "web"]);
    web.wait_for(down());
    assert!(beacon.told().is_none());
}

#[test]
fn exit_waits_for_the_end_and_does_not_bring_it_about() {
    let tree = TestTree::new();
    let (web, beacon, mut supervise) = steady(&tree);
    let pid = beacon.next().pid;
    tree.svc(["-x", "web"]);
    web.wait_for(status("leaving", |status| status.detail.as_ref().unwrap().leaving));
    assert!(process::is_alive(pid));
    tree.svc(["-k", "web"]);
    assert_eq!(supervise.wait(), Ok(0));
    // It was wanted up, and is not started again.
    web.wait_for(not_supervised());
    assert!(beacon.told().is_none() && web.status().unwrap().pid.is_none());
}

#[test]
fn a_paused_service_can_be_stopped() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    let pid = beacon.next().pid;
    tree.svc(["-p", "web"]);
    wait_until("it has stopped", &[], || (process::state(pid) == Some('T')).then_some(()));
    assert_eq!(tree.svstat("web").split(' ').next_back(), Some("paused"));
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert!(!process::is_alive(pid));
}

#[test]
fn signals_for_the_group_reach_what_the_service_has_started() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let [run, child, wrong, ready] = ["run", "child", "wrong", "ready"].map(|word| beacon.say(word));
    let child = format!("trap \"{wrong}\" USR1\ntrap \"{child}; exit\" USR2\n{ready}\nsleep 1000 & wait");
    let run = format!("trap \"{run}\" USR1\ntrap : USR2\n./child &\nwait\nwait\nexec sleep 1000");
    let web = tree.folder("web", |f| f.script("child", &child).run(&run));
    let _supervise = tree.supervise("web");
    assert_eq!(beacon.hear(), "ready");
    web.wait_for(up());
    tree.svc(["-1", "web"]);
    assert_eq!(beacon.hear(), "run");
    tree.svc(["-+2", "web"]);
    assert_eq!(beacon.hear(), "child");
}

/// Every byte that is no letter, in every order, and the letters that only send signals which are ignored.
#[test]
fn a_megabyte_of_noise_changes_nothing() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let ignored = "trap '' HUP ALRM INT USR1 USR2 WINCH";
    let web = tree.folder("web", |f| f.run(&format!("{ignored}\n{beacon}\nexec sleep 1000")));
    let supervise = tree.supervise("web");
    let pid = beacon.next().pid;
    web.wait_for(up());
    let mut chance = Chance::new(2);
    let noise: Vec<u8> = std::iter::repeat_with(|| u8::try_from(chance.below(256)).unwrap())
        .filter(|byte| !b"udoxptkq".contains(byte))
        .take(1 << 20)
        .collect();
    let mut control = control(&web);
    control.write_all(&noise).unwrap();
    // The log's letters were in it as well; the end of the noise may be turned to that.
    control.write_all(b"l=d").unwrap();
    web.wait_for(down());
    assert!(!process::is_alive(pid));
    tree.svc(["-u", "web"]);
    let _ = beacon.next();
    web.wait_for(up());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn the_last_of_any_row_of_commands_is_what_happens() {
    const SEED: u64 = 5;
    let tree = TestTree::new();
    let mut chance = Chance::new(SEED);
    let services: Vec<(Service, _)> = (0..8)
        .map(|number| {
            let name = format!("s{number}");
            // What fails at once, what does so after a moment, and what stays.
            let run = ["exit 1", "cat /proc/$$/maps >/dev/null", "exec sleep 1000"][number % 3];
            (tree.folder(&name, |f| f.run(run)), tree.supervise(&name))
        })
        .collect();
    services.iter().for_each(|(service, _)| service.wait_for(testkit::supervised()));
    for round in 0..6 {
        let asked: Vec<(String, u8)> = services
            .iter()
            .map(|(service, _)| {
                let mut letters: String =
                    (0..chance.below(12)).map(|_| char::from(*chance.pick(b"udopctkhai12wq+="))).collect();
                let last = *chance.pick(b"udo");
                letters.push(char::from(last));
                // One write each, or all in one.
                let mut control = control(service);
                match chance.below(2) {
                    0 => control.write_all(letters.as_bytes()).unwrap(),
                    _ => letters.bytes().for_each(|letter| control.write_all(&[letter]).unwrap()),
                }
                (letters, last)
            })
            .collect();
        for ((service, _), (letters, last)) in services.iter().zip(asked) {
            let what = format!("as {letters} asks, in round {round} of seed {SEED}");
            service.wait_for(status(&what, move |status| is_as_asked(status, last)));
        }
    }
    for (_, supervise) in services {
        assert_eq!(supervise.errors(), "");
    }
}

fn is_as_asked(status: &Status, last: u8) -> bool {
    let phase = status.detail.as_ref().unwrap().phase;
    match last {
        b'u' => status.want == Want::Up && phase != Phase::Down,
        b'd' => status.want == Want::Down && phase == Phase::Down,
        // Up until it ends by itself, and down then; stopped, perhaps before it was executed.
        _ => status.want == Want::Once && (status.paused || matches!(phase, Phase::Up | Phase::Down)),
    }
}

#[test]
fn a_command_right_after_a_start_is_obeyed_at_once() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")).down());
    let _supervise = tree.supervise("web");
    web.wait_for(down());
    // daemontools sleeps for a second after each start; here thirty of them are over before it would be.
    for _ in 0..30 {
        tree.svc(["-u", "web"]);
        let started = beacon.next().pid;
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        assert!(!process::is_alive(started));
    }
    assert!(beacon.told().is_none());
}

#[test]
fn a_start_that_waits_is_cut_short_by_a_command() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexit 1")).down());
    let _supervise = tree.supervise("web");
    // Each is early, and fails: the spacing grows without a wait.
    for _ in 0..4 {
        tree.svc(["-u", "web"]);
        let _ = beacon.next();
        web.wait_for(resting());
    }
    let due = web.status().unwrap().detail.unwrap().next_start.unwrap();
    tree.svc(["-u", "web"]);
    let _ = beacon.next();
    let now = sys::clock::Monotonic::now().since_zero().as_nanos();
    assert!(now < due.into(), "it was not waited for");
    // Down cuts it short too, and for good.
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert!(web.status().unwrap().detail.unwrap().next_start.is_none());
}
