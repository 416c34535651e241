//! When a service is started again.

use super::{detail, resting, steady};
use crate::asked::Chance;
use std::fs;
use std::path::Path;
use std::time::Duration;
use sys::clock::Monotonic;
use testkit::{Beacon, Service, TestTree};

const SECOND: Duration = Duration::from_secs(1);

/// A run that tells when its process was made, in ticks of 10 ms, and then goes on as `rest` says.
fn timed(beacon: &Beacon, rest: &str) -> String {
    format!("read -r stat </proc/$$/stat\nset -- $stat\n{}\n{rest}", beacon.say("'${22}'"))
}

/// When the process was made, at the latest.
fn heard(beacon: &Beacon) -> Duration {
    let ticks: u64 = beacon.hear().parse().expect("a number of ticks");
    Duration::from_millis((ticks + 1) * 10)
}

#[test]
fn starts_are_as_far_apart_as_the_record_says() {
    for end in ["exit 0", "exit 1"] {
        let tree = TestTree::new();
        let beacon = tree.beacon("web");
        let web = tree.folder("web", |f| f.run(&timed(&beacon, end)));
        let _supervise = tree.supervise("web");
        let mut due = Duration::ZERO;
        for starts in 1..=3 {
            let made = heard(&beacon);
            assert!(made >= due, "start {starts} at {made:?}, though it was due at {due:?}");
            let (detail, next) = resting(&web, starts);
            let spacing = Duration::from_nanos(detail.spacing);
            assert!(spacing >= SECOND && (end == "exit 1" || spacing == SECOND), "{end}: {spacing:?}");
            assert!(next >= due + spacing, "{end}, start {starts}: {due:?} {next:?}");
            due = next;
        }
    }
}

/// Waits that grow so long that even a slow machine is sooner.
#[test]
fn a_command_in_the_wait_starts_it_at_once() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&timed(&beacon, "exit 1")));
    let _supervise = tree.supervise("web");
    for starts in 1..100 {
        let _ = heard(&beacon);
        let (detail, next) = resting(&web, starts);
        tree.svc(["-u", "web"]);
        if Duration::from_nanos(detail.spacing) >= 16 * SECOND {
            let _ = heard(&beacon);
            let now = Monotonic::now().since_zero();
            assert!(now < next, "a start has come at {now:?}, when it was due: {next:?}");
            return;
        }
    }
    panic!("the waits of what fails do not grow");
}

#[test]
fn in_the_second_after_a_start_a_command_acts_at_once() {
    const ROUNDS: u64 = 25;
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    let begun = Monotonic::now();
    for round in 1..=ROUNDS {
        let _ = beacon.next();
        tree.svc(["-d", "web"]);
        web.wait_for(testkit::down());
        let detail = detail(&web);
        assert_eq!((detail.starts, detail.next_start), (round, None));
        assert_eq!(detail.last, Some(sys::process::Ending::Killed(15)));
        tree.svc(["-u", "web"]);
    }
    // Had each waited for its second, it would have taken longer.
    assert!(Monotonic::now().since(begun) < Duration::from_secs(ROUNDS));
}

/// A row of letters, in one look of supervise or in several.
#[test]
fn the_last_wish_of_any_row_of_commands_comes_true() {
    const SEED: u64 = 7;
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").down());
    let _supervise = tree.supervise("web");
    web.wait_for(testkit::down());
    let mut chance = Chance::new(SEED);
    let mut wish = 'd';
    for round in 0..40 {
        let mut row = String::new();
        for _ in 0..=chance.below(3) {
            let letters: String =
                (0..=chance.below(6)).map(|_| char::from(*chance.pick(b"uuddopcthk"))).collect();
            // Not by svc, which sends no letter twice.
            fs::write(web.file("supervise/control"), &letters).unwrap();
            row += &letters;
        }
        // What is told to end and then paused, before it is `run`, ends when it goes on.
        fs::write(web.file("supervise/control"), "c").unwrap();
        wish = row.chars().rfind(|letter| "udo".contains(*letter)).unwrap_or(wish);
        let what = format!("it is as {row} of round {round} of seed {SEED} says");
        web.wait_until(&what, |web| is_as_wished(web, wish).then_some(()));
        if wish == 'o' {
            tree.svc(["-k", "web"]);
            web.wait_for(testkit::down());
        }
    }
}

/// Whether that state is reached; what the record says of a pause has come true as well.
fn is_as_wished(web: &Service, wish: char) -> bool {
    use protocol::status::{Phase, Want};
    let Some(status) = web.status() else { return false };
    let phase = status.detail.expect("a record of ours").phase;
    let stopped = status.pid.is_some_and(|pid| testkit::process::state(pid.get()) == Some('T'));
    // A pause can come while it is still on its way to become run.
    let runs = phase == Phase::Up || phase == Phase::Starting && stopped;
    let reached = match wish {
        'u' => status.want == Want::Up && runs,
        'd' => status.want == Want::Down && phase == Phase::Down,
        _ => status.want == Want::Once && (runs || phase == Phase::Down),
    };
    reached && stopped == status.paused
}

/// Every byte there is, but those that let supervise leave, or turn away from what follows.
#[test]
fn a_megabyte_of_noise_leaves_a_supervise_that_obeys() {
    const SEED: u64 = 11;
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let supervise = tree.supervise("web");
    web.wait_for(testkit::up());
    let mut chance = Chance::new(SEED);
    let bytes = std::iter::repeat_with(|| u8::try_from(chance.below(256)).expect("a byte"));
    let noise: Vec<u8> = bytes.filter(|byte| !b"xL".contains(byte)).take(1 << 20).collect();
    let file = tree.root().join("noise");
    fs::write(&file, noise).unwrap();
    let cat = testkit::Tool::new(Path::new("/bin/sh")).args(["-c", "cat \"$0\" >\"$1\""]);
    cat.arg(&file).arg(web.file("supervise/control")).run().exits(0);
    tree.svc(["-d", "web"]);
    web.wait_until("it is down", |web| is_as_wished(web, 'd').then_some(()));
    tree.svc(["-u", "web"]);
    web.wait_until("it is up", |web| is_as_wished(web, 'u').then_some(()));
    assert_eq!(supervise.errors(), "");
}
